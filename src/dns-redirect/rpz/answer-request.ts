/**
 * Answers one request to the RPZ server: SOA, AXFR (RFC 5936), IXFR (RFC 1995), NOTIFY (RFC 1996), TSIG (RFC 8945). Only the
 * configured secondaries are answered, by their address and, where they have one, by their key. Strangers get REFUSED,
 * before any signature is computed. Pure, except for the memory of signed requests.
 */

import { EDNS_UDP_BYTES } from '../limits.js';
import {
  CLASS_IN,
  DNS_HEADER_BYTES,
  FLAG_RESPONSE,
  OPCODE_NOTIFY,
  OPCODE_QUERY,
  RCODE_BADVERS,
  RCODE_FORMERR,
  RCODE_NOTAUTH,
  RCODE_NOTIMP,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
  TYPE_AXFR,
  TYPE_IXFR,
  TYPE_NS,
  TYPE_OPT,
  TYPE_SOA,
} from '../wire/dns-codes.js';
import { type DnsMessage, type DnsRecord, opcodeOf, readMessage } from '../wire/dns-message.js';
import { PLAIN_UDP_BYTES } from '../wire/dns-query.js';
import { canonicalName, DnsFormatError, type DomainName } from '../wire/domain-name.js';
import { MAX_MESSAGE_BYTES, TRANSFER_MESSAGE_BYTES } from './limits.js';
import { isAt, type Secondary } from './secondary.js';
import type { SeenRequests } from './seen-requests.js';
import { isLater } from './serial.js';
import { type AnswerForm, emptyAnswer, transferMessages } from './transfer-messages.js';
import { BADTIME, refuseTsig, type TsigKey, TsigSigner, type TsigVerdict, verifyTsig } from './tsig.js';
import type { ZoneDifference, ZoneHistory } from './zone-history.js';

export interface Request {
  readonly bytes: Buffer;
  /** RFC 5952 text. */
  readonly address: string;
  readonly transport: 'udp' | 'tcp';
}

export interface RequestContext {
  /** By canonical name; undefined: not published yet. */
  readonly zones: ReadonlyMap<DomainName, ZoneHistory | undefined>;
  readonly secondaries: readonly Secondary[];
  readonly keys: readonly TsigKey[];
  readonly nowSeconds: number;
  readonly seen: SeenRequests;
}

/** Facts about the secondaries that may have sent the request. */
export interface Contact {
  readonly secondaries: readonly Secondary[];
  readonly zone: DomainName;
  /** The version that it has: that of its IXFR, or the one that it has once all messages are sent. */
  readonly serial: number | undefined;
  readonly sent: 'soa' | 'axfr' | 'ixfr' | 'none';
}

export interface RequestAnswer {
  readonly messages: Iterable<Buffer>;
  readonly result: 'soa' | 'axfr' | 'ixfr' | 'upToDate' | 'notify' | 'refused' | 'badSignature' | 'malformed';
  readonly contact?: Contact;
}

/** @returns undefined where no answer may be sent: to responses, and to what has no header */
export function answerRequest(request: Request, context: RequestContext): RequestAnswer | undefined {
  const { bytes } = request;
  if (bytes.length < DNS_HEADER_BYTES || (bytes.readUInt16BE(2) & FLAG_RESPONSE) !== 0) return undefined;
  const unread = formOf(bytes, undefined, context.nowSeconds);
  const from = context.secondaries.filter((each) => isAt(each, request.address));
  let message: DnsMessage;
  try {
    message = readMessage(bytes);
  } catch (thrown) {
    if (!(thrown instanceof DnsFormatError)) throw thrown;
    return one(emptyAnswer(unread, RCODE_FORMERR), 'malformed');
  }
  const form = formOf(bytes, message, context.nowSeconds);
  if (from.length === 0) return one(emptyAnswer(form, RCODE_REFUSED), 'refused');
  const verdict = verifyTsig(bytes, message, context.keys, context.nowSeconds);
  if (verdict.kind === 'malformed') return one(emptyAnswer(form, RCODE_FORMERR), 'malformed');
  if (verdict.kind === 'refused') return badSignature(form, verdict, context.nowSeconds);
  if (verdict.kind === 'signed' && isReplay(request, verdict, context)) {
    return badSignature(form, { ...verdict, kind: 'refused', error: BADTIME }, context.nowSeconds);
  }
  const signer = verdict.kind === 'signed' ? new TsigSigner(verdict.key, verdict.mac) : undefined;
  const key = verdict.kind === 'signed' ? verdict.key.name : undefined;
  const permitted = whoAsks(from, key);
  return answerKnown(request, message, { ...form, signer }, permitted, context);
}

