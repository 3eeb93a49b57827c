import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../src/domain/random.js';
import { announce, costTable, createStore, type GroupSpec } from './store-fixture.js';

const GROUPS = 40;
const HOSTS = 400;
const groupOf = (host: number): number => 1 + ((host * 7) % (GROUPS - 1));

/** Few peers in one list, and many in buckets. */
const REGIMES = [
  ['small', { smallMax: 500, rankedMax: 2_000 }],
  ['ranked', { smallMax: 2, rankedMax: 2_000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
] as const;

describe.each(REGIMES)('other levels of density (%s swarm)', (_name, options) => {
  test.each([4, 6] as const)('rank what is stored, however many change: IPv%i', (family) => {
    const groups: GroupSpec[] = Array.from({ length: GROUPS }, (_, i) => ({ partition: i === 0 ? 15 : i % 3 }));
    const policy = costTable(groups);
    const store = createStore({ ...options, policy });
    const random = createRandom(11);
    for (let host = 1; host <= HOSTS; host++) {
      announce(store, { host, family, group: groupOf(host), seed: host % 4 === 0 });
    }
    const density = new Uint8Array(GROUPS).fill(8);
    for (const count of [1, 2, 0, 5, GROUPS, 3, 30, 1]) {
      const changes = Array.from({ length: count }, () => [random.below(GROUPS), random.below(16)]);
      for (const [group, level] of changes) density[group!] = level!;
      store.setDensity(Uint16Array.from(changes.flat()));
      const { peers } = announce(store, { host: 9_999, family, group: 3, numWant: 200, seed: false, event: 0 });
      const tierOf = (group: number): number => (group % 3 === 0 ? 0 : 1);
      const orders = peers.map((peer) => {
        const group = groupOf(Number(peer.split(':')[0]));
        return tierOf(group) * 100 + (density[group]! >> 1);
      });
      expect(peers.length).toBe(200);
      expect(new Set(peers).size).toBe(200);
      expect(orders).toEqual([...orders].sort((a, b) => a - b));
      // Somebody comes, somebody goes: the lists are still whole.
      const host = 1 + random.below(HOSTS);
      announce(store, { host, family, group: groupOf(host), seed: host % 4 === 0, event: 3 });
      announce(store, { host, family, group: groupOf(host), seed: host % 4 === 0 });
    }
    expect([...policy.densityLevel]).toEqual(Array.from({ length: GROUPS }, () => 8));
  });
});
