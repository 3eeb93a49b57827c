/**
 * Candidates of a bucketed swarm. Choosing walks buckets, not peers: a class is a run of buckets of equal key, and a fair
 * draw is a circular window of its peers, found through the orders' trees. For requesters with overrides the buckets are
 * sorted by pair keys instead and kept until buckets come or go.
 */
import type { Random } from '../../domain/random.js';
import { type Candidates, MANY_SERVING } from '../../selection/candidates.js';
import type { PeerSink } from '../../selection/peer-sink.js';
import { KEY_END, PARTITION_SHIFT, RANK_MASK, type StandingKeys } from '../../selection/standing-key.js';
import { BucketOrder } from './bucket-order.js';
import type { BucketedSwarm } from './bucketed-swarm.js';
import { LIST_LEECHERS, LIST_SERVING } from './peer-record.js';

/** Pieces of one class: at most two lists of all partitions, or the levels of one group. */
const MAX_PIECES = 4096;
/** Runs of fewer buckets than this are counted bucket by bucket. */
const SHORT_RUN = 16;

export class BucketedCandidates implements Candidates {
  offerServing = true;
  private swarm!: BucketedSwarm;
  private orders: readonly [BucketOrder, BucketOrder] = [new BucketOrder(), new BucketOrder()];
  private pair = false;
  private readonly pieceLists = new Uint8Array(MAX_PIECES);
  private readonly pieceFrom = new Uint32Array(MAX_PIECES);
  private readonly pieceTo = new Uint32Array(MAX_PIECES);
  private readonly piecePeers = new Uint32Array(MAX_PIECES);
  private pieces = 0;
  private classPeers = 0;
  private readonly cursors = new Uint32Array(64);
  private readonly cursorEnds = new Uint32Array(64);
  private readonly cursorLists = new Uint8Array(64);

  constructor(
    private readonly random: Random,
    private readonly keys: StandingKeys,
  ) {}

  set(swarm: BucketedSwarm): void {
    swarm.ensureSorted(this.keys);
    this.swarm = swarm;
    this.orders = swarm.orders;
    this.pair = false;
  }

  /** Ranks the swarm's buckets for one requester's group. */
  setForPairs(swarm: BucketedSwarm, group: number, partition: number): void {
    swarm.ensureSorted(this.keys);
    this.swarm = swarm;
    this.pair = true;
    this.orders = swarm.pairOrders(group, this.keys.stamp, (id) =>
      this.keys.pairKey(group, partition, swarm.groups[id]!, swarm.kinds[id]! >>> 2),
    );
  }

  countLeechers(low: number, high: number): number {
    return this.countRange(LIST_LEECHERS, low, high);
  }

  countServing(low: number, high: number): number {
    return this.countRange(LIST_SERVING, low, high);
  }

  hasSeed(low: number, high: number, isSeed: (record: number) => boolean): boolean {
    const order = this.orders[LIST_SERVING];
    const count = this.countServing(low, high);
    if (count > MANY_SERVING) return true;
    const to = order.at(high);
    for (let at = order.at(low), left = count; at < to && left > 0; at++) {
      const id = order.ids[at]!;
      for (let i = 0; i < this.swarm.sizes[id]!; i++, left--) {
        if (isSeed(this.swarm.bases[id]! + i * this.swarm.stride)) return true;
      }
    }
    return false;
  }

  take(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const target = sink.written + quota;
    const count = this.openCursors(0, low, high);
    this.takeInOrder(count, KEY_END - 1, target, sink);
  }

  takeUniform(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const target = sink.written + quota;
    const count = this.openCursors(0, low, high);
    this.clearClass();
    for (let i = 0; i < count; i++) this.addPiece(this.cursorLists[i]!, this.cursors[i]!, this.cursorEnds[i]!);
    this.drawClass(target, sink);
  }

  takeSiblings(ownPartition: number, partitions: number, quota: number, sink: PeerSink): void {
    const target = sink.written + quota;
    let count = 0;
    for (let partition = 0; partition < partitions; partition++) {
      if (partition === ownPartition) continue;
      count = this.openCursors(count, partition << PARTITION_SHIFT, (partition + 1) << PARTITION_SHIFT);
    }
    this.takeInOrder(count, RANK_MASK, target, sink);
  }