/** Several secondaries may have one address: then the key identifies the one that asks. */
function whoAsks(from: readonly Secondary[], key: DomainName | undefined): readonly Secondary[] {
  const byKey = from.filter((each) => each.key === key);
  return byKey.length > 0 ? byKey : from.filter((each) => each.key === undefined);
}

/** A transfer is never sent twice for the same signed request. Over UDP, resolvers repeat a request that got no answer. */
function isReplay(
  { transport }: Request,
  { mac }: Extract<TsigVerdict, { kind: 'signed' }>,
  { seen, nowSeconds }: RequestContext,
): boolean {
  return transport === 'tcp' && seen.isRepeated(mac, nowSeconds);
}

function answerKnown(
  request: Request,
  message: DnsMessage,
  form: AnswerForm,
  permitted: readonly Secondary[],
  context: RequestContext,
): RequestAnswer {
  const [question] = message.questions;
  const opcode = opcodeOf(message.flags);
  const fail = (rcode: number, result: RequestAnswer['result']): RequestAnswer => one(emptyAnswer(form, rcode), result);
  if (opcode !== OPCODE_QUERY && opcode !== OPCODE_NOTIFY) return fail(RCODE_NOTIMP, 'malformed');
  if (question === undefined || message.questions.length !== 1) return fail(RCODE_FORMERR, 'malformed');
  if (ednsVersion(message) !== 0) return badVersion(form);
  if (permitted.length === 0) return fail(RCODE_REFUSED, 'refused');
  // A primary ignores NOTIFY of its own zone, because it transfers the zone from no other server (RFC 1996 section 3.10).
  if (opcode === OPCODE_NOTIFY) return fail(RCODE_NOTAUTH, 'notify');
  const name = canonicalName(question.name);
  if (!context.zones.has(name) || question.class !== CLASS_IN) return fail(RCODE_NOTAUTH, 'refused');
  const zone = context.zones.get(name);
  if (zone === undefined) return fail(RCODE_SERVFAIL, 'refused');
  switch (question.type) {
    case TYPE_SOA:
    case TYPE_NS:
      return apexAnswer(zone, question.type, form, permitted);
    case TYPE_AXFR:
      // RFC 5936 section 4.2 does not define AXFR over UDP.
      if (request.transport === 'udp') return fail(RCODE_FORMERR, 'malformed');
      return whole(zone, form, permitted);
    case TYPE_IXFR: {
      const serial = soaSerial(message.authorities);
      if (serial === undefined) return fail(RCODE_FORMERR, 'malformed');
      return request.transport === 'tcp'
        ? changesSince(serial, zone, form, permitted)
        : changesOverUdp(serial, zone, form, permitted, udpBytes(message));
    }
    default:
      // Nothing but a transfer reads a policy zone.
      return fail(RCODE_REFUSED, 'refused');
  }
}

function apexAnswer(
  { zone, current }: ZoneHistory,
  type: number,
  form: AnswerForm,
  secondaries: readonly Secondary[],
): RequestAnswer {
  const records = type === TYPE_SOA ? [current.soa] : current.records.filter((each) => each.type === TYPE_NS);
  const contact: Contact = { secondaries, zone, serial: undefined, sent: 'soa' };
  return { messages: transferMessages(form, records, MAX_MESSAGE_BYTES), result: 'soa', contact };
}

function whole({ zone, current }: ZoneHistory, form: AnswerForm, secondaries: readonly Secondary[]): RequestAnswer {
  const records = [current.soa, ...current.records, current.soa];
  const messages = transferMessages(form, records, TRANSFER_MESSAGE_BYTES);
  return { messages, result: 'axfr', contact: { secondaries, zone, serial: current.serial, sent: 'axfr' } };
}

