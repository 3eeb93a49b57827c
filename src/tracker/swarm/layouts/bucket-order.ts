/**
 * Buckets of peers in the order of their keys, with their sizes in a Fenwick tree, so that the peer at any distance from a
 * bucket is found in a few steps however many peers and buckets there are.
 */
import { FOREIGN_KEY, KEY_END } from '../../../selection/standing-key.js';

/** Buckets that move within an order; empty between two calls. */
let moved = { keys: new Uint32Array(1_024), ids: new Uint32Array(1_024) };

export class BucketOrder {
  length = 0;
  /** Peers in all buckets. */
  peerCount = 0;
  /** Peers in the inner ones. */
  innerPeerCount = 0;
  /** Position of the first foreign bucket. */
  foreignStart = 0;
  keys = new Uint32Array(64);
  ids = new Uint32Array(64);
  private tree = new Uint32Array(65);

  /** @param sizes by bucket id. @param positions by bucket id; kept up to date by this order */
  insertBucket(key: number, id: number, sizes: Uint16Array, positions: Uint32Array): void {
    if (this.length === this.keys.length) this.grow(this.length * 2);
    const at = this.lowerBound(0, this.length, key);
    this.keys.copyWithin(at + 1, at, this.length);
    this.ids.copyWithin(at + 1, at, this.length);
    this.keys[at] = key;
    this.ids[at] = id;
    this.length++;
    this.rebuildTree(at, sizes, positions);
  }

  /** Adds a bucket out of order: {@link sortBuckets} must follow before anything else. */
  appendBucket(id: number): void {
    if (this.length === this.keys.length) this.grow(this.length * 2);
    this.ids[this.length++] = id;
  }

  /** Sorts again; all of `ids` in [0, length) stay. */
  sortBuckets(keyOf: (id: number) => number, sizes: Uint16Array, positions: Uint32Array): void {
    for (let i = 0; i < this.length; i++) this.keys[i] = keyOf(this.ids[i]!);
    radixSort(this.keys, this.ids, this.length);
    this.rebuildTree(0, sizes, positions);
  }

  /** {@link sortBuckets} if most are still in order: successive policies differ in few keys. */
  resortBuckets(keyOf: (id: number) => number, sizes: Uint16Array, positions: Uint32Array): void {
    const { keys, ids, length } = this;
    if (moved.keys.length < length) moved = { keys: new Uint32Array(keys.length), ids: new Uint32Array(keys.length) };
    let kept = 0;
    let movedCount = 0;
    for (let i = 0; i < length; i++) {
      const id = ids[i]!;
      const key = keyOf(id);
      if (key === keys[i]) {
        keys[kept] = key;
        ids[kept++] = id;
      } else {
        moved.keys[movedCount] = key;
        moved.ids[movedCount++] = id;
      }
    }
    if (movedCount === 0) return;
    radixSort(moved.keys, moved.ids, movedCount);
    for (let at = length - 1, left = kept - 1, right = movedCount - 1; right >= 0; at--) {
      if (left >= 0 && keys[left]! > moved.keys[right]!) {
        keys[at] = keys[left]!;
        ids[at] = ids[left--]!;
      } else {
        keys[at] = moved.keys[right]!;
        ids[at] = moved.ids[right--]!;
      }
    }
    this.rebuildTree(0, sizes, positions);
  }

  /** Replaces the content, without positions. */
  copySorted(source: BucketOrder, keyOf: (id: number) => number): void {
    if (this.keys.length < source.length) this.grow(source.keys.length);
    this.ids.set(source.ids.subarray(0, source.length));
    this.length = source.length;
    for (let i = 0; i < this.length; i++) this.keys[i] = keyOf(this.ids[i]!);
    radixSort(this.keys, this.ids, this.length);
    this.foreignStart = this.lowerBound(0, this.length, FOREIGN_KEY);
  }

