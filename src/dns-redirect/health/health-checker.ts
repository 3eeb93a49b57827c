/**
 * Repeats all checks, each on its own timer, so that a slow check does not delay the others. A target that dies is withdrawn
 * within 4.3 s: {@link CHECK_EVERY_MS}, two timeouts of {@link CHECK_TIMEOUT_MS}, and {@link CHECK_AGAIN_MS} between them. Over
 * HTTPS the first part is longer if there are more than 20 checks.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '../../domain/clock.js';
import { CheckState } from './check-state.js';
import type { CheckChange, CheckList, Drill } from './health-messages.js';
import { type HealthCheck, keyOfCheck } from './health-plan.js';
import { HealthTable } from './health-table.js';

export const CHECK_EVERY_MS = 1_000;
export const CHECK_TIMEOUT_MS = 1_500;
/** A TLS handshake costs this machine and the target about a millisecond each, so all checks over HTTPS share 20 a second. */
const HANDSHAKES_PER_SECOND = 20;
/** The pause after a result that may change the state. */
const CHECK_AGAIN_MS = 300;

export interface HealthCheckerOptions {
  readonly clock: Clock;
  readonly tryConnection: (check: HealthCheck, timeoutMs: number) => Promise<string | undefined>;
  readonly onChange: (change: CheckChange) => void;
}

interface Watched {
  readonly check: HealthCheck;
  readonly state: CheckState;
  /** The cell for its result in the current table. */
  index: number;
  timer: NodeJS.Timeout | undefined;
  readonly firstResult: Promise<void>;
  /** Resolves {@link firstResult}. */
  readonly resolveFirst: () => void;
}

export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #watched = new Map<string, Watched>();
  #table: HealthTable;
  #drills: readonly Drill[] = [];
  #httpsEveryMs = CHECK_EVERY_MS;

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
    this.#table = new HealthTable(HealthTable.memoryFor(0));
  }

  /**
   * Replaces the list of checks. A check that is in both lists keeps its state, and the new table has it before this returns.
   * The first {@link HANDSHAKES_PER_SECOND} new checks over HTTPS begin at once, the others at random times.
   */
  follow({ checks, table }: CheckList): void {
    this.#table = new HealthTable(table);
    const overHttps = checks.filter(({ protocol }) => protocol === 'https').length;
    this.#httpsEveryMs = Math.max(CHECK_EVERY_MS, (overHttps * 1_000) / HANDSHAKES_PER_SECOND);
    const keys = new Map(checks.map((check, index) => [keyOfCheck(check), { check, index }]));
    for (const [key, watched] of this.#watched) {
      if (keys.has(key)) continue;
      clearTimeout(watched.timer);
      watched.resolveFirst();
      this.#watched.delete(key);
    }
    let newHttps = 0;
    for (const [key, { check, index }] of keys) {
      const watched = this.#watched.get(key);
      if (watched === undefined) {
        const mustWait = check.protocol === 'https' && ++newHttps > HANDSHAKES_PER_SECOND;
        this.#watch(key, check, index, mustWait ? randomInt(this.#httpsEveryMs) : 0);
      } else {
        watched.index = index;
        this.#table.set(index, watched.state.isUp === true);
      }
    }
  }

  setDrills(drills: readonly Drill[]): void {
    this.#drills = drills;
  }

  /** Resolves once each check has been tried. */
  async triedAll(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ firstResult }) => firstResult));
  }

  stop(): void {
    for (const { timer, resolveFirst } of this.#watched.values()) {
      clearTimeout(timer);
      resolveFirst();
    }
    this.#watched.clear();
  }

  #watch(key: string, check: HealthCheck, index: number, waitMs: number): void {
    let resolveFirst = (): void => {};
    const firstResult = new Promise<void>((resolve) => {
      resolveFirst = resolve;
    });
    const watched: Watched = { check, state: new CheckState(), index, timer: undefined, firstResult, resolveFirst };
    this.#watched.set(key, watched);
    if (waitMs > 0) watched.timer = setTimeout(() => void this.#try(key, watched), waitMs);
    else void this.#try(key, watched);
  }

  async #try(key: string, watched: Watched): Promise<void> {
    const { check, state } = watched;
    const { tryConnection, onChange } = this.#options;
    const failure = this.#drillOf(check) ?? (await tryConnection(check, CHECK_TIMEOUT_MS));
    if (this.#watched.get(key) !== watched) return;
    const isUp = failure === undefined;
    const changed = state.record(isUp);
    if (changed) {
      this.#table.set(watched.index, isUp);
      onChange({ key, isUp, reason: failure, atMs: this.#options.clock.nowMs() });
    }
    watched.resolveFirst();
    watched.timer = setTimeout(() => void this.#try(key, watched), this.#pauseMs(check, state, changed));
  }

  /** Checks over HTTPS that change together get random pauses, so that their handshakes do not stay at the same moment. */
  #pauseMs({ protocol }: HealthCheck, state: CheckState, changed: boolean): number {
    if (state.isWavering) return CHECK_AGAIN_MS;
    if (protocol !== 'https') return CHECK_EVERY_MS;
    return changed ? randomInt(this.#httpsEveryMs) : this.#httpsEveryMs;
  }

  #drillOf({ target }: HealthCheck): string | undefined {
    const nowMs = this.#options.clock.nowMs();
    return this.#drills.some((each) => each.target === target && each.untilMs > nowMs)
      ? 'a drill treats it as dead'
      : undefined;
  }
}
