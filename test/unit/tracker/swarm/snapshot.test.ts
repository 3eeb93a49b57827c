import { describe, expect, it } from 'vitest';
import { EVENT_COMPLETED } from '../../../../src/tracker/announce-request.js';
import { crc32, crc32ByTable } from '../../../../src/tracker/swarm/snapshot/crc32.js';
import {
  decodeSnapshot,
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
  SnapshotDamagedError,
} from '../../../../src/tracker/swarm/snapshot/snapshot-codec.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, CHEAP, createStore, dropSwarm, HOME_A, hosts, infoHash } from './store-fixture.js';

const THRESHOLDS = { smallMax: 4, rankedMax: 40, intervalSeconds: 1000 };

/** A small, a ranked and a bucketed swarm, both families, and a kept empty one. */
function populated(largest = 900): SwarmStore {
  const store = createStore(THRESHOLDS);
  for (const [torrent, count] of [
    [1, 3],
    [2, 30],
    [3, largest],
  ] as const) {
    for (let host = 1; host <= count; host++) {
      const seed = host % 3 === 0;
      const spec = { torrent, host, seed, event: seed ? EVENT_COMPLETED : 0, now: 1000 + (host % 7) };
      const { requester } = announce(store, spec);
      if (host % 6 === 0) store.noteInnerCompletion(requester);
      if (host % 5 === 0) announce(store, { torrent, host, family: 6, now: 1000 });
    }
  }
  store.setPinned(infoHash(4), true);
  return store;
}

function save(store: SwarmStore, nowSeconds: number): Uint8Array {
  const parts = [encodeSnapshotHeader({ takenAtMs: 1_700_000_000_123, nowSeconds })];
  let frames = 0;
  for (const frame of store.exportFrames()) {
    parts.push(encodeSnapshotFrame(frame));
    frames++;
  }
  parts.push(encodeSnapshotEnd(frames));
  return Uint8Array.from(Buffer.concat(parts));
}

function load(bytes: Uint8Array, store: SwarmStore, nowSeconds: number, elapsedSeconds: number, group = HOME_A): void {
  const snapshot = decodeSnapshot(bytes);
  for (const frame of snapshot.frames()) store.importFrame(frame, snapshot, nowSeconds, elapsedSeconds, () => group);
}

describe('a snapshot', () => {
  it('brings every swarm back', () => {
    const before = populated();
    const after = createStore(THRESHOLDS);
    const bytes = save(before, 1010);
    load(bytes, after, 20, 5);
    const summary = (store: SwarmStore) =>
      store.listSwarms(0, 100).swarms.sort((a, b) => (a.infoHash < b.infoHash ? -1 : 1));
    expect(summary(after)).toEqual(summary(before));
    const { peers, seeds } = before.stats;
    expect(after.stats).toMatchObject({ peers, seeds });
    expect(after.swarm(infoHash(3))).toMatchObject({ completed: 300, completedInner: 150, kept: false });
    expect(decodeSnapshot(bytes).takenAtMs).toBe(1_700_000_000_123);
    load(bytes, after, 20, 5);
    expect(after.stats.peers, 'repeats are seen').toBe(peers);
  });

  it('ages count on, through the time when nothing ran', () => {
    const after = createStore(THRESHOLDS);
    load(save(populated(), 1010), after, 20, 1495);
    // Seen at 1005 and 1006, that is 5 and 4 seconds before the snapshot, 1,500 and 1,499 ago.
    const { peers } = after.stats;
    expect(peers).toBeGreaterThan(0);
    expect(peers).toBeLessThan(300);
    expect(after.sweeps.expire(21, 1_000_000)).toBe(peers);
  });

  it('groups are looked up in the topology now in force', () => {
    const after = createStore(THRESHOLDS);
    load(save(populated(), 1010), after, 20, 0, CHEAP);
    announce(after, { torrent: 1, host: 90, group: HOME_A, now: 20 });
    expect(
      after.explain({ infoHash: infoHash(1), family: 4, words: [1], group: HOME_A, seed: false }, 50).classes[0],
    ).toMatchObject({ group: HOME_A, count: 1 });
    expect(
      after.explain({ infoHash: infoHash(1), family: 4, words: [1], group: HOME_A, seed: false }, 50).classes[1],
    ).toMatchObject({ group: CHEAP, tier: 2 });
  });

  it('a peer that came back from it keeps its place and can move to a new port again', () => {
    const after = createStore(THRESHOLDS);
    load(save(populated(), 1010), after, 20, 0);
    expect(announce(after, { torrent: 1, host: 1, peerId: 5, now: 100 }).outcome).toMatchObject({ known: true });
    const { outcome } = announce(after, { torrent: 1, host: 1, port: 9, peerId: 5, now: 100 });
    expect(outcome).toMatchObject({ known: true, seeds: 1, leechers: 2 });
  });

  it('the store may be used between two slices', () => {
    const store = populated();
    for (const frame of store.exportFrames()) {
      expect(frame.length).toBeGreaterThan(0);
      dropSwarm(store, 3, 1000);
      announce(store, { torrent: 77, host: 1 });
    }
    expect(hosts(announce(store, { torrent: 2, host: 99 }).peers)).toHaveLength(30);
  });

  it('is refused in plain words where it is damaged, wherever that is', () => {
    const bytes = save(populated(60), 1010);
    const reader = createStore(THRESHOLDS);
    const tryLoad = (damaged: Uint8Array) => () => load(damaged, reader, 20, 5);
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = bytes.slice();
      damaged[at] = damaged[at]! ^ 0x41;
      expect(tryLoad(damaged), `byte ${at}`).toThrow(SnapshotDamagedError);
      expect(tryLoad(bytes.subarray(0, at)), `cut at ${at}`).toThrow(SnapshotDamagedError);
    }
    expect(tryLoad(Buffer.from('not a snapshot at all, not a snapshot'))).toThrow('not a swarm snapshot');
  });

  it('a frame that contradicts itself is damage', () => {
    const store = createStore(THRESHOLDS);
    const frame = Uint32Array.from([1, 2, 3, 4, 5, 0, 0, 1000, 0]);
    expect(() => store.importFrame(frame, { nowSeconds: 1 }, 1, 0, () => 0)).toThrow(SnapshotDamagedError);
  });

  it('both ways of computing the checksum agree', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
    expect(crc32ByTable(bytes)).toBe(crc32(bytes));
    expect(crc32ByTable(Buffer.from('123456789'))).toBe(0xcbf43926);
  });
});
