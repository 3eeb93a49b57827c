/**
 * Draws from one class of a bucketed swarm: peers of equal rank, as runs of buckets. Takes the whole class if it fits, else a
 * circular window. The window starts where the last draw from the class ended, and at regular intervals at a random peer.
 */
import type { Random } from '../../../domain/random.js';
import type { PeerSink } from '../../../selection/peer-sink.js';
import { BucketOrder } from '../layouts/bucket-order.js';
import type { BucketedSwarm } from '../layouts/bucketed-swarm.js';

/** Runs of one class: at most two lists of all partitions. */
export const MAX_RUNS = 64;
/** Buckets of one group that a draw reads; nearly all hold hundreds of peers. */
const MAX_LOOSE = 4096;
/** Instead of a list number: buckets that were added one by one. */
const LOOSE = 2;
/** Runs of fewer buckets than this are counted bucket by bucket. */
const SHORT_RUN = 16;

export class ClassDraw {
  private swarm!: BucketedSwarm;
  private orders: readonly [BucketOrder, BucketOrder] = [new BucketOrder(), new BucketOrder()];
  private requesters = 0;
  private runs = 0;
  private readonly lists = new Uint8Array(MAX_RUNS);
  private readonly from = new Uint32Array(MAX_RUNS);
  private readonly to = new Uint32Array(MAX_RUNS);
  private readonly peers = new Uint32Array(MAX_RUNS);
  private readonly looseIds = new Uint32Array(MAX_LOOSE);
  private loose = 0;
  /** Start of a walk: a run, a position in its order, a peer of the bucket there. */
  private startRun = 0;
  private startPosition = 0;
  private startOffset = 0;
  /** End of the walk. */
  private endList = 0;
  private endPosition = 0;
  private endOffset = 0;

  constructor(private readonly random: Random) {}

  /** @param requesters 0, or one more than the group that the orders are for: then their trees do not count peers */
  setSwarm(swarm: BucketedSwarm, orders: readonly [BucketOrder, BucketOrder], requesters: number): void {
    this.swarm = swarm;
    this.orders = orders;
    this.requesters = requesters;
  }

  /** Starts an empty class. */
  startClass(): void {
    this.runs = 0;
    this.loose = 0;
  }

  /** Adds the buckets [from, to) of a list's order. */
  addRun(list: number, from: number, to: number): void {
    if (from === to) return;
    this.lists[this.runs] = list;
    this.from[this.runs] = from;
    this.to[this.runs] = to;
    this.runs++;
  }

  addBucket(id: number): void {
    if (this.loose < MAX_LOOSE) this.looseIds[this.loose++] = id;
  }

  /** Writes peers of the class until the sink has `target` peers. */
  drawPeers(target: number, sink: PeerSink): void {
    this.addRun(LOOSE, 0, this.loose);
    if (this.runs === 0) return;
    const { drawPositions } = this.swarm;
    const drawn = this.classHash();
    const goesOn = drawPositions.recallDraw(drawn) && this.startAtLastDraw();
    const isRandom = !goesOn && this.startAtRandom(target - sink.written);
    this.walk(target, sink);
    if (!goesOn && !isRandom) return;
    const id = this.idsOf(this.endList)[this.endPosition]!;
    drawPositions.noteDraw(drawn, isRandom, this.endList, this.endPosition, id, this.endOffset);
  }

  /** How many peers the buckets [from, to) of a list's order hold. */
  countPeers(list: number, from: number, to: number): number {
    if (this.isCounted(list, from, to)) {
      const order = this.orders[list]!;
      return peersUpTo(order, to) - peersUpTo(order, from);
    }
    const ids = this.idsOf(list);
    let peers = 0;
    for (let i = from; i < to; i++) peers += this.swarm.sizes[ids[i]!]!;
    return peers;
  }

