/**
 * Which keys a reload puts in force. Every other key needs a restart and is named when it changes, so that a key that
 * nobody thought of is named rather than forgotten.
 */
import { changedKeys } from '../config/changed-keys.js';
import { type Config, configSchema } from '../config/config-schema.js';

export const LIVE_KEYS: ReadonlySet<string> = new Set([
  ...keys('operator', ['name', 'networks', 'subdomains', 'caches']),
  ...keys('topology', ['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations', 'reloadEvery']),
  ...keys('billing', ['currency', 'defaultRatePerGigabyte', 'neighbours', 'schedule', 'overrides']),
  ...keys('billing.relationshipRates', ['customer', 'peer', 'provider']),
  ...keys('selection', ['enoughInnerPeers', 'foreignPeersMin', 'foreignPeersMax', 'foreignPeersWhenNoInnerSeed']),
  ...keys('selection', ['gatewaysMax', 'capabilityWeight', 'densityWeight', 'grain']),
  ...keys('tracker', ['announceUrls', 'torrents', 'denyList.addresses', 'denyList.torrents']),
  ...keys('tracker.tls', ['certificate', 'key']),
  ...keys('mirrorSite', ['title', 'publicUrl']),
  'upstream.originalTrackers',
  ...keys('dnsRedirect', ['clients', 'mirrorAddresses', 'trackerAddresses', 'sites', 'trackers', 'ttl']),
  ...keys('reports', ['probes', 'freshness', 'history', 'uplinkBpsMax']),
  ...keys('control', ['token', 'tls.certificate', 'tls.key']),
  'logging.level',
]);

function keys(section: string, names: readonly string[]): string[] {
  return names.map((name) => `${section}.${name}`);
}

/**
 * @param started what the process started with: what has waited for a restart since an earlier reload still does
 * @returns keys as they are written, a whole section where it came or went
 */
export function keysThatNeedRestart(started: Config, next: Config): string[] {
  return changedKeys(configSchema, started, next).filter((key) => !LIVE_KEYS.has(key));
}
