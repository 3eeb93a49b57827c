/** Metrics of the reports: how dense each sub-domain is, how old that is, and which probes need attention. */
import type { MetricFamily, MetricSample } from '../../control-api/metrics.js';
import type { Clock } from '../../domain/clock.js';
import type { ProbeView, ReportsService } from '../reports-service.js';

export function reportMetrics(reports: ReportsService, clock: Clock): MetricFamily[] {
  const perProbe = (value: (probe: ProbeView) => number) =>
    function* (): Iterable<MetricSample> {
      for (const probe of reports.probes(clock.nowMs())) yield { labels: { probe: probe.probe }, value: value(probe) };
    };
  return [
    {
      name: 'alias_tracker_density_bytes_per_user_second',
      help: 'Traffic density of a sub-domain (draft 4.3.1)',
      type: 'gauge',
      labelNames: ['subdomain'],
      *read() {
        for (const [subdomain, density] of reports.densities(clock.nowMs())) {
          if (density.bytesPerUserPerSecond !== null)
            yield { labels: { subdomain }, value: density.bytesPerUserPerSecond };
        }
      },
    },
    {
      name: 'alias_tracker_density_age_seconds',
      help: 'Seconds since the end of the oldest period in the density of a sub-domain',
      type: 'gauge',
      labelNames: ['subdomain'],
      *read() {
        for (const [subdomain, density] of reports.densities(clock.nowMs())) {
          yield { labels: { subdomain }, value: density.ageSeconds };
        }
      },
    },
    {
      name: 'alias_tracker_capability_nodes',
      help: 'Nodes whose reported capability still counts',
      type: 'gauge',
      labelNames: [],
      read: () => [{ labels: {}, value: reports.capabilityReadings(clock.nowMs()).size }],
    },
    {
      name: 'alias_tracker_capability_reports_total',
      help: 'Capability reports accepted from nodes',
      type: 'counter',
      labelNames: [],
      read: () => [{ labels: {}, value: reports.capabilityReports }],
    },
    {
      name: 'alias_tracker_probe_alarm',
      help: '1 for each alarm of a probe',
      type: 'gauge',
      labelNames: ['probe', 'alarm'],
      *read() {
        for (const { probe, alarms } of reports.probes(clock.nowMs())) {
          for (const alarm of new Set(alarms.map(({ kind }) => kind))) yield { labels: { probe, alarm }, value: 1 };
        }
      },
    },
    {
      name: 'alias_tracker_probe_clock_skew_seconds',
      help: 'How far the clock of a probe is behind (negative: ahead)',
      type: 'gauge',
      labelNames: ['probe'],
      read: perProbe((probe) => probe.clockSkewMs / 1000),
    },
    {
      name: 'alias_tracker_probe_values_total',
      help: 'Sub-domain values accepted from a probe',
      type: 'counter',
      labelNames: ['probe'],
      read: perProbe((probe) => probe.accepted),
    },
    {
      name: 'alias_tracker_probe_quarantined_total',
      help: 'Sub-domain values of a probe that were quarantined',
      type: 'counter',
      labelNames: ['probe'],
      read: perProbe((probe) => probe.quarantined),
    },
    {
      name: 'alias_tracker_probe_duplicates_total',
      help: 'Reports that a probe sent again',
      type: 'counter',
      labelNames: ['probe'],
      read: perProbe((probe) => probe.duplicates),
    },
  ];
}
