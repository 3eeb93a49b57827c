/** The metrics of pauses and drain. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import { PAUSES } from '../pauses.js';
import type { RunningOperation } from '../running-operation.js';

export function operationMetrics(running: () => RunningOperation): MetricFamily[] {
  return [
    family(
      'gauge',
      'operation_paused',
      '1 while the operator has paused the redirection or the localisation, or drains the tracker',
      () => PAUSES.map((what) => ({ labels: { what }, value: running().pauses.of(what) === undefined ? 0 : 1 })),
      ['what'],
    ),
  ];
}
