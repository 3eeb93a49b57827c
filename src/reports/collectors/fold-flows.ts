/**
 * Folds flows into one density report per period: bytes by sub-domain and the number of distinct inner users. Periods
 * follow the collector's clock, so a recorded file gives the same reports as the live stream. A period is closed when
 * newer traffic shows that it is over, or when it has ended by the clock and nothing more arrived for a while.
 *
 * A flow between two sub-domains counts for both, one within a sub-domain once.
 */
import type { DensityReport } from '../density-report.js';
import type { Flow } from './flow.js';
import type { SubdomainLookup } from './subdomain-lookup.js';

/** Collectors flush some seconds after a period; after this much silence past its end the period is complete. */
const QUIET_MS = 3_000;
/** Distinct users stored for one period in all sub-domains, about 50 bytes each; further ones are not counted. */
const MAX_USERS_PER_PERIOD = 4_000_000;

interface OpenPeriod {
  readonly startMs: number;
  readonly endMs: number;
  lastFlowMs: number;
  readonly bytes: Map<string, number>;
  readonly users: Map<string, Set<number | string>>;
  userCount: number;
}

export interface FoldOptions {
  readonly probe: string;
  readonly periodSeconds: number;
  readonly lookup: SubdomainLookup;
  /** When reading began: a live period that was already running starts here. */
  readonly startedMs: number;
  /**
   * For a finished export without times: all of its flows belong to the one period that ends here. Undefined for a live
   * stream, in which the time of reading replaces a missing time.
   */
  readonly exportEndMs?: number | undefined;
}

export interface FoldCounts {
  flows: number;
  /** Traffic of which neither side is in a sub-domain. */
  foreign: number;
  /** Traffic of a closed period, counted in the next one. */
  late: number;
}

export class FlowFolder {
  readonly counts: FoldCounts = { flows: 0, foreign: 0, late: 0 };
  readonly #options: FoldOptions;
  readonly #open = new Map<number, OpenPeriod>();
  /** The period of the whole input, closed at its end. */
  #export: OpenPeriod | undefined;
  #closedUntilMs = 0;
  #newestMs = 0;

  constructor(options: FoldOptions) {
    this.#options = options;
  }

  add(flow: Flow, nowMs: number): void {
    this.counts.flows++;
    const source = flow.source === undefined ? undefined : this.#options.lookup(flow.source);
    const destination = flow.destination === undefined ? undefined : this.#options.lookup(flow.destination);
    if (source === undefined && destination === undefined) {
      this.counts.foreign++;
      return;
    }
    // A time in the future comes from a wrong clock; used as it is, it would close every earlier period.
    const period =
      flow.timeMs === undefined && this.#options.exportEndMs !== undefined
        ? this.#exportPeriod(this.#options.exportEndMs)
        : this.#periodAt(Math.min(flow.timeMs ?? nowMs, nowMs));
    period.lastFlowMs = nowMs;
    for (const inner of [source, destination]) {
      if (inner === undefined) continue;
      if (inner !== destination || inner.subdomain !== source?.subdomain) {
        period.bytes.set(inner.subdomain, (period.bytes.get(inner.subdomain) ?? 0) + flow.bytes);
      }
      this.#countUser(period, inner.subdomain, inner.user);
    }
  }

  /** The closed periods, oldest first. */
  takeClosed(nowMs: number): DensityReport[] {
    const periodMs = this.#options.periodSeconds * 1000;
    return this.#take((period) => {
      const superseded = this.#newestMs >= period.endMs + periodMs;
      const quiet = nowMs >= period.endMs && nowMs - period.lastFlowMs >= QUIET_MS;
      return superseded || quiet;
    }, nowMs);
  }

  /** All periods, at the end of the input; a period that is still running ends now. */
  takeAll(nowMs: number): DensityReport[] {
    const whole = this.#export === undefined ? [] : [this.#report(this.#export, nowMs)];
    this.#export = undefined;
    return [...this.#take(() => true, nowMs), ...whole].sort((a, b) => a.periodStartMs - b.periodStartMs);
  }

  #take(isOver: (period: OpenPeriod) => boolean, nowMs: number): DensityReport[] {
    const over = [...this.#open.values()].filter(isOver).sort((a, b) => a.startMs - b.startMs);
    for (const period of over) {
      this.#open.delete(period.endMs);
      this.#closedUntilMs = Math.max(this.#closedUntilMs, period.endMs);
    }
    return over.map((period) => this.#report(period, nowMs));
  }

  #exportPeriod(exportEndMs: number): OpenPeriod {
    const endMs = Math.floor(exportEndMs / 1000) * 1000;
    const startMs = endMs - this.#options.periodSeconds * 1000;
    this.#export ??= { startMs, endMs, lastFlowMs: 0, bytes: new Map(), users: new Map(), userCount: 0 };
    return this.#export;
  }

  #report(period: OpenPeriod, nowMs: number): DensityReport {
    // Whole seconds, at least one: a stream that is stopped early leaves a shorter period.
    const endMs = Math.min(period.endMs, Math.max(nowMs, period.startMs + 1000));
    return {
      probe: this.#options.probe,
      // The second in which the period starts: it increases, and reading a file again gives the same numbers.
      sequence: period.startMs / 1000,
      periodStartMs: period.startMs,
      periodSeconds: Math.round((endMs - period.startMs) / 1000),
      subdomains: [...period.bytes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, bytes]) => ({ id, bytes, users: period.users.get(id)?.size ?? 0 })),
    };
  }

  #periodAt(timeMs: number): OpenPeriod {
    const periodMs = this.#options.periodSeconds * 1000;
    let endMs = (Math.floor(timeMs / periodMs) + 1) * periodMs;
    if (endMs <= this.#closedUntilMs) {
      this.counts.late++;
      endMs = this.#closedUntilMs + periodMs;
    }
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    const known = this.#open.get(endMs);
    if (known !== undefined) return known;
    const enteredMs = Math.ceil(this.#options.startedMs / 1000) * 1000;
    const alignedMs = endMs - periodMs;
    const startMs = enteredMs > alignedMs && enteredMs < endMs ? enteredMs : alignedMs;
    const period = { startMs, endMs, lastFlowMs: 0, bytes: new Map(), users: new Map(), userCount: 0 };
    this.#open.set(endMs, period);
    return period;
  }

  #countUser(period: OpenPeriod, subdomain: string, user: number | string): void {
    let users = period.users.get(subdomain);
    if (users === undefined) {
      users = new Set();
      period.users.set(subdomain, users);
    }
    if (period.userCount >= MAX_USERS_PER_PERIOD || users.has(user)) return;
    users.add(user);
    period.userCount++;
  }
}
