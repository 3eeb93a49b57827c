/**
 * The client's side of the UDP tracker protocol (BEP 15): encodes requests and decodes answers. For tests, load
 * generators and parts that ask another tracker. Unlike the server's side it allocates objects and throws.
 */
import { ClientError } from '../domain/errors.js';
import { readUint32, writeUint16, writeUint32 } from './byte-order.js';
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_ERROR,
  ACTION_SCRAPE,
  PROTOCOL_ID_HIGH,
  PROTOCOL_ID_LOW,
  UDP_ANNOUNCE_REQUEST_BYTES,
  UDP_REQUEST_HEAD_BYTES,
} from './udp-packets.js';

export interface UdpAnnounceToSend {
  /** From the connect answer. */
  readonly connectionId: bigint;
  readonly transactionId: number;
  /** 20 bytes each. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly downloaded?: bigint;
  readonly left?: bigint;
  readonly uploaded?: bigint;
  readonly event?: number;
  readonly ip?: number;
  readonly key?: number;
  readonly numWant?: number;
  readonly port: number;
}

export type UdpAnswer =
  | { readonly action: 'connect'; readonly transactionId: number; readonly connectionId: bigint }
  | {
      readonly action: 'announce';
      readonly transactionId: number;
      readonly intervalSeconds: number;
      readonly leechers: number;
      readonly seeders: number;
      /** Compact peers, 6 or 18 bytes each by the family of the socket. */
      readonly peers: Uint8Array;
    }
  | {
      readonly action: 'scrape';
      readonly transactionId: number;
      readonly entries: readonly { readonly seeders: number; readonly completed: number; readonly leechers: number }[];
    }
  | { readonly action: 'error'; readonly transactionId: number; readonly message: string };

function head(bytes: Uint8Array, connectionId: bigint, action: number, transactionId: number): void {
  writeUint64(bytes, 0, connectionId);
  writeUint32(bytes, 8, action);
  writeUint32(bytes, 12, transactionId);
}

function writeUint64(bytes: Uint8Array, offset: number, value: bigint): void {
  writeUint32(bytes, offset, Number((value >> 32n) & 0xffffffffn));
  writeUint32(bytes, offset + 4, Number(value & 0xffffffffn));
}

export function encodeUdpConnect(transactionId: number): Uint8Array {
  const bytes = new Uint8Array(UDP_REQUEST_HEAD_BYTES);
  head(bytes, (BigInt(PROTOCOL_ID_HIGH) << 32n) | BigInt(PROTOCOL_ID_LOW), ACTION_CONNECT, transactionId);
  return bytes;
}

/** @param options bytes of BEP 41 options to append */
export function encodeUdpAnnounce(announce: UdpAnnounceToSend, options: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(UDP_ANNOUNCE_REQUEST_BYTES + options.length);
  head(bytes, announce.connectionId, ACTION_ANNOUNCE, announce.transactionId);
  bytes.set(announce.infoHash, 16);
  bytes.set(announce.peerId, 36);
  writeUint64(bytes, 56, announce.downloaded ?? 0n);
  writeUint64(bytes, 64, announce.left ?? 0n);
  writeUint64(bytes, 72, announce.uploaded ?? 0n);
  writeUint32(bytes, 80, announce.event ?? 0);
  writeUint32(bytes, 84, announce.ip ?? 0);
  writeUint32(bytes, 88, announce.key ?? 0);
  writeUint32(bytes, 92, announce.numWant ?? -1);
  writeUint16(bytes, 96, announce.port);
  bytes.set(options, UDP_ANNOUNCE_REQUEST_BYTES);
  return bytes;
}

export function encodeUdpScrape(connectionId: bigint, transactionId: number, infoHashes: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(UDP_REQUEST_HEAD_BYTES + 20 * infoHashes.length);
  head(bytes, connectionId, ACTION_SCRAPE, transactionId);
  infoHashes.forEach((hash, i) => {
    bytes.set(hash, UDP_REQUEST_HEAD_BYTES + 20 * i);
  });
  return bytes;
}

/** @throws ClientError `invalid-answer` if the bytes are not an answer of BEP 15 */
export function decodeUdpAnswer(bytes: Uint8Array): UdpAnswer {
  const truncated = (): ClientError =>
    new ClientError('invalid-answer', `an answer of ${bytes.length} bytes is cut short`);
  if (bytes.length < 8) throw truncated();
  const action = readUint32(bytes, 0);
  const transactionId = readUint32(bytes, 4);
  if (action === ACTION_CONNECT) {
    if (bytes.length < 16) throw truncated();
    const connectionId = (BigInt(readUint32(bytes, 8)) << 32n) | BigInt(readUint32(bytes, 12));
    return { action: 'connect', transactionId, connectionId };
  }
  if (action === ACTION_ANNOUNCE) {
    if (bytes.length < 20) throw truncated();
    return {
      action: 'announce',
      transactionId,
      intervalSeconds: readUint32(bytes, 8),
      leechers: readUint32(bytes, 12),
      seeders: readUint32(bytes, 16),
      peers: bytes.slice(20),
    };
  }
  if (action === ACTION_SCRAPE) {
    if ((bytes.length - 8) % 12 !== 0) throw truncated();
    const entries = [];
    for (let at = 8; at < bytes.length; at += 12) {
      entries.push({
        seeders: readUint32(bytes, at),
        completed: readUint32(bytes, at + 4),
        leechers: readUint32(bytes, at + 8),
      });
    }
    return { action: 'scrape', transactionId, entries };
  }
  if (action === ACTION_ERROR) {
    return { action: 'error', transactionId, message: Buffer.from(bytes.subarray(8)).toString('utf8') };
  }
  throw new ClientError('invalid-answer', `action ${action} is not one of BEP 15`);
}
