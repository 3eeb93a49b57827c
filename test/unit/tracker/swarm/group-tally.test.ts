/** Peers by locality group, counted by the sweep that looks for silent peers. */
import { describe, expect, it } from 'vitest';
import { createGroupCounts, GroupTally, readGroupCounts } from '../../../../src/tracker/swarm/group-tally.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, CHEAP, createStore, HOME_A, HOME_B, infoHash } from './store-fixture.js';

const NOW = 1_000;
const WALL_MS = 1_700_000_000_000;

/** A store of one worker, and where it counts. The clock goes on by a millisecond at the end of each pass. */
function create(wallMs = WALL_MS) {
  const memory = createGroupCounts();
  let nowMs = wallMs;
  const groupTally = new GroupTally(memory, { nowMs: () => nowMs++ });
  return { memory, store: createStore({ smallMax: 8, rankedMax: 40, groupTally }) };
}

/** The rest of a pass and a whole one, in small slices as the housekeeping makes them. */
function pass(store: SwarmStore, memory: SharedArrayBuffer, now = NOW): void {
  const endedAt = () => readGroupCounts([memory])?.countedAtMs;
  for (let passes = 0; passes < 2; passes++) {
    const before = endedAt();
    while (endedAt() === before) store.sweeps.expire(now, 256);
  }
}

const counts = (...memories: SharedArrayBuffer[]) => Object.fromEntries(readGroupCounts(memories)?.groups ?? []);

describe('peers by locality group', () => {
  it('are not known before all swarms have been visited, and of no worker less', () => {
    const { memory, store } = create();
    expect(readGroupCounts([memory])).toBeNull();
    announce(store, { torrent: 1, host: 1, now: NOW });
    store.sweeps.expire(NOW, 4);
    expect(readGroupCounts([memory])).toBeNull();
    pass(store, memory);
    expect(readGroupCounts([memory])).toMatchObject({ countedAtMs: WALL_MS + 1 });
    expect(readGroupCounts([memory, createGroupCounts()])).toBeNull();
  });

  it('count peers of all layouts and both families once, seeds apart', () => {
    const { memory, store } = create();
    // Bucketed, ranked and small.
    for (let host = 1; host <= 60; host++)
      announce(store, { torrent: 1, host, group: host % 3 === 0 ? HOME_B : HOME_A, now: NOW });
    for (let host = 1; host <= 20; host++)
      announce(store, { torrent: 2, host, group: CHEAP, seed: host <= 5, now: NOW });
    announce(store, { torrent: 3, host: 1, now: NOW, key: 7, peerId: 7 });
    // The same client over IPv6, and another one.
    announce(store, { torrent: 3, host: 1, family: 6, now: NOW, key: 7, peerId: 7 });
    announce(store, { torrent: 3, host: 2, family: 6, now: NOW });
    // Named by an original tracker.
    const named = [{ family: 4 as const, words: [0xcb009999], port: 6881, seed: true, group: CHEAP, withheld: false }];
    store.addUpstreamPeers(infoHash(3), named as never, 600, NOW);
    pass(store, memory);
    expect(counts(memory)).toEqual({
      [HOME_A]: { seeds: 0, leechers: 42 },
      [HOME_B]: { seeds: 0, leechers: 20 },
      [CHEAP]: { seeds: 5, leechers: 15 },
    });
  });

  it('forget those that are gone with the next pass', () => {
    const { memory, store } = create();
    for (let host = 1; host <= 20; host++) announce(store, { torrent: 1, host, group: HOME_B, now: NOW });
    announce(store, { torrent: 2, host: 1, now: NOW });
    pass(store, memory);
    expect(counts(memory)).toEqual({
      [HOME_A]: { seeds: 0, leechers: 1 },
      [HOME_B]: { seeds: 0, leechers: 20 },
    });
    announce(store, { torrent: 2, host: 1, seed: true, now: NOW + 3_000 });
    pass(store, memory, NOW + 3_000);
    expect(counts(memory)).toEqual({ [HOME_A]: { seeds: 1, leechers: 0 } });
  });

  it('are added up over workers, with the age of the oldest count', () => {
    const one = create(WALL_MS);
    const other = create(WALL_MS - 20_000);
    announce(one.store, { torrent: 1, host: 1, now: NOW });
    announce(other.store, { torrent: 2, host: 1, now: NOW });
    announce(other.store, { torrent: 2, host: 2, group: CHEAP, seed: true, now: NOW });
    pass(one.store, one.memory);
    pass(other.store, other.memory);
    expect(counts(one.memory, other.memory)).toEqual({
      [HOME_A]: { seeds: 0, leechers: 2 },
      [CHEAP]: { seeds: 1, leechers: 0 },
    });
    expect(readGroupCounts([one.memory, other.memory])?.countedAtMs).toBe(WALL_MS - 20_000 + 1);
  });

  it('are read again after a worker that ended while it wrote', () => {
    const { memory, store } = create();
    announce(store, { torrent: 1, host: 1, now: NOW });
    pass(store, memory);
    new Int32Array(memory)[0]!++;
    expect(readGroupCounts([memory])).toBeNull();
    new GroupTally(memory, { nowMs: () => WALL_MS });
    expect(counts(memory)).toEqual({ [HOME_A]: { seeds: 0, leechers: 1 } });
  });
});
