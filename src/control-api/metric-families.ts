/** Shorter ways to write the families of metrics. Every name begins with `alias_tracker_`. */
import type { MetricFamily, MetricSample } from './metrics.js';

export interface Histogram {
  /** Upper bounds; `counts` has one more entry, for what is above the last. Not cumulative. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  /** Of all values. */
  readonly sum: number;
}

type Values = Readonly<Record<string, number>>;

export function family(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: () => Iterable<MetricSample>,
  labelNames: readonly string[] = [],
): MetricFamily {
  return { name: `alias_tracker_${name}`, help, type, labelNames, read };
}

export function single(type: 'counter' | 'gauge', name: string, help: string, read: () => number): MetricFamily {
  return family(type, name, help, () => [{ labels: {}, value: read() }]);
}

/** @param read fields in camel case; the values of the label are in snake case */
export function labelled(name: string, help: string, label: string, read: () => Values): MetricFamily {
  const samples = (): MetricSample[] =>
    Object.entries(read()).map(([key, value]) => ({ labels: { [label]: labelValue(key) }, value }));
  return family('counter', name, help, samples, [label]);
}

/** The value of a label, for the name of a field: `too_soon` for `tooSoon`. */
export function labelValue(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Cumulative buckets with an upper bound each, from which Prometheus computes quantiles. */
export function histogram(name: string, help: string, scale: number, read: () => Histogram): MetricFamily {
  const samples = (): MetricSample[] => {
    const { bounds, counts, sum } = read();
    let count = 0;
    const buckets = counts.map((each, i) => {
      count += each;
      return { labels: { le: i < bounds.length ? String(bounds[i]! / scale) : '+Inf' }, value: count };
    });
    return [...buckets, { labels: { part: 'sum' }, value: sum / scale }, { labels: { part: 'count' }, value: count }];
  };
  return { name: `alias_tracker_${name}`, help, type: 'histogram', labelNames: ['le'], read: samples };
}
