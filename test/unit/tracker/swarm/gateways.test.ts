import { describe, expect, it } from 'vitest';
import { EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
  SWARM_KINDS,
} from './store-fixture.js';

const isForeign = (host: number): boolean => host >= 100;

describe.each(SWARM_KINDS)('gateways in a %s swarm', (_kind, thresholds) => {
  const create = (mix = {}, reported = new Map<string, number>()): SwarmStore =>
    createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      policy: costTable(FIXTURE_GROUPS, {
        mix: { gatewaysMax: 4, foreignPeersMax: 4, foreignPeersWhenNoInnerSeed: 4, ...mix },
        reported,
      }),
    });
  /** Twenty foreign peers, then inner ones 1 … count. @returns the inner ones that were given foreign peers */
  const fill = (store: SwarmStore, count: number): number[] => {
    for (let host = 100; host < 120; host++) announce(store, { host, group: CHEAP, seed: host < 110 });
    return Array.from({ length: count }, (_, i) => i + 1).filter((host) =>
      hosts(announce(store, { host, group: HOME_A }).peers).some(isForeign),
    );
  };

  it('only a few inner peers are given foreign ones, the first that come', () => {
    expect(fill(create({ gatewaysMax: 32 }), 12)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fill(create({ gatewaysMax: 2 }), 12)).toEqual([1, 2]);
  });

  it('foreign requesters see only gateways that have room for somebody foreign among the inner peers, and foreign ones', () => {
    const store = create();
    fill(store, 12);
    // The gateways have theirs from their own answer, but the second one had room for nobody foreign in its own.
    announce(store, { host: 2, event: EVENT_STOPPED });
    announce(store, { host: 2, numWant: 1 });
    const shown = [101, 102, 103].map((host) => hosts(announce(store, { host, group: CHEAP }).peers));
    expect(shown.map((given) => given.filter((host) => !isForeign(host)))).toEqual([[2], [2], [2]]);
    expect(hosts(announce(store, { host: 104, group: CHEAP }).peers).filter((host) => !isForeign(host))).toEqual([2]);
    expect(hosts(announce(store, { host: 105, group: CHEAP }).peers).filter((host) => !isForeign(host))).toEqual([]);
    for (const given of shown) expect(given.filter(isForeign).length).toBeGreaterThan(10);
  });

  it('who finds foreign peers is given some, and newcomers are shown a gateway that found none', () => {
    const store = create();
    const comes = (host: number): number[] =>
      hosts(announce(store, { host, group: CHEAP }).peers).filter((shown) => !isForeign(shown));
    const inner = (host: number): boolean => hosts(announce(store, { host }).peers).some(isForeign);
    expect([inner(1), inner(2)]).toEqual([false, false]);
    // The first one has nobody else.
    expect(comes(100).sort()).toEqual([1, 2]);
    // Then each in turn, until their places are taken.
    expect([comes(101), comes(102)].flat().sort()).toEqual([1, 2]);
    const further = [103, 104, 105, 106, 107, 108].flatMap(comes);
    expect(further.sort()).toEqual([1, 1, 1, 2, 2, 2]);
    expect(comes(109)).toEqual([]);
    expect([inner(3), inner(4)]).toEqual([true, true]);
    expect([comes(110), comes(111)].flat()).toEqual([]);
  });

  it('of the foreign peers that a gateway is given, seeds come first, each in the place of two leechers', () => {
    const given = (seeds: number): { seeds: number; leechers: number }[] => {
      const store = create();
      // The first inner peer alone is given every peer that exists.
      announce(store, { host: 1 });
      announce(store, { host: 2 });
      for (let host = 100; host < 120; host++) announce(store, { host, group: CHEAP, seed: host < 100 + seeds });
      return [3, 4].map((host) => {
        const foreign = hosts(announce(store, { host, now: 1100 }).peers).filter(isForeign);
        const fromSeeds = foreign.filter((peer) => peer < 100 + seeds).length;
        return { seeds: fromSeeds, leechers: foreign.length - fromSeeds };
      });
    };
    expect(given(0)).toEqual(Array(2).fill({ seeds: 0, leechers: 4 }));
    expect(given(1)).toEqual(Array(2).fill({ seeds: 1, leechers: 2 }));
    expect(given(2)).toEqual(Array(2).fill({ seeds: 2, leechers: 0 }));
    expect(given(20)).toEqual(Array(2).fill({ seeds: 2, leechers: 0 }));
  });

  it('a foreign seed is shown no inner peer but a gateway, even where nobody foreign downloads', () => {
    const store = create();
    announce(store, { host: 100, group: CHEAP, seed: true });
    for (let host = 1; host <= 12; host++) announce(store, { host });
    const shown = hosts(announce(store, { host: 101, group: CHEAP, seed: true }).peers);
    expect(shown.length).toBeLessThanOrEqual(1);
    expect(shown.every((host) => host <= 4)).toBe(true);
  });

  it('a gateway that leaves is replaced by the next inner leecher that asks', () => {
    const store = create();
    fill(store, 12);
    announce(store, { host: 2, event: EVENT_STOPPED });
    expect(hosts(announce(store, { host: 7 }).peers).some(isForeign)).toBe(true);
    expect(hosts(announce(store, { host: 8 }).peers).some(isForeign)).toBe(false);
  });

  it('a gateway that receives nothing is replaced by the next that asks', () => {
    const store = create();
    fill(store, 12);
    expect(hosts(announce(store, { host: 1, now: 1200, downloaded: 0 }).peers).some(isForeign)).toBe(true);
    const asks = (host: number): boolean =>
      hosts(announce(store, { host, now: 1200, downloaded: 5e6 }).peers).some(isForeign);
    expect([7, 8].map(asks)).toEqual([true, false]);
    expect(hosts(announce(store, { host: 1, now: 1250, downloaded: 0 }).peers).some(isForeign)).toBe(false);
  });

  it('more capable inner peers take the place of weak gateways, an operator’s cache before all', () => {
    const store = create(
      {},
      new Map([
        ['203.0.0.11', 7],
        ['203.0.0.12', 4 | 128],
      ]),
    );
    fill(store, 10);
    expect(hosts(announce(store, { host: 11 }).peers).some(isForeign)).toBe(true);
    expect(hosts(announce(store, { host: 12, numWant: 2 }).peers).some(isForeign)).toBe(true);
    for (const host of [1, 2, 3, 11]) {
      expect(hosts(announce(store, { host, downloaded: 1e6 }).peers).some(isForeign), `${host}`).toBe(false);
    }
    expect(hosts(announce(store, { host: 100, group: CHEAP }).peers).filter((host) => !isForeign(host))).toEqual([12]);
  });

  it('newcomers are shown a cache while it has room, be the gateways that starving peers called for full or not', () => {
    const store = create({ gatewaysMax: 8, foreignPeersWhenNoInnerSeed: 1 }, new Map([['203.0.0.12', 4 | 128]]));
    for (let host = 1; host <= 12; host++) announce(store, { host });
    for (let host = 100; host < 103; host++) announce(store, { host, group: CHEAP });
    // The cache takes three of its six places, and comes back whenever the others, who starve, have asked.
    for (let round = 1; round <= 3; round++) {
      for (let host = 1; host <= 12; host++) {
        announce(store, { host, now: 1000 + round * 70, downloaded: host === 12 ? round * 1e6 : 0 });
      }
    }
    const shown = [110, 111, 112, 113].map((host) =>
      hosts(announce(store, { host, group: CHEAP, now: 1215 }).peers).filter((peer) => !isForeign(peer)),
    );
    expect(shown).toEqual([[12], [12], [12], []]);
  });

  it('there are more of them while inner peers starve, up to the operator’s limit', () => {
    const store = create({ gatewaysMax: 8 });
    const first = fill(store, 12).length;
    const gateways = new Set<number>();
    for (let round = 0; round < 4; round++) {
      gateways.clear();
      for (let host = 1; host <= 12; host++) {
        const downloaded = host <= first || gateways.has(host) ? (round + 1) * 1e6 : 0;
        const now = 1070 + round * 70;
        if (hosts(announce(store, { host, now, downloaded }).peers).some(isForeign)) gateways.add(host);
      }
    }
    expect(gateways.size).toBeGreaterThan(first);
  });

  it('foreignPeersMin is given to everybody all the same', () => {
    const store = create({ foreignPeersMin: 1 });
    fill(store, 12);
    expect(hosts(announce(store, { host: 9 }).peers).filter(isForeign)).toHaveLength(1);
  });
});
