/** Answers to households that are not localised: a uniform draw from all offered peers, in every layout, without gateways. */
import { describe, expect, it } from 'vitest';
import { HOUSEHOLD_CONTROL, HOUSEHOLD_PLAIN } from '../../../../src/selection/household-groups.js';
import { AnnounceOutcome } from '../../../../src/tracker/swarm/announce-outcome.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  type Announce,
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  hosts,
  infoHash,
  readPeers,
  requestOf,
  SWARM_KINDS,
} from './store-fixture.js';

const out = new Uint8Array(400 * 18);

function announceAs(household: 1 | 2, store: SwarmStore, spec: Announce, isShadowed = false) {
  const request = requestOf(spec);
  request.household = household;
  request.isShadowed = isShadowed;
  const outcome = new AnnounceOutcome();
  const requester = store.announce(request, outcome);
  const count = store.select(request, requester, out, 0, 200);
  return { outcome, requester, peers: hosts(readPeers(out, count, request.family)) };
}

describe.each(SWARM_KINDS)('in a %s swarm', (_kind, thresholds) => {
  const create = () =>
    createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      policy: costTable(FIXTURE_GROUPS, { mix: { gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3 } }),
      ...thresholds,
    });
  /** Hosts 1 … 20 inside, 101 … 160 outside. */
  const filled = (family: 4 | 6 = 4) => {
    const store = create();
    for (let host = 1; host <= 20; host++) announce(store, { host, family, numWant: 0 });
    for (let host = 101; host <= 160; host++) announce(store, { host, family, group: CHEAP, numWant: 0 });
    return store;
  };

  it.each([4, 6] as const)('each peer is drawn equally often over IPv%i, and never the requester', (family) => {
    const store = filled(family);
    const drawn = new Map<number, number>();
    const draws = 1_200;
    for (let i = 0; i < draws; i++) {
      const { peers, requester } = announceAs(HOUSEHOLD_CONTROL, store, { host: 1, family, numWant: 20, now: 1_000 });
      expect(peers).toHaveLength(20);
      expect(new Set(peers).size).toBe(20);
      expect(peers).not.toContain(1);
      expect(requester.foreignGiven).toBe(peers.filter((host) => host > 100).length);
      for (const host of peers) drawn.set(host, (drawn.get(host) ?? 0) + 1);
    }
    const expected = (draws * 20) / 79;
    expect(drawn.size).toBe(79);
    // Four standard deviations are 53.
    for (const [host, times] of drawn) expect(Math.abs(times - expected), `host ${host}`).toBeLessThan(70);
  });

  it('peers are in random order, so that a client that tries them in order has no preference', () => {
    const store = filled();
    let first = 0;
    for (let i = 0; i < 400; i++) {
      const { peers } = announceAs(HOUSEHOLD_PLAIN, store, { host: 1, numWant: 20 });
      if (peers[0]! <= 20) first++;
    }
    // 19 of 79 candidates are inside.
    expect(first / 400).toBeGreaterThan(0.14);
    expect(first / 400).toBeLessThan(0.36);
  });

  it('all peers are given if they fit, and a seed is not given seeds', () => {
    const store = filled();
    announce(store, { host: 30, seed: true, numWant: 0 });
    announce(store, { host: 130, seed: true, group: CHEAP, numWant: 0 });
    const all = [...Array.from({ length: 19 }, (_, i) => i + 2), 30, ...Array.from({ length: 60 }, (_, i) => i + 101)];
    const { peers } = announceAs(HOUSEHOLD_PLAIN, store, { host: 1, numWant: 200 });
    expect(peers.sort((a, b) => a - b)).toEqual(all);
    const toSeed = announceAs(HOUSEHOLD_PLAIN, store, { host: 31, seed: true, numWant: 200 }).peers;
    expect(toSeed).toHaveLength(79);
    expect(toSeed).not.toContain(30);
    expect(toSeed).not.toContain(130);
  });

  it('nobody becomes a gateway by a random answer', () => {
    const store = filled();
    const { gateways } = store.explain({ infoHash: infoHash(1), family: 4, words: [1], group: 1 }, 50);
    announceAs(HOUSEHOLD_CONTROL, store, { host: 40, numWant: 20 });
    expect(store.explain({ infoHash: infoHash(1), family: 4, words: [1], group: 1 }, 50).gateways).toBe(gateways);
  });

  it('in shadow mode the localised answer is computed as well, and the random one is given', () => {
    const store = filled();
    const { requester, peers } = announceAs(HOUSEHOLD_PLAIN, store, { host: 1, numWant: 60 }, true);
    expect(peers).toHaveLength(60);
    expect(requester.shadowGiven).toBeGreaterThan(0);
    expect(requester.shadowForeign).toBeLessThan(requester.foreignGiven);
  });

  it('a leecher that is answered at random asks the originals however many inner peers there are', () => {
    const store = createStore({ ...thresholds, upstreamWantedBelow: 12, upstreamAskEverySeconds: 300 });
    for (let host = 1; host <= 20; host++) announce(store, { host, seed: host < 10, numWant: 0, now: 1_000 });
    expect(announce(store, { host: 50, now: 2_000 }).outcome.needsUpstream).toBe(false);
    expect(announceAs(HOUSEHOLD_CONTROL, store, { host: 51, now: 2_001 }).outcome.needsUpstream).toBe(true);
    expect(announceAs(HOUSEHOLD_CONTROL, store, { host: 52, now: 2_002 }).outcome.needsUpstream, 'once a period').toBe(
      false,
    );
    const seed = announceAs(HOUSEHOLD_CONTROL, store, { host: 53, seed: true, now: 2_400 });
    expect(seed.outcome.needsUpstream, 'a seed').toBe(false);
    expect(announceAs(HOUSEHOLD_CONTROL, store, { host: 54, now: 2_400 }).outcome.needsUpstream).toBe(true);
  });
});
