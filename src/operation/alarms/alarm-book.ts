/**
 * Follows the alarms of all parts: when each began and ended. Both are stored, logged once, and sent on. A restart of the
 * program does not begin an alarm again that was open before.
 */
import { ALARM_CATALOGUE, type Alarm, type AlarmId, alarmLine, type Severity } from '../../domain/alarm.js';
import type { Clock } from '../../domain/clock.js';
import { messageOf } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import type { AlarmStore } from '../../store/sqlite/alarm-store.js';

/** After a start, parts need this long to notice what is wrong. Until then no alarm of the last run ends. */
const START_MS = 60_000;

export interface OpenAlarm extends Alarm {
  readonly begunMs: number;
}

export interface AlarmChange {
  readonly alarm: OpenAlarm;
  /** Null: it has begun. */
  readonly endedMs: number | null;
}

export interface AlarmBookContext {
  readonly store: AlarmStore;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** All alarms of now. */
  readonly alarms: () => readonly Alarm[];
}

interface Entry {
  alarm: OpenAlarm;
  /** In the store; undefined if it could not be written. */
  readonly number: number | undefined;
  /** Of the last run, and not seen in this one. */
  isOld: boolean;
}

export class AlarmBook {
  readonly #context: AlarmBookContext;
  readonly #open = new Map<string, Entry>();
  readonly #listeners = new Set<(change: AlarmChange) => void>();
  readonly #startedMs: number;
  #storeFails = false;

  constructor(context: AlarmBookContext) {
    this.#context = context;
    this.#startedMs = context.clock.nowMs();
    for (const stored of context.store.open()) {
      if (!(stored.id in ALARM_CATALOGUE)) {
        context.store.end(stored.number, stored.text, this.#startedMs);
        continue;
      }
      const id = stored.id as AlarmId;
      const alarm: OpenAlarm = {
        id,
        severity: stored.severity as Severity,
        subject: stored.subject === '' ? undefined : stored.subject,
        text: stored.text,
        remedy: stored.remedy,
        document: `docs/alarms.md#${id}`,
        begunMs: stored.begunMs,
      };
      this.#open.set(keyOf(alarm), { alarm, number: stored.number, isOld: true });
    }
  }

  /** The critical ones first, then the oldest. */
  open(): OpenAlarm[] {
    return [...this.#open.values()]
      .map(({ alarm }) => alarm)
      .sort((a, b) => a.severity.localeCompare(b.severity) || a.begunMs - b.begunMs);
  }

  /** Called with each beginning and end. @returns unsubscribe */
  onChange(listener: (change: AlarmChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Compares with the alarms of now. Called every few seconds. */
  check(): void {
    const nowMs = this.#context.clock.nowMs();
    const present = new Map(this.#context.alarms().map((alarm) => [keyOf(alarm), alarm]));
    for (const [key, alarm] of present) {
      const entry = this.#open.get(key);
      if (entry === undefined) this.#begin(key, { ...alarm, begunMs: nowMs });
      else {
        entry.alarm = { ...alarm, begunMs: entry.alarm.begunMs };
        entry.isOld = false;
      }
    }
    for (const [key, entry] of this.#open) {
      if (present.has(key) || (entry.isOld && nowMs - this.#startedMs < START_MS)) continue;
      this.#end(key, entry, nowMs);
    }
  }

  #begin(key: string, alarm: OpenAlarm): void {
    const { store, log } = this.#context;
    const { id, severity, subject = '', text, remedy, begunMs } = alarm;
    const number = this.#stored(() => store.begin({ id, severity, subject, text, remedy, begunMs }));
    this.#open.set(key, { alarm, number, isOld: false });
    const line = `alarm ${id}: ${alarmLine(alarm)} (${alarm.document})`;
    if (severity === 'critical') log.error({ alarm: id, subject }, line);
    else log.warn({ alarm: id, subject }, line);
    this.#changed({ alarm, endedMs: null });
  }

  #end(key: string, { alarm, number }: Entry, nowMs: number): void {
    const { store, log } = this.#context;
    this.#open.delete(key);
    if (number !== undefined) this.#stored(() => store.end(number, alarm.text, nowMs));
    log.info({ alarm: alarm.id, subject: alarm.subject }, `alarm ${alarm.id} has ended: ${alarm.text}`);
    this.#changed({ alarm, endedMs: nowMs });
  }

  #changed(change: AlarmChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Alarms are never needed more than while the disk is full. */
  #stored<T>(write: () => T): T | undefined {
    try {
      const result = write();
      this.#storeFails = false;
      return result;
    } catch (thrown) {
      if (!this.#storeFails) {
        this.#context.log.error({ err: thrown }, `alarms cannot be stored: ${messageOf(thrown)}`);
      }
      this.#storeFails = true;
      return undefined;
    }
  }
}

function keyOf({ id, subject = '' }: Alarm): string {
  return `${id} ${subject}`;
}
