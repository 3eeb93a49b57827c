/** The reports as a part of the program: their section of the configuration, and how they are started. */
import { namesAreUnique } from '../config-kit/unique-names.js';
import type { Part } from '../part/part.js';
import type { ReportsNeeds, RunningReports } from './running-reports.js';
import { type ReportsConfig, schema } from './section.js';

export const reportsPart: Part<'reports', typeof schema, ReportsConfig, ReportsNeeds, RunningReports> = {
  key: 'reports',
  name: 'reports',
  label: 'reports',
  schema,
  live: ['probes', 'freshness', 'history', 'uplinkBpsMax'],
  checks: [
    ({ reports }, report) =>
      namesAreUnique(
        ['reports', 'probes'],
        'id',
        reports.probes.map(({ id }) => id),
        report,
      ),
  ],
  subdomains: ({ reports }) =>
    reports.probes.flatMap((probe, i) =>
      probe.subdomains.map((id, j) => ({ id, path: ['reports', 'probes', i, 'subdomains', j] })),
    ),
  text: `reports:
  probes:                               # token: optional, if there is one from alias-tracker token new
    - { id: dp-north, subdomains: [north] }
  freshness: 15m                        # older density counts as unknown
  history: 366d                         # for means over five minutes and hours; raw reports are kept for a day
  uplinkBpsMax: 1000000000              # upper limit of a reported uplink; subdomains and caches have their own
`,
  start: async (config, needs, previous) => {
    const { RunningReports } = await import('./running-reports.js');
    const running = previous ?? new RunningReports(config, needs);
    running.start();
    return running;
  },
  routes: async (running, { clock }) => {
    const { reportRoutes } = await import('./api/report-routes.js');
    const reports = running();
    return reports === undefined ? [] : reportRoutes(reports.service, clock);
  },
  metrics: async (running, { clock }) => {
    const { reportMetrics } = await import('./api/report-metrics.js');
    return reportMetrics(running().service, clock);
  },
};
