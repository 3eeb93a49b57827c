/**
 * Forwards questions that are not redirected to the upstream resolvers, and caches the answers for their time to live. Equal
 * questions in flight are asked once. If no resolver answers, clients get an expired answer (RFC 8767) if there is one, and the
 * failure is cached for seconds, so that the next client does not wait for it again (RFC 9520).
 */
import type { Clock } from '../../domain/clock.js';
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { Endpoint } from '../../net/endpoint.js';
import { sameEndpoint } from '../../net/endpoint.js';
import { STALE } from '../answer-template.js';
import type { DnsLog } from '../dns-log.js';
import {
  ATTEMPT_EVERY_MS,
  FAILURE_HOLDS_MS,
  MAX_QUESTIONS_IN_FLIGHT,
  MAX_REMEMBERED_FAILURES,
  MAX_WAITING_CLIENTS,
  STALE_AFTER_MS,
} from '../limits.js';
import { AnswerCache } from './answer-cache.js';
import { FairShares, type Sharer } from './fair-shares.js';
import type { ForwardedQuestion } from './forwarded-question.js';
import { MAX_ATTEMPTS, Resolution, type Resolved } from './resolution.js';
import type { Connects } from './resolver-sockets.js';
import { type StoredAnswer, storeAnswer } from './stored-answer.js';
import { UpstreamResolver } from './upstream-resolver.js';

export type Outcome =
  /** @property ageSeconds {@link STALE} if it has expired */
  | { readonly kind: 'answered'; readonly answer: StoredAnswer; readonly ageSeconds: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly network: boolean }
  /** Other clients wait that have fewer questions in flight. */
  | { readonly kind: 'overloaded' };

export interface ForwarderOptions {
  readonly resolvers: readonly Endpoint[];
  /** Asks over UDP. */
  readonly transport: Connects;
  readonly clock: Clock;
  readonly log: DnsLog;
  /** 0: no cache. */
  readonly cacheBytes: number;
  /** Counts questions that joined one in flight. */
  readonly onCoalesced?: () => void;
  readonly attemptEveryMs?: number;
  readonly maxInFlight?: number;
}

interface Waiter {
  readonly sharer: Sharer;
  readonly inFlight: InFlight;
  readonly deliver: (outcome: Outcome) => void;
  staleTimer: NodeJS.Timeout | undefined;
}

interface InFlight {
  readonly key: string;
  readonly waiters: Set<Waiter>;
  owner: Sharer;
  resolution: Resolution | undefined;
}

