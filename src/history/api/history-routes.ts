/** Calls that show the time series and their marks, as JSON or CSV. */
import { z } from 'zod';
import { suggestName } from '../../config-kit/suggest-name.js';
import { name, queryCount, time } from '../../control-api/field-schemas.js';
import { Problem } from '../../control-api/problem.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import type { Clock } from '../../domain/clock.js';
import { DEFAULT_POINTS, MAX_ANSWERED_SERIES, MAX_POINTS } from '../levels.js';
import type { SeriesAnswer } from '../query.js';
import type { RecordedSeries } from '../recorder.js';
import type { RunningHistory } from '../running-history.js';
import { precisionOf, type SeriesDefinition, valueKind } from '../series-definition.js';
import {
  listAnswer,
  marksAnswer,
  type SeriesListAnswer,
  type SeriesValuesAnswer,
  valuesAnswer,
} from './series-answers.js';
import { csvOf } from './series-csv.js';

type History = Pick<RunningHistory, 'definitions' | 'series' | 'query' | 'marks'>;

const DEFAULT_SPAN_MS = 24 * 3_600_000;
const LONGEST_SPAN_MS = 10 * 366 * DEFAULT_SPAN_MS;

const several = z
  .union([name, z.array(name).min(1).max(MAX_ANSWERED_SERIES)])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .optional();
const span = {
  from: time.optional().meta({ description: 'default: 24 hours before `to`' }),
  to: time.optional().meta({ description: 'default: now' }),
};
const seriesQuery = z.object({
  name: several.meta({ description: 'a series, or several: name=announces&name=peers; left out: the list of all' }),
  label: several.meta({ description: 'only the series with one of these values of their label, e.g. a sub-domain' }),
  ...span,
  points: queryCount(MAX_POINTS)
    .pipe(z.number().min(1))
    .default(DEFAULT_POINTS)
    .meta({ description: 'the most values for each series' }),
  format: z.enum(['json', 'csv']).default('json'),
});
const marksQuery = z.object(span);

export function historyRoutes(running: () => History | undefined, clock: Clock): Route[] {
  const history = (): History => switchedOn(running(), 'the history');
  return [
    route({
      method: 'get',
      path: '/api/v1/series',
      summary: 'The time series: their list, or with `name` their values',
      access: 'viewer',
      query: seriesQuery,
      answers: [
        {
          status: 200,
          description: 'Without `name` the list, with it the values; CSV with `format=csv`.',
          schema: z.union([listAnswer, valuesAnswer]),
        },
      ],
      handle: ({ query }) => {
        if (query.name === undefined) return { json: listOf(history()) };
        const wanted = choose(history(), query.name, query.label);
        const { fromMs, toMs } = spanOf(query, clock.nowMs());
        const answer = history().query(wanted, {
          fromSeconds: fromMs / 1_000,
          toSeconds: toMs / 1_000,
          points: query.points,
        });
        if (query.format === 'csv') {
          return { text: { contentType: 'text/csv; charset=utf-8; header=present', body: csvOf(answer) } };
        }
        return { json: valuesOf(answer) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/marks',
      summary: 'Events beside the time series: starts, restarts, reloads and billing periods',
      access: 'viewer',
      query: marksQuery,
      answers: [{ status: 200, description: 'The oldest first; at most the newest 1,000.', schema: marksAnswer }],
      handle: ({ query }) => {
        const { fromMs, toMs } = spanOf(query, clock.nowMs());
        const marks = history().marks(fromMs, toMs);
        return {
          json: { marks: marks.map(({ atMs, kind, text }) => ({ time: new Date(atMs).toISOString(), kind, text })) },
        };
      },
    }),
  ];
}

function listOf(history: History): SeriesListAnswer {
  const labels = new Map<string, string[]>();
  for (const { definition, label } of history.series()) {
    labels.set(definition.name, [...(labels.get(definition.name) ?? []), label]);
  }
  return {
    series: history.definitions.map((definition) => ({
      name: definition.name,
      unit: definition.unit,
      kind: valueKind(definition),
      help: definition.help,
      label: definition.label ?? null,
      labels: definition.label === undefined ? [] : (labels.get(definition.name) ?? []),
    })),
  };
}

/** @throws Problem `not-found` for a name that does not exist, `unprocessable` for too many */
function choose(history: History, names: readonly string[], labels: readonly string[] | undefined): RecordedSeries[] {
  const defined = new Map<string, SeriesDefinition>(history.definitions.map((each) => [each.name, each]));
  for (const each of names) {
    if (defined.has(each)) continue;
    const near = suggestName(each, [...defined.keys()]);
    const hint = near === undefined ? 'GET /api/v1/series lists all' : `did you mean "${near}"?`;
    throw new Problem('not-found', `no series has the name "${each}"; ${hint}`, {
      faults: [{ field: 'name', detail: 'not known' }],
    });
  }
  const wanted = history
    .series()
    .filter(({ definition, label }) => names.includes(definition.name) && (labels?.includes(label) ?? true));
  if (wanted.length > MAX_ANSWERED_SERIES) {
    throw new Problem(
      'unprocessable',
      `${wanted.length} series match, and an answer has at most ${MAX_ANSWERED_SERIES}; choose some of them with label`,
      { faults: [{ field: 'label', detail: 'too many series' }] },
    );
  }
  return wanted;
}

/** @throws Problem `bad-request` if the span is empty or too long */
function spanOf(query: { from?: string | undefined; to?: string | undefined }, nowMs: number) {
  const toMs = query.to === undefined ? nowMs : Date.parse(query.to);
  const fromMs = query.from === undefined ? toMs - DEFAULT_SPAN_MS : Date.parse(query.from);
  const fault = (detail: string): Problem =>
    new Problem('bad-request', `from: ${detail}`, { faults: [{ field: 'from', detail }] });
  if (fromMs >= toMs) throw fault('is not before "to"');
  if (toMs - fromMs > LONGEST_SPAN_MS) throw fault('is more than ten years before "to"');
  return { fromMs, toMs };
}

function valuesOf({ startSeconds, stepSeconds, count, series }: SeriesAnswer): SeriesValuesAnswer {
  return {
    start: new Date(startSeconds * 1_000).toISOString(),
    stepSeconds,
    count,
    series: series.map(({ wanted: { definition, label }, columns }) => {
      const [first, min, max] = columns.map((column) => Array.from(column, rounded));
      const described = {
        name: definition.name,
        label: definition.label === undefined ? null : label,
        unit: definition.unit,
        kind: valueKind(definition),
      };
      if (described.kind === 'counter') return { ...described, sum: first };
      return precisionOf(definition) === 'rough'
        ? { ...described, mean: first }
        : { ...described, mean: first, min, max };
    }),
  };
}

/** Values are stored with seven digits. */
export function rounded(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(7));
}
