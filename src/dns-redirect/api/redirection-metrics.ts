/** The metrics of the server that redirects, and those of the health of the redirected names. */
import { family, labelled } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { RunningHealth } from '../health/running-health.js';
import type { RunningRedirection } from '../running-redirection.js';

export function redirectionMetrics(redirection: () => Pick<RunningRedirection, 'counters'>): MetricFamily[] {
  const results = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(redirection().counters()).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      ),
    );
  return [labelled('dns_queries_total', 'DNS queries, by result', 'result', results)];
}

export function healthMetrics(health: () => Pick<RunningHealth, 'policy' | 'isActive' | 'thread'>): MetricFamily[] {
  const active = () =>
    [...health().policy.names].map(([name, entry]) => ({
      labels: { name },
      value: health().isActive(entry) ? 1 : 0,
    }));
  const up = () =>
    health().thread.results.map(({ target, url, isUp }) => ({ labels: { target, url }, value: isUp ? 1 : 0 }));
  return [
    family('gauge', 'dns_name_active', '1: the name is redirected; 0: it is forwarded', active, ['name']),
    family('gauge', 'dns_target_up', '1: the address and port of a target answers', up, ['target', 'url']),
  ];
}