export class Forwarder {
  readonly cache: AnswerCache;
  #resolvers: readonly UpstreamResolver[];
  readonly #options: ForwarderOptions;
  readonly #attemptEveryMs: number;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #questions: FairShares<InFlight>;
  readonly #waiters = new FairShares<Waiter>(MAX_WAITING_CLIENTS);
  readonly #failures = new Map<string, { readonly untilMs: number; readonly outcome: Outcome }>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#attemptEveryMs = options.attemptEveryMs ?? ATTEMPT_EVERY_MS;
    this.cache = new AnswerCache(options.cacheBytes);
    this.#questions = new FairShares(options.maxInFlight ?? MAX_QUESTIONS_IN_FLIGHT);
    this.#resolvers = options.resolvers.map((each) => this.#resolverAt(each));
  }

  get resolvers(): readonly UpstreamResolver[] {
    return this.#resolvers;
  }

  get questionsInFlight(): number {
    return this.#questions.size;
  }

  /** Resolvers that stay keep what is known of them. Answers of the others are forgotten, because they may differ. */
  setResolvers(endpoints: readonly Endpoint[]): void {
    const before = this.#resolvers;
    const unchanged =
      before.length === endpoints.length && endpoints.every((each, i) => sameEndpoint(each, before[i]!.endpoint));
    if (unchanged) return;
    this.#resolvers = endpoints.map(
      (each) => before.find(({ endpoint }) => sameEndpoint(endpoint, each)) ?? this.#resolverAt(each),
    );
    for (const resolver of before) if (!this.#resolvers.includes(resolver)) resolver.close();
    this.cache.clear();
    this.#failures.clear();
  }

  /**
   * For a question whose answer is not in the cache, or has expired.
   * @param key `questionKey` of the query
   * @param deliver called later, once, if nothing is returned
   * @returns the outcome if it is known at once
   */
  ask(
    key: string,
    question: ForwardedQuestion,
    sharer: Sharer,
    deliver: (outcome: Outcome) => void,
  ): Outcome | undefined {
    const nowMs = this.#options.clock.nowMs();
    const cached = this.cache.get(key, nowMs);
    const failure = this.#failures.get(key);
    if (failure !== undefined && failure.untilMs > nowMs) return cached ? staleOutcome(cached) : failure.outcome;
    const inFlight = this.#inFlight.get(key) ?? this.#start(key, question, sharer);
    if (inFlight === undefined || !this.#makeRoom(this.#waiters, sharer, (waiter) => this.#end(waiter, OVERLOADED))) {
      return OVERLOADED;
    }
    if (inFlight.waiters.size > 0) this.#options.onCoalesced?.();
    const waiter: Waiter = { sharer, inFlight, deliver, staleTimer: undefined };
    if (cached !== undefined) {
      waiter.staleTimer = setTimeout(() => this.#end(waiter, staleOutcome(cached)), STALE_AFTER_MS).unref();
    }
    inFlight.waiters.add(waiter);
    this.#waiters.add(sharer, waiter);
    return undefined;
  }

  close(): void {
    for (const inFlight of [...this.#inFlight.values()]) this.#drop(inFlight);
    for (const resolver of this.#resolvers) resolver.close();
  }

  #resolverAt(endpoint: Endpoint): UpstreamResolver {
    return new UpstreamResolver(endpoint, this.#options.transport, this.#attemptEveryMs);
  }

  #start(key: string, question: ForwardedQuestion, owner: Sharer): InFlight | undefined {
    if (!this.#makeRoom(this.#questions, owner, (item) => this.#giveUp(item))) return undefined;
    const inFlight: InFlight = { key, waiters: new Set(), owner, resolution: undefined };
    this.#inFlight.set(key, inFlight);
    this.#questions.add(owner, inFlight);
    const resolvers = this.#inOrder();
    const end = (resolved: Resolved): void => this.#resolved(inFlight, resolved);
    if (resolvers.length === 0) {
      const reason = 'every upstream resolver forwards to this server';
      setImmediate(() => end({ kind: 'failed', reason, network: false }));
      return inFlight;
    }
    const { clock, log } = this.#options;
    inFlight.resolution = new Resolution(
      question,
      resolvers,
      {
        clock,
        attemptEveryMs: this.#attemptEveryMs,
        deadlineMs: this.#attemptEveryMs * (MAX_ATTEMPTS + 1),
        onPenalty: ({ label }, reason) =>
          log.warn({ resolver: label, reason }, 'this upstream resolver does not answer; others are asked first'),
      },
      end,
    );
    return inFlight;
  }

  #makeRoom<Item>(shares: FairShares<Item>, sharer: Sharer, remove: (item: Item) => void): boolean {
    const room = shares.roomFor(sharer);
    if (typeof room === 'boolean') return room;
    remove(room.instead);
    return true;
  }

  /** The owner has too many questions in flight. Other clients that wait for the same question continue to wait. */
  #giveUp(inFlight: InFlight): void {
    const { key } = inFlight.owner;
    for (const waiter of [...inFlight.waiters]) if (waiter.sharer.key === key) this.#end(waiter, OVERLOADED);
    this.#questions.remove(inFlight.owner, inFlight);
    const [next] = inFlight.waiters;
    if (next === undefined) {
      this.#drop(inFlight);
      return;
    }
    inFlight.owner = next.sharer;
    this.#questions.add(next.sharer, inFlight);
  }

  #resolved(inFlight: InFlight, resolved: Resolved): void {
    const outcome = this.#outcomeOf(inFlight.key, resolved);
    for (const waiter of [...inFlight.waiters]) this.#end(waiter, outcome);
    this.#drop(inFlight);
  }

  #outcomeOf(key: string, resolved: Resolved): Outcome {
    const nowMs = this.#options.clock.nowMs();
    if (resolved.kind === 'answered') {
      const answer = storeAnswer(resolved.message, nowMs);
      if (answer.ttlSeconds > 0) this.cache.set(key, answer);
      if (answer.template.rcode === 0 || answer.template.rcode === 3) {
        this.#failures.delete(key);
        return { kind: 'answered', answer, ageSeconds: 0 };
      }
      return this.#failed(key, { kind: 'answered', answer, ageSeconds: 0 }, nowMs);
    }
    return this.#failed(key, resolved, nowMs);
  }

  #failed(key: string, outcome: Outcome, nowMs: number): Outcome {
    this.#failures.set(key, { untilMs: nowMs + FAILURE_HOLDS_MS, outcome });
    forgetOldest(this.#failures, MAX_REMEMBERED_FAILURES);
    const stale = this.cache.get(key, nowMs);
    return stale === undefined ? outcome : staleOutcome(stale);
  }

  #end(waiter: Waiter, outcome: Outcome): void {
    clearTimeout(waiter.staleTimer);
    if (!waiter.inFlight.waiters.delete(waiter)) return;
    this.#waiters.remove(waiter.sharer, waiter);
    waiter.deliver(outcome);
  }

  #drop(inFlight: InFlight): void {
    this.#inFlight.delete(inFlight.key);
    this.#questions.remove(inFlight.owner, inFlight);
    for (const waiter of [...inFlight.waiters]) this.#end(waiter, OVERLOADED);
    inFlight.resolution?.cancel();
  }

  /** In the configured order, with those that failed lately last. */
  #inOrder(): UpstreamResolver[] {
    const nowMs = this.#options.clock.nowMs();
    const usable = this.#resolvers.filter(({ loops }) => !loops);
    return [...usable.filter((each) => !each.isPenalised(nowMs)), ...usable.filter((each) => each.isPenalised(nowMs))];
  }
}

const OVERLOADED: Outcome = { kind: 'overloaded' };

function staleOutcome(answer: StoredAnswer): Outcome {
  return { kind: 'answered', answer, ageSeconds: STALE };
}
