/**
 * Sends beginnings and ends of alarms to the operator's webhook, in the format of Alertmanager's webhook (version 4). It
 * never blocks: changes wait in a bounded queue, and failures are retried with growing pauses.
 */
import type { Severity } from '../../domain/alarm.js';
import { messageOf } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import type { AlarmChange } from './alarm-book.js';

export interface WebhookSection {
  readonly url: string;
  readonly token?: string | undefined;
  readonly minSeverity: Severity;
}

export interface WebhookContext {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly post: (url: string, token: string | undefined, json: unknown) => Promise<number>;
  /** Runs `work` after so long. @returns cancel */
  readonly later?: (work: () => void, ms: number) => () => void;
}

/** More changes than this are dropped, the oldest first: nobody reads them one by one. */
const MAX_WAITING = 500;
const MAX_TOGETHER = 50;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;

export class Webhook {
  readonly counts = { sent: 0, failed: 0, dropped: 0 };
  readonly #context: WebhookContext;
  readonly #later: (work: () => void, ms: number) => () => void;
  #section: WebhookSection | undefined;
  #waiting: AlarmChange[] = [];
  #failures = 0;
  #busy = false;
  #cancel = (): void => {};

  constructor(section: WebhookSection | undefined, context: WebhookContext) {
    this.#section = section;
    this.#context = context;
    this.#later = context.later ?? laterByTimer;
  }

  /** In force from the next message on. */
  configure(section: WebhookSection | undefined): void {
    this.#section = section;
    this.#failures = 0;
    if (section === undefined) this.#waiting = [];
    this.#sendSoon(0);
  }

  take(change: AlarmChange): void {
    const { minSeverity } = this.#section ?? {};
    if (minSeverity === undefined || (minSeverity === 'critical' && change.alarm.severity !== 'critical')) return;
    this.#waiting.push(change);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.counts.dropped++;
    }
    if (this.#failures === 0) this.#sendSoon(0);
  }

  stop(): void {
    this.#section = undefined;
    this.#waiting = [];
    this.#cancel();
  }

  #sendSoon(ms: number): void {
    if (this.#busy) return;
    this.#cancel();
    this.#cancel = this.#later(() => void this.#send(), ms);
  }

  async #send(): Promise<void> {
    const section = this.#section;
    const [first] = this.#waiting;
    if (section === undefined || first === undefined || this.#busy) return;
    this.#busy = true;
    // A message is about beginnings or ends, as Alertmanager's are.
    const isEnd = first.endedMs !== null;
    const other = this.#waiting.findIndex(({ endedMs }) => (endedMs !== null) !== isEnd);
    const together = this.#waiting.slice(0, Math.min(MAX_TOGETHER, other === -1 ? MAX_TOGETHER : other));
    const problem = await this.#problemOf(section, together);
    this.#busy = false;
    if (problem === undefined) {
      if (this.#failures > 0) this.#context.log.info('alarms: the webhook takes messages again');
      this.#failures = 0;
      this.counts.sent++;
      this.#waiting = this.#waiting.filter((each) => !together.includes(each));
    } else {
      this.counts.failed++;
      if (this.#failures++ === 0) this.#context.log.warn(`alarms: ${problem}; it is tried again`);
    }
    const pauseMs = this.#failures === 0 ? 0 : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    if (this.#waiting.length > 0) this.#sendSoon(pauseMs);
  }

  async #problemOf({ url, token }: WebhookSection, changes: readonly AlarmChange[]): Promise<string | undefined> {
    try {
      const status = await this.#context.post(url, token, webhookMessage(changes));
      return status >= 200 && status < 300 ? undefined : `the webhook answers ${status}`;
    } catch (thrown) {
      return `the webhook fails: ${messageOf(thrown)}`;
    }
  }
}

/** @param changes all beginnings, or all ends */
export function webhookMessage(changes: readonly AlarmChange[]) {
  const alerts = changes.map(({ alarm, endedMs }) => ({
    status: statusOf(endedMs),
    labels: {
      alertname: alarm.id,
      severity: alarm.severity,
      ...(alarm.subject === undefined ? {} : { subject: alarm.subject }),
    },
    annotations: { summary: alarm.text, description: alarm.remedy, document: alarm.document },
    startsAt: new Date(alarm.begunMs).toISOString(),
    // Alertmanager writes this time for an alert that is firing.
    endsAt: endedMs === null ? '0001-01-01T00:00:00Z' : new Date(endedMs).toISOString(),
    fingerprint: `${alarm.id} ${alarm.subject ?? ''}`.trim(),
  }));
  return {
    version: '4',
    receiver: 'alias-tracker',
    status: statusOf(changes[0]?.endedMs ?? null),
    groupKey: 'alias-tracker',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    alerts,
  };
}

function statusOf(endedMs: number | null): 'firing' | 'resolved' {
  return endedMs === null ? 'firing' : 'resolved';
}

function laterByTimer(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
}
