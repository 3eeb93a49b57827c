/**
 * The peers of a run, the same for every tracker and every round. A peer's torrent is drawn with
 * weight(i) = N/P + exp(6.5 − 500·i/N): a heavy head over a uniform tail. Three of four are seeds.
 */
import { createRandom, type Random } from '../src/domain/random.js';

export interface WorkloadShape {
  readonly torrents: number;
  readonly peers: number;
  /** Addresses that announces come from; peers are spread over them evenly. */
  readonly sources: number;
  /** All torrents have as many peers; without it the weights above. */
  readonly even?: boolean;
  /** Info-hashes as an attacker chooses them: all but the last eight bytes are equal. */
  readonly equalPrefix?: boolean;
  /** Only swarms of some of the workers of a tracker. */
  readonly owners?: { readonly workers: number; readonly among: readonly number[] };
}

export const INFO_HASH_BYTES = 20;
const SEED_SHARE = 0.75;
const FIRST_PORT = 1_024;
const PORTS = 64_000;
const SEED = 20_260_101;

export class Workload {
  readonly shape: WorkloadShape;
  readonly torrentOf: Uint32Array;
  readonly sourceOf: Uint16Array;
  readonly portOf: Uint16Array;
  /** 1: the peer has everything. */
  readonly seedOf: Uint8Array;
  readonly infoHashes: Uint8Array;
  /** Peers announce in turn; the turn goes on from one measurement to the next. */
  nextPeer = 0;

  constructor(shape: WorkloadShape) {
    const { torrents, peers, sources, even = false } = shape;
    const random = createRandom(SEED);
    this.shape = shape;
    this.torrentOf = new Uint32Array(peers);
    this.sourceOf = new Uint16Array(peers);
    this.portOf = new Uint16Array(peers);
    this.seedOf = new Uint8Array(peers);
    this.infoHashes = infoHashesOf(shape);
    const cumulative = even ? new Float64Array(0) : cumulativeWeights(torrents, peers);
    const total = even ? 0 : cumulative[torrents - 1]!;
    for (let i = 0; i < peers; i++) {
      this.torrentOf[i] = even ? i % torrents : lowerBound(cumulative, unit(random) * total);
      const source = i % sources;
      this.sourceOf[i] = source;
      // Peers of one source differ in their port, so that no two peers of a torrent are the same endpoint by accident.
      this.portOf[i] = FIRST_PORT + ((Math.floor(i / sources) * 7_919 + source * 251) % PORTS);
      this.seedOf[i] = unit(random) < SEED_SHARE ? 1 : 0;
    }
    shuffle(random, this.torrentOf);
  }

  takePeer(): number {
    const peer = this.nextPeer;
    this.nextPeer = peer + 1 === this.shape.peers ? 0 : peer + 1;
    return peer;
  }
}

const EQUAL_WORDS = 3;
const INFO_HASH_WORDS = INFO_HASH_BYTES / 4;

/** Random-looking hashes that any process can make again from the shape. */
export function infoHashesOf({ torrents, equalPrefix = false, owners }: WorkloadShape): Uint8Array {
  const random = createRandom(SEED + 1);
  const hashes = new Uint8Array(torrents * INFO_HASH_BYTES);
  const words = new Uint32Array(hashes.buffer);
  for (let i = 0; i < words.length; i++) {
    const isEqual = equalPrefix && i >= INFO_HASH_WORDS && i % INFO_HASH_WORDS < EQUAL_WORDS;
    words[i] = isEqual ? words[i % INFO_HASH_WORDS]! : random.nextUint32();
  }
  for (let i = 0; owners !== undefined && i < torrents; i++) {
    giveTo(hashes, INFO_HASH_BYTES * i, owners.among[i % owners.among.length]!, owners.workers);
  }
  return hashes;
}

/** Changes an info-hash so that it belongs to this worker; see `src/tracker/workers/owner.ts`. */
function giveTo(hashes: Uint8Array, at: number, owner: number, workers: number): void {
  const view = new DataView(hashes.buffer, hashes.byteOffset + at, INFO_HASH_BYTES);
  const word = view.getUint32(0);
  view.setUint32(0, Math.max(0, word - workers) - (Math.max(0, word - workers) % workers) + owner);
}

function cumulativeWeights(torrents: number, peers: number): Float64Array {
  const sums = new Float64Array(torrents);
  let sum = 0;
  for (let i = 0; i < torrents; i++) {
    sum += torrents / peers + Math.exp(6.5 - (500 * i) / torrents);
    sums[i] = sum;
  }
  return sums;
}

function lowerBound(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function unit(random: Random): number {
  return random.nextUint32() / 0x1_0000_0000;
}

function shuffle(random: Random, values: Uint32Array): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const value = values[i]!;
    values[i] = values[j]!;
    values[j] = value;
  }
}
