/** The call that lists open and past alarms. */
import { z } from 'zod';
import { queryCount, time } from '../../control-api/field-schemas.js';
import { type Route, route } from '../../control-api/route.js';
import { ALARM_IDS } from '../../domain/alarm.js';
import type { AlarmStore } from '../../store/sqlite/alarm-store.js';
import type { AlarmBook } from '../alarms/alarm-book.js';

export const ALARMS_PATH = '/api/v1/alarms';
export const MAX_ALARM_ROWS = 1_000;

const severity = z.enum(['warning', 'critical']);

const alarm = z
  .strictObject({
    id: z.string().meta({ example: 'probe-silent', description: 'docs/alarms.md has a section for each' }),
    severity,
    subject: z.string().nullable().meta({ description: 'which probe, part, site …; null: the whole program' }),
    text: z.string(),
    remedy: z.string(),
    document: z.string(),
    begunAt: time,
    endedAt: time.nullable().meta({ description: 'null: open' }),
  })
  .meta({ title: 'Alarm' });
export type AlarmDocument = z.output<typeof alarm>;

export const alarmsAnswer = z.strictObject({
  open: z.array(alarm).meta({ description: 'the critical ones first, then the oldest' }),
  history: z.array(alarm).meta({ description: 'open and past ones, the latest first; empty unless `history=true`' }),
  next: z.int().nullable().meta({ description: '`before` of the next page of the history' }),
});
export type AlarmsAnswer = z.output<typeof alarmsAnswer>;

const alarmsQuery = z.object({
  history: z.enum(['true', 'false']).default('false'),
  id: z.enum(ALARM_IDS).optional(),
  severity: severity.optional(),
  before: queryCount(Number.MAX_SAFE_INTEGER).optional(),
  limit: queryCount(MAX_ALARM_ROWS).default(100),
});

export function alarmRoutes(book: Pick<AlarmBook, 'open'>, store: Pick<AlarmStore, 'list'>): Route[] {
  return [
    route({
      method: 'get',
      path: ALARMS_PATH,
      summary: 'What needs attention and what to do; and what did',
      access: 'viewer',
      query: alarmsQuery,
      answers: [{ status: 200, description: 'Open alarms, and one page of the history.', schema: alarmsAnswer }],
      handle: ({ query: { history, limit, ...query } }) => {
        const isAsked = (each: { readonly id: string; readonly severity: string }): boolean =>
          (query.id ?? each.id) === each.id && (query.severity ?? each.severity) === each.severity;
        const open = book.open().filter(isAsked);
        // One more than asked for tells whether there is another page.
        const found = history === 'true' ? store.list({ ...query, limit: limit + 1 }) : [];
        const page = found.slice(0, limit);
        return {
          json: {
            open: open.map(({ begunMs, subject = null, ...rest }) => ({
              ...rest,
              subject,
              begunAt: new Date(begunMs).toISOString(),
              endedAt: null,
            })),
            history: page.map(({ number: _number, begunMs, endedMs, subject, ...rest }) => ({
              ...rest,
              subject: subject === '' ? null : subject,
              document: `docs/alarms.md#${rest.id}`,
              begunAt: new Date(begunMs).toISOString(),
              endedAt: endedMs === null ? null : new Date(endedMs).toISOString(),
            })),
            next: found.length > limit ? (page.at(-1)?.number ?? null) : null,
          },
        };
      },
    }),
  ];
}
