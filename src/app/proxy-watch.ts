/**
 * Reverse proxies that do not say for whom they ask. Without `X-Forwarded-For` every user behind such a proxy is one client:
 * peers are handed the proxy's address, and nobody notices but the users. An alarm while it goes on; the tracker stays ready,
 * since other clients are served.
 */
import type { Clock } from '../domain/clock.js';
import type { CountersView } from '../tracker/counters.js';
import type { Logger } from './logger.js';

const LOOK_EVERY_MS = 5_000;
/** The alarm stays for so long after the last such announce: clients of a small site announce once in half an hour. */
const ALARM_MS = 3_600_000;
/** A proxy is misconfigured for days: one line an hour is enough. */
const LOG_EVERY_MS = 3_600_000;

export interface ProxyWatchContext {
  readonly counters: () => Pick<CountersView, 'unnamedBehindProxy'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ProxyWatch {
  readonly #context: ProxyWatchContext;
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  #seenAtMs = Number.NEGATIVE_INFINITY;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: ProxyWatchContext) {
    this.#context = context;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One line while it goes on. */
  alarms(): string[] {
    return this.#context.clock.nowMs() - this.#seenAtMs < ALARM_MS ? [this.#alarm()] : [];
  }

  look(): void {
    const { counters, clock, logger } = this.#context;
    const { unnamedBehindProxy } = counters();
    const nowMs = clock.nowMs();
    if (unnamedBehindProxy > this.#seen) {
      this.#seenAtMs = nowMs;
      if (nowMs - this.#loggedAtMs >= LOG_EVERY_MS) {
        this.#loggedAtMs = nowMs;
        logger.warn(this.#alarm());
      }
    }
    this.#seen = unnamedBehindProxy;
  }

  #alarm(): string {
    const { unnamedBehindProxy } = this.#context.counters();
    return `reverse proxy: ${unnamedBehindProxy} announces came from tracker.trustedProxies without the client's address, so the users behind count as one client; let the proxy send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr), or the PROXY protocol to a listener of tracker.proxyProtocol`;
  }
}
