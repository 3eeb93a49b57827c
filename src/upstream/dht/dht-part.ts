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
      single('counter', 'dht_queries_total', 'Queries to nodes of the DHT', () => running().counters.queries),
      single('counter', 'dht_found_peers_total', 'Peers found in the DHT', () => running().counters.found),
      single('counter', 'dht_imported_peers_total', 'Of those, peers imported', () => running().counters.peers),
      labelled('dht_events_total', 'Look-ups in the DHT, and what happened to their queries', 'event', () => {
        const { queries: _queries, found: _found, peers: _peers, ...events } = running().counters;
        return events;
      }),
      single('gauge', 'dht_known_nodes', 'Nodes from which look-ups start', () => running().knownNodes),
    ];
  },
};