  takeGroup(group: number, _low: number, _high: number, quota: number, sink: PeerSink): void {
    const target = sink.written + quota;
    const { keys } = this;
    let level = 7;
    while (level >= 0 && sink.written < target) {
      // Levels that the policy does not tell apart are one class.
      const key = keys.key(group, level);
      this.clearClass();
      for (; level >= 0 && keys.key(group, level) === key; level--) {
        this.addGroupPieces(group, level, LIST_LEECHERS);
        if (this.offerServing) this.addGroupPieces(group, level, LIST_SERVING);
      }
      this.drawClass(target, sink);
    }
  }

  private openCursors(count: number, low: number, high: number): number {
    let next = count;
    for (let list = LIST_LEECHERS; list <= (this.offerServing ? LIST_SERVING : LIST_LEECHERS); list++) {
      const order = this.orders[list]!;
      const from = order.at(low);
      const to = order.at(high);
      if (from === to) continue;
      this.cursorLists[next] = list;
      this.cursors[next] = from;
      this.cursorEnds[next] = to;
      next++;
    }
    return next;
  }

  /**
   * Takes whole classes of at most two cursors as long as they fit: in a swarm of thousands most buckets hold one or two
   * peers, and nothing is to be drawn. The cursors stop before the first class that is too long.
   */
  private takeWhole(count: number, target: number, sink: PeerSink): void {
    const { sizes, bases, stride } = this.swarm;
    const { cursors, cursorEnds, cursorLists, orders } = this;
    const orderA = orders[cursorLists[0]!]!;
    const orderB = orders[cursorLists[count - 1]!]!;
    const keysA = orderA.keys;
    const keysB = orderB.keys;
    const idsA = orderA.ids;
    const idsB = orderB.ids;
    const aEnd = cursorEnds[0]!;
    const bEnd = count === 2 ? cursorEnds[1]! : 0;
    const self = sink.self;
    let a = cursors[0]!;
    let b = count === 2 ? cursors[1]! : 0;
    let written = sink.written;
    while (written < target) {
      const keyA = a < aEnd ? keysA[a]! : KEY_END;
      const keyB = b < bEnd ? keysB[b]! : KEY_END;
      const key = Math.min(keyA, keyB);
      if (key === KEY_END) break;
      let room = target - written;
      let aNext = a;
      for (; aNext < aEnd && keysA[aNext] === key && room >= 0; aNext++) room -= sizes[idsA[aNext]!]!;
      let bNext = b;
      for (; bNext < bEnd && keysB[bNext] === key && room >= 0; bNext++) room -= sizes[idsB[bNext]!]!;
      if (room < 0) break;
      for (; a < aNext; a++) {
        const id = idsA[a]!;
        let record = bases[id]!;
        for (let left = sizes[id]!; left > 0; left--, record += stride)
          if (record !== self) sink.write(record, written++);
      }
      for (; b < bNext; b++) {
        const id = idsB[b]!;
        let record = bases[id]!;
        for (let left = sizes[id]!; left > 0; left--, record += stride)
          if (record !== self) sink.write(record, written++);
      }
    }
    cursors[0] = a;
    if (count === 2) cursors[1] = b;
    sink.written = written;
  }

  /** Merges the cursors class by class; `mask` is what of a key tells classes apart. */
  private takeInOrder(count: number, mask: number, target: number, sink: PeerSink): void {
    if (count > 0 && count <= 2 && mask === KEY_END - 1 && sink.skipGroup < 0) this.takeWhole(count, target, sink);
    while (sink.written < target) {
      let best = KEY_END;
      for (let i = 0; i < count; i++) {
        if (this.cursors[i]! >= this.cursorEnds[i]!) continue;
        const key = this.orders[this.cursorLists[i]!]!.keys[this.cursors[i]!]! & mask;
        if (key < best) best = key;
      }
      if (best === KEY_END) return;
      this.clearClass();
      for (let i = 0; i < count; i++) {
        const from = this.cursors[i]!;
        const end = this.cursorEnds[i]!;
        const order = this.orders[this.cursorLists[i]!]!;
        if (from >= end || (order.keys[from]! & mask) !== best) continue;
        const to = runEnd(order.keys, from, end);
        this.addPiece(this.cursorLists[i]!, from, to);
        this.cursors[i] = to;
      }
      this.drawClass(target, sink);
    }
  }

  private clearClass(): void {
    this.pieces = 0;
    this.classPeers = 0;
  }

