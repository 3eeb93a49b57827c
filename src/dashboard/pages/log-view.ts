/** One list of what operators, the catalogue and the caches did, and of alarms, made of the answers of their calls. Pure. */
import type { CacheLogLine } from '../../caches/api/controller-routes.js';
import type { CatalogueLogEntry } from '../../crawler/api/catalogue-routes.js';
import type { AlarmDocument } from '../../operation/api/alarm-routes.js';
import type { AuditAnswer } from '../../operation/api/audit-routes.js';

export const LOG_KINDS = ['operator', 'alarm', 'catalogue', 'cache'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export interface LogEvent {
  readonly atMs: number;
  readonly kind: LogKind;
  readonly action: string;
  /** Null: nobody; it happened. */
  readonly actor: string | null;
  readonly subject: string | null;
  /** The page of the subject. */
  readonly infoHash?: string | undefined;
  readonly details: string | null;
}

export function ofActions(entries: AuditAnswer['entries']): LogEvent[] {
  return entries.map(({ at, actor, action, subject, result, details }) => ({
    ...{ atMs: Date.parse(at), kind: 'operator', action, actor, subject },
    details: [result, ...(Object.keys(details).length === 0 ? [] : [JSON.stringify(details)])].join(' '),
  }));
}

/** An alarm that has ended is two events. */
export function ofAlarms(alarms: readonly AlarmDocument[]): LogEvent[] {
  return alarms.flatMap(({ id, subject, text, begunAt, endedAt }) => {
    const event = { kind: 'alarm', actor: null, subject: subject ?? id, details: text } as const;
    const begun: LogEvent = { ...event, atMs: Date.parse(begunAt), action: `${id} began` };
    return endedAt === null ? [begun] : [begun, { ...event, atMs: Date.parse(endedAt), action: `${id} ended` }];
  });
}

export function ofCatalogue(entries: readonly CatalogueLogEntry[]): LogEvent[] {
  return entries.map(({ atMs, infoHash, name, action, actor, source }) => ({
    ...{ atMs, kind: 'catalogue', action, actor, subject: name, infoHash },
    details: source === undefined ? null : `source ${source}`,
  }));
}

export function ofCaches(entries: readonly CacheLogLine[]): LogEvent[] {
  return entries.map(({ at, cache, infoHash, name, action, actor, reason }) => ({
    ...{ atMs: Date.parse(at), kind: 'cache', action, actor, subject: name ?? cache },
    infoHash: infoHash ?? undefined,
    details: name === null ? reason : `${cache}: ${reason}`,
  }));
}

export interface LogFilter {
  readonly kind: LogKind | undefined;
  readonly action: string | undefined;
  readonly actor: string | undefined;
}

/** The latest first. */
export function mergedLog(events: readonly LogEvent[], { kind, action, actor }: LogFilter, fromMs: number): LogEvent[] {
  return events
    .filter(
      (each) =>
        each.atMs >= fromMs &&
        (kind ?? each.kind) === each.kind &&
        (action ?? each.action) === each.action &&
        (actor ?? each.actor) === each.actor,
    )
    .sort((a, b) => b.atMs - a.atMs);
}
