/**
 * One original tracker, by protocol, host and port: how often it may be asked, and what came of it. A request waits for its
 * place in the pace and for a slot, and is turned away where that would take too long, the budget of the hour is used up, or
 * the original keeps failing. Scrapes share pace, slots and budget, but fail for themselves: a tracker may answer announces and
 * have no scrape.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { Random } from '../domain/random.js';
import type { StoredOriginal } from '../store/sqlite/exchange-store.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import { MAX_FAILURE_TEXT, MAX_PACE_WAIT_MS, MAX_WAITING_AT_ORIGINAL } from './limits.js';
import { HourlyBudget, RequestPace } from './request-pace.js';
import { RequestSlots } from './request-slots.js';
import { TrackerRefusal } from './tracker-contact.js';

/** For each original tracker. An announce and the `stopped` that follows it count as one request. */
export interface OriginalLimits {
  readonly requestsPerSecond: number;
  readonly concurrentRequests: number;
  readonly requestsPerHour: number;
}

/** Why an original is not asked now. */
export type Postponement = 'backing-off' | 'over-budget' | 'busy' | 'stopped';

export class NotNow extends Error {
  /** @param againMs when it may be asked, in milliseconds since the epoch */
  constructor(
    readonly reason: Postponement,
    readonly againMs: number,
  ) {
    super(reason);
    this.name = 'NotNow';
  }
}

export interface OriginalParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: () => OriginalLimits;
  /** Shared by all originals. */
  readonly slots: RequestSlots;
  readonly signal: AbortSignal;
}

/** For people and scripts. */
export interface OriginalView {
  readonly name: string;
  readonly state: BreakerState;
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly intervalSeconds: number | undefined;
  /** Consecutive ones. */
  readonly failures: number;
  readonly failure: string | undefined;
  readonly retryMs: number;
  readonly active: number;
  readonly waiting: number;
  readonly budgetLeft: number;
}

export class Original {
  readonly #breaker: CircuitBreaker;
  readonly #scrapeBreaker: CircuitBreaker;
  readonly #pace = new RequestPace();
  readonly #budget = new HourlyBudget();
  readonly #slots: RequestSlots;
  readonly #parts: OriginalParts;
  #askedMs = 0;
  #answeredMs = 0;
  #failure: string | undefined;
  /** The last that it stated. */
  intervalSeconds: number | undefined;
  isChanged = false;

  constructor(
    readonly name: string,
    parts: OriginalParts,
  ) {
    this.#parts = parts;
    this.#breaker = new CircuitBreaker(parts.random);
    this.#scrapeBreaker = new CircuitBreaker(parts.random);
    this.#slots = new RequestSlots(() => parts.limits().concurrentRequests, MAX_WAITING_AT_ORIGINAL);
  }

  /** Nothing is asked of it, and it does not keep failing: it may be forgotten. */
  get isIdle(): boolean {
    return this.#slots.active === 0 && this.#slots.waiting === 0 && this.#breaker.failures === 0;
  }

  get askedMs(): number {
    return this.#askedMs;
  }

  /** Why it would not be asked now; undefined: it would. */
  postponement(maxWaitMs = MAX_PACE_WAIT_MS): NotNow | undefined {
    return this.#postponement(this.#breaker, maxWaitMs);
  }

  /** How long a request would wait for its place in the pace, in milliseconds. */
  paceWaitMs(): number {
    return this.#pace.waitMs(this.#parts.clock.nowMs(), this.#parts.limits().requestsPerSecond);
  }

  /**
   * @param maxWaitMs how long it may wait for its place in the pace
   * @throws NotNow if it is not asked; else what `work` throws
   */
  announce<T>(work: () => Promise<T>, maxWaitMs = MAX_PACE_WAIT_MS): Promise<T> {
    return this.#ask(this.#breaker, maxWaitMs, work);
  }

  /** As {@link announce}. */
  scrape<T>(work: () => Promise<T>): Promise<T> {
    const postponed = this.postponement();
    if (postponed !== undefined) return Promise.reject(postponed);
    return this.#ask(this.#scrapeBreaker, MAX_PACE_WAIT_MS, work);
  }

