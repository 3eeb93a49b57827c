/**
 * What a series is: a name, a unit, and where its values come from. Most come from the metrics of the parts, so that a plot and
 * Prometheus show the same numbers.
 */
import type { MetricFamily } from '../control-api/metrics.js';
import type { Precision } from './block-codec.js';

/** Which samples of a metric, added up unless `label` separates them. */
export interface MetricChoice {
  /** Its name without `alias_tracker_`. */
  readonly metric: string;
  /** Only samples with these labels; several values are alternatives. */
  readonly where?: Readonly<Record<string, string | readonly string[]>>;
}

interface Described {
  /** In the API, e.g. `announces`. */
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  /** The label of the metric that separates series of this name. */
  readonly label?: string;
  /** `rough` for many labels: right to 1 %, and without minimum and maximum. */
  readonly precision?: Precision;
}

export type SeriesDefinition = Described &
  (
    | ({ readonly kind: 'gauge' | 'counter' } & MetricChoice)
    /** A gauge: the growth of one counter in a minute, divided by that of another one. A gap if the other does not grow. */
    | { readonly kind: 'ratio'; readonly of: MetricChoice; readonly to: MetricChoice }
  );

export type ValueKind = 'gauge' | 'counter';

export function valueKind({ kind }: SeriesDefinition): ValueKind {
  return kind === 'counter' ? 'counter' : 'gauge';
}

export function precisionOf({ precision }: SeriesDefinition): Precision {
  return precision ?? 'exact';
}

/** By the full name of the metric. */
export type Families = ReadonlyMap<string, MetricFamily>;

/** The current values, by label; the label is '' if the definition has none. @throws what the metric throws */
export function readChoice(choice: MetricChoice, label: string | undefined, families: Families): Map<string, number> {
  const values = new Map<string, number>();
  const family = families.get(`alias_tracker_${choice.metric}`);
  if (family === undefined) return values;
  for (const { labels, value } of family.read()) {
    if (!isChosen(labels, choice.where)) continue;
    const key = label === undefined ? '' : (labels[label] ?? '');
    values.set(key, (values.get(key) ?? 0) + value);
  }
  return values;
}

function isChosen(labels: Readonly<Record<string, string>>, where: MetricChoice['where']): boolean {
  return Object.entries(where ?? {}).every(([name, wanted]) => {
    const value = labels[name];
    return value !== undefined && (typeof wanted === 'string' ? value === wanted : wanted.includes(value));
  });
}
