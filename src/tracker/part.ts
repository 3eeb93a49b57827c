/** The tracker as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import { trackerChecks } from './check-section.js';
import type { RunningTracker, TrackerNeeds } from './running-tracker.js';
import { schema, type TrackerConfig } from './section.js';

export const trackerPart: Part<'tracker', typeof schema, TrackerConfig, TrackerNeeds, RunningTracker> = {
  key: 'tracker',
  // The DNS redirection withdraws the tracker's names by this name.
  name: 'tracker',
  label: 'tracker',
  threadName: 'tracker',
  schema,
  live: [
    'announceUrls',
    'torrents',
    'unknownTorrents',
    'denyList.addresses',
    'denyList.torrents',
    'tls.certificate',
    'tls.key',
  ],
  checks: trackerChecks,
  examine: async (config) => (await import('./examine-tracker.js')).examineTracker(config),
  sockets: ({ tracker }) =>
    tracker.listen.map((each, i) => ({
      ...each,
      path: ['tracker', 'listen', i],
      protocol: each.protocol === 'udp' ? 'udp' : 'tcp',
    })),
  text: `tracker:
  listen: ["udp://0.0.0.0:6969", "http://0.0.0.0:6969"]     # also https://, with tls
  coverPorts: false                     # true: also listen where torrents announce to the names of dnsRedirect.trackers
  announceUrls: []                      # written into torrents, e.g. ["udp://alias.example.net:6969/announce"]
  interval: 30m                         # how often clients announce; ±10 %, so that they do not announce all at once
  minInterval: 1m
  numWantDefault: 50
  numWantMax: 200
  torrents: open                        # open | catalogue | a file of info-hashes, one on each line
  unknownTorrents: track                # announced under a redirected tracker's name, and neither in the catalogue nor passed
                                        # through the mirror site: track, exchange (ask that tracker for peers), or refuse
  transport: auto                       # linux (batched system calls), portable, or auto: linux if it works
  workers: auto                         # threads that share the torrents; auto: the cores less one. Several need linux
  connectionId: lenient                 # validity; strict: two minutes (BEP 15); lenient: longer, as some clients need
  fullScrape: false                     # answer a scrape without info-hash with all torrents
  trustedNetworks: []                   # prefixes that may announce for another address (ip=)
  trustedProxies: []                    # prefixes whose X-Forwarded-For and PROXY headers are trusted
  proxyProtocol: []                     # entries of listen on which each connection begins with a PROXY header (1 or 2);
                                        # only trustedProxies may connect there, e.g. ["http://127.0.0.1:6970"]
  denyList: { addresses: [] }           # prefixes that are never handed out; optional: torrents: FILE of info-hashes
  # tls: { certificate: chain.pem, key: key.pem }
  snapshotEvery: 1m                     # how often swarms are saved for a restart
  limits:
    maxPeers: 4000000                   # of both families together; each takes up to 64 bytes
    maxTorrents: 1000000
    reservedForInnerPercent: 20         # of both limits, which peers outside the operator's networks cannot use
    peersPerAddressPerSwarm: 16         # homes and carrier NAT share addresses; at most 32; 0: no limit
    peersPerAddress: 4000               # in all swarms; an IPv6 /64 counts as one address
    peersPerSitePerSwarm: 64            # the same two limits for an IPv6 /48 outside the operator's networks
    peersPerSite: 16000
    importedPeersPerSwarm: 1000         # peers that original trackers name; a new one replaces one that nobody could use,
                                        # else the one that expires first
    minPeerPort: 1                      # peers on lower ports are counted but not handed out
    maxConnections: 10000
    requestTimeout: 10s
    keepAliveTimeout: 30s
`,
  start: async (config, needs) => (await import('./running-tracker.js')).RunningTracker.start(config, needs),
  routes: async (running) => (await import('./api/tracker-routes.js')).trackerRoutes(running()?.view),
  metrics: async (running) => {
    const { trackerMetrics } = await import('./api/tracker-metrics.js');
    const { dataPlane, limits } = running();
    return trackerMetrics(dataPlane, limits);
  },
};
