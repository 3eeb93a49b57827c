/** The call that lists what operators did. */
import { z } from 'zod';
import { queryCount, time } from '../../control-api/field-schemas.js';
import { type Route, route } from '../../control-api/route.js';
import type { OperatorLog } from '../../store/sqlite/operator-log.js';

export const AUDIT_PATH = '/api/v1/audit';
export const MAX_AUDIT_ROWS = 1_000;

const results = z.enum(['done', 'refused', 'failed']);

const entry = z
  .strictObject({
    id: z.int(),
    at: time,
    actor: z.string().meta({ description: 'the name of the token, or the user of the command line' }),
    address: z.string().nullable().meta({ description: 'null: the command line on the machine of the tracker' }),
    action: z.string().meta({ example: 'pause' }),
    subject: z.string().nullable(),
    result: results,
    details: z.record(z.string(), z.unknown()).meta({ description: 'the request without secrets, and its outcome' }),
  })
  .meta({ title: 'OperatorAction' });

export const auditAnswer = z.strictObject({
  entries: z.array(entry),
  next: z.int().nullable().meta({ description: '`before` of the next page; null: this is the last one' }),
});
export type AuditAnswer = z.output<typeof auditAnswer>;

const auditQuery = z.object({
  action: z.string().optional(),
  actor: z.string().optional(),
  result: results.optional(),
  from: time.optional(),
  to: time.optional(),
  before: queryCount(Number.MAX_SAFE_INTEGER).optional().meta({ description: '`next` of the page before' }),
  limit: queryCount(MAX_AUDIT_ROWS).default(100),
});

export function auditRoutes(log: Pick<OperatorLog, 'list'>): Route[] {
  return [
    route({
      method: 'get',
      path: AUDIT_PATH,
      summary: 'What operators changed, through the API or the command line; the latest first',
      access: 'viewer',
      query: auditQuery,
      answers: [{ status: 200, description: 'One page.', schema: auditAnswer }],
      handle: ({ query: { from, to, limit, ...query } }) => {
        const msOf = (text: string | undefined): number | undefined =>
          text === undefined ? undefined : Date.parse(text);
        const span = { fromMs: msOf(from), toMs: msOf(to) };
        // One more than asked for tells whether there is another page.
        const found = log.list({ ...query, ...span, limit: limit + 1 });
        const page = found.slice(0, limit);
        return {
          json: {
            entries: page.map(({ atMs, ...rest }) => ({ ...rest, at: new Date(atMs).toISOString() })),
            next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
          },
        };
      },
    }),
  ];
}
