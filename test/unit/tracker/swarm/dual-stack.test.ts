import { describe, expect, it } from 'vitest';
import type { MixRules } from '../../../../src/selection/cost-table.js';
import { EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  type Announce,
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
} from './store-fixture.js';

const LAYOUTS = {
  small: { smallMax: 200, rankedMax: 400 },
  ranked: { smallMax: 2, rankedMax: 400 },
  bucketed: { smallMax: 2, rankedMax: 4 },
};
const KEY = 7;
const FOREIGN = 1_000;

describe.each(Object.entries(LAYOUTS))('a host with two families in a %s swarm', (_, layout) => {
  const storeWith = (mix: Partial<MixRules>): SwarmStore =>
    createStore({ arena: new CheckedArena(16 * 1024 * 1024), ...layout, policy: costTable(FIXTURE_GROUPS, { mix }) });

  const client = (host: number, spec: Partial<Announce> = {}): Announce => ({
    host,
    peerId: host,
    key: KEY,
    group: host >= FOREIGN ? CHEAP : HOME_A,
    ...spec,
  });

  /** Foreign addresses that an announce is given. */
  const foreignOf = (store: SwarmStore, spec: Announce): string[] =>
    announce(store, { numWant: 50, ...spec })
      .peers.filter((peer) => hosts([peer])[0]! >= FOREIGN)
      .map((peer) => `${spec.family ?? 4}/${peer}`);

  /** Pairs of inner host and foreign address when 60 inner leechers meet 10 foreign seeds, over some announces. */
  function pairs(families: readonly (4 | 6)[]): number {
    const store = storeWith({ gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3, foreignPeersMax: 20 });
    for (let i = 0; i < 10; i++) {
      for (const family of families) announce(store, client(FOREIGN + i, { family, seed: true }));
    }
    // The first inner peers have nobody inside and are given foreign peers for that; they are not what is counted.
    for (let host = 1; host <= 60; host++) {
      for (const family of families) announce(store, client(host, { family }));
    }
    const given = new Set<string>();
    for (let round = 1; round <= 4; round++) {
      for (let host = 1; host <= 60; host++) {
        for (const family of families) {
          const spec = client(host, { family, now: 1000 + 100 * round, downloaded: round * 1_000_000 });
          for (const address of foreignOf(store, spec)) given.add(`${round}/${host}/${address}`);
        }
      }
    }
    return given.size;
  }

  it('is given as many foreign peers as a gateway with one family', () => {
    const once = pairs([4]);
    expect(once).toBeGreaterThan(0);
    expect(pairs([4, 6])).toBeLessThanOrEqual(once);
    expect(pairs([6, 4])).toBeLessThanOrEqual(once);
  });

  it('has enough inner peers where those of one family are enough', () => {
    const store = storeWith({ foreignPeersMax: 20, enoughInnerPeers: 12 });
    for (let i = 0; i < 30; i++) announce(store, client(FOREIGN + i, { family: 6 }));
    for (let i = 0; i < 12; i++) announce(store, client(100 + i));
    announce(store, client(1));
    expect(foreignOf(store, client(1, { family: 6 }))).toEqual([]);
    // Nobody knows that this one reaches IPv4.
    expect(foreignOf(store, client(2, { family: 6 }))).toHaveLength(20);
  });

  it('as a gateway uses the places over IPv6 that foreign peers over IPv4 leave', () => {
    const store = storeWith({ gatewaysMax: 4, foreignPeersWhenNoInnerSeed: 3 });
    for (let i = 0; i < 10; i++) announce(store, client(FOREIGN + i, { family: 6, seed: true }));
    for (const host of [1, 2]) for (const family of [4, 6] as const) announce(store, client(host, { family }));
    expect(foreignOf(store, client(1, { now: 1_100, downloaded: 1e6 }))).toEqual([]);
    expect(foreignOf(store, client(1, { family: 6, now: 1_100, downloaded: 1e6 }))).toHaveLength(2);
    // Foreign seeds with IPv4 have come: all places are taken over IPv6, until that is announced over again.
    for (let i = 0; i < 10; i++) announce(store, client(FOREIGN + i, { seed: true }));
    expect(foreignOf(store, client(1, { now: 1_200, downloaded: 2e6 }))).toEqual([]);
    announce(store, client(1, { family: 6, event: EVENT_STOPPED, key: KEY, peerId: 77 }));
    expect(foreignOf(store, client(1, { now: 1_300, downloaded: 3e6 }))).toHaveLength(2);
  });

  it('as a gateway is shown to foreign newcomers of either family', () => {
    const store = storeWith({ gatewaysMax: 4, foreignPeersWhenNoInnerSeed: 3 });
    for (const host of [1, 2, 3]) for (const family of [4, 6] as const) announce(store, client(host, { family }));
    for (const family of [4, 6] as const) {
      announce(store, client(FOREIGN, { family }));
      const { peers } = announce(store, client(FOREIGN + 1 + family, { family }));
      expect(hosts(peers).filter((host) => host < FOREIGN)).toHaveLength(1);
    }
  });
});
