/** The reports' section of the configuration: who may report, and how long what they say counts. */
import { z } from 'zod';
import { configPart } from '../config-kit/config-part.js';
import { duration, identifier, section, token, wholeNumber } from '../config-kit/field-schemas.js';

const probe = section({
  id: identifier,
  subdomains: z.array(identifier).min(1, { error: 'give the sub-domains that it may report on' }),
  token: token.optional(),
});

export const reportsSection = section({
  probes: z.array(probe).prefault([]),
  /** Nobody's line uploads more, whatever it reports; a sub-domain may say otherwise. */
  uplinkBpsMax: wholeNumber(1, 1e12).prefault(1_000_000_000),
  freshness: duration('1s', '7d', '15m'),
  history: duration('1m', '3650d', '366d'),
});

export const reportsPart = configPart({
  key: 'reports',
  schema: reportsSection.prefault({}),
  live: ['probes', 'freshness', 'history', 'uplinkBpsMax'],
  text: `reports:
  probes:                               # token: optional where one was made with alias-tracker token
    - { id: dp-north, subdomains: [north] }
  freshness: 15m                        # older density counts as unknown
  history: 366d                         # of means over five minutes and hours; raw reports are kept a day
  uplinkBpsMax: 1000000000              # nobody's line uploads faster, whatever it reports; see subdomains and caches
`,
});
