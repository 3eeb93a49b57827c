/** Answers a question for series over a span of time: chooses the resolution, and reads no more than the answer needs. */
import type { HistoryStore } from '../store/sqlite/history-store.js';
import { aggregate, type Columns } from './columns.js';
import { type Kept, LEVELS, type Level } from './levels.js';
import { SeriesReader } from './read-series.js';
import { type SeriesDefinition, valueKind } from './series-definition.js';

export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** The most values for each series. */
  readonly points: number;
}

export interface WantedSeries {
  readonly key: number;
  readonly label: string;
  readonly definition: SeriesDefinition;
}

export interface SeriesAnswer {
  /** Of the first value. */
  readonly startSeconds: number;
  readonly stepSeconds: number;
  readonly count: number;
  readonly series: readonly { readonly wanted: WantedSeries; readonly columns: Columns }[];
}

/** Steps that people read easily; each is a multiple of a level's step. */
const STEPS = [
  60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000,
] as const;

/** The step of an answer, and the level that it is read from. Values that are no longer kept in a fine level come from a coarser one. */
export function chooseStep(span: Span, nowSeconds: number, kept: Kept): { stepSeconds: number; level: Level } {
  const available = LEVELS.filter(({ stepSeconds }) => span.fromSeconds >= nowSeconds - kept[stepSeconds]);
  const finest = available[0] ?? LEVELS.at(-1)!;
  const wanted = Math.max(finest.stepSeconds, (span.toSeconds - span.fromSeconds) / span.points);
  const stepSeconds = STEPS.find((step) => step >= wanted && countOf(span, step) <= span.points) ?? STEPS.at(-1)!;
  const level = LEVELS.findLast((each) => stepSeconds % each.stepSeconds === 0 && each.stepSeconds <= stepSeconds)!;
  return { stepSeconds, level };
}

export function querySeries(
  store: HistoryStore,
  wanted: readonly WantedSeries[],
  span: Span,
  { nowSeconds, kept }: { readonly nowSeconds: number; readonly kept: Kept },
): SeriesAnswer {
  const { stepSeconds, level } = chooseStep(span, nowSeconds, kept);
  const startSeconds = Math.floor(span.fromSeconds / stepSeconds) * stepSeconds;
  const count = countOf(span, stepSeconds);
  const reader = new SeriesReader(store);
  const series = wanted.map((each) => {
    const kind = valueKind(each.definition);
    const columns = reader.read(level, each.key, kind, startSeconds, startSeconds + count * stepSeconds);
    return { wanted: each, columns: aggregate(kind, columns, stepSeconds / level.stepSeconds) };
  });
  return { startSeconds, stepSeconds, count, series };
}

function countOf({ fromSeconds, toSeconds }: Span, step: number): number {
  return Math.ceil(toSeconds / step) - Math.floor(fromSeconds / step);
}
