/**
 * Tries all checks again and again, each by itself, so that a slow one delays no other. A target that dies is noticed within
 * {@link CHECK_EVERY_MS} and {@link FAILURES_TO_WITHDRAW} × {@link CHECK_TIMEOUT_MS}: 4 s.
 */
import type { Clock } from '../../domain/clock.js';
import { CheckState } from './check-state.js';
import type { CheckChange, CheckList, Drill } from './health-messages.js';
import { type HealthCheck, keyOfCheck } from './health-plan.js';
import { HealthTable } from './health-table.js';

export const CHECK_EVERY_MS = 1_000;
export const CHECK_TIMEOUT_MS = 1_500;
/** TLS handshakes cost this machine, and the target, about a millisecond each: all checks over HTTPS share 20 a second. */
const HANDSHAKE_EVERY_MS = 50;
/** After a result that may change the state. */
const CHECK_AGAIN_MS = 300;

export interface HealthCheckerOptions {
  readonly clock: Clock;
  readonly tryConnection: (check: HealthCheck, timeoutMs: number) => Promise<string | undefined>;
  readonly onChange: (change: CheckChange) => void;
}

interface Watched {
  readonly check: HealthCheck;
  readonly state: CheckState;
  /** Where its result goes in the table of now. */
  index: number;
  timer: NodeJS.Timeout | undefined;
  readonly firstResult: Promise<void>;
  readonly settle: () => void;
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

  /** Checks that go on keep their state; the new table shows it before this returns. */
  follow({ checks, table }: CheckList): void {
    this.#table = new HealthTable(table);
    const overHttps = checks.filter(({ protocol }) => protocol === 'https').length;
    this.#httpsEveryMs = Math.max(CHECK_EVERY_MS, overHttps * HANDSHAKE_EVERY_MS);
    const keys = new Map(checks.map((check, index) => [keyOfCheck(check), { check, index }]));
    for (const [key, watched] of this.#watched) {
      if (keys.has(key)) continue;
      clearTimeout(watched.timer);
      watched.settle();
      this.#watched.delete(key);
    }
    for (const [key, { check, index }] of keys) {
      const watched = this.#watched.get(key);
      if (watched === undefined) this.#watch(key, check, index);
      else {
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
    for (const { timer, settle } of this.#watched.values()) {
      clearTimeout(timer);
      settle();
    }
    this.#watched.clear();
  }

  #watch(key: string, check: HealthCheck, index: number): void {
    let settle = (): void => {};
    const firstResult = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const watched: Watched = { check, state: new CheckState(), index, timer: undefined, firstResult, settle };
    this.#watched.set(key, watched);
    void this.#try(key, watched);
  }

  async #try(key: string, watched: Watched): Promise<void> {
    const { check, state } = watched;
    const { tryConnection, onChange } = this.#options;
    const failure = this.#drillOf(check) ?? (await tryConnection(check, CHECK_TIMEOUT_MS));
    if (this.#watched.get(key) !== watched) return;
    const isUp = failure === undefined;
    if (state.record(isUp)) {
      this.#table.set(watched.index, isUp);
      onChange({ key, isUp, reason: failure, atMs: this.#options.clock.nowMs() });
    }
    watched.settle();
    const everyMs = check.protocol === 'https' ? this.#httpsEveryMs : CHECK_EVERY_MS;
    const waitMs = state.isWavering ? CHECK_AGAIN_MS : everyMs;
    watched.timer = setTimeout(() => void this.#try(key, watched), waitMs);
  }

  #drillOf({ target }: HealthCheck): string | undefined {
    const nowMs = this.#options.clock.nowMs();
    return this.#drills.some((each) => each.target === target && each.untilMs > nowMs)
      ? 'a drill takes it for dead'
      : undefined;
  }
}
