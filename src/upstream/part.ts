/** The section of the exchange with original trackers. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import { configPart } from '../config-kit/config-part.js';
import { duration, flag, identifier, section, token, wholeNumber } from '../config-kit/field-schemas.js';

const DNS_PORT = 53;

export const upstreamSection = section({
  exchange: flag.prefault(true),
  resolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  dht: flag.prefault(false),
  every: duration('1s', '24h', '5m'),
  peersMax: wholeNumber(1, 2_000).prefault(200),
  originalTrackers: z.array(section({ name: identifier, token })).prefault([]),
});

export const upstreamPart = configPart({
  key: 'upstream',
  schema: upstreamSection.prefault({}),
  live: ['originalTrackers'],
  text: `upstream:                               # foreign peers from original trackers
  exchange: true
  resolvers: []                         # past the redirection; empty: this machine's own
  dht: false                            # the DHT is not asked for peers; true is refused
  every: 5m                             # at most so often for one torrent
  peersMax: 200
  originalTrackers: []                  # who may push peers: [ { name: partner, token: "\${PARTNER_TOKEN}" } ]
`,
});
