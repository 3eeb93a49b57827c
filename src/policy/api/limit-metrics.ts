/** The limits of foreign peers, so that an operator can see the ramps, and the levels of sub-domains. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { Policy } from '../policy.js';

/** @param policy as it runs now */
export function limitMetrics(policy: () => Pick<Policy, 'hours' | 'subdomainLevels'>): MetricFamily[] {
  return [
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
