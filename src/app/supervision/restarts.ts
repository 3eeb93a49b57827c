/**
 * Restarts one part each time it fails, backing off while it keeps failing. While it is down, readiness shows the part and
 * the reason, and the DNS redirection withdraws its names. It serves parts that are threads (they fail when the thread ends)
 * and parts of the main thread (they fail by an error that nothing caught).
 */
import type { Clock } from '../../domain/clock.js';
import { errorOf, messageOf } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import type { Health } from '../health.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;
/** A part that ran this long did not fail because of its start, so the next failure is the first one again. */
const STEADY_MS = 5 * 60_000;

/** @param failures consecutive ones before this one */
export function restartWaitMs(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
}

export interface SupervisionContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Pick<Health, 'report'>;
}

export class Restarts {
  /** The name in log and metrics: the part's, with that of the member. */
  readonly part: string;
  /** Readiness knows parts only. */
  readonly #reported: string;
  readonly #member: string | undefined;
  readonly #context: SupervisionContext;
  readonly #restartPart: (consecutiveFailures: number) => Promise<void>;
  #isUp = true;
  #count = 0;
  #failures = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #lastError: string | undefined;
  #startedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #stopped = false;
  #failedMeanwhile: { readonly reason: unknown } | undefined;

  /**
   * For a part that has just been started.
   * @param restartPart cleans up after the part and starts it. If it throws, that is the next failure
   * @param member one of several threads of the part, which fails and restarts alone
   */
  constructor(
    part: string,
    context: SupervisionContext,
    restartPart: (consecutiveFailures: number) => Promise<void>,
    member?: string,
  ) {
    this.part = member === undefined ? part : `${part} ${member}`;
    this.#reported = part;
    this.#member = member;
    this.#context = context;
    this.#restartPart = restartPart;
    this.#startedAtMs = context.clock.nowMs();
  }

  /** False from a failure until the restart has succeeded. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** The number of restarts. */
  get count(): number {
    return this.#count;
  }

  /** The time of the last failure. */
  get failedAtMs(): number {
    return this.#failedAtMs;
  }

  /** What the last failure was; undefined: it has not failed. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /**
   * Schedules a restart. Does nothing if one is scheduled already. If one is running, that one has failed.
   * @param what the message for the log
   */
  failed(reason: unknown, what = messageOf(reason)): void {
    if (this.#stopped) return;
    if (!this.#isUp) {
      this.#failedMeanwhile = { reason };
      return;
    }
    this.#isUp = false;
    if (this.#context.clock.nowMs() - this.#startedAtMs >= STEADY_MS) this.#failures = 0;
    this.#plan(reason, what);
  }

  /** Prevents further restarts, and waits for one that is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#starting;
  }

  #throwFailureMeanwhile(): void {
    if (this.#failedMeanwhile !== undefined) throw this.#failedMeanwhile.reason;
  }

  #plan(reason: unknown, what: string): void {
    const { logger } = this.#context;
    const waitMs = restartWaitMs(this.#failures);
    this.#failures++;
    this.#failedAtMs = this.#context.clock.nowMs();
    this.#lastError = what;
    // First, so that no error below can prevent the restart.
    this.#timer = setTimeout(() => {
      this.#starting = this.#restart();
    }, waitMs);
    this.#report(what);
    logger.error({ err: errorOf(reason) }, `${this.part}: ${what}; it restarts in ${waitMs / 1_000} s`);
  }

  #report(what: string | undefined): void {
    const { health } = this.#context;
    if (this.#member === undefined) health.report(this.#reported, what);
    else health.report(this.#reported, what === undefined ? undefined : `${this.#member}: ${what}`, this.#member);
  }

  async #restart(): Promise<void> {
    const { logger, clock } = this.#context;
    this.#failedMeanwhile = undefined;
    try {
      await this.#restartPart(this.#failures);
      this.#throwFailureMeanwhile();
      this.#startedAtMs = clock.nowMs();
      this.#isUp = true;
      this.#count++;
      this.#report(undefined);
      logger.warn(`${this.part}: restarted`);
    } catch (thrown) {
      if (!this.#stopped) this.#plan(thrown, messageOf(thrown));
    }
  }
}
