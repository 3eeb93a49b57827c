/** The alarms as they run: compared every few seconds, stored, logged, and sent to the webhook. */
import { messageOf } from '../../domain/errors.js';
import type { BlockedReason } from '../../net/outbound-rules.js';
import { JsonPoster } from '../../net/post-json.js';
import type { Apply, PartContext, RunningPart } from '../../part/part.js';
import type { AlarmStore } from '../../store/sqlite/alarm-store.js';
import type { AlarmBook } from './alarm-book.js';
import type { AlarmsConfig } from './section.js';
import { Webhook } from './webhook.js';

const CHECK_EVERY_MS = 2_000;
const PRUNE_EVERY_MS = 3_600_000;

export interface AlarmsNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly alarmBook: AlarmBook;
  readonly alarmStore: AlarmStore;
  readonly blockedReason: BlockedReason;
}

export class RunningAlarms implements RunningPart<AlarmsConfig> {
  readonly listeners = [];
  readonly webhook: Webhook;
  readonly #needs: AlarmsNeeds;
  readonly #poster: JsonPoster;
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #config: AlarmsConfig;
  #pruneAtMs = 0;

  constructor(config: AlarmsConfig, needs: AlarmsNeeds) {
    const { log, blockedReason, alarmBook } = needs;
    this.#config = config;
    this.#needs = needs;
    this.#poster = new JsonPoster({ blockedReason });
    this.webhook = new Webhook(config.alarms.webhook, { log, post: (...given) => this.#poster.post(...given) });
    this.#unsubscribe = alarmBook.onChange((change) => this.webhook.take(change));
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  /** Called every few seconds. */
  check(): void {
    this.#needs.alarmBook.check();
    this.#prune();
  }

  prepare(next: AlarmsConfig): Apply {
    return () => {
      this.#config = next;
      this.webhook.configure(next.alarms.webhook);
      this.#pruneAtMs = 0;
      this.#prune();
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.webhook.stop();
    await this.#poster.close();
  }

  #prune(): void {
    const { clock, alarmStore, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (nowMs < this.#pruneAtMs) return;
    this.#pruneAtMs = nowMs + PRUNE_EVERY_MS;
    try {
      alarmStore.forgetBefore(nowMs - this.#config.alarms.historyMs);
    } catch (thrown) {
      log.warn({ err: thrown }, `alarms: old ones cannot be deleted: ${messageOf(thrown)}`);
    }
  }
}
