/**
 * TSIG (RFC 8945): both sides of a transfer prove with a shared secret who they are, and that no message was changed, left
 * out or reordered. Each message signs the MAC of the one before it. HMAC with SHA-256, SHA-384 and SHA-512; MACs are never
 * truncated.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS_ANY, DNS_HEADER_BYTES, TYPE_TSIG } from '../wire/dns-codes.js';
import type { DnsMessage, DnsRecord } from '../wire/dns-message.js';
import { canonicalName, type DomainName, nameFromText, readName } from '../wire/domain-name.js';
import { nameData } from '../wire/rdata-values.js';
import { TSIG_FUDGE_SECONDS } from './limits.js';

export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

export interface TsigKey {
  readonly name: DomainName;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** RFC 8945 section 3; they travel in the TSIG record, and the response code is NOTAUTH. */
export const BADSIG = 16;
export const BADKEY = 17;
export const BADTIME = 18;
export const BADTRUNC = 22;

const HASHES: Readonly<Record<TsigAlgorithm, { readonly hash: string; readonly bytes: number }>> = {
  'hmac-sha256': { hash: 'sha256', bytes: 32 },
  'hmac-sha384': { hash: 'sha384', bytes: 48 },
  'hmac-sha512': { hash: 'sha512', bytes: 64 },
};
/** Time signed, fudge, MAC size, original id, error, other length; and the time of BADTIME. */
const FIXED_BYTES = 16 + 6;

/** The record as a stranger sent it. */
interface Tsig {
  readonly keyName: DomainName;
  readonly algorithmName: DomainName;
  readonly timeSeconds: number;
  readonly fudgeSeconds: number;
  readonly mac: Buffer;
  readonly originalId: number;
  readonly error: number;
  readonly other: Buffer;
}

/** What a message proves about its sender. */
export type TsigVerdict =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'signed'; readonly key: TsigKey; readonly mac: Buffer; readonly tsig: Tsig }
  | { readonly kind: 'refused'; readonly error: number; readonly tsig: Tsig; readonly key: TsigKey | undefined };

/**
 * @param bytes of the message
 * @param message as read from these bytes
 * @param requestMac of the request that this message answers; undefined for a request
 */
export function verifyTsig(
  bytes: Buffer,
  message: DnsMessage,
  keys: readonly TsigKey[],
  nowSeconds: number,
  requestMac?: Buffer,
): TsigVerdict {
  const records = [...message.answers, ...message.authorities, ...message.additionals];
  const last = message.additionals.at(-1);
  // Section 5.1: there is at most one, and it is the last record.
  if (records.some((record) => record.type === TYPE_TSIG && record !== last)) return { kind: 'malformed' };
  if (last?.type !== TYPE_TSIG) return { kind: 'unsigned' };
  const tsig = readTsig(last);
  if (tsig === undefined) return { kind: 'malformed' };
  const key = keys.find(
    ({ name, algorithm }) => name === tsig.keyName && algorithmName(algorithm) === tsig.algorithmName,
  );
  const refused = (error: number): TsigVerdict => ({ kind: 'refused', error, tsig, key });
  if (key === undefined) return refused(BADKEY);
  const { bytes: macBytes } = HASHES[key.algorithm];
  // Section 5.2.2.1: a MAC may be truncated to half of its bytes, where the policy of the server permits it.
  if (tsig.mac.length > macBytes || tsig.mac.length < macBytes / 2) return { kind: 'malformed' };
  if (tsig.mac.length < macBytes) return refused(BADTRUNC);
  const signed = Buffer.from(bytes.subarray(0, startOfLastRecord(bytes, records.length)));
  signed.writeUInt16BE(tsig.originalId, 0);
  signed.writeUInt16BE(message.additionals.length - 1, 10);
  const expected = macOf(key, requestMac, signed, variables(key, tsig));
  if (!timingSafeEqual(expected, tsig.mac)) return refused(BADSIG);
  if (Math.abs(nowSeconds - tsig.timeSeconds) > tsig.fudgeSeconds) return refused(BADTIME);
  return { kind: 'signed', key, mac: tsig.mac, tsig };
}

/** Signs the messages of one answer, in their order. */
export class TsigSigner {
  readonly #key: TsigKey;
  #mac: Buffer | undefined;
  #isFirst = true;

  /** @param requestMac undefined: signs a request */
  constructor(key: TsigKey, requestMac: Buffer | undefined) {
    this.#key = key;
    this.#mac = requestMac;
  }

  /** How much a signature lengthens a message. */
  get signatureBytes(): number {
    const { name, algorithm } = this.#key;
    return name.length + 10 + algorithmName(algorithm).length + FIXED_BYTES + HASHES[algorithm].bytes;
  }

  /** MAC of the last signed message. */
  get mac(): Buffer | undefined {
    return this.#mac;
  }

