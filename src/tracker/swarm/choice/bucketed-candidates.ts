/**
 * Candidates of a bucketed swarm. Choosing walks buckets, not peers: a class is a run of buckets of equal key in
 * either list, from which `class-draw` hands out. For requesters with overrides the buckets are sorted by pair keys instead
 * and kept until buckets come or go.
 */
import type { Random } from '../../../domain/random.js';
import type { Candidates } from '../../../selection/candidates.js';
import type { PeerSink } from '../../../selection/peer-sink.js';
import { RandomDraw } from '../../../selection/random-draw.js';
import { KEY_END, PARTITION_SHIFT, RANK_MASK, type StandingKeys } from '../../../selection/standing-key.js';
import { BucketOrder } from '../layouts/bucket-order.js';
import type { BucketedSwarm } from '../layouts/bucketed-swarm.js';
import { LIST_LEECHERS, LIST_SERVING } from '../memory/peer-record.js';
import { ClassDraw, MAX_RUNS } from './class-draw.js';

export class BucketedCandidates implements Candidates {
  offerServing = true;
  offerLeechers = true;
  private swarm!: BucketedSwarm;
  private orders: readonly [BucketOrder, BucketOrder] = [new BucketOrder(), new BucketOrder()];
  private readonly draw: ClassDraw;
  private readonly randomDraw: RandomDraw;
  private readonly cursors = new Uint32Array(MAX_RUNS);
  private readonly cursorEnds = new Uint32Array(MAX_RUNS);
  private readonly cursorLists = new Uint8Array(MAX_RUNS);

  constructor(
    random: Random,
    private readonly keys: StandingKeys,
  ) {
    this.draw = new ClassDraw(random);
    this.randomDraw = new RandomDraw(random);
  }

  setSwarm(swarm: BucketedSwarm): void {
    swarm.ensureSorted(this.keys);
    this.swarm = swarm;
    this.orders = swarm.orders;
    this.draw.setSwarm(swarm, this.orders, 0);
  }

  /** Ranks the swarm's buckets for one requester's group. */
  setSwarmForPairs(swarm: BucketedSwarm, group: number, partition: number): void {
    swarm.ensureSorted(this.keys);
    this.swarm = swarm;
    this.orders = swarm.pairOrders(group, this.keys.stamp, (id) =>
      this.keys.pairKey(group, partition, swarm.groups[id]!, swarm.kinds[id]! >>> 2),
    );
    this.draw.setSwarm(swarm, this.orders, group + 1);
  }

  countLeechers(low: number, high: number): number {
    return this.countRange(LIST_LEECHERS, low, high);
  }

  countServing(low: number, high: number): number {
    return this.countRange(LIST_SERVING, low, high);
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
    this.draw.startClass();
    for (let i = 0; i < count; i++) this.draw.addRun(this.cursorLists[i]!, this.cursors[i]!, this.cursorEnds[i]!);
    this.draw.drawPeers(target, sink);
  }

  /** The swarm must be set by {@link setSwarm}: only its orders count peers. */
  takeRandom(quota: number, sink: PeerSink): number {
    const target = sink.written + quota;
    const [leechers, serving] = this.orders;
    const total = leechers.peerCount + (this.offerServing ? serving.peerCount : 0);
    const drawn = this.randomDraw.draw(total, quota + 1);
    const { positions } = this.randomDraw;
    const { bases, stride } = this.swarm;
    let foreign = 0;
    for (let i = 0; i < drawn && sink.written < target; i++) {
      const isLeecher = positions[i]! < leechers.peerCount;
      const order = isLeecher ? leechers : serving;
      const rank = isLeecher ? positions[i]! : positions[i]! - leechers.peerCount;
      const bucket = order.positionOfPeer(rank);
      const record = bases[order.ids[bucket]!]! + (rank - order.peersBefore(bucket)) * stride;
      if (record === sink.self) continue;
      sink.write(record, sink.written++);
      if (bucket >= order.foreignStart) foreign++;
    }
    return foreign;
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
      // Levels with equal keys are one class.
      const key = keys.key(group, level);
      this.draw.startClass();
      for (; level >= 0 && keys.key(group, level) === key; level--) {
        this.addGroupBuckets(group, level, LIST_LEECHERS);
        if (this.offerServing) this.addGroupBuckets(group, level, LIST_SERVING);
      }
      this.draw.drawPeers(target, sink);
    }
  }

  private openCursors(count: number, low: number, high: number): number {
    let next = count;
    const first = this.offerLeechers ? LIST_LEECHERS : LIST_SERVING;
    const last = this.offerServing ? LIST_SERVING : LIST_LEECHERS;
    for (let list = first; list <= last; list++) {
      const order = this.orders[list]!;
      const from = order.positionOfKey(low);
      const to = order.positionOfKey(high);
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
   * peers, and no draw is needed. The cursors stop before the first class that is too large.
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

  /** Merges the cursors class by class; `mask` is the part of a key that distinguishes classes. */
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
      this.draw.startClass();
      for (let i = 0; i < count; i++) {
        const from = this.cursors[i]!;
        const end = this.cursorEnds[i]!;
        const order = this.orders[this.cursorLists[i]!]!;
        if (from >= end || (order.keys[from]! & mask) !== best) continue;
        const to = runEnd(order.keys, from, end);
        this.draw.addRun(this.cursorLists[i]!, from, to);
        this.cursors[i] = to;
      }
      this.draw.drawPeers(target, sink);
    }
  }

  private addGroupBuckets(group: number, level: number, list: number): void {
    const swarm = this.swarm;
    let id = swarm.openBuckets.get((group * 8 + level) * 4 + list) ?? 0;
    for (; id !== 0; id = swarm.previous[id]!) this.draw.addBucket(id);
  }

  private countRange(list: number, low: number, high: number): number {
    const order = this.orders[list]!;
    return this.draw.countPeers(list, order.positionOfKey(low), order.positionOfKey(high));
  }
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
