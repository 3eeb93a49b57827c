/**
 * Answers one query with at most one message: reads it, checks who asks and how often, decides, and writes our answer, a cached
 * one, or later that of an upstream resolver. Known answers are written at once, and allocate no more than the name.
 */
import type { Clock } from '../../domain/clock.js';
import { messageOf } from '../../domain/errors.js';
import type { NetworkSet } from '../../domain/network-set.js';
import type { LateAnswer, RemoteAddress } from '../../transport/transport.js';
import {
  type AnswerLimits,
  type AnswerTemplate,
  type AnswerWriter,
  emptyTemplate,
  templateOf,
  udpAnswerBytes,
} from '../answer-template.js';
import { countForwarded, countType, type DnsCounters } from '../counters.js';
import { type Decision, decide, type RedirectState } from '../decide.js';
import type { DnsLog } from '../dns-log.js';
import { ageOf } from '../forward/answer-cache.js';
import { forwardedQuestion } from '../forward/forwarded-question.js';
import type { Forwarder, Outcome } from '../forward/forwarder.js';
import type { LoopProbe } from '../forward/loop-probe.js';
import { emptyMessage, type StoredAnswer } from '../forward/stored-answer.js';
import { type NameCounters, REDIRECTED } from '../name-counters.js';
import { OurAnswers } from '../our-answers.js';
import type { RedirectPolicy } from '../redirect-policy.js';
import { type ListedName, Redirections } from '../redirections.js';
import {
  EDE_FORGED_ANSWER,
  EDE_NETWORK_ERROR,
  EDE_NO_REACHABLE_AUTHORITY,
  EDE_PROHIBITED,
  RCODE_BADVERS,
  RCODE_NOERROR,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
} from '../wire/dns-codes.js';
import { DnsQuery, DROP, questionKey, readQuery } from '../wire/dns-query.js';
import type { ClientRates } from './client-rates.js';
import { ReviewedAnswers } from './reviewed-answers.js';
import { addressOf, sharerOf } from './subscriber.js';

export interface ResponderParts {
  readonly state: RedirectState;
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly rates: ClientRates;
  readonly writer: AnswerWriter;
  readonly counters: DnsCounters;
  readonly loopProbe: LoopProbe;
  readonly log: DnsLog;
}

/** The transport of a query. */
export interface Via {
  readonly overTcp: boolean;
  /** Prepares an answer that is sent later. Called at most once for a query, while it is handled. */
  later(): LateAnswer;
}

/** Results of {@link Responder.respond} that are not lengths. */
export const NO_ANSWER = 0;
export const LATER = -1;

const MAX_MESSAGE_BYTES = 0xffff;
const TCP_LIMITS: AnswerLimits = { maxBytes: MAX_MESSAGE_BYTES, overTcp: true };
const REFUSED = emptyTemplate(RCODE_REFUSED);
const PROHIBITED = emptyTemplate(RCODE_REFUSED, EDE_PROHIBITED);
const BAD_VERSION = emptyTemplate(RCODE_BADVERS);
const SERVER_FAILURE = emptyTemplate(RCODE_SERVFAIL);
const NO_RESOLVER = emptyTemplate(RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY);
const NO_NETWORK = emptyTemplate(RCODE_SERVFAIL, EDE_NETWORK_ERROR);
const NOTHING_FITS: AnswerLimits = { maxBytes: 0, overTcp: false };
const TRUNCATED = emptyTemplate(RCODE_NOERROR);

export class Responder {
  readonly #parts: ResponderParts;
  readonly #query = new DnsQuery();
  readonly #udpLimits = { maxBytes: 0, overTcp: false };
  readonly #late = new Uint8Array(MAX_MESSAGE_BYTES);
  #redirections: Redirections;
  #ours: OurAnswers;
  #reviewed: ReviewedAnswers;
  #nameCounters: NameCounters;
  #allowed: NetworkSet;

  constructor(parts: ResponderParts, policy: RedirectPolicy, nameCounters: NameCounters, allowed: NetworkSet) {
    this.#parts = parts;
    this.#redirections = new Redirections(policy);
    this.#ours = new OurAnswers(policy, parts.state);
    this.#reviewed = new ReviewedAnswers(this.#redirections, this.#ours, parts.state);
    this.#nameCounters = nameCounters;
    this.#allowed = allowed;
  }

  get policy(): RedirectPolicy {
    return this.#redirections.policy;
  }

  /** Takes effect with the next query, and with the next answer of an upstream resolver. */
  setPolicy(policy: RedirectPolicy, nameCounters: NameCounters): void {
    this.#redirections = new Redirections(policy);
    this.#nameCounters = nameCounters;
    this.#ours = new OurAnswers(policy, this.#parts.state);
    this.#reviewed = new ReviewedAnswers(this.#redirections, this.#ours, this.#parts.state);
  }

