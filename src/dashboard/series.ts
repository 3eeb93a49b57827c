/**
 * Recorded values over the time range of a page, from `GET /api/v1/series` and `GET /api/v1/marks`. Where nothing records
 * them, pages are without their lines.
 */
import { marksAnswer, valuesAnswer } from '../history/api/series-answers.js';
import type { Layer, Mark, Value } from './frame/plot.js';
import { durationMs, type TimeRange } from './frame/time-range.js';
import type { PageCalls } from './page-calls.js';

export interface SeriesOverTime {
  readonly timesMs: readonly number[];
  readonly stepSeconds: number;
  /** One for each label, or a single one without a name. */
  readonly layers: readonly Layer[];
}

/** Points of a plot, and of a line beside a number. */
const PLOT_POINTS = 240;
/** A minute is recorded a moment after its end, so an answer of that moment is asked for again soon. */
const KEPT_MS = 20_000;
const MINUTE_MS = 60_000;
export const SPARK_POINTS = 48;

/**
 * @param labels only these, and in this order; default: all
 * @returns undefined if nothing is recorded under this name
 */
export async function seriesOf(
  api: PageCalls,
  name: string,
  asked: { readonly range: TimeRange; readonly nowMs: number; readonly points?: number; readonly label?: string },
): Promise<SeriesOverTime | undefined> {
  const { range, nowMs, points = PLOT_POINTS, label } = asked;
  const query = { name, label, ...spanOf(range, nowMs), points };
  const found = await api.get('/api/v1/series', valuesAnswer, { query, keptMs: KEPT_MS });
  if (found === undefined || found.series.length === 0) return undefined;
  const startMs = Date.parse(found.start);
  return {
    timesMs: Array.from({ length: found.count }, (_, i) => startMs + i * found.stepSeconds * 1_000),
    stepSeconds: found.stepSeconds,
    layers: found.series.map((each) => ({ name: each.label ?? '', values: each.sum ?? each.mean ?? [] })),
  };
}

/** The sum of all layers. A time is a gap if it is one in every layer. */
export function total({ layers }: Pick<SeriesOverTime, 'layers'>): Value[] {
  const length = Math.max(0, ...layers.map((layer) => layer.values.length));
  return Array.from({ length }, (_, i) => {
    const known = layers.flatMap((layer) => layer.values[i] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

/** Starts, reloads, billing periods and the like. */
export async function marksOf(api: PageCalls, range: TimeRange, nowMs: number): Promise<Mark[]> {
  const query = spanOf(range, nowMs);
  const { marks = [] } = (await api.get('/api/v1/marks', marksAnswer, { query, keptMs: KEPT_MS })) ?? {};
  return marks.map(({ time, kind, text }) => ({ atMs: Date.parse(time), text: `${kind}: ${text}` }));
}

/** To the end of this minute, so that all who look within a minute share the answers. */
function spanOf(range: TimeRange, nowMs: number): { from: string; to: string } {
  const toMs = Math.ceil(nowMs / MINUTE_MS) * MINUTE_MS;
  return { from: new Date(toMs - durationMs(range)).toISOString(), to: new Date(toMs).toISOString() };
}
