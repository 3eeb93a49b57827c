/** The age of each data file in force, so that an alert can report a file that nobody replaces. */
import { family } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Clock } from '../domain/clock.js';
import type { SourceStatus } from '../topology/topology-sources.js';

export function fileMetrics(topology: () => { status(): readonly SourceStatus[] }, clock: Clock): MetricFamily[] {
  return [
    family(
      'gauge',
      'data_file_age_seconds',
      'Seconds since a data file in force was written',
      () =>
        topology()
          .status()
          .map(({ kind, path, modifiedAtMs }) => ({
            labels: { kind, file: path },
            value: Math.max(0, clock.nowMs() - modifiedAtMs) / 1_000,
          })),
      ['kind', 'file'],
    ),
    family(
      'gauge',
      'data_file_refused',
      '1: the newest version of the file is invalid, and its old content stays in force',
      () =>
        topology()
          .status()
          .map(({ kind, path, problem }) => ({ labels: { kind, file: path }, value: problem === undefined ? 0 : 1 })),
      ['kind', 'file'],
    ),
  ];
}