  /** @param allowed whose queries are answered */
  setAllowed(allowed: NetworkSet): void {
    this.#allowed = allowed;
  }

  /**
   * Never throws.
   * @param output has room for an answer at `at`
   * @returns the length of the answer, {@link NO_ANSWER}, or {@link LATER}
   */
  respond(
    bytes: Uint8Array,
    start: number,
    length: number,
    client: RemoteAddress,
    via: Via,
    output: Uint8Array,
    at: number,
  ): number {
    const query = this.#query;
    query.questionEnd = 0;
    try {
      return this.#respond(query, bytes, start, length, client, via, output, at);
    } catch (thrown) {
      this.#defect(thrown);
      return query.questionEnd === 0
        ? NO_ANSWER
        : this.#write(query, client, SERVER_FAILURE, 0, via.overTcp, output, at);
    }
  }

  #respond(
    query: DnsQuery,
    bytes: Uint8Array,
    start: number,
    length: number,
    client: RemoteAddress,
    via: Via,
    output: Uint8Array,
    at: number,
  ): number {
    const { counters, rates, clock } = this.#parts;
    const { overTcp } = via;
    counters.queries++;
    if (overTcp) counters.overTcp++;
    const fault = readQuery(query, bytes, start, length);
    const { family, word0, word1, word2, word3 } = client;
    const isAllowed = this.#allowed.has(family, word0, word1, word2, word3);
    query.isProven = !overTcp && fault === RCODE_NOERROR && isAllowed && this.#parts.writer.isProven(query, client);
    // Over TCP the listener waits instead, because the address is not forged.
    const isTooFast = !overTcp && isAllowed && rates.take(client, clock.nowMs(), query.isProven) > 0;
    if (fault !== RCODE_NOERROR) {
      counters.malformed++;
      if (fault === DROP || isTooFast) return NO_ANSWER;
      return this.#parts.writer.writeHeaderOnly(query, fault, output, at);
    }
    countType(counters, query.type);
    if (!isAllowed) {
      counters.notAllowed++;
      return this.#write(query, client, PROHIBITED, 0, overTcp, output, at);
    }
    if (isTooFast) {
      // A real client asks again over TCP. A forged address gets at most the 16 bytes of a server cookie more than the query
      // has, and those only if the query has a client cookie.
      counters.rateLimited++;
      return this.#parts.writer.write(query, client, TRUNCATED, 0, NOTHING_FITS, output, at);
    }
    if (query.hasEdns && query.ednsVersion !== 0)
      return this.#write(query, client, BAD_VERSION, 0, overTcp, output, at);
    if (this.#parts.loopProbe.recognise(query.name)) return this.#write(query, client, REFUSED, 0, overTcp, output, at);
    return this.#answer(query, client, via, output, at);
  }

  #answer(query: DnsQuery, client: RemoteAddress, via: Via, output: Uint8Array, at: number): number {
    const { counters, state } = this.#parts;
    const decision = decide(query, addressOf(client), this.#redirections, state);
    switch (decision.kind) {
      case 'redirect':
        return this.#writeOurs(query, client, decision.listed, via.overTcp, output, at);
      case 'no-data':
        counters.local++;
        return this.#write(query, client, this.#ours.noData, 0, via.overTcp, output, at);
      case 'no-name':
        counters.local++;
        return this.#write(query, client, this.#ours.noName, 0, via.overTcp, output, at);
      case 'refuse':
        counters.refused++;
        return this.#write(query, client, REFUSED, 0, via.overTcp, output, at);
      case 'forward':
        countForwarded(decision, counters, this.#nameCounters);
        return this.#forward(query, client, decision, via, output, at);
      case 'forward-text':
      case 'redirect-unsigned':
        return this.#forward(query, client, decision, via, output, at);
    }
  }

  #forward(
    query: DnsQuery,
    client: RemoteAddress,
    decision: Decision,
    via: Via,
    output: Uint8Array,
    at: number,
  ): number {
    const { forwarder, clock, counters, rates } = this.#parts;
    const key = questionKey(query);
    const nowMs = clock.nowMs();
    const cached = forwarder.cache.get(key, nowMs);
    const ageSeconds = cached && ageOf(cached, nowMs);
    if (cached !== undefined && ageSeconds !== undefined) {
      counters.cached++;
      return this.#writeStored(query, client, cached, ageSeconds, via.overTcp, output, at);
    }
    const held = query.copy();
    const address = Object.assign(Object.create(null), client) as RemoteAddress;
    let way: LateAnswer | undefined;
    const known = forwarder.ask(key, forwardedQuestion(query), sharerOf(client, rates.isTrusted(client)), (outcome) => {
      const length = this.#writeLate(held, address, decision, outcome, via.overTcp);
      way?.send(this.#late.subarray(0, length));
    });
    if (known !== undefined) return this.#writeOutcome(query, client, decision, known, via.overTcp, output, at);
    way = via.later();
    return LATER;
  }

  #writeLate(query: DnsQuery, client: RemoteAddress, decision: Decision, outcome: Outcome, overTcp: boolean): number {
    try {
      return this.#writeOutcome(query, client, decision, outcome, overTcp, this.#late, 0);
    } catch (thrown) {
      this.#defect(thrown);
      return this.#write(query, client, SERVER_FAILURE, 0, overTcp, this.#late, 0);
    }
  }

  #writeOutcome(
    query: DnsQuery,
    client: RemoteAddress,
    decision: Decision,
    outcome: Outcome,
    overTcp: boolean,
    output: Uint8Array,
    at: number,
  ): number {
    const { counters, log } = this.#parts;
    if (outcome.kind === 'answered') {
      if (outcome.ageSeconds < 0) counters.stale++;
      else counters.forwarded++;
      return this.#writeStored(query, client, outcome.answer, outcome.ageSeconds, overTcp, output, at);
    }
    // Without an answer it is not known whether the original is signed. A redirection is better for the user than nothing.
    if (decision.kind === 'redirect-unsigned')
      return this.#writeOurs(query, client, decision.listed, overTcp, output, at);
    if (decision.kind === 'forward-text') return this.#writeText(query, client, decision.listed, overTcp, output, at);
    if (outcome.kind === 'overloaded') {
      counters.overloaded++;
      return this.#write(query, client, SERVER_FAILURE, 0, overTcp, output, at);
    }
    counters.failed++;
    log.debug({ reason: outcome.reason }, 'no upstream resolver answered');
    return this.#write(query, client, outcome.network ? NO_NETWORK : NO_RESOLVER, 0, overTcp, output, at);
  }

  #writeStored(
    query: DnsQuery,
    client: RemoteAddress,
    answer: StoredAnswer,
    ageSeconds: number,
    overTcp: boolean,
    output: Uint8Array,
    at: number,
  ): number {
    const reviewed = this.#reviewed.of(query, client, answer);
    return 'listed' in reviewed
      ? this.#writeOurs(query, client, reviewed.listed, overTcp, output, at)
      : this.#write(query, client, reviewed, ageSeconds, overTcp, output, at);
  }

  #writeOurs(
    query: DnsQuery,
    client: RemoteAddress,
    listed: ListedName,
    overTcp: boolean,
    output: Uint8Array,
    at: number,
  ): number {
    const template = this.#ours.template(listed, query.type);
    if (template.answers > 0) this.#parts.counters.redirected++;
    else this.#parts.counters.nodata++;
    this.#nameCounters.count(listed.redirected, REDIRECTED);
    return this.#write(query, client, template, 0, overTcp, output, at);
  }

  /** Our ports alone, because the other TXT records of the original are not known. */
  #writeText(
    query: DnsQuery,
    client: RemoteAddress,
    { redirected }: ListedName,
    overTcp: boolean,
    output: Uint8Array,
    at: number,
  ): number {
    this.#parts.counters.redirected++;
    this.#nameCounters.count(redirected, REDIRECTED);
    const question = { name: query.name, type: query.type, class: query.class };
    const ours = this.#ours.textAt(query.name, redirected.announceText ?? '');
    const message = { ...emptyMessage(RCODE_NOERROR), questions: [question], answers: [ours] };
    return this.#write(
      query,
      client,
      templateOf(message, EDE_FORGED_ANSWER, () => true),
      0,
      overTcp,
      output,
      at,
    );
  }

  #write(
    query: DnsQuery,
    client: RemoteAddress,
    template: AnswerTemplate,
    ageSeconds: number,
    overTcp: boolean,
    output: Uint8Array,
    at: number,
  ): number {
    let limits = TCP_LIMITS;
    if (!overTcp) {
      this.#udpLimits.maxBytes = udpAnswerBytes(query);
      limits = this.#udpLimits;
    }
    return this.#parts.writer.write(query, client, template, ageSeconds, limits, output, at);
  }

  #defect(thrown: unknown): void {
    this.#parts.counters.failed++;
    this.#parts.log.warn(
      { reason: messageOf(thrown) },
      'a DNS query failed by a defect and was answered with SERVFAIL',
    );
  }
}
