/** The limits of foreign peers as a metric, so that an operator can see the ramps. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { Policy } from '../policy.js';

/** @param policy as it runs now */
export function limitMetrics(policy: () => Pick<Policy, 'hours'>): MetricFamily[] {
  return [
    family(
      'gauge',
      'foreign_limit',
      'Limits of foreign peers in force, by the name of their key',
      () => Object.entries(policy().hours.limits).map(([limit, value]) => ({ labels: { limit }, value })),
      ['limit'],
    ),
  ];
}
