/** The exchange with original trackers as a part of the program: its section of the configuration. */
import { configPart } from '../config-kit/config-part.js';
import { dhtIsNotAsked, schema, type UpstreamConfig } from './section.js';

export const upstreamPart = configPart<'upstream', typeof schema, UpstreamConfig>({
  key: 'upstream',
  schema,
  live: ['originalTrackers'],
  checks: [dhtIsNotAsked],
  text: `upstream:                               # foreign peers from original trackers
  exchange: true
  resolvers: []                         # past the redirection; empty: this machine's own
  dht: false                            # the DHT is not asked for peers; true is refused
  every: 5m                             # at most so often for one torrent
  peersMax: 200
  originalTrackers: []                  # who may push peers: [ { name: partner, token: "\${PARTNER_TOKEN}" } ]
`,
});
