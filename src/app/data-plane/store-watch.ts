/**
 * Watches how full the store of swarms is. If it is nearly full for the operator's own clients, the tracker is not ready. If
 * only the room for other clients is full, that is an alarm: strangers can fill it, and must not be able to take the tracker
 * out of service.
 */
import { type Alarm, alarm } from '../../domain/alarm.js';
import { counted } from '../../domain/counted.js';
import type { Logger } from '../../logging/logger.js';
import type { CountersView } from '../../tracker/counters.js';
import type { TrackerSection } from '../../tracker/section.js';
import { storeFill } from '../../tracker/store-fill.js';
import type { Health } from '../health.js';
import type { Watch } from '../watch.js';

const CHECK_EVERY_MS = 5_000;
/** The room is nearly full from this share on. */
const NEARLY_FULL = 0.95;
/** It is free again below this share, so that a store at the threshold does not flap. */
const FREE_AGAIN = 0.9;

/** The part's name in readiness. Not the tracker's, because a full tracker still answers and its names stay redirected. */
const PART = 'swarm store';

export interface StoreWatchContext {
  readonly limits: TrackerSection['limits'];
  readonly counters: () => Pick<CountersView, 'records' | 'swarms' | 'fullForForeignHits'>;
  readonly health: Pick<Health, 'report'>;
  readonly logger: Logger;
}

export class StoreWatch implements Watch {
  readonly name = 'store watch';
  readonly #context: StoreWatchContext;
  #timer: NodeJS.Timeout | undefined;
  #isFull = false;
  #isFullForForeign = false;

  constructor(context: StoreWatchContext) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  alarms(): Alarm[] {
    return this.#isFullForForeign ? [alarm('store-nearly-full', { text: `${PART}: ${this.#foreignAlarm()}` })] : [];
  }

  check(): void {
    const { health, logger, counters, limits } = this.#context;
    const fill = storeFill(counters(), limits);
    const isFull = fill.inner >= (this.#isFull ? FREE_AGAIN : NEARLY_FULL);
    const isFullForForeign = fill.foreign >= (this.#isFullForForeign ? FREE_AGAIN : NEARLY_FULL);
    if (isFullForForeign && !this.#isFullForForeign) logger.warn(`${PART}: ${this.#foreignAlarm()}`);
    this.#isFullForForeign = isFullForForeign;
    if (isFull) {
      const reason = `nearly full (${this.#content()}): the tracker will soon be unable to store new clients of the operator's networks; raise tracker.limits`;
      if (!this.#isFull) logger.error(`${PART}: ${reason}`);
      health.report(PART, reason);
    } else if (this.#isFull) {
      logger.info(`${PART}: has room again (${this.#content()})`);
      health.report(PART, undefined);
    }
    this.#isFull = isFull;
  }

  #foreignAlarm(): string {
    const { reservedForInnerPercent } = this.#context.limits;
    const notStored = this.#context.counters().fullForForeignHits;
    return `the room for peers from outside the operator's networks is nearly full (${this.#content()}, ${reservedForInnerPercent} % reserved for inner clients); ${counted(notStored, 'announce was', 'announces were')} answered without storing the peer`;
  }

  #content(): string {
    const { records, swarms } = this.#context.counters();
    const { maxPeers, maxTorrents } = this.#context.limits;
    return `${records} of ${maxPeers} peers, ${swarms} of ${maxTorrents} torrents`;
  }
}
