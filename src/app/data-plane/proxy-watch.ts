/**
 * Finds reverse proxies that do not name their clients. Without `X-Forwarded-For` all users behind such a proxy are one
 * client: peers get the proxy's address, and only the users notice. It raises an alarm while this lasts. The tracker stays
 * ready, because it serves other clients.
 */

import { type Alarm, alarm, alarmLine } from '../../domain/alarm.js';
import type { Clock } from '../../domain/clock.js';
import { counted } from '../../domain/counted.js';
import type { Logger } from '../../logging/logger.js';
import type { CountersView } from '../../tracker/counters.js';
import type { Watch } from '../watch.js';

const CHECK_EVERY_MS = 5_000;
/** How long the alarm lasts after the last such announce. Clients of a small site announce once in half an hour. */
const ALARM_MS = 3_600_000;
/** A proxy is misconfigured for days: one line an hour is enough. */
const LOG_EVERY_MS = 3_600_000;

export interface ProxyWatchContext {
  readonly counters: () => Pick<CountersView, 'unnamedBehindProxy'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ProxyWatch implements Watch {
  readonly name = 'proxy watch';
  readonly #context: ProxyWatchContext;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;
  #seenAtMs = Number.NEGATIVE_INFINITY;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: ProxyWatchContext) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  alarms(): Alarm[] {
    return this.#context.clock.nowMs() - this.#seenAtMs < ALARM_MS ? [this.#alarm()] : [];
  }

  check(): void {
    const { counters, clock, logger } = this.#context;
    const { unnamedBehindProxy } = counters();
    const nowMs = clock.nowMs();
    if (unnamedBehindProxy > this.#seen) {
      this.#seenAtMs = nowMs;
      if (nowMs - this.#loggedAtMs >= LOG_EVERY_MS) {
        this.#loggedAtMs = nowMs;
        logger.warn(alarmLine(this.#alarm()));
      }
    }
    this.#seen = unnamedBehindProxy;
  }

  #alarm(): Alarm {
    const { unnamedBehindProxy } = this.#context.counters();
    const text = `reverse proxy: ${counted(unnamedBehindProxy, 'announce')} came from tracker.trustedProxies without the client's address, so all users behind the proxy count as one client`;
    return alarm('proxy-hides-clients', { text });
  }
}
