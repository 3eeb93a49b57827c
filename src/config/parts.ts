/**
 * Every part, in the order in which their sections are printed and they are started. A new part is one line here, below the
 * parts that it needs and above `controlPart`, which shows the others.
 */
import { cachesPart } from '../caches/part.js';
import { crawlerPart } from '../crawler/part.js';
import { controlPart } from '../dashboard/part.js';
import { redirectionHealthPart } from '../dns-redirect/health/health-part.js';
import { dnsRedirectPart } from '../dns-redirect/part.js';
import { rpzPart } from '../dns-redirect/rpz/rpz-part.js';
import { historyPart } from '../history/part.js';
import { loggingPart } from '../logging/part.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import { alarmsPart } from '../operation/alarms/part.js';
import { operationPart } from '../operation/part.js';
import { billingPart, selectionPart } from '../policy/part.js';
import { reportsPart } from '../reports/part.js';
import { savingsPart } from '../savings/part.js';
import { storagePart } from '../store/part.js';
import { operatorPart, topologyPart } from '../topology/part.js';
import { trackerPart } from '../tracker/part.js';
import { dhtPart } from '../upstream/dht/dht-part.js';
import { upstreamPart } from '../upstream/part.js';
import { labPart, labServicesPart } from './lab-sections.js';

export const CONFIG_PARTS = [
  operatorPart,
  topologyPart,
  reportsPart,
  billingPart,
  selectionPart,
  savingsPart,
  trackerPart,
  upstreamPart,
  mirrorSitePart,
  crawlerPart,
  dnsRedirectPart,
  cachesPart,
  operationPart,
  historyPart,
  alarmsPart,
  controlPart,
  storagePart,
  loggingPart,
  labPart,
  labServicesPart,
] as const;

/** Parts that share the section of one above. */
export const SHARING_PARTS = [redirectionHealthPart, rpzPart, dhtPart] as const;
