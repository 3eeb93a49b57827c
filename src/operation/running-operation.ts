/** The operation of the tracker as it runs: ends pauses whose time is over, and watches a drain. */

import { formatDuration } from '../config-kit/units.js';
import { type Alarm, alarm } from '../domain/alarm.js';
import { messageOf } from '../domain/errors.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { OperatorLog } from '../store/sqlite/operator-log.js';
import { type DrainState, DrainWatch } from './drain-watch.js';
import { inWords, type Pauses } from './pauses.js';
import type { OperationConfig } from './section.js';

const CHECK_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 3_600_000;

export interface OperationNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly pauses: Pauses;
  readonly operatorLog: Pick<OperatorLog, 'forgetBefore'>;
  /** Announces since the start. */
  readonly announces: () => number;
}

export class RunningOperation implements RunningPart<OperationConfig> {
  readonly listeners = [];
  readonly #needs: OperationNeeds;
  readonly #drain: DrainWatch;
  readonly #timer: NodeJS.Timeout;
  #config: OperationConfig;
  #pruneAtMs = 0;

  constructor(config: OperationConfig, needs: OperationNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#drain = new DrainWatch(needs.clock, needs.announces);
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
    for (const pause of needs.pauses.inForce()) {
      needs.log.warn({ actor: pause.actor }, `operation: ${inWords(pause)}, as before the start`);
    }
  }

  get pauses(): Pauses {
    return this.#needs.pauses;
  }

  /** Undefined without a drain. */
  get drain(): DrainState | undefined {
    return this.pauses.of('drain') === undefined ? undefined : this.#drain.state;
  }

  /** Called every second. */
  check(): void {
    const { pauses, log } = this.#needs;
    pauses.endExpired();
    this.#prune();
    const { intervalMs } = this.#config.tracker;
    if (this.#drain.check(pauses.of('drain') !== undefined, intervalMs)) {
      log.info(`operation: no client has announced for ${formatDuration(intervalMs)}; the tracker can be stopped now`);
    }
  }

  alarms(): readonly Alarm[] {
    return this.pauses.inForce().map(({ what, untilMs, actor }) =>
      alarm('operation-paused', {
        subject: what,
        text: `operation: ${inWords({ what, untilMs })} (by ${actor})`,
        remedy: `end it with alias-tracker resume ${what}`,
      }),
    );
  }

  prepare(next: OperationConfig): Apply {
    return () => {
      this.#config = next;
      this.#pruneAtMs = 0;
      this.#prune();
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #prune(): void {
    const { clock, operatorLog, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (nowMs < this.#pruneAtMs) return;
    this.#pruneAtMs = nowMs + PRUNE_EVERY_MS;
    try {
      operatorLog.forgetBefore(nowMs - this.#config.operation.logMs);
    } catch (thrown) {
      log.warn({ err: thrown }, `operation: old entries of the log cannot be deleted: ${messageOf(thrown)}`);
    }
  }
}
