/**
 * The current state that a decision depends on: whether a name's target works, and whether the schedule is open. The thread that
 * answers DNS reads it from memory that other threads write, so a stuck thread cannot delay a withdrawal.
 */
import type { Clock } from '../domain/clock.js';
import { periodInForce } from '../selection/billing-schedule.js';
import { StuckDetector } from '../threads/stuck-detector.js';
import type { RedirectState } from './decide.js';
import type { TargetHealth } from './dns-redirect-messages.js';
import { areMet, HealthTable } from './health/health-table.js';
import type { SharedHealth } from './health/health-watch.js';
import type { RedirectedName, RedirectPolicy } from './redirect-policy.js';

export interface StateStart {
  readonly policy: RedirectPolicy;
  /** The health of the targets that are parts of this program. */
  readonly health: TargetHealth;
  /** The results of the health checks. */
  readonly checks: SharedHealth;
  /** The vitals of the thread that serves the mirror site; null if this program serves none. */
  readonly mirrorVitals: SharedArrayBuffer | null;
}

export class CurrentState implements RedirectState {
  health: TargetHealth;
  readonly #clock: Clock;
  readonly #mirrorThread: StuckDetector | undefined;
  readonly #checksThread: StuckDetector;
  #policy: RedirectPolicy;
  #checks: Pick<SharedHealth, 'needs'> & { readonly table: HealthTable };
  #isOpen: boolean;

  constructor({ policy, health, checks, mirrorVitals }: StateStart, clock: Clock) {
    this.#clock = clock;
    this.health = health;
    this.#policy = policy;
    this.#checks = tableOf(checks);
    // The main thread cannot report that it is stuck itself, and the mirror site with it, so this thread checks it.
    this.#mirrorThread = mirrorVitals === null ? undefined : new StuckDetector(mirrorVitals, clock);
    this.#checksThread = new StuckDetector(checks.vitals, clock);
    this.#isOpen = this.#isOpenNow();
  }

  setPolicy(policy: RedirectPolicy, checks: SharedHealth): void {
    this.#policy = policy;
    this.#checks = tableOf(checks);
    this.#isOpen = this.#isOpenNow();
  }

  /** Call it about once a second. */
  update(): void {
    this.#mirrorThread?.check();
    this.#checksThread.check();
    this.#isOpen = this.#isOpenNow();
  }

  isHealthy({ target, index }: RedirectedName, address: number): boolean {
    if (!this.health[target]) return false;
    if (target === 'mirror' && this.#mirrorThread?.isStuck) return false;
    // Without checks the health of a target is not known.
    if (this.#checksThread.isStuck) return false;
    return areMet(this.#checks.needs[index]?.[address] ?? [], this.#checks.table);
  }

  /** As of the last update: asking for the local time at each query would cost more than the rest of the answer. */
  isOpen(): boolean {
    return this.#isOpen;
  }

  #isOpenNow(): boolean {
    const { schedule } = this.#policy;
    return schedule.length === 0 || periodInForce(schedule, this.#clock.nowMs()) !== undefined;
  }
}

function tableOf({ needs, table }: SharedHealth) {
  return { needs, table: new HealthTable(table) };
}