  sign(message: Buffer, timeSeconds: number, error = 0, other: Buffer = Buffer.alloc(0)): Buffer {
    const tsig = { timeSeconds, fudgeSeconds: TSIG_FUDGE_SECONDS, error, other };
    // Section 5.3.1: later messages sign the timers alone.
    const digested = this.#isFirst ? variables(this.#key, tsig) : timers(tsig);
    this.#isFirst = false;
    const mac = macOf(this.#key, this.#mac, message, digested);
    this.#mac = mac;
    return withTsig(message, {
      ...tsig,
      keyName: this.#key.name,
      algorithmName: algorithmName(this.#key.algorithm),
      mac,
      originalId: message.readUInt16BE(0),
    });
  }
}

/**
 * The answer to a request whose signature was refused (section 5.2): without a MAC where the sender's key is unknown or its
 * MAC is wrong, because such an answer would sign what a stranger wrote.
 */
export function refuseTsig(
  answer: Buffer,
  { error, tsig, key }: Extract<TsigVerdict, { kind: 'refused' }>,
  nowSeconds: number,
): Buffer {
  if (key === undefined || error !== BADTIME) {
    return withTsig(answer, { ...tsig, error, mac: Buffer.alloc(0), other: Buffer.alloc(0) });
  }
  // Section 5.2.3: the time of the request, and the server's own time as other data.
  return new TsigSigner(key, tsig.mac).sign(answer, tsig.timeSeconds, error, uint48(nowSeconds));
}

function readTsig({ name, class: recordClass, ttl, data }: DnsRecord): Tsig | undefined {
  if (recordClass !== CLASS_ANY || ttl !== 0) return undefined;
  try {
    const { name: algorithm, end } = readName(data, 0);
    const bytes = Buffer.from(data.subarray(end));
    const macEnd = 10 + bytes.readUInt16BE(8);
    const other = bytes.subarray(macEnd + 6);
    if (other.length !== bytes.readUInt16BE(macEnd + 4)) return undefined;
    return {
      keyName: canonicalName(name),
      algorithmName: canonicalName(algorithm),
      timeSeconds: bytes.readUIntBE(0, 6),
      fudgeSeconds: bytes.readUInt16BE(6),
      mac: bytes.subarray(10, macEnd),
      originalId: bytes.readUInt16BE(macEnd),
      error: bytes.readUInt16BE(macEnd + 2),
      other,
    };
  } catch {
    return undefined; // its data is too short
  }
}

function withTsig(message: Buffer, tsig: Tsig): Buffer {
  const data = Buffer.concat([
    nameData(tsig.algorithmName),
    timers(tsig),
    uint16(tsig.mac.length),
    tsig.mac,
    uint16(tsig.originalId),
    uint16(tsig.error),
    uint16(tsig.other.length),
    tsig.other,
  ]);
  const head = [nameData(tsig.keyName), uint16(TYPE_TSIG), uint16(CLASS_ANY), Buffer.alloc(4), uint16(data.length)];
  const signed = Buffer.concat([message, ...head, data]);
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return signed;
}

function macOf(key: TsigKey, requestMac: Buffer | undefined, message: Buffer, digested: Buffer): Buffer {
  const hmac = createHmac(HASHES[key.algorithm].hash, key.secret);
  if (requestMac !== undefined) hmac.update(uint16(requestMac.length)).update(requestMac);
  return hmac.update(message).update(digested).digest();
}

/** Section 4.3.3. */
function variables(key: TsigKey, tsig: Pick<Tsig, 'timeSeconds' | 'fudgeSeconds' | 'error' | 'other'>): Buffer {
  return Buffer.concat([
    nameData(key.name),
    uint16(CLASS_ANY),
    Buffer.alloc(4),
    nameData(algorithmName(key.algorithm)),
    timers(tsig),
    uint16(tsig.error),
    uint16(tsig.other.length),
    tsig.other,
  ]);
}

function timers({ timeSeconds, fudgeSeconds }: Pick<Tsig, 'timeSeconds' | 'fudgeSeconds'>): Buffer {
  return Buffer.concat([uint48(timeSeconds), uint16(fudgeSeconds)]);
}

function algorithmName(algorithm: TsigAlgorithm): DomainName {
  return nameFromText(algorithm);
}

/** @param records their number, without questions */
function startOfLastRecord(bytes: Buffer, records: number): number {
  let offset = DNS_HEADER_BYTES;
  for (let i = bytes.readUInt16BE(4); i > 0; i--) offset = readName(bytes, offset).end + 4;
  for (let i = records; i > 1; i--) {
    const { end } = readName(bytes, offset);
    offset = end + 10 + bytes.readUInt16BE(end + 8);
  }
  return offset;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint48(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
}
