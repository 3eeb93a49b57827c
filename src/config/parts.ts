/** Every section of the configuration, in the order in which it is read and printed. A new part is one line here. */
import { configPart } from '../config-kit/config-part.js';
import { flag } from '../config-kit/field-schemas.js';
import { crawlerPart } from '../crawler/part.js';
import { dnsRedirectPart } from '../dns-redirect/part.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import { reportsPart } from '../reports/part.js';
import { upstreamPart } from '../upstream/part.js';
import { controlPart, labServicesPart } from './control-sections.js';
import {
  billingPart,
  loggingPart,
  operatorPart,
  selectionPart,
  storagePart,
  topologyPart,
} from './network-sections.js';
import { trackerPart } from './tracker-section.js';

const labPart = configPart({
  key: 'lab',
  schema: flag.prefault(false),
  live: [],
  text: `lab: false                              # true: loopback and private addresses take part
`,
});

export const CONFIG_PARTS = [
  operatorPart,
  topologyPart,
  billingPart,
  selectionPart,
  trackerPart,
  mirrorSitePart,
  crawlerPart,
  upstreamPart,
  dnsRedirectPart,
  reportsPart,
  controlPart,
  storagePart,
  loggingPart,
  labPart,
  labServicesPart,
] as const;

/** As written from the root: `dnsRedirect.ttl`. */
export const LIVE_KEYS: ReadonlySet<string> = new Set(
  CONFIG_PARTS.flatMap(({ key, live }) => live.map((name) => `${key}.${name}`)),
);
