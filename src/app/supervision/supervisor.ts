/**
 * Supervises the parts of the main thread: runs each in its context, and restarts it after an error that nothing caught. Such
 * an error ends neither the process nor another part. If it does not belong to a part, it is logged and counted.
 */

import type { MetricFamily, MetricSample } from '../../control-api/metrics.js';
import { type Alarm, alarm } from '../../domain/alarm.js';
import { counted } from '../../domain/counted.js';
import { errorOf, messageOf } from '../../domain/errors.js';
import { currentPart, runAs } from '../../part/current-part.js';
import { Restarts, type SupervisionContext } from './restarts.js';

export interface RunningPart {
  beforeExit?(): unknown;
  stop(): unknown;
}

/** A part that is restarted when it fails. */
export interface SupervisedPart<T extends RunningPart> {
  /** Of the last start; stopped while the part is down. */
  readonly running: T;
  stop(): Promise<void>;
}

/** The label of errors that do not belong to a part, in metrics. */
const NO_PART = 'none';
/** How long an alarm lasts after the last error, so that an operator sees it. */
const ALARM_MS = 3_600_000;
/** For each part one error a second is logged, so that a callback that fails for each packet does not fill the disk. */
const LOG_EVERY_MS = 1_000;

type PartState = Pick<Restarts, 'part' | 'isUp' | 'count' | 'failedAtMs' | 'lastError'>;

interface Uncaught {
  count: number;
  lastAtMs: number;
  loggedAtMs: number;
}

export class Supervisor {
  readonly #context: SupervisionContext;
  readonly #parts = new Map<string, PartState>();
  readonly #uncaught = new Map<string, Uncaught>();

  constructor(context: SupervisionContext) {
    this.#context = context;
  }

  /**
   * Starts a part and keeps it running until `stop`.
   * @param start called for each start, with the stopped part of the previous one, whose ports it should use again
   * @throws the error of the first start: the operator has to repair the cause
   */
  async run<T extends RunningPart>(
    part: string,
    start: (previous: T | undefined) => T | Promise<T>,
  ): Promise<SupervisedPart<T>> {
    let runs = 0;
    let restarts: Restarts | undefined;
    const startAs = async (previous: T | undefined): Promise<T> => {
      const thisRun = ++runs;
      const failed = (reason: unknown): void => {
        // An error of an earlier run does not concern this one.
        if (thisRun === runs) restarts?.failed(reason);
      };
      return runAs({ part, failed }, async () => start(previous));
    };
    let running = await startAs(undefined);
    const supervision = new Restarts(part, this.#context, async () => {
      await this.#stopQuietly(part, running);
      running = await startAs(running);
    });
    restarts = supervision;
    this.add(supervision);
    return {
      get running() {
        return running;
      },
      stop: async () => {
        await supervision.stop();
        try {
          await running.beforeExit?.();
        } finally {
          await running.stop();
        }
      },
    };
  }

  /** Includes a part that restarts itself in metrics. */
  add(part: PartState): void {
    this.#parts.set(part.part, part);
  }

  /** Handles an error that nothing caught. To be called in the handler of the process's event. Never throws. */
  takeUncaughtError(thrown: unknown): void {
    const run = currentPart();
    const part = run?.part ?? NO_PART;
    for (const step of [() => this.#note(part, thrown), () => run?.failed?.(thrown)]) {
      try {
        step();
      } catch {
        // An error in this handler would end the process.
      }
    }
  }

  #note(part: string, thrown: unknown): void {
    const nowMs = this.#context.clock.nowMs();
    const uncaught = this.#uncaught.get(part) ?? { count: 0, lastAtMs: 0, loggedAtMs: Number.NEGATIVE_INFINITY };
    this.#uncaught.set(part, uncaught);
    uncaught.count++;
    uncaught.lastAtMs = nowMs;
    if (nowMs - uncaught.loggedAtMs < LOG_EVERY_MS) return;
    uncaught.loggedAtMs = nowMs;
    const where = part === NO_PART ? 'an error of no known part' : `${part}: an error`;
    this.#context.logger.error({ err: errorOf(thrown) }, `${where} that nothing caught: ${messageOf(thrown)}`);
  }

  /** Every part as it is now, with its last error, for operators. */
  parts(): readonly PartState[] {
    return [...this.#parts.values()];
  }

  /** Without error messages, because everyone may read readiness. */
  alarms(): Alarm[] {
    const sinceMs = this.#context.clock.nowMs() - ALARM_MS;
    const uncaught = [...this.#uncaught].filter(([, { lastAtMs }]) => lastAtMs > sinceMs);
    const failed = [...this.#parts.values()].filter(({ failedAtMs }) => failedAtMs > sinceMs);
    return [
      ...uncaught.map(([part, { count }]) => {
        const isKnown = part !== NO_PART;
        return alarm('uncaught-error', {
          subject: isKnown ? part : 'no known part',
          text: `${isKnown ? `${part}: ` : ''}${counted(count, 'unexpected error')}${isKnown ? '' : ' outside every part'}`,
        });
      }),
      ...failed.map(({ part, count, failedAtMs }) => {
        const at = new Date(failedAtMs).toISOString();
        const text = `${part}: failed and was restarted, ${counted(count, 'time')} since the start, last at ${at}`;
        return alarm('part-restarted', { subject: part, text });
      }),
    ];
  }

  /** The restarts of each part. */
  restarts(): ReadonlyMap<string, number> {
    return new Map([...this.#parts].map(([part, { count }]) => [part, count]));
  }

  metrics(): MetricFamily[] {
    const ofParts = (value: (part: PartState) => number) => (): MetricSample[] =>
      [...this.#parts].map(([part, state]) => ({ labels: { part }, value: value(state) }));
    return [
      {
        name: 'alias_tracker_part_up',
        help: '1 while the part runs, 0 from a failure until its restart',
        type: 'gauge',
        labelNames: ['part'],
        read: ofParts(({ isUp }) => (isUp ? 1 : 0)),
      },
      {
        name: 'alias_tracker_part_restarts_total',
        help: 'Restarts of the part',
        type: 'counter',
        labelNames: ['part'],
        read: ofParts(({ count }) => count),
      },
      {
        name: 'alias_tracker_uncaught_errors_total',
        help: 'Errors that nothing caught, by part',
        type: 'counter',
        labelNames: ['part'],
        read: () => [...this.#uncaught].map(([part, { count }]) => ({ labels: { part }, value: count })),
      },
    ];
  }

  async #stopQuietly(part: string, running: RunningPart): Promise<void> {
    try {
      await running.stop();
    } catch (thrown) {
      this.#context.logger.error({ err: thrown }, `${part} did not stop cleanly: ${messageOf(thrown)}`);
    }
  }
}
