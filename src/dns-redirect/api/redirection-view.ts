/** What the control API shows of the redirection: its names now, and its counters. */
import { labelled } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import { formatIp } from '../../domain/ip-address.js';
import type { RedirectNeeds, RunningRedirection } from '../running-redirection.js';
import type { RedirectionView } from './redirection-routes.js';

export function redirectionView(
  redirection: Pick<RunningRedirection, 'policy'>,
  targets: Pick<RedirectNeeds['targets'], 'mirrorIsHealthy' | 'trackerIsHealthy'>,
): RedirectionView {
  return {
    redirections: async () =>
      [...redirection.policy.names].map(([name, { target, addresses }]) => ({
        name,
        target,
        active: target === 'mirror' ? targets.mirrorIsHealthy() : targets.trackerIsHealthy(),
        addresses: addresses.map(formatIp),
        ttlSeconds: redirection.policy.ttlSeconds,
      })),
  };
}

export function redirectionMetrics(redirection: () => Pick<RunningRedirection, 'counters'>): MetricFamily[] {
  const results = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(redirection().counters()).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      ),
    );
  return [labelled('dns_queries_total', 'DNS queries, by result', 'result', results)];
}
