/** The limits of foreign peers, so that an operator can see the ramps, and the levels and peers of sub-domains. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily, MetricSample } from '../../control-api/metrics.js';
import type { Clock } from '../../domain/clock.js';
import type { PeerCounts } from '../peers-by-network.js';
import type { Policy } from '../policy.js';

/** @param policy as it runs now */
export function limitMetrics(
  policy: () => Pick<Policy, 'hours' | 'subdomainLevels' | 'peers'>,
  clock: Pick<Clock, 'nowMs'>,
): MetricFamily[] {
  return [
    family(
      'gauge',
      'network_peers',
      'Peers that announce here, inside and outside the operator’s networks, by role',
      () => {
        const { peers } = policy();
        if (peers === null) return [];
        return [...byRole({ network: 'inner' }, peers.inner), ...byRole({ network: 'foreign' }, peers.foreign)];
      },
      ['network', 'role'],
    ),
    family(
      'gauge',
      'subdomain_peers',
      'Peers of a sub-domain that announce here, by role',
      () => [...(policy().peers?.bySubdomain ?? [])].flatMap(([subdomain, peers]) => byRole({ subdomain }, peers)),
      ['subdomain', 'role'],
    ),
    family('gauge', 'network_peers_age_seconds', 'Seconds since the peers by network were counted', () => {
      const { peers } = policy();
      return peers === null ? [] : [{ labels: {}, value: Math.max(0, clock.nowMs() - peers.countedAtMs) / 1_000 }];
    }),
    family(
      'gauge',
      'foreign_limit',
      'Limits of foreign peers in force, by the name of their key',
      () => Object.entries(policy().hours.limits).map(([limit, value]) => ({ labels: { limit }, value })),
      ['limit'],
    ),
    family(
      'gauge',
      'density_level',
      'Density level of a sub-domain in answers; 0 is the least traffic for each user',
      () => [...policy().subdomainLevels].map(([subdomain, value]) => ({ labels: { subdomain }, value })),
      ['subdomain'],
    ),
  ];
}

function byRole(labels: Readonly<Record<string, string>>, { seeds, leechers }: PeerCounts): MetricSample[] {
  return [
    { labels: { ...labels, role: 'seed' }, value: seeds },
    { labels: { ...labels, role: 'leecher' }, value: leechers },
  ];
}
