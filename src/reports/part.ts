/** The reports as a part of the program: their section of the configuration. */
import { configPart } from '../config-kit/config-part.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import { type ReportsConfig, schema } from './section.js';

export const reportsPart = configPart<'reports', typeof schema, ReportsConfig>({
  key: 'reports',
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
  probes:                               # token: optional where one was made with alias-tracker token
    - { id: dp-north, subdomains: [north] }
  freshness: 15m                        # older density counts as unknown
  history: 366d                         # of means over five minutes and hours; raw reports are kept a day
  uplinkBpsMax: 1000000000              # nobody's line uploads faster, whatever it reports; see subdomains and caches
`,
});
