/** The exchange with original trackers as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import type { OriginalsView } from './api/original-routes.js';
import type { ReceiverNeeds } from './api/receive-peers.js';
import type { RunningExchange, UpstreamNeeds } from './running-exchange.js';
import { dhtIsNotAsked, partnersWithoutHosts, schema, type UpstreamConfig } from './section.js';

export const upstreamPart: Part<
  'upstream',
  typeof schema,
  UpstreamConfig,
  UpstreamNeeds & ReceiverNeeds,
  RunningExchange
> = {
  key: 'upstream',
  name: 'upstream exchange',
  label: 'upstream',
  schema,
  live: ['limits.requestsPerSecond', 'limits.concurrentRequests', 'limits.requestsPerHour', 'originalTrackers'],
  checks: [dhtIsNotAsked],
  advice: [partnersWithoutHosts],
  text: `upstream:                               # foreign peers from original trackers
  exchange: true
  resolvers: []                         # must not redirect names; empty: those of this machine
  dht: false                            # the DHT is not asked for peers; true is refused
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
    const { originalRoutes } = await import('./api/original-routes.js');
    const { originalsView } = await import('./api/originals-view.js');
    const view = (): OriginalsView | undefined => {
      const exchange = running();
      return exchange && originalsView({ ...exchange.shown, trackersOf: needs.trackersOf });
    };
    return [...pushRoutes(peerReceiver(needs)), ...originalRoutes(view)];
  },
  metrics: async (running) => (await import('./api/exchange-metrics.js')).exchangeMetrics(running),
};