/** RFC 1995 section 4: the current SOA, then each difference between the SOAs of its versions, then the current SOA. */
function changesSince(
  serial: number,
  history: ZoneHistory,
  form: AnswerForm,
  secondaries: readonly Secondary[],
): RequestAnswer {
  const { zone, current } = history;
  if (!isLater(current.serial, serial)) return upToDate(serial, history, form, secondaries);
  const differences = history.since(serial);
  if (differences === undefined) return whole(history, form, secondaries);
  const messages = transferMessages(form, ixfrRecords(current.soa, differences), TRANSFER_MESSAGE_BYTES);
  return { messages, result: 'ixfr', contact: { secondaries, zone, serial: current.serial, sent: 'ixfr' } };
}

/** RFC 1995 section 2: an answer that does not fit is the current SOA alone, and the client asks again over TCP. */
function changesOverUdp(
  serial: number,
  history: ZoneHistory,
  form: AnswerForm,
  secondaries: readonly Secondary[],
  maxBytes: number,
): RequestAnswer {
  const { current } = history;
  const differences = isLater(current.serial, serial) ? history.since(serial) : undefined;
  if (differences === undefined) return upToDate(serial, history, form, secondaries);
  const records = ixfrRecords(current.soa, differences);
  const size = records.reduce((sum, { name, data }) => sum + name.length + 10 + data.length, 0);
  // An estimate without compression, so that no message is signed in vain.
  if (size + (form.signer?.signatureBytes ?? 0) + 300 > maxBytes) return upToDate(serial, history, form, secondaries);
  const messages = [...transferMessages(form, records, MAX_MESSAGE_BYTES)];
  const contact: Contact = { secondaries, zone: history.zone, serial: current.serial, sent: 'ixfr' };
  return { messages, result: 'ixfr', contact };
}

function upToDate(
  serial: number,
  { zone, current }: ZoneHistory,
  form: AnswerForm,
  secondaries: readonly Secondary[],
): RequestAnswer {
  const contact: Contact = { secondaries, zone, serial, sent: 'none' };
  return { messages: transferMessages(form, [current.soa], MAX_MESSAGE_BYTES), result: 'upToDate', contact };
}

function ixfrRecords(current: DnsRecord, differences: readonly ZoneDifference[]): DnsRecord[] {
  const changes = differences.flatMap(({ from, to, removed, added }) => [from.soa, ...removed, to.soa, ...added]);
  return [current, ...changes, current];
}

/** RFC 8945 section 5.2: NOTAUTH, with the reason in the TSIG record. */
function badSignature(
  form: AnswerForm,
  verdict: Extract<TsigVerdict, { kind: 'refused' }>,
  nowSeconds: number,
): RequestAnswer {
  return one(refuseTsig(emptyAnswer(form, RCODE_NOTAUTH), verdict, nowSeconds), 'badSignature');
}

/** RFC 6891 section 6.1.3: the upper bits of the code are in the OPT record. */
function badVersion(form: AnswerForm): RequestAnswer {
  const plain = emptyAnswer({ ...form, signer: undefined }, RCODE_BADVERS & 15);
  // The OPT record is the last one: its extended code is the first byte of its time to live.
  plain[plain.length - 6] = RCODE_BADVERS >>> 4;
  return one(form.signer?.sign(plain, form.nowSeconds) ?? plain, 'malformed');
}

function formOf(bytes: Buffer, message: DnsMessage | undefined, nowSeconds: number): AnswerForm {
  return {
    id: bytes.readUInt16BE(0),
    requestFlags: bytes.readUInt16BE(2),
    question: message?.questions[0],
    edns: message?.additionals.some(({ type }) => type === TYPE_OPT) ?? false,
    signer: undefined,
    nowSeconds,
  };
}

function one(message: Buffer, result: RequestAnswer['result']): RequestAnswer {
  return { messages: [message], result };
}

function optOf({ additionals }: DnsMessage): DnsRecord | undefined {
  return additionals.find(({ type }) => type === TYPE_OPT);
}

function ednsVersion(message: DnsMessage): number {
  return ((optOf(message)?.ttl ?? 0) >>> 16) & 255;
}

/** What fits into one datagram. */
function udpBytes(message: DnsMessage): number {
  return Math.min(EDNS_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, optOf(message)?.class ?? 0));
}

/** The serial of the SOA in the authority section: the version that the client has. */
function soaSerial(authorities: readonly DnsRecord[]): number | undefined {
  const data = authorities.find(({ type }) => type === TYPE_SOA)?.data;
  if (data === undefined || data.length < 22) return undefined;
  return Buffer.from(data).readUInt32BE(data.length - 20);
}
