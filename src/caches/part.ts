/** The caches as a part of the program: their section of the configuration, and how they are started. */
import type { Part } from '../part/part.js';
import { cachesChecks, cachesThatHoldNothing, preferringSubdomains } from './check-section.js';
import type { CachesNeeds, RunningCaches } from './running-caches.js';
import { type CachesConfig, schema } from './section.js';

export const cachesPart: Part<'caches', typeof schema, CachesConfig, CachesNeeds, RunningCaches> = {
  key: 'caches',
  name: 'caches',
  label: 'caches',
  schema,
  live: 'whole',
  checks: cachesChecks,
  advice: [cachesThatHoldNothing],
  subdomains: preferringSubdomains,
  text: `caches: []                              # the operator's nodes that run a BitTorrent client: docs/caches.md; e.g.
  # - name: pop-north
  #   address: 203.0.113.10             # or a list: [203.0.113.10, "2001:db8:100::10"]; counts as one of operator.caches
  #   client: transmission              # or qbittorrent, aria2
  #   url: "http://203.0.113.10:9091/transmission/rpc"
  #   user: alias                       # optional, with password; aria2: secret: "\${ARIA2_SECRET}"
  #   password: "\${CACHE_PASSWORD}"
  #   quota: 4TB                        # of the disk, for torrents that are added here
  #   allow: { sources: [fedora], names: ["debian-*"], infoHashes: [] }      # what it may hold; default: nothing
  #   fillRate: 500Mbit/s               # optional: how fast it fetches
  #   fillWindow: [night]               # periods of billing.schedule; default: those with a rateFactor below 1, else always
  #   optional: peerPort: 51413 (aria2, unless its listen-port is one port), directory (aria2 only),
  #   preferredBy: [north] and uplinkBpsMax: as in operator.caches
`,
  isOn: () => true,
  start: async (config, needs) => {
    const { RunningCaches } = await import('./running-caches.js');
    return new RunningCaches(config, needs);
  },
  routes: async (running, needs) => {
    const { cacheRoutes } = await import('./api/cache-routes.js');
    const { controllerRoutes } = await import('./api/controller-routes.js');
    return [...cacheRoutes(running), ...controllerRoutes(running, needs)];
  },
  metrics: async (running) => (await import('./api/cache-metrics.js')).cacheMetrics(running),
};
