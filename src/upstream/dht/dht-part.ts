/** The DHT as a part of the program. `upstream.dht` configures it; it fails and restarts alone. */
import type { SharingPart } from '../../part/part.js';
import type { UpstreamConfig } from '../section.js';
import type { DhtNeeds, RunningDht } from './running-dht.js';

export const dhtPart: SharingPart<UpstreamConfig, DhtNeeds, RunningDht> = {
  section: 'upstream',
  order: 'after',
  name: 'DHT',
  label: 'dht',
  isOn: ({ upstream }) => upstream.dht !== false,
  start: async (config, needs, previous) =>
    (await import('./running-dht.js')).RunningDht.start(config, needs, previous),
  metrics: async (running) => {
    const { labelled, single } = await import('../../control-api/metric-families.js');
    return [
      labelled('dht_total', 'Look-ups in the DHT, their queries and peers', 'what', () => ({ ...running().counters })),
      single('gauge', 'dht_known_nodes', 'Nodes from which look-ups start', () => running().knownNodes),
    ];
  },
};
