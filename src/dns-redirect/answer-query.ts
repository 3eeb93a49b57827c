/** Answers one packet with at most one: checks it, limits the rate, decides, then redirects or forwards. */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { IpAddress } from '../domain/ip-address.js';
import { type RateLimit, subscriberKey } from '../net/rate-limit.js';
import {
  errorAnswer,
  errorWithoutQuestion,
  RCODE_BADVERS,
  redirectedAnswer,
  truncatedAnswer,
  udpAnswerBytes,
} from './answer-packet.js';
import { countType, type DnsCounters } from './counters.js';
import { type Decision, decide, type RedirectState } from './decide.js';
import type { DnsLog } from './dns-log.js';
import type { Forwarder } from './forwarder.js';
import type { LoopProbe } from './loop-probe.js';
import { type Query, RCODE_REFUSED, RCODE_SERVFAIL, type Reading, readQuery } from './query-packet.js';
import type { RedirectPolicy } from './redirect-policy.js';

export type Transport = 'udp' | 'tcp';

export interface AnswerParts {
  /** Called for each query, so that a new policy is in force at once. */
  readonly policy: () => RedirectPolicy;
  readonly state: RedirectState;
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  /** By client: {@link subscriberKey}. */
  readonly rate: RateLimit;
  readonly counters: DnsCounters;
  readonly loopProbe: LoopProbe;
  readonly log: DnsLog;
}

/** @returns the answer, or `undefined` to send none. Never rejects. */
export async function answerQuery(
  parts: AnswerParts,
  packet: Buffer,
  client: IpAddress,
  transport: Transport,
): Promise<Buffer | undefined> {
  let reading: Reading | undefined;
  try {
    reading = readQuery(packet);
    return await answerReading(parts, reading, client, transport);
  } catch (thrown) {
    parts.log.warn({ reason: messageOf(thrown) }, 'a DNS query failed by a defect and was answered with SERVFAIL');
    parts.counters.failed++;
    return reading?.kind === 'query' ? errorAnswer(reading.query, RCODE_SERVFAIL) : undefined;
  }
}

async function answerReading(
  parts: AnswerParts,
  reading: Reading,
  client: IpAddress,
  transport: Transport,
): Promise<Buffer | undefined> {
  const { counters } = parts;
  counters.queries++;
  if (transport === 'tcp') counters.overTcp++;
  if (parts.rate.take(subscriberKey(client), parts.clock.nowMs()) > 0) {
    counters.rateLimited++;
    // No answer over UDP, where the address may be forged. Over TCP the client is real and gets an error.
    return transport === 'tcp' && reading.kind === 'query' ? errorAnswer(reading.query, RCODE_REFUSED) : undefined;
  }
  if (reading.kind !== 'query') {
    counters.malformed++;
    return reading.kind === 'drop' ? undefined : errorWithoutQuestion(reading.id, reading.flags, reading.rcode);
  }
  countType(counters, reading.query.question.type);
  return answerReadable(parts, reading.query, client, transport);
}

async function answerReadable(
  parts: AnswerParts,
  query: Query,
  client: IpAddress,
  transport: Transport,
): Promise<Buffer | undefined> {
  const { counters } = parts;
  if (query.edns !== undefined && query.edns.version !== 0) return errorAnswer(query, RCODE_BADVERS);
  if (parts.loopProbe.recognise(query)) return errorAnswer(query, RCODE_REFUSED);
  const decision = decide(query.question, client, parts.policy(), parts.state);
  countDecision(counters, decision);
  switch (decision.kind) {
    case 'refuse':
      return errorAnswer(query, RCODE_REFUSED);
    case 'answer':
    case 'nodata':
      return redirectedAnswer(query, decision, transport === 'tcp' ? 0xffff : udpAnswerBytes(query));
    case 'forward':
      return forward(parts, query, transport);
  }
}

function countDecision(counters: DnsCounters, decision: Decision): void {
  if (decision.kind === 'refuse') counters.refused++;
  else if (decision.kind === 'answer') counters.redirected++;
  else if (decision.kind === 'nodata') counters.nodata++;
  else if (decision.because === 'withdrawn') counters.withdrawn++;
  else if (decision.because === 'client') counters.otherClients++;
  else if (decision.because === 'schedule') counters.outsideSchedule++;
  else if (decision.because === 'shadow') counters.shadowed++;
}

async function forward(parts: AnswerParts, query: Query, transport: Transport): Promise<Buffer> {
  const { counters } = parts;
  const forwarding = await parts.forwarder.forward(query, transport);
  if (forwarding.kind === 'answered') {
    counters.forwarded++;
    // A datagram larger than the client's buffer would be lost.
    const limit = transport === 'tcp' ? 0xffff : (query.edns?.udpPayloadBytes ?? 512);
    return forwarding.packet.length <= limit ? forwarding.packet : truncatedAnswer(query);
  }
  if (forwarding.kind === 'overloaded') counters.overloaded++;
  else {
    counters.failed++;
    parts.log.debug({ reason: forwarding.reason }, 'no upstream resolver answered');
  }
  return errorAnswer(query, RCODE_SERVFAIL);
}
