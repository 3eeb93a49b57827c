/** Peers by sub-domain and network, from the counts of the data plane by locality group. */
import { describe, expect, it } from 'vitest';
import type { LocalityGroup } from '../../../src/domain/locality-group.js';
import { limitMetrics } from '../../../src/policy/api/limit-metrics.js';
import { peersByNetwork } from '../../../src/policy/peers-by-network.js';

const GROUPS: readonly (LocalityGroup | undefined)[] = [
  { number: 0, name: 'unknown', kind: 'unknown', asn: 0 },
  { number: 1, name: 'subdomain:north', kind: 'subdomain', asn: 64500, subdomain: 'north' },
  { number: 2, name: 'cache:203.0.113.10', kind: 'cache', asn: 64500, subdomain: 'north' },
  { number: 3, name: 'as:64500', kind: 'own-as', asn: 64500 },
  { number: 4, name: 'as:64600', kind: 'foreign-as', asn: 64600 },
];
const COUNTED_AT_MS = 1_700_000_000_000;
const counted = (...groups: [number, number, number][]) =>
  peersByNetwork(
    {
      countedAtMs: COUNTED_AT_MS,
      groups: new Map(groups.map(([group, seeds, leechers]) => [group, { seeds, leechers }])),
    },
    GROUPS,
  );

describe('peers by network', () => {
  it('are those of the sub-domain with its caches, and all of the operator', () => {
    const peers = counted([1, 3, 4], [2, 1, 0], [3, 10, 20]);
    expect(peers.bySubdomain).toEqual(new Map([['north', { seeds: 4, leechers: 4 }]]));
    expect(peers.inner).toEqual({ seeds: 14, leechers: 24 });
    expect(peers.foreign).toEqual({ seeds: 0, leechers: 0 });
  });

  it('counts as foreign what the topology does not know, or no longer', () => {
    expect(counted([0, 1, 0], [4, 0, 5], [99, 1, 1])).toMatchObject({
      inner: { seeds: 0, leechers: 0 },
      foreign: { seeds: 2, leechers: 6 },
    });
  });

  it('are metrics with their age, and none before the first count', () => {
    const hours = { limits: {} } as never;
    const valuesOf = (peers: ReturnType<typeof counted> | null) =>
      limitMetrics(() => ({ hours, subdomainLevels: new Map(), peers }), { nowMs: () => COUNTED_AT_MS + 30_000 })
        .filter(({ name }) => name.includes('peers'))
        .flatMap(({ name, read }) =>
          [...read()].map(({ labels, value }) => `${name} ${Object.values(labels).join(' ')} ${value}`),
        );
    expect(valuesOf(null)).toEqual([]);
    expect(valuesOf(counted([1, 3, 4], [4, 1, 0]))).toEqual([
      'alias_tracker_network_peers inner seed 3',
      'alias_tracker_network_peers inner leecher 4',
      'alias_tracker_network_peers foreign seed 1',
      'alias_tracker_network_peers foreign leecher 0',
      'alias_tracker_subdomain_peers north seed 3',
      'alias_tracker_subdomain_peers north leecher 4',
      'alias_tracker_network_peers_age_seconds  30',
    ]);
  });
});
