/**
 * Snapshots of the swarms, damaged in any way, also with checksums that fit the damage: what is whole comes back, the
 * rest is said to be damaged, and the store that took it works on.
 */
import type { Random } from '../../../src/domain/random.js';
import { restoreSwarms } from '../../../src/tracker/snapshot-import.js';
import { crc32 } from '../../../src/tracker/swarm/crc32.js';
import {
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
} from '../../../src/tracker/swarm/snapshot-codec.js';
import type { SwarmStore } from '../../../src/tracker/swarm/swarm-store.js';
import { announce, createStore, HOME_A } from '../../unit/tracker/swarm/store-fixture.js';
import { type FuzzSubject, type FuzzTarget, holds, pick } from '../fuzz-target.js';

const ARENA_BYTES = 1024 * 1024;
const THRESHOLDS = { smallMax: 4, rankedMax: 12, intervalSeconds: 1_000, arenaBytes: ARENA_BYTES };
const TAKEN_AT_SECONDS = 1_010;
const NOW_SECONDS = 2_000;
const TAKEN_AT_MS = 1_700_000_000_000;
/** Making one takes longer than reading it, so each is used many times. */
const WHOLE_SNAPSHOTS = 20;
const HEADER_BYTES = 28;
const FRAME_HEADER_BYTES = 8;
/** The first byte of an input: with this bit set, checksums are made to fit. */
const SEALED = 1;
const rules = { groupOf: () => HOME_A };

export const snapshot: FuzzTarget = {
  name: 'snapshot',
  about: 'swarm snapshots: loaded or said to be damaged; the store answers, expires and is saved again all the same',
  words: ['ATSWARM', new Uint8Array([0, 0, 0, 0]), new Uint8Array([255, 255, 255, 255]), new Uint8Array([9, 0, 0, 0])],
  maxInputBytes: 60_000,
  create: createSnapshots,
};

function createSnapshots(): FuzzSubject {
  const made: Uint8Array[] = [];
  return {
    make(random) {
      if (made.length < WHOLE_SNAPSHOTS) made.push(makeSnapshot(random));
      const bytes = pick(random, made).slice();
      bytes[0] = random.below(4);
      return bytes;
    },
    run: runSnapshot,
  };
}

function makeSnapshot(random: Random): Uint8Array {
  const store = createStore(THRESHOLDS);
  for (let torrent = 1; torrent <= 1 + random.below(4); torrent++) {
    const peers = pick(random, [1, 3, 8, 30]);
    for (let host = 1; host <= peers; host++) {
      announce(store, { torrent, host, seed: host % 3 === 0, family: host % 5 === 0 ? 6 : 4, now: 1_000 + (host % 9) });
    }
  }
  return new Uint8Array(Buffer.concat([Buffer.of(0), save(store)]));
}

function save(store: SwarmStore): Uint8Array {
  const frames = [...store.exportFrames()].map((frame) => encodeSnapshotFrame(frame));
  const header = encodeSnapshotHeader({ takenAtMs: TAKEN_AT_MS, nowSeconds: TAKEN_AT_SECONDS });
  return new Uint8Array(Buffer.concat([header, ...frames, encodeSnapshotEnd(frames.length)]));
}

function runSnapshot(input: Uint8Array): string {
  const bytes = input.slice(1);
  if (((input[0] ?? 0) & SEALED) !== 0) seal(bytes);
  const store = createStore(THRESHOLDS);
  const restored = restoreSwarms(store, bytes, rules, TAKEN_AT_MS + 5_000, NOW_SECONDS);
  const before = store.stats;
  holds(restored.peers === before.peers && before.peers >= 0, 'what came back is counted');
  if (restored.damage !== null) holds(restored.damage !== '', 'damage is described');
  checkSavedAgain(store);
  // The store goes on: a client joins each swarm and is answered, and all peers run out in the end.
  for (let torrent = 1; torrent <= 5; torrent++) announce(store, { torrent, host: 77, now: NOW_SECONDS });
  holds(store.stats.peers >= before.peers, 'clients still join', () => `${store.stats.peers} < ${before.peers}`);
  for (const second of [NOW_SECONDS + 2_000, NOW_SECONDS + 4_000]) store.expire(second, 100_000);
  holds(store.stats.peers === 0, 'every peer runs out', () => `${store.stats.peers} are left of ${before.peers}`);
  if (restored.damage === null) return 'loaded';
  return before.peers > 0 ? 'part loaded' : 'damaged';
}

function checkSavedAgain(store: SwarmStore): void {
  const again = createStore(THRESHOLDS);
  const { damage } = restoreSwarms(again, save(store), rules, TAKEN_AT_MS, TAKEN_AT_SECONDS);
  holds(damage === null, 'what came back can be saved again', () => String(damage));
  holds(again.stats.peers <= store.stats.peers, 'no peer comes from nowhere');
}

/** Puts checksums that fit on the header and on each frame whose length fits the file. */
function seal(bytes: Uint8Array): void {
  if (bytes.length < HEADER_BYTES) return;
  const view = new DataView(bytes.buffer);
  view.setUint32(24, crc32(bytes.subarray(0, 24)), true);
  for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true) || 4;
    const payload = at + FRAME_HEADER_BYTES;
    if (payload + length > bytes.length) return;
    view.setUint32(at + 4, crc32(bytes.subarray(payload, payload + length)), true);
    at = payload + length;
  }
}
