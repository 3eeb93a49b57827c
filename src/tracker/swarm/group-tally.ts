/**
 * The peers that announce here, by locality group, in shared memory. The sweep that looks for silent peers visits every peer about
 * twice a minute and counts it on the way, so announces do no work for this. The counts of a pass are published when it ends. A peer
 * that moves within its swarm during the pass may be counted twice or not at all.
 */
import type { Clock } from '../../domain/clock.js';
import { MAX_GROUPS } from '../../domain/locality-group.js';

const GROUPS = MAX_GROUPS + 1;
/** Odd while the worker writes. */
const VERSION = 0;
/** Groups above this number have no peers. */
const LAST_GROUP = 1;
const HEADER_WORDS = 2;
const COUNTED_AT_BYTES = HEADER_WORDS * Int32Array.BYTES_PER_ELEMENT;
const COUNTS_BYTES = COUNTED_AT_BYTES + Float64Array.BYTES_PER_ELEMENT;
/** A reader that finds the worker writing each time gives up. */
const READ_TRIES = 100;

export function createGroupCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTS_BYTES + 2 * GROUPS * Uint32Array.BYTES_PER_ELEMENT);
}

function fieldsOf(memory: ArrayBufferLike) {
  return {
    header: new Int32Array(memory, 0, HEADER_WORDS),
    /** Milliseconds since 1970; 0: no pass has ended. */
    countedAtMs: new Float64Array(memory, COUNTED_AT_BYTES, 1),
    /** Leechers and seeds of each group. */
    counts: new Uint32Array(memory, COUNTS_BYTES, 2 * GROUPS),
  };
}

/** For the worker, which alone writes. */
export class GroupTally {
  private readonly published: ReturnType<typeof fieldsOf>;
  /** Of the pass that runs. */
  private readonly counts = new Uint32Array(2 * GROUPS);
  private lastGroup = 0;

  constructor(
    memory: ArrayBufferLike,
    private readonly clock: Pick<Clock, 'nowMs'>,
  ) {
    this.published = fieldsOf(memory);
    // A worker that ended while it wrote has left an odd version.
    const { header } = this.published;
    if ((header[VERSION]! & 1) !== 0) Atomics.add(header, VERSION, 1);
  }

  /** The sweep has visited a peer. */
  note(group: number, isSeed: boolean): void {
    if (group > this.lastGroup) this.lastGroup = group;
    const at = 2 * group + (isSeed ? 1 : 0);
    this.counts[at] = this.counts[at]! + 1;
  }

  /** The sweep has visited all swarms. */
  endPass(): void {
    const { header, countedAtMs, counts } = this.published;
    const last = Math.max(this.lastGroup, header[LAST_GROUP]!);
    Atomics.add(header, VERSION, 1);
    counts.set(this.counts.subarray(0, 2 * (last + 1)));
    header[LAST_GROUP] = this.lastGroup;
    countedAtMs[0] = this.clock.nowMs();
    Atomics.add(header, VERSION, 1);
    this.counts.fill(0, 0, 2 * (this.lastGroup + 1));
    this.lastGroup = 0;
  }
}

export interface CountedPeers {
  readonly seeds: number;
  readonly leechers: number;
}

/** Peers by locality group, of all workers. */
export interface GroupCountsReading {
  /** When the oldest of the counts was made. */
  readonly countedAtMs: number;
  /** Groups with peers, by number. */
  readonly groups: ReadonlyMap<number, CountedPeers>;
}

/** @param memories of each worker one @returns null until each worker has counted all its swarms once */
export function readGroupCounts(memories: readonly ArrayBufferLike[]): GroupCountsReading | null {
  let countedAtMs = Number.POSITIVE_INFINITY;
  const groups = new Map<number, { seeds: number; leechers: number }>();
  for (const memory of memories) {
    const worker = readWorker(memory);
    if (worker === null) return null;
    countedAtMs = Math.min(countedAtMs, worker.countedAtMs);
    for (let group = 0; 2 * group < worker.counts.length; group++) {
      const leechers = worker.counts[2 * group]!;
      const seeds = worker.counts[2 * group + 1]!;
      if (leechers + seeds === 0) continue;
      const before = groups.get(group);
      groups.set(group, { seeds: seeds + (before?.seeds ?? 0), leechers: leechers + (before?.leechers ?? 0) });
    }
  }
  return { countedAtMs, groups };
}

function readWorker(memory: ArrayBufferLike): { readonly countedAtMs: number; readonly counts: Uint32Array } | null {
  const { header, countedAtMs, counts } = fieldsOf(memory);
  for (let tries = 0; tries < READ_TRIES; tries++) {
    const version = Atomics.load(header, VERSION);
    if ((version & 1) !== 0) continue;
    const at = countedAtMs[0]!;
    const copied = counts.slice(0, 2 * (header[LAST_GROUP]! + 1));
    if (Atomics.load(header, VERSION) === version) return at === 0 ? null : { countedAtMs: at, counts: copied };
  }
  return null;
}