  /** A 32-bit hash that identifies a class within its swarm. */
  private classHash(): number {
    let hash = this.loose > 0 ? this.looseIds[0]! : this.requesters;
    for (let run = 0; run < this.runs; run++) {
      hash = Math.imul(hash ^ (this.from[run]! * 4 + this.lists[run]!), 0x9e3779b1);
      hash = Math.imul(hash ^ (hash >>> 15) ^ this.to[run]!, 0x85ebca6b);
    }
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  /** @returns false if the recalled position is no longer in this class */
  private startAtLastDraw(): boolean {
    const { list, position, id, offset } = this.swarm.drawPositions;
    for (let run = 0; run < this.runs; run++) {
      if (this.lists[run] !== list || position < this.from[run]! || position >= this.to[run]!) continue;
      if (this.idsOf(list)[position] !== id) return false;
      this.startRun = run;
      this.startPosition = position;
      this.startOffset = Math.min(offset, this.swarm.sizes[id]!);
      return true;
    }
    return false;
  }

  /** @returns false if the class has no more than `room` peers: the start is its first one then */
  private startAtRandom(room: number): boolean {
    let peers = 0;
    for (let run = 0; run < this.runs; run++) {
      this.peers[run] = this.countPeers(this.lists[run]!, this.from[run]!, this.to[run]!);
      peers += this.peers[run]!;
    }
    let run = 0;
    let skip = 0;
    if (peers > room) {
      skip = this.random.below(peers);
      while (skip >= this.peers[run]!) skip -= this.peers[run++]!;
    }
    this.startRun = run;
    this.startPosition = this.from[run]!;
    this.startOffset = skip;
    if (skip > 0) this.moveStart();
    return peers > room;
  }

  /** From the first bucket of the run to that of the peer at `startOffset`. */
  private moveStart(): void {
    const list = this.lists[this.startRun]!;
    if (this.isCounted(list, this.startPosition, this.to[this.startRun]!)) {
      const order = this.orders[list]!;
      const before = order.peersBefore(this.startPosition);
      this.startPosition = order.positionOfPeer(before + this.startOffset);
      this.startOffset -= order.peersBefore(this.startPosition) - before;
      return;
    }
    const ids = this.idsOf(list);
    for (;;) {
      const size = this.swarm.sizes[ids[this.startPosition]!]!;
      if (this.startOffset < size) return;
      this.startOffset -= size;
      this.startPosition++;
    }
  }

  /** Walks from the start to the end of its run, then through the other runs and back to the start, until there are enough. */
  private walk(target: number, sink: PeerSink): void {
    const first = this.startRun;
    const start = this.startPosition;
    this.endList = this.lists[first]!;
    this.endPosition = start;
    this.endOffset = this.startOffset;
    this.emit(first, start, this.startOffset, this.to[first]!, target, sink);
    for (let i = 1; i < this.runs && sink.written < target; i++) {
      const run = first + i < this.runs ? first + i : first + i - this.runs;
      this.emit(run, this.from[run]!, 0, this.to[run]!, target, sink);
    }
    if (sink.written < target) this.emit(first, this.from[first]!, 0, start, target, sink);
    if (sink.written < target) this.emitStart(target, sink);
  }

  /** Emits the peers of the buckets [from, to) of a run, of the first one those from `offset` on. */
  private emit(run: number, from: number, offset: number, to: number, target: number, sink: PeerSink): void {
    const { sizes, bases, groups, stride } = this.swarm;
    const list = this.lists[run]!;
    const ids = this.idsOf(list);
    const { self, skipGroup } = sink;
    if (sink.skipsInnerOnly) {
      this.emitReachable(run, from, offset, to, target, sink);
      return;
    }
    let written = sink.written;
    let i = offset;
    for (let position = from; position < to; position++, i = 0) {
      const id = ids[position]!;
      if (groups[id] === skipGroup) continue;
      const size = sizes[id]!;
      let record = bases[id]! + i * stride;
      for (; i < size && written < target; i++, record += stride) if (record !== self) sink.write(record, written++);
      if (written === target) {
        this.endList = list;
        this.endPosition = position;
        this.endOffset = i;
        break;
      }
    }
    sink.written = written;
  }

  /** Like {@link emit}, without the peers that the sink skips, and within its limit of skipped peers. */
  private emitReachable(run: number, from: number, offset: number, to: number, target: number, sink: PeerSink): void {
    const { sizes, bases, stride } = this.swarm;
    const list = this.lists[run]!;
    const ids = this.idsOf(list);
    let i = offset;
    for (let position = from; position < to && sink.written < target && sink.skipsLeft > 0; position++, i = 0) {
      const id = ids[position]!;
      const size = sizes[id]!;
      for (; i < size && sink.written < target && sink.skipsLeft > 0; i++) sink.offer(bases[id]! + i * stride);
      this.endList = list;
      this.endPosition = position;
      this.endOffset = i;
    }
  }

  /** Emits the peers before the start in its bucket. */
  private emitStart(target: number, sink: PeerSink): void {
    const { sizes, bases, stride } = this.swarm;
    const id = this.idsOf(this.lists[this.startRun]!)[this.startPosition]!;
    const count = Math.min(this.startOffset, sizes[id]!);
    let record = bases[id]!;
    let i = 0;
    for (; i < count && sink.written < target; i++, record += stride) sink.offer(record);
    this.endList = this.lists[this.startRun]!;
    this.endPosition = this.startPosition;
    this.endOffset = i;
  }

  private idsOf(list: number): Uint32Array {
    return list === LOOSE ? this.looseIds : this.orders[list]!.ids;
  }

  /** Whether a tree counts the peers of a run, and the run is long enough to use it. */
  private isCounted(list: number, from: number, to: number): boolean {
    return list !== LOOSE && this.requesters === 0 && to - from > SHORT_RUN;
  }
}

function peersUpTo(order: BucketOrder, position: number): number {
  if (position === 0) return 0;
  if (position === order.length) return order.peerCount;
  return position === order.foreignStart ? order.innerPeerCount : order.peersBefore(position);
}