  view(): OriginalView {
    const nowMs = this.#parts.clock.nowMs();
    return {
      name: this.name,
      state: this.#breaker.state(nowMs),
      askedMs: this.#askedMs,
      answeredMs: this.#answeredMs,
      intervalSeconds: this.intervalSeconds,
      failures: this.#breaker.failures,
      failure: this.#failure,
      retryMs: this.#breaker.retryMs,
      active: this.#slots.active,
      waiting: this.#slots.waiting,
      budgetLeft: this.#budget.left(nowMs, this.#parts.limits().requestsPerHour),
    };
  }

  stored(): StoredOriginal {
    return {
      name: this.name,
      askedMs: this.#askedMs,
      answeredMs: this.#answeredMs,
      intervalSeconds: this.intervalSeconds ?? null,
      failures: this.#breaker.failures,
      retryMs: this.#breaker.retryMs,
      failure: this.#failure ?? null,
      budgetStartMs: this.#budget.startMs,
      budgetUsed: this.#budget.used,
    };
  }

  restore(stored: StoredOriginal): void {
    this.#askedMs = stored.askedMs;
    this.#answeredMs = stored.answeredMs;
    this.intervalSeconds = stored.intervalSeconds ?? undefined;
    this.#failure = stored.failure ?? undefined;
    this.#breaker.restore(stored.failures, stored.retryMs);
    this.#budget.startMs = stored.budgetStartMs;
    this.#budget.used = stored.budgetUsed;
  }

  #postponement(breaker: CircuitBreaker, maxWaitMs: number): NotNow | undefined {
    const { clock, limits } = this.#parts;
    const nowMs = clock.nowMs();
    if (!breaker.isPassable(nowMs)) return backingOff(breaker, nowMs);
    const { requestsPerHour, requestsPerSecond } = limits();
    if (this.#budget.left(nowMs, requestsPerHour) === 0) return new NotNow('over-budget', this.#budget.renewsMs(nowMs));
    const waitMs = this.#pace.waitMs(nowMs, requestsPerSecond);
    return waitMs > maxWaitMs ? new NotNow('busy', nowMs + waitMs - maxWaitMs) : undefined;
  }

  async #ask<T>(breaker: CircuitBreaker, maxWaitMs: number, work: () => Promise<T>): Promise<T> {
    const { clock, limits, signal, slots } = this.#parts;
    const postponed = this.#postponement(breaker, maxWaitMs);
    if (postponed !== undefined) throw postponed;
    const waitMs = this.#pace.reserve(clock.nowMs(), limits().requestsPerSecond);
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false, signal }).catch(() => {});
    const answer = await this.#slots.run(() => slots.run(async () => ({ value: await this.#run(breaker, work) })));
    if (answer === undefined) throw new NotNow('busy', clock.nowMs() + MAX_PACE_WAIT_MS);
    return answer.value;
  }

  async #run<T>(breaker: CircuitBreaker, work: () => Promise<T>): Promise<T> {
    const { clock, limits, signal } = this.#parts;
    const nowMs = clock.nowMs();
    // It may have failed, or the exchange may have stopped, while this request waited.
    if (signal.aborted) throw new NotNow('stopped', nowMs);
    if (!breaker.enter(nowMs)) throw backingOff(breaker, nowMs);
    if (!this.#budget.take(nowMs, limits().requestsPerHour)) {
      breaker.left();
      throw new NotNow('over-budget', this.#budget.renewsMs(nowMs));
    }
    this.#askedMs = nowMs;
    this.isChanged = true;
    try {
      const value = await work();
      this.#answered(breaker);
      return value;
    } catch (thrown) {
      if (thrown instanceof TrackerRefusal) this.#answered(breaker);
      else if (signal.aborted) breaker.left();
      else {
        breaker.failed(clock.nowMs());
        this.#failure = messageOf(thrown).slice(0, MAX_FAILURE_TEXT);
      }
      throw thrown;
    } finally {
      // The state at the start of the request may have been stored meanwhile.
      this.isChanged = true;
    }
  }

  #answered(breaker: CircuitBreaker): void {
    breaker.succeeded();
    this.#answeredMs = this.#parts.clock.nowMs();
    if (breaker === this.#breaker) this.#failure = undefined;
  }
}

/** While it is tried, the time of the next trial is not known yet. */
function backingOff(breaker: CircuitBreaker, nowMs: number): NotNow {
  return new NotNow('backing-off', breaker.state(nowMs) === 'open' ? breaker.retryMs : nowMs);
}
