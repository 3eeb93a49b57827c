/**
 * The control plane's handle on the thread of the health checks: starts it, sends it the list of checks, and keeps each result.
 * The thread that answers DNS reads the same results from shared memory.
 */
import { messageOf } from '../../domain/errors.js';
import type { PartContext, PartThread, Supervision } from '../../part/part.js';
import { createVitals } from '../../threads/thread-vitals.js';
import type { RedirectedName, RedirectTarget } from '../redirect-policy.js';
import type { CheckChange, Drill, HealthThreadStart } from './health-messages.js';
import { type AddressNeeds, type HealthCheck, type HealthPlan, keyOfCheck, urlOfCheck } from './health-plan.js';
import { areMet, HealthTable } from './health-table.js';
import { HealthThread } from './health-thread.js';

/** The memory and the plan that the thread that answers DNS reads. */
export interface SharedHealth {
  readonly needs: HealthPlan['needs'];
  readonly table: SharedArrayBuffer;
  /** The vitals of the thread that writes the table. */
  readonly vitals: SharedArrayBuffer;
}

export interface CheckResult extends HealthCheck {
  readonly url: string;
  /** Undefined before the first result. */
  readonly isUp: boolean | undefined;
  /** The last failure. */
  readonly reason: string | undefined;
}

export class HealthWatch implements PartThread {
  readonly vitals: SharedArrayBuffer = createVitals();
  readonly supervision: Supervision;
  readonly #needs: Pick<PartContext, 'supervise' | 'log' | 'clock'>;
  readonly #results = new Map<string, CheckChange>();
  readonly #listeners = new Set<(atMs: number) => void>();
  #plan: HealthPlan;
  #table: SharedArrayBuffer;
  #drills: readonly Drill[] = [];
  #thread: HealthThread | undefined;

  static async start(plan: HealthPlan, needs: Pick<PartContext, 'supervise' | 'log' | 'clock'>): Promise<HealthWatch> {
    const health = new HealthWatch(plan, needs);
    await health.#startThread();
    return health;
  }

  private constructor(plan: HealthPlan, needs: Pick<PartContext, 'supervise' | 'log' | 'clock'>) {
    this.#needs = needs;
    this.#plan = plan;
    this.#table = this.#tableOf(plan);
    this.supervision = needs.supervise(() => this.#startThread());
  }

  get shared(): SharedHealth {
    return { needs: this.#plan.needs, table: this.#table, vitals: this.vitals };
  }

  /** Checks that are in both plans continue. */
  follow(plan: HealthPlan): void {
    this.#plan = plan;
    this.#table = this.#tableOf(plan);
    const keys = new Set(plan.checks.map(keyOfCheck));
    for (const key of this.#results.keys()) if (!keys.has(key)) this.#results.delete(key);
    this.#thread?.say({ type: 'checks', checks: plan.checks, table: this.#table });
  }

  /** @param address its index in the name's addresses */
  isUp({ index }: RedirectedName, address: number): boolean {
    return areMet(this.#needsOf(index, address), new HealthTable(this.#table));
  }

  /** The checks that an address of a name depends on. */
  checksOf({ index }: RedirectedName, address: number): CheckResult[] {
    const indexes = new Set(this.#needsOf(index, address).flat());
    return [...indexes].map((check) => this.#resultOf(this.#plan.checks[check]!));
  }

  get results(): CheckResult[] {
    return this.#plan.checks.map((check) => this.#resultOf(check));
  }

  /** Reports a change that no check has found. */
  announceChange(atMs = this.#needs.clock.nowMs()): void {
    for (const listener of this.#listeners) listener(atMs);
  }

  /** @param listener gets the time of the change. @returns unsubscribe */
  onChange(listener: (atMs: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Treats a target as dead until then. A time in the past ends the drill. The thread of the checks ends it at that time. */
  drill(target: RedirectTarget, untilMs: number): void {
    this.#drills = [...this.#drills.filter((each) => each.target !== target), { target, untilMs }];
    this.#thread?.say({ type: 'drills', drills: this.#drills });
  }

  /** The current drills. */
  drills(): Drill[] {
    return this.#drills.filter(({ untilMs }) => untilMs > this.#needs.clock.nowMs());
  }

  abandon(reason: Error): void {
    this.#thread?.abandon(reason);
  }

  async stop(): Promise<void> {
    await this.supervision.stop();
    await this.#thread?.stop();
  }

  async #startThread(): Promise<void> {
    const given = this.#plan;
    const start: HealthThreadStart = {
      checks: given.checks,
      table: this.#table,
      drills: this.#drills,
      vitals: this.vitals,
    };
    const thread = await HealthThread.start(start, {
      onChange: (change) => this.#changed(change),
      onEnd: (reason) =>
        this.supervision.failed(reason, `the thread of the health checks has ended: ${messageOf(reason)}`),
    });
    this.#thread = thread;
    if (this.#plan !== given) thread.say({ type: 'checks', checks: this.#plan.checks, table: this.#table });
    thread.say({ type: 'drills', drills: this.#drills });
  }

  #changed(change: CheckChange): void {
    const check = this.#plan.checks.find((each) => keyOfCheck(each) === change.key);
    if (check === undefined) return;
    const before = this.#results.get(change.key);
    this.#results.set(change.key, change);
    const url = urlOfCheck(check);
    const { log } = this.#needs;
    if (!change.isUp) {
      log.warn({ url, reason: change.reason }, 'DNS redirection: the target does not answer; its names are forwarded');
    } else if (before !== undefined) log.info({ url }, 'DNS redirection: the target answers again');
    this.announceChange(change.atMs);
  }

  #resultOf(check: HealthCheck): CheckResult {
    const result = this.#results.get(keyOfCheck(check));
    return { ...check, url: urlOfCheck(check), isUp: result?.isUp, reason: result?.isUp ? undefined : result?.reason };
  }

  #needsOf(name: number, address: number): AddressNeeds {
    return this.#plan.needs[name]?.[address] ?? [];
  }

  /** Has the known results from the start, so that a reload withdraws nothing. */
  #tableOf({ checks }: HealthPlan): SharedArrayBuffer {
    const memory = HealthTable.memoryFor(checks.length);
    const table = new HealthTable(memory);
    checks.forEach((check, index) => {
      table.set(index, this.#results.get(keyOfCheck(check))?.isUp === true);
    });
    return memory;
  }
}
