/**
 * Recorded values over the time range of a page, from `GET /api/v1/series`. Where nothing records them, pages are without
 * their lines.
 */
import { z } from 'zod';
import type { ApiReader } from './api-reader.js';
import { durationMs, type TimeRange } from './frame/time-range.js';

export interface SeriesOverTime {
  readonly timesMs: readonly number[];
  /** By label; `''` if the series has none. null: a gap. */
  readonly values: ReadonlyMap<string, readonly (number | null)[]>;
}

const SERIES_PATH = '/api/v1/series';
/** Points of a plot: enough for its width in pixels. */
const POINTS = 300;

const answer = z.object({
  times: z.array(z.number()),
  series: z.array(z.object({ label: z.string().optional(), values: z.array(z.number().nullable()) })),
});

/** @returns undefined if nothing is recorded under this name */
export async function seriesOf(
  api: ApiReader,
  name: string,
  range: TimeRange,
  nowMs: number,
): Promise<SeriesOverTime | undefined> {
  const step = Math.max(60, Math.ceil(durationMs(range) / 1_000 / POINTS));
  const from = new Date(nowMs - durationMs(range)).toISOString();
  const query = { name, from, to: new Date(nowMs).toISOString(), step };
  const found = await api.get(SERIES_PATH, answer, { query });
  if (found === undefined) return undefined;
  return {
    timesMs: found.times,
    values: new Map(found.series.map(({ label, values }) => [label ?? '', values])),
  };
}
