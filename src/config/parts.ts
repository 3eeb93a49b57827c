/** Every part that has a section, in the order in which the sections are read and printed. A new part is one line here. */
import { crawlerPart } from '../crawler/part.js';
import { controlPart } from '../dashboard/part.js';
import { dnsRedirectPart } from '../dns-redirect/part.js';
import { loggingPart } from '../logging/part.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import { billingPart, selectionPart } from '../policy/part.js';
import { reportsPart } from '../reports/part.js';
import { storagePart } from '../store/part.js';
import { operatorPart, topologyPart } from '../topology/part.js';
import { trackerPart } from '../tracker/part.js';
import { upstreamPart } from '../upstream/part.js';
import { labPart, labServicesPart } from './lab-sections.js';

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
