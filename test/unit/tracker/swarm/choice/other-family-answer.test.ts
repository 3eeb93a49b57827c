import { describe, expect, it } from 'vitest';
import { AnnounceOutcome } from '../../../../../src/tracker/swarm/announce-outcome.js';
import type { SwarmStore } from '../../../../../src/tracker/swarm/swarm-store.js';
import {
  type Announce,
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
  readPeers,
  requestOf,
} from '../store-fixture.js';

const LAYOUTS = {
  small: { smallMax: 200, rankedMax: 400 },
  ranked: { smallMax: 2, rankedMax: 400 },
  bucketed: { smallMax: 2, rankedMax: 4 },
};
const out = new Uint8Array(200 * 18);

/** Announces as over HTTP: what the two families give. */
function mixed(store: SwarmStore, spec: Announce, want = 50): { own: number[]; other: number[] } {
  const request = requestOf({ numWant: want, ...spec });
  const requester = store.announce(request, new AnnounceOutcome());
  const given = store.select(request, requester, out, 0, want);
  const own = hosts(readPeers(out, given, request.family));
  const count = store.selectOther(request, requester, out, 0, want - given);
  return { own, other: hosts(readPeers(out, count, request.family === 4 ? 6 : 4)) };
}

describe.each(Object.entries(LAYOUTS))('an answer with both families in a %s swarm', (_, layout) => {
  const filled = (family: 4 | 6, count: number, spec: Partial<Announce> = {}): SwarmStore => {
    const store = createStore(layout);
    for (let i = 0; i < count; i++) announce(store, { host: 100 + i, family, seed: true, ...spec });
    return store;
  };

  it.each([
    [6, 4],
    [4, 6],
  ] as const)('finds over IPv%i the only seeds, which are on IPv%i', (own, other) => {
    const store = filled(other, 3);
    expect(mixed(store, { host: 1, family: own }).other.sort()).toEqual([100, 101, 102]);
  });

  it('holds no more than are wanted, and nobody of the other family where the own one gives enough', () => {
    const store = filled(6, 40);
    expect(mixed(store, { host: 1 }, 10).other).toHaveLength(10);
    for (let i = 0; i < 40; i++) announce(store, { host: 200 + i, seed: true });
    const { own, other } = mixed(store, { host: 1 }, 30);
    expect([own.length, other.length]).toEqual([30, 0]);
  });

  it('names a peer once, and not the client itself, where both are there with both families', () => {
    const store = createStore(layout);
    for (let host = 1; host <= 20; host++) {
      for (const family of [4, 6] as const) announce(store, { host, family, peerId: host, key: 7 });
    }
    announce(store, { host: 30, family: 6, peerId: 30, key: 7 });
    const { own, other } = mixed(store, { host: 40, peerId: 40, key: 7 });
    expect(own).toHaveLength(20);
    expect(other).toEqual([30]);
    // One that is there with both families asks over both.
    expect(mixed(store, { host: 5, family: 6, peerId: 5, key: 7 }).other).toEqual([]);
  });

  it('gives seeds no seeds', () => {
    const store = filled(6, 3);
    announce(store, { host: 50, family: 6 });
    expect(mixed(store, { host: 1, seed: true }).other).toEqual([50]);
  });

  it('keeps foreign peers as few as the mix has planned for both families', () => {
    const policy = costTable(FIXTURE_GROUPS, { mix: { foreignPeersMax: 6, enoughInnerPeers: 12 } });
    const store = createStore({ ...layout, policy });
    for (let i = 0; i < 3; i++) announce(store, { host: 100 + i, group: HOME_A });
    for (let i = 0; i < 4; i++) announce(store, { host: 200 + i, group: CHEAP });
    for (let i = 0; i < 30; i++) announce(store, { host: 300 + i, group: CHEAP, family: 6 });
    announce(store, { host: 400, group: HOME_A, family: 6 });
    const { own, other } = mixed(store, { host: 1, group: HOME_A });
    expect(own.filter((host) => host >= 200)).toHaveLength(4);
    expect(other.filter((host) => host < 400)).toHaveLength(2);
    expect(other[0]).toBe(400);
  });

  it('shows inner peers to strangers no more often than over one family', () => {
    const store = filled(6, 60, { group: HOME_A });
    const { own, other } = mixed(store, { host: 1, group: CHEAP });
    expect(own).toEqual([]);
    expect(other).toHaveLength(20);
  });
});
