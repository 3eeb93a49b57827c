/** The exchange with original trackers as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import type { OriginalsView } from './api/original-routes.js';
import type { ReceiverNeeds } from './api/receive-peers.js';
import type { SeedNeeds } from './api/seed-routes.js';
import type { RunningExchange, UpstreamNeeds } from './running-exchange.js';
import { dhtSockets, partnersWithoutHosts, schema, type UpstreamConfig } from './section.js';

export const upstreamPart: Part<
  'upstream',
  typeof schema,
  UpstreamConfig,
  UpstreamNeeds & ReceiverNeeds & SeedNeeds,
  RunningExchange
> = {
  key: 'upstream',
  name: 'upstream exchange',
  label: 'upstream',
  schema,
  live: ['limits.requestsPerSecond', 'limits.concurrentRequests', 'limits.requestsPerHour', 'originalTrackers'],
  advice: [partnersWithoutHosts],
  sockets: dhtSockets,
  text: `upstream:                               # foreign peers from original trackers
  exchange: true
  resolvers: []                         # must not redirect names; empty: those of this machine
  dht: false                            # true: look up torrents in the DHT that nobody inside seeds, or keys:
  # dht:
  #   bootstrap: [dht.libtorrent.org:25401, dht.transmissionbt.com:6881, router.bittorrent.com:6881]
  #   listen: ["0.0.0.0:0"]             # an address for each family: "[::]:0" for IPv6; answers nobody
  #   lookupsPerMinute: 30              # at most; each has up to 100 queries
  every: 5m                             # how often one torrent is asked for, at most
  peersMax: 200
  limits:                               # for each original tracker: protocol, host and port
    requestsPerSecond: 20               # on average; one second's worth at once
    concurrentRequests: 8
    requestsPerHour: 20000              # an announce and the announce stopped that follows it are one request
  originalTrackers: []                  # who may push peers, and of which torrents: those with an announce URL at its hosts
                                        # [ { name: partner, token: "\${PARTNER_TOKEN}", hosts: [tracker.example.org] } ]
`,
  isOn: ({ upstream }) => upstream.exchange,
  start: async (config, needs) => {
    const { RunningExchange } = await import('./running-exchange.js');
    return new RunningExchange(config, needs);
  },
  // Original trackers may push peers although none is asked.
  routes: async (running, needs) => {
    const { pushRoutes } = await import('./api/push-routes.js');
    const { peerReceiver } = await import('./api/receive-peers.js');
    const { seedRoutes } = await import('./api/seed-routes.js');
    const { originalRoutes } = await import('./api/original-routes.js');
    const { originalsView } = await import('./api/originals-view.js');
    const view = (): OriginalsView | undefined => {
      const exchange = running();
      return exchange && originalsView({ ...exchange.shown, trackersOf: needs.trackersOf });
    };
    return [...pushRoutes(peerReceiver(needs)), ...seedRoutes(needs), ...originalRoutes(view)];
  },
  metrics: async (running) => (await import('./api/exchange-metrics.js')).exchangeMetrics(running),
};