  private addPiece(list: number, from: number, to: number): void {
    const peers = this.peersIn(list, from, to);
    if (peers === 0) return;
    this.pieceLists[this.pieces] = list;
    this.pieceFrom[this.pieces] = from;
    this.pieceTo[this.pieces] = to;
    this.piecePeers[this.pieces] = peers;
    this.pieces++;
    this.classPeers += peers;
  }

  /** All buckets of a group, level and list, as pieces of single buckets (a list of 2 marks a bucket id). */
  private addGroupPieces(group: number, level: number, list: number): void {
    const swarm = this.swarm;
    let id = swarm.open.get((group * 8 + level) * 4 + list) ?? 0;
    for (; id !== 0 && this.pieces < MAX_PIECES; id = swarm.previous[id]!) {
      if (swarm.sizes[id] === 0) continue;
      this.pieceLists[this.pieces] = 2;
      this.pieceFrom[this.pieces] = id;
      this.piecePeers[this.pieces] = swarm.sizes[id]!;
      this.classPeers += swarm.sizes[id]!;
      this.pieces++;
    }
  }

  /** All of the class where it fits, else a circular window from a random peer on. */
  private drawClass(target: number, sink: PeerSink): void {
    const count = this.classPeers;
    if (count === 0) return;
    let skip = count > target - sink.written ? this.random.below(count) : 0;
    let piece = 0;
    while (skip >= this.piecePeers[piece]!) skip -= this.piecePeers[piece++]!;
    const firstPiece = piece;
    const firstSkip = skip;
    do {
      this.emitPiece(piece, skip, this.piecePeers[piece]!, target, sink);
      skip = 0;
      if (++piece === this.pieces) piece = 0;
    } while (piece !== firstPiece && sink.written < target);
    if (sink.written < target) this.emitPiece(firstPiece, 0, firstSkip, target, sink);
  }

  /** Emits the peers [from, to) of a piece. */
  private emitPiece(piece: number, from: number, to: number, target: number, sink: PeerSink): void {
    const { swarm } = this;
    const list = this.pieceLists[piece]!;
    if (list === 2) {
      this.emitBucket(this.pieceFrom[piece]!, from, to, target, sink);
      return;
    }
    const order = this.orders[list]!;
    let position = this.pieceFrom[piece]!;
    const end = this.pieceTo[piece]!;
    let skip = from;
    if (skip > 0 && end - position > SHORT_RUN && !this.pair) {
      const before = order.peersBefore(position);
      position = order.positionOfPeer(before + skip);
      skip -= order.peersBefore(position) - before;
    }
    let left = to - from;
    for (; position < end && left > 0 && sink.written < target; position++) {
      const id = order.ids[position]!;
      const size = swarm.sizes[id]!;
      if (skip >= size) {
        skip -= size;
        continue;
      }
      const last = Math.min(size, skip + left);
      left -= last - skip;
      if (swarm.groups[id] !== sink.skipGroup) this.emitBucket(id, skip, last, target, sink);
      skip = 0;
    }
  }

  private emitBucket(id: number, from: number, to: number, target: number, sink: PeerSink): void {
    const stride = this.swarm.stride;
    const self = sink.self;
    let count = sink.written;
    let record = this.swarm.bases[id]! + from * stride;
    for (let i = from; i < to && count < target; i++, record += stride) {
      if (record !== self) sink.write(record, count++);
    }
    sink.written = count;
  }

  private countRange(list: number, low: number, high: number): number {
    const order = this.orders[list]!;
    const from = order.at(low);
    const to = order.at(high);
    return this.peersIn(list, from, to);
  }

  private peersIn(list: number, from: number, to: number): number {
    const order = this.orders[list]!;
    if (!this.pair && to - from > SHORT_RUN) return peersUpTo(order, to) - peersUpTo(order, from);
    let peers = 0;
    for (let i = from; i < to; i++) peers += this.swarm.sizes[order.ids[i]!]!;
    return peers;
  }
}

function peersUpTo(order: BucketOrder, position: number): number {
  if (position === 0) return 0;
  if (position === order.length) return order.total;
  return position === order.foreignStart ? order.innerTotal : order.peersBefore(position);
}

/** The end of the run of equal keys at `from`, by steps of doubling length. */
function runEnd(keys: Uint32Array, from: number, end: number): number {
  const key = keys[from]!;
  let low = from;
  let step = 1;
  while (low + step < end && keys[low + step] === key) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, end);
  low++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] === key) low = middle + 1;
    else high = middle;
  }
  return low;
}