  /** Drops the buckets for which `isGone` holds. */
  removeBuckets(isGone: (id: number) => boolean, sizes: Uint16Array, positions: Uint32Array): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      if (isGone(this.ids[i]!)) continue;
      this.ids[kept] = this.ids[i]!;
      this.keys[kept++] = this.keys[i]!;
    }
    this.length = kept;
    this.rebuildTree(0, sizes, positions);
  }

  addPeers(position: number, by: number): void {
    this.peerCount += by;
    if (position < this.foreignStart) this.innerPeerCount += by;
    const tree = this.tree;
    for (let i = position + 1; i <= this.length; i += i & -i) tree[i] = tree[i]! + by;
  }

  /** Peers in the buckets before a position. */
  peersBefore(position: number): number {
    const tree = this.tree;
    let sum = 0;
    for (let i = position; i > 0; i -= i & -i) sum += tree[i]!;
    return sum;
  }

  /** @returns the position of the bucket that holds the peer with this many before it */
  positionOfPeer(rank: number): number {
    const tree = this.tree;
    let position = 0;
    let rest = rank;
    for (let step = 1 << (31 - Math.clz32(Math.max(1, this.length))); step > 0; step >>>= 1) {
      const next = position + step;
      if (next <= this.length && tree[next]! <= rest) {
        position = next;
        rest -= tree[next]!;
      }
    }
    return position;
  }

  /** {@link lowerBound} over all; fast for large results. */
  positionOfKey(key: number): number {
    if (key === 0) return 0;
    if (key === FOREIGN_KEY) return this.foreignStart;
    return key >= KEY_END ? this.length : this.lowerBound(0, this.length, key);
  }

  lowerBound(from: number, to: number, key: number): number {
    const keys = this.keys;
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private rebuildTree(from: number, sizes: Uint16Array, positions: Uint32Array): void {
    const { tree, ids, length } = this;
    for (let i = from; i < length; i++) positions[ids[i]!] = i;
    tree.fill(0, 0, length + 1);
    for (let i = 1; i <= length; i++) {
      tree[i] = tree[i]! + sizes[ids[i - 1]!]!;
      const parent = i + (i & -i);
      if (parent <= length) tree[parent] = tree[parent]! + tree[i]!;
    }
    this.peerCount = this.peersBefore(length);
    this.foreignStart = this.lowerBound(0, length, FOREIGN_KEY);
    this.innerPeerCount = this.peersBefore(this.foreignStart);
  }

  private grow(capacity: number): void {
    const keys = new Uint32Array(capacity);
    const ids = new Uint32Array(capacity);
    const tree = new Uint32Array(capacity + 1);
    keys.set(this.keys);
    ids.set(this.ids);
    tree.set(this.tree);
    this.keys = keys;
    this.ids = ids;
    this.tree = tree;
  }
}

/** Keys have 18 bits: two passes of nine. */
function radixSort(keys: Uint32Array, ids: Uint32Array, length: number): void {
  const otherKeys = new Uint32Array(length);
  const otherIds = new Uint32Array(length);
  radixPass(keys, ids, otherKeys, otherIds, length, 0);
  radixPass(otherKeys, otherIds, keys, ids, length, 9);
}

function radixPass(
  keys: Uint32Array,
  ids: Uint32Array,
  toKeys: Uint32Array,
  toIds: Uint32Array,
  length: number,
  shift: number,
): void {
  const starts = new Uint32Array(513);
  for (let i = 0; i < length; i++) {
    const digit = ((keys[i]! >>> shift) & 511) + 1;
    starts[digit] = starts[digit]! + 1;
  }
  for (let digit = 1; digit <= 512; digit++) starts[digit] = starts[digit]! + starts[digit - 1]!;
  for (let i = 0; i < length; i++) {
    const digit = (keys[i]! >>> shift) & 511;
    const to = starts[digit]!;
    starts[digit] = to + 1;
    toKeys[to] = keys[i]!;
    toIds[to] = ids[i]!;
  }
}
