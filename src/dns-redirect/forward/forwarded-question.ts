/** A question as it is sent to upstream resolvers. It has only the options of this hop: those of the client are not passed on. */
import { EDNS_UDP_BYTES } from '../limits.js';
import {
  DNS_HEADER_BYTES,
  FLAG_AUTHENTIC_DATA,
  FLAG_CHECKING_DISABLED,
  FLAG_RECURSION_DESIRED,
  FLAG_RESPONSE,
  TYPE_OPT,
} from '../wire/dns-codes.js';
import { type DnsMessage, readMessage } from '../wire/dns-message.js';
import type { DnsQuery } from '../wire/dns-query.js';
import { canonicalName, DnsFormatError, type DomainName, ROOT_NAME } from '../wire/domain-name.js';
import { MessageWriter } from '../wire/message-writer.js';

export interface ForwardedQuestion {
  /** Canonical. */
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
  readonly recursionDesired: boolean;
}

export function forwardedQuestion(query: DnsQuery): ForwardedQuestion {
  return {
    name: query.name,
    type: query.type,
    class: query.class,
    dnssecOk: query.dnssecOk,
    checkingDisabled: (query.flags & FLAG_CHECKING_DISABLED) !== 0,
    recursionDesired: (query.flags & FLAG_RECURSION_DESIRED) !== 0,
  };
}

/** @param withEdns false for a resolver that refuses EDNS (RFC 6891 section 6.2.2) */
export function writeQuestion(question: ForwardedQuestion, id: number, withEdns: boolean): Buffer {
  // AD asks whether the resolver has validated the answer (RFC 6840 section 5.7).
  const flags =
    (question.recursionDesired ? FLAG_RECURSION_DESIRED : 0) |
    (question.checkingDisabled ? FLAG_CHECKING_DISABLED : 0) |
    FLAG_AUTHENTIC_DATA;
  const writer = new MessageWriter(id, flags);
  writer.question(question);
  if (withEdns) {
    const ttl = question.dnssecOk ? 0x8000 : 0;
    writer.record('additional', { name: ROOT_NAME, type: TYPE_OPT, class: EDNS_UDP_BYTES, ttl, data: NO_OPTIONS });
  }
  return writer.finish();
}

const NO_OPTIONS = new Uint8Array(0);

/** Whether a datagram claims to answer: the id, the response bit, and the question, which an error may lack. */
export function answersQuestion(packet: Buffer, id: number, question: ForwardedQuestion): boolean {
  if (packet.length < DNS_HEADER_BYTES || packet.readUInt16BE(0) !== id) return false;
  if ((packet.readUInt16BE(2) & FLAG_RESPONSE) === 0) return false;
  const questions = packet.readUInt16BE(4);
  if (questions === 0) return (packet[3]! & 15) !== 0;
  const end = DNS_HEADER_BYTES + question.name.length;
  return (
    questions === 1 &&
    packet.length >= end + 4 &&
    packet.readUInt16BE(end) === question.type &&
    packet.readUInt16BE(end + 2) === question.class &&
    canonicalName(packet.toString('latin1', DNS_HEADER_BYTES, end)) === question.name
  );
}

/**
 * The message with the question as it was asked.
 * @throws DnsFormatError
 */
export function readAnswer(packet: Buffer, question: ForwardedQuestion): DnsMessage {
  const message = readMessage(packet);
  if (message.questions.length > 1) throw new DnsFormatError('an answer to several questions');
  return { ...message, questions: [{ name: question.name, type: question.type, class: question.class }] };
}
