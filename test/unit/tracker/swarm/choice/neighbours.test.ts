/** The nearest first: peers behind the requester's own address, and foreign seeds for a client that has nobody else. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/domain/random.js';
import { EVENT_STOPPED } from '../../../../../src/tracker/announce-request.js';
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
  infoHash,
  SWARM_KINDS,
} from '../store-fixture.js';

describe.each(SWARM_KINDS)('peers behind the requester’s address in a %s swarm', (_kind, thresholds) => {
  const create = (mix = {}, seed = 1) =>
    createStore({ ...thresholds, random: createRandom(seed), policy: costTable(FIXTURE_GROUPS, { mix }) });
  /** Forty better ranked peers: the requester's sub-domain has more traffic than theirs. */
  const crowded = (family: 4 | 6 = 4, seed = 1) => {
    const store = create({}, seed);
    for (let host = 1; host <= 40; host++) announce(store, { family, host, group: HOME_A });
    return store;
  };
  const home = (port: number, family: 4 | 6 = 4) => ({ family, host: 70, port, group: HOME_B });

  it.each([4, 6] as const)('are in every answer of IPv%i, first, whatever else is ranked', (family) => {
    for (let seed = 1; seed <= 5; seed++) {
      const store = crowded(family, seed);
      announce(store, home(1_000, family));
      for (const numWant of [1, 2, 10, 50]) {
        const { peers } = announce(store, { ...home(1_001, family), numWant });
        if (numWant < 41) expect(peers[0]).toBe('70:1000');
        else expect(peers).toContain('70:1000');
        expect(new Set(peers).size).toBe(Math.min(numWant, 41));
      }
      expect(announce(store, { ...home(1_000, family), numWant: 5 }).peers[0]).toBe('70:1001');
    }
  });

  it('take the place of the worst inner peer, not of the foreign ones', () => {
    const store = create({ foreignPeersMin: 2 });
    for (let host = 1; host <= 40; host++) announce(store, { host, group: HOME_A });
    for (let host = 100; host <= 110; host++) announce(store, { host, group: CHEAP });
    announce(store, home(1_000));
    const given = hosts(announce(store, { ...home(1_001), numWant: 10 }).peers);
    expect(given.filter((host) => host >= 100)).toHaveLength(2);
    expect(given).toHaveLength(10);
  });

  it('a seed is given its leechers only, and nobody those that may not be handed out', () => {
    const store = crowded();
    announce(store, { ...home(1_000), seed: true });
    announce(store, { ...home(1_001), withheld: true });
    announce(store, home(1_002));
    const behind = (spec: object): string[] =>
      announce(store, { ...home(1_003), numWant: 20, ...spec })
        .peers.filter((peer) => peer.startsWith('70:'))
        .sort();
    expect(behind({ seed: true })).toEqual(['70:1002']);
    expect(behind({ seed: false })).toEqual(['70:1000', '70:1002']);
    announce(store, { ...home(1_002), event: EVENT_STOPPED });
    expect(behind({ seed: true })).toEqual([]);
  });

  it('fill no more than half of an answer', () => {
    const store = crowded();
    for (let port = 1; port <= 5; port++) announce(store, home(port));
    const behind = (numWant: number): number =>
      announce(store, { ...home(5), numWant }).peers.filter((peer) => peer.startsWith('70:')).length;
    expect([behind(1), behind(5), behind(12), behind(30)]).toEqual([1, 3, 4, 4]);
  });

  it('are ranked like others where they are more than a home has: behind a carrier’s NAT they need not reach each other', () => {
    const store = crowded();
    for (let port = 1; port <= 20; port++) announce(store, home(port));
    const { peers } = announce(store, { ...home(30), numWant: 10 });
    expect(peers.filter((peer) => peer.startsWith('70:'))).toEqual([]);
  });

  it('two that have everything look for each other once one of them lacks something again', () => {
    const store = crowded();
    announce(store, { ...home(1_000), seed: true });
    announce(store, { ...home(1_001), seed: true });
    expect(announce(store, { ...home(1_000), numWant: 10 }).peers[0]).toBe('70:1001');
    expect(announce(store, { ...home(1_001), seed: true, numWant: 10 }).peers[0]).toBe('70:1000');
  });

  it('stay neighbours over a restart', () => {
    const store = crowded();
    announce(store, home(1_000));
    announce(store, home(1_001));
    const frames = [...store.exportFrames()].map((frame) => frame.slice());
    const again = create();
    const groupOf = (_family: number, word0: number): number => (word0 === 0xcb000000 + 70 ? HOME_B : HOME_A);
    for (const frame of frames) again.importFrame(frame, { nowSeconds: 1_000 }, 1_000, 10, groupOf);
    expect(announce(again, { ...home(1_000), now: 1_100, numWant: 5 }).peers[0]).toBe('70:1001');
  });

  it('another /64 is another home', () => {
    const store = crowded(6);
    announce(store, { family: 6, host: 71, port: 1_000, group: HOME_B });
    expect(announce(store, { ...home(1_001, 6), numWant: 10 }).peers).not.toContain('71:1000');
  });

  it('count where an original tracker named them', () => {
    const store = crowded();
    announce(store, home(1_000));
    const peer = { family: 4, words: [(0xcb000000 + 70) >>> 0], port: 1_001, group: HOME_B, seed: false } as const;
    store.addUpstreamPeers(infoHash(1), [peer], 600, 1_000);
    expect(announce(store, { ...home(1_000), numWant: 5 }).peers[0]).toBe('70:1001');
  });

  it('a client that has nobody inner is always given the foreign seed that there is', () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (const mix of [{}, { gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3 }]) {
        const store = create({ foreignPeersMax: 20, ...mix }, seed);
        for (let host = 100; host < 160; host++) announce(store, { host, group: CHEAP });
        announce(store, { host: 199, group: DEAR, seed: true });
        const given = hosts(announce(store, { host: 1 }).peers);
        expect(given).toHaveLength(20);
        expect(given[0]).toBe(199);
      }
    }
  });
});
