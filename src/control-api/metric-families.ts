/** Shorter ways to write the families of metrics. Every name begins with `alias_tracker_`. */
import type { MetricFamily, MetricSample } from './metrics.js';

export interface Histogram {
  /** Upper bounds; `counts` has one more entry, for what is above the last. Not cumulative. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
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

export function labelled(name: string, help: string, label: string, read: () => Values): MetricFamily {
  const samples = (): MetricSample[] =>
    Object.entries(read()).map(([key, value]) => ({ labels: { [label]: key }, value }));
  return family('counter', name, help, samples, [label]);
}

/** Cumulative buckets with an upper bound each, from which Prometheus computes quantiles. */
export function histogram(name: string, help: string, scale: number, read: () => Histogram): MetricFamily {
  const samples = (): MetricSample[] => {
    const { bounds, counts } = read();
    let sum = 0;
    return counts.map((count, i) => {
      sum += count;
      return { labels: { le: i < bounds.length ? String(bounds[i]! / scale) : '+Inf' }, value: sum };
    });
  };
  return family('counter', `${name}_bucket`, help, samples, ['le']);
}
