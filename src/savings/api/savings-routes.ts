/** The call that shows what localisation has saved in a time window. */
import { z } from 'zod';
import { time } from '../../control-api/field-schemas.js';
import { Problem } from '../../control-api/problem.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import type { Clock } from '../../domain/clock.js';
import { DAY_MS } from '../report.js';
import type { RunningSavings, SavingsReport } from '../running-savings.js';
import { savingsAnswer } from './savings-answer.js';
import { savingsCsv } from './savings-csv.js';

const DEFAULT_SPAN_MS = 30 * DAY_MS;
const LONGEST_SPAN_MS = 800 * DAY_MS;

const query = z.object({
  from: time.optional().meta({ description: 'default: 30 days before `to`; whole hours are counted' }),
  to: time.optional().meta({ description: 'default: now' }),
  format: z.enum(['json', 'csv']).default('json'),
});

type Savings = Pick<RunningSavings, 'report'>;

export function savingsRoutes(running: () => Savings | undefined, clock: Clock): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/savings',
      summary:
        'What localisation has saved, with its 95 % interval and method: in total, by day, period, sub-domain, source and torrent',
      access: 'viewer',
      query,
      answers: [{ status: 200, description: 'With format=csv the days as CSV.', schema: savingsAnswer }],
      handle: async ({ query: { from, to, format } }) => {
        const toMs = to === undefined ? clock.nowMs() : Date.parse(to);
        const fromMs = from === undefined ? toMs - DEFAULT_SPAN_MS : Date.parse(from);
        if (fromMs >= toMs || toMs - fromMs > LONGEST_SPAN_MS) {
          throw new Problem('invalid-value', 'from must be before to, and at most 800 days before it');
        }
        const report: SavingsReport = await switchedOn(running(), 'savings').report(fromMs, toMs);
        if (format === 'csv') return { text: { contentType: 'text/csv; charset=utf-8', body: savingsCsv(report) } };
        return { json: report };
      },
    }),
  ];
}
