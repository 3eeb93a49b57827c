/**
 * Snapshots of the swarms, damaged in any way, also with checksums that fit the damage: what is whole comes back, the
 * rest is said to be damaged, and the store that took it works on.
 */
import type { Random } from '../../../src/domain/random.js';
import { restoreSwarms } from '../../../src/tracker/snapshot-import.js';
import { crc32 } from '../../../src/tracker/swarm/snapshot/crc32.js';
import {
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
} from '../../../src/tracker/swarm/snapshot/snapshot-codec.js';
import type { SwarmStore } from '../../../src/tracker/swarm/swarm-store.js';
import { announce, createStore, HOME_A } from '../../unit/tracker/swarm/store-fixture.js';
import { type FuzzSubject, type FuzzTarget, holds, pick } from '../fuzz-target.js';

const ARENA_BYTES = 1024 * 1024;
const THRESHOLDS = { smallMax: 4, rankedMax: 12, intervalSeconds: 1_000, arenaBytes: ARENA_BYTES };
const TAKEN_AT_SECONDS = 1_010;
const FIRST_SECOND = 2_000;
const LONGER_THAN_PEERS_LIVE_SECONDS = 4_000;
const USES_OF_A_STORE = 40;
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
  stateful: true,
  create: createSnapshots,
};

function createSnapshots(): FuzzSubject {
  const made: Uint8Array[] = [];
  const tried = new TriedStores();
  return {
    make(random) {
      if (made.length < WHOLE_SNAPSHOTS) made.push(makeSnapshot(random));
      const bytes = pick(random, made).slice();
      bytes[0] = random.below(4);
      return bytes;
    },
    run(input) {
      const bytes = input.slice(1);
      if (((input[0] ?? 0) & SEALED) !== 0) seal(bytes);
      return tried.load(bytes);
    },
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
  return new Uint8Array(Buffer.concat([Buffer.of(0), save(store, TAKEN_AT_SECONDS)]));
}

function save(store: SwarmStore, nowSeconds: number): Uint8Array {
  const frames = [...store.exportFrames()].map((frame) => encodeSnapshotFrame(frame));
  const header = encodeSnapshotHeader({ takenAtMs: TAKEN_AT_MS, nowSeconds });
  return new Uint8Array(Buffer.concat([header, ...frames, encodeSnapshotEnd(frames.length)]));
}

/** A store costs more to make than a snapshot to load, so it is emptied and used again, until hostile torrents stay in it. */
class TriedStores {
  #uses = 0;
  #nowSeconds = FIRST_SECOND;
  #store = createStore(THRESHOLDS);
  #copy = createStore(THRESHOLDS);

  load(bytes: Uint8Array): string {
    if (++this.#uses % USES_OF_A_STORE === 0) {
      this.#store = createStore(THRESHOLDS);
      this.#copy = createStore(THRESHOLDS);
    }
    this.#nowSeconds += LONGER_THAN_PEERS_LIVE_SECONDS;
    const store = this.#store;
    const now = this.#nowSeconds;
    const restored = restoreSwarms(store, bytes, rules, TAKEN_AT_MS + 5_000, now);
    const { peers } = store.stats;
    holds(restored.peers === peers && peers >= 0, 'what came back is counted');
    if (restored.damage !== null) holds(restored.damage !== '', 'damage is described');
    this.#saveAgain();
    // The store goes on: a client joins each swarm and is answered, and all peers run out in the end.
    for (let torrent = 1; torrent <= 5; torrent++) announce(store, { torrent, host: 77, now });
    holds(store.stats.peers >= peers, 'clients still join', () => `${store.stats.peers} < ${peers}`);
    this.#empty(store);
    if (restored.damage === null) return 'loaded';
    return peers > 0 ? 'part loaded' : 'damaged';
  }

  #saveAgain(): void {
    const copy = this.#copy;
    const saved = save(this.#store, this.#nowSeconds);
    const { damage, peers } = restoreSwarms(copy, saved, rules, TAKEN_AT_MS, this.#nowSeconds);
    holds(damage === null, 'what came back can be saved again', () => String(damage));
    holds(
      peers === this.#store.stats.peers,
      'what is saved comes back',
      () => `${peers} of ${this.#store.stats.peers}`,
    );
    this.#empty(copy);
  }

  #empty(store: SwarmStore): void {
    for (const share of [0.5, 1]) {
      store.sweeps.expire(this.#nowSeconds + Math.floor(share * LONGER_THAN_PEERS_LIVE_SECONDS), 100_000);
    }
    holds(store.stats.peers === 0, 'every peer runs out', () => `${store.stats.peers} are left`);
  }
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
