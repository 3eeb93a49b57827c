/** The sentences of the ATTP draft, sections 4.2 to 4.4, as far as they are about choosing. In all three kinds of swarm. */
import { describe, expect, it } from 'vitest';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  DEAR,
  FIXTURE_GROUPS,
  HOME_A,
  HOME_B,
  hosts,
  requestOf,
  SIBLING,
  SWARM_KINDS,
} from './store-fixture.js';

describe.each(SWARM_KINDS)('draft 4.2 to 4.4 in a %s swarm', (_kind, thresholds) => {
  const policy = (mix = {}, groups = FIXTURE_GROUPS, reported = new Map<string, number>()) =>
    costTable(groups, { mix, reported });
  const storeWith = (table = policy()) => createStore({ ...thresholds, policy: table });
  const fill = (store: ReturnType<typeof storeWith>, group: number, from: number, count: number, seed = false) => {
    for (let host = from; host < from + count; host++) announce(store, { host, group, seed });
  };

  it('4.2 a) with enough inner nodes, all nodes that are returned are inner', () => {
    const store = storeWith(policy({ enoughInnerPeers: 6 }));
    fill(store, HOME_A, 1, 6);
    fill(store, CHEAP, 100, 6);
    expect(hosts(announce(store, { host: 50 }).peers).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('4.2 b) with too few inner nodes, it returns all of them and some foreign ones', () => {
    const store = storeWith(policy({ enoughInnerPeers: 6, foreignPeersMax: 3 }));
    fill(store, HOME_A, 1, 5);
    fill(store, CHEAP, 100, 6);
    const given = hosts(announce(store, { host: 50 }).peers);
    expect(given.slice(0, 5).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(given.slice(5).every((host) => host >= 100)).toBe(true);
    expect(given).toHaveLength(8);
  });

  it('what is enough is not numwant: 8 inner of 200 wanted are enough where the operator says 8', () => {
    const store = storeWith(policy({ enoughInnerPeers: 8 }));
    fill(store, HOME_A, 1, 8);
    fill(store, CHEAP, 100, 20);
    expect(announce(store, { host: 50, numWant: 200 }).peers).toHaveLength(8);
  });

  it('4.3.1 nodes of sub-domains of lower traffic density go first', () => {
    const store = storeWith();
    fill(store, HOME_B, 1, 5);
    fill(store, HOME_A, 11, 5);
    const given = hosts(announce(store, { host: 50 }).peers);
    expect(
      given.slice(0, 5).every((host) => host >= 11),
      'A is less dense than B',
    ).toBe(true);
  });

  it('4.3.1 the example: U1 in the less dense sub-domain but less capable than U2, so U2 goes first', () => {
    const reported = new Map([
      ['203.0.0.1', 2],
      ['203.0.0.2', 6],
    ]);
    const store = storeWith(policy({}, FIXTURE_GROUPS, reported));
    announce(store, { host: 1, group: HOME_A, seed: true });
    announce(store, { host: 2, group: HOME_B, seed: true });
    fill(store, DEAR, 100, 6);
    expect(hosts(announce(store, { host: 50 }).peers).slice(0, 2)).toEqual([2, 1]);
  });

  it('4.3.2 a node that reports better capability goes first, one that reports worse goes last', () => {
    const reported = new Map([
      ['203.0.0.3', 7],
      ['203.0.0.4', 1],
    ]);
    const store = storeWith(policy({}, FIXTURE_GROUPS, reported));
    fill(store, HOME_A, 1, 6);
    const given = hosts(announce(store, { host: 50 }).peers);
    expect([given[0], given.at(-1)]).toEqual([3, 4]);
  });

  it('4.3.2 a node that reports nothing is known by what it uploads between announces', () => {
    const store = storeWith();
    fill(store, HOME_A, 1, 6);
    announce(store, { host: 4, group: HOME_A, uploaded: 1_000_000, now: 2000 });
    expect(hosts(announce(store, { host: 50 }).peers).at(-1)).toBe(4);
  });

  it('4.3.3 1) the AS, 2) the other AS of the operator, 3) other operators by rising rate', () => {
    const store = storeWith();
    fill(store, DEAR, 31, 2);
    fill(store, CHEAP, 21, 2);
    fill(store, SIBLING, 11, 2);
    fill(store, HOME_B, 1, 2);
    const given = hosts(announce(store, { host: 50, group: HOME_A }).peers);
    expect(given.map((host) => Math.floor(host / 10))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('4.3.3 the AS is the requester’s: for a client in the sibling AS that one goes first', () => {
    const store = storeWith();
    fill(store, HOME_A, 1, 4);
    fill(store, SIBLING, 11, 4);
    const given = hosts(announce(store, { host: 50, group: SIBLING }).peers);
    expect(given.map((host) => Math.floor(host / 10))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it('4.3.3 several other AS of the operator are merged by score, not one after the other', () => {
    const groups = [...FIXTURE_GROUPS, { partition: 2, densityLevel: 0 }, { partition: 3, densityLevel: 14 }];
    const store = storeWith(policy({}, groups));
    fill(store, 7, 31, 2);
    fill(store, SIBLING, 21, 2);
    fill(store, 6, 11, 2);
    fill(store, HOME_A, 1, 2);
    const given = hosts(announce(store, { host: 50 }).peers);
    expect(given.map((host) => Math.floor(host / 10))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('4.3.3 capability goes before congestion also among foreign nodes of one rate', () => {
    const groups = [...FIXTURE_GROUPS, { partition: 15, rateRank: 1, densityLevel: 15 }];
    const store = storeWith(policy({}, groups, new Map([['203.0.0.5', 7]])));
    fill(store, CHEAP, 1, 4);
    announce(store, { host: 5, group: 6 });
    expect(hosts(announce(store, { host: 50 }).peers)[0]).toBe(5);
  });

  it('4.4 4) a new report of densities changes the order of nodes that are already known', () => {
    const store = storeWith();
    fill(store, HOME_A, 1, 3);
    fill(store, HOME_B, 11, 3);
    expect(hosts(announce(store, { host: 50 }).peers)[0]).toBeLessThan(10);
    const turned = FIXTURE_GROUPS.map((group, i) => (i === HOME_A ? { ...group, densityLevel: 15 } : group));
    store.setPolicy(policy({}, turned));
    expect(hosts(announce(store, { host: 50 }).peers)[0]).toBeGreaterThan(10);
  });

  it('4.4 6) a new table of billing rates changes the order of foreign nodes', () => {
    const store = storeWith();
    fill(store, CHEAP, 1, 3);
    fill(store, DEAR, 11, 3);
    expect(hosts(announce(store, { host: 50 }).peers)[0]).toBeLessThan(10);
    store.setPolicy(policy({}, [...FIXTURE_GROUPS.slice(0, CHEAP), { partition: 15, rateRank: 8 }, { partition: 15 }]));
    expect(hosts(announce(store, { host: 50 }).peers)[0]).toBeGreaterThan(10);
  });

  it('grain subdomain: the requester’s own sub-domain goes before a less dense one', () => {
    const store = storeWith(policy({ grain: 'subdomain' }));
    fill(store, HOME_A, 1, 4);
    fill(store, HOME_B, 11, 4);
    const given = hosts(announce(store, { host: 50, group: HOME_B }).peers);
    expect(given.slice(0, 4).every((host) => host > 10)).toBe(true);
    expect(new Set(given).size).toBe(8);
    expect(hosts(announce(store, { host: 50, group: HOME_B, numWant: 2 }).peers).every((host) => host > 10)).toBe(true);
  });

  it('an override makes the neighbour next door cost more than the data centre, for that pair alone', () => {
    const overrides = new Map([
      [HOME_A * 65_536 + HOME_B, 256],
      [HOME_A * 65_536 + SIBLING, 0],
    ]);
    const store = storeWith(costTable(FIXTURE_GROUPS, { overrides }));
    fill(store, HOME_B, 1, 3);
    fill(store, SIBLING, 11, 3);
    expect(
      hosts(announce(store, { host: 50, group: HOME_A }).peers)
        .slice(0, 3)
        .every((host) => host > 10),
    ).toBe(true);
    expect(
      hosts(announce(store, { host: 51, group: HOME_B }).peers)
        .slice(0, 4)
        .every((host) => host < 10 || host === 50),
    ).toBe(true);
  });

  it('foreignPeersMin: some foreign nodes even when there are enough inner ones', () => {
    const store = storeWith(policy({ enoughInnerPeers: 4, foreignPeersMin: 2 }));
    fill(store, HOME_A, 1, 6);
    fill(store, CHEAP, 100, 6);
    const given = hosts(announce(store, { host: 50 }).peers);
    expect(given.filter((host) => host >= 100)).toHaveLength(2);
  });

  it('foreignPeersWhenNoInnerSeed: links outwards until an inner seed has shown that it serves', () => {
    const store = storeWith(policy({ enoughInnerPeers: 4, foreignPeersWhenNoInnerSeed: 3 }));
    fill(store, HOME_A, 1, 6);
    fill(store, CHEAP, 100, 6);
    expect(hosts(announce(store, { host: 50 }).peers).filter((host) => host >= 100)).toHaveLength(3);
    const outwards = (now: number, downloaded = 0): number =>
      hosts(announce(store, { host: 50, now, downloaded }).peers).filter((host) => host >= 100).length;
    announce(store, { host: 1, group: HOME_A, seed: true });
    expect(outwards(1_100, 1e6)).toBe(3);
    announce(store, { host: 1, group: HOME_A, seed: true, now: 1_200, uploaded: 1e6 });
    expect(outwards(1_300, 2e6)).toBe(0);
  });

  it('a client without a single inner peer is given foreign ones', () => {
    const store = storeWith(policy({ gatewaysMax: 2, foreignPeersMax: 4 }));
    fill(store, CHEAP, 100, 6);
    expect(announce(store, { host: 50 }).peers).toHaveLength(4);
  });

  it('a seed is given leechers only, and a paused peer too', () => {
    const store = storeWith();
    fill(store, HOME_A, 1, 3, true);
    fill(store, HOME_A, 11, 3);
    announce(store, { host: 20, event: 4 });
    expect(hosts(announce(store, { host: 50, seed: true }).peers).sort()).toEqual([11, 12, 13]);
    expect(hosts(announce(store, { host: 51, event: 4 }).peers).sort()).toEqual([11, 12, 13]);
    expect(hosts(announce(store, { host: 52 }).peers)).toContain(20);
  });

  it('is deterministic under a seed', () => {
    const run = () => {
      const store = storeWith();
      fill(store, HOME_A, 1, 40);
      return Array.from({ length: 20 }, () => announce(store, { host: 50, numWant: 5 }).peers);
    };
    expect(run()).toEqual(run());
  });

  it('hand-outs within one class are fair: max / mean ≤ 1.3', () => {
    const store = storeWith(policy({ enoughInnerPeers: 10 }));
    const size = 60;
    const isSeed = (host: number): boolean => host % 3 > 0;
    const requests = Array.from({ length: size }, (_, i) =>
      requestOf({ host: i + 1, group: HOME_A, seed: isSeed(i + 1), numWant: 6 }),
    );
    for (let host = 1; host <= size; host++) announce(store, { host, group: HOME_A, seed: isSeed(host) });
    const given = new Uint32Array(size + 1);
    const out = new Uint8Array(6 * 6);
    for (let i = 0; i < 50_000; i++) {
      const request = requests[i % size]!;
      const count = store.select(request, store.locate(request), out, 0, 6);
      for (let peer = 0; peer < count; peer++) given[out[peer * 6 + 3]!]!++;
    }
    for (const seeds of [true, false]) {
      const counts = [...given].filter((_, host) => host > 0 && isSeed(host) === seeds);
      const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
      expect(Math.max(...counts) / mean).toBeLessThan(1.3);
    }
  });
});
