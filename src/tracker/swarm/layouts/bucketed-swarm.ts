/**
 * Swarms of thousands of peers of one family. Peers lie in buckets of equal (group, capability level, list), so a policy
 * change sorts buckets and never touches a peer. Records are in the arena; the few words that describe a bucket are arrays
 * of the swarm's own object, because there are few such swarms.
 *
 * All buckets of a kind are full except one, the open one. It takes newcomers, and its last record fills the hole of a removed one.
 */
import { UNKNOWN_GROUP } from '../../../selection/cost-table.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import { DrawPositions } from '../choice/draw-positions.js';
import { type Arena, roundUpWords } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import {
  hasIdentity,
  hasKnownIdentity,
  identityHashOf,
  isAddress,
  isEndpoint,
  isSameHost,
  LIST_NONE,
  recordWordsOf,
  setIdentity,
} from '../memory/peer-record.js';
import { SegmentIndex } from '../memory/segment-index.js';
import { BucketOrder } from './bucket-order.js';
import type { HostScan } from './host-scan.js';

const POSITION_BITS = 9;
const POSITION_MASK = (1 << POSITION_BITS) - 1;
export const BUCKET_PEERS = 1 << POSITION_BITS;
/** Peers of one host that the host index holds; a higher limit cannot be enforced in a large swarm. */
export const MAX_INDEXED_A_HOST = 32;
/** Slots have 18 bits for the bucket. Some are reserved for kinds that would not fit; those count as an unknown group. */
const MAX_BUCKETS = 250_000;
/** Requester groups whose pair orders are cached. */
const CACHED_PAIR_ORDERS = 64;
/** Empty buckets are dropped when they are more than this and a quarter of all. */
const TOLERATED_EMPTY = 64;

interface PairOrders {
  stamp: number;
  version: number;
  readonly orders: readonly [BucketOrder, BucketOrder];
}

export class BucketedSwarm {
  count = 0;
  readonly addressWords: 1 | 4;
  readonly stride: number;
  /** Leechers, serving peers. */
  readonly orders = [new BucketOrder(), new BucketOrder()] as const;
  stamp = -1;
  /** Peers of another kind of swarm are being copied in: all orders are created at the end. */
  filling = true;
  /** Grows when buckets come or go. */
  version = 0;
  groups = new Uint16Array(64);
  /** level * 4 + list. */
  kinds = new Uint8Array(64);
  bases = new Uint32Array(64);
  sizes = new Uint16Array(64);
  capacities = new Uint16Array(64);
  /** The full bucket of the same kind that was open before; 0 if none. */
  previous = new Uint32Array(64);
  positions = new Uint32Array(64);
  readonly drawPositions = new DrawPositions();
  /** Bucket ids in use are below this; id 0 is never used. */
  nextId = 1;
  freeIds: number[] = [];
  emptyBuckets = 0;
  /** (group * 8 + level) * 4 + list → the open bucket. */
  readonly openBuckets = new Map<number, number>();
  private readonly pairCache = new Map<number, PairOrders>();
  readonly byEndpoint: SegmentIndex;
  readonly byHost: SegmentIndex;
  readonly byIdentity: SegmentIndex;

  constructor(
    readonly arena: Arena,
    readonly hasher: Endpoint,
    addressWords: 1 | 4,
    expectedPeers: number,
  ) {
    this.addressWords = addressWords;
    this.stride = recordWordsOf(addressWords);
    const hashOfSlot = (slot: number): number =>
      hasher.hashOfRecordOf(arena.words, this.recordInSlot(slot), addressWords);
    const hostHashOfSlot = (slot: number): number =>
      hasher.hostHashOfRecordOf(arena.words, this.recordInSlot(slot), addressWords);
    this.byEndpoint = new SegmentIndex(arena, { hashOfSlot }, expectedPeers);
    this.byHost = new SegmentIndex(arena, { hashOfSlot: hostHashOfSlot }, expectedPeers);
    this.byIdentity = new SegmentIndex(arena, { hashOfSlot: (slot) => this.identityHash(slot) }, expectedPeers);
  }

  recordInSlot(slot: number): number {
    return this.bases[slot >>> POSITION_BITS]! + (slot & POSITION_MASK) * this.stride;
  }

  findSlot(endpoint: Endpoint): number {
    const words = this.arena.words;
    for (let slot = this.byEndpoint.firstMatch(endpoint.hash); slot !== 0; slot = this.byEndpoint.nextMatch()) {
      const record = this.recordInSlot(slot);
      if (isEndpoint(words, record, endpoint)) return slot;
    }
    return 0;
  }

  scanHost(endpoint: Endpoint, scan: HostScan): void {
    const words = this.arena.words;
    for (let slot = this.byHost.firstMatch(endpoint.hostHash); slot !== 0; slot = this.byHost.nextMatch()) {
      const record = this.recordInSlot(slot);
      if (!isSameHost(words, record, endpoint)) continue;
      scan.addRecord(record);
      if (isAddress(words, record, endpoint) && hasIdentity(words, record + this.addressWords, endpoint)) {
        scan.sameIdentity = record;
      }
    }
  }

  /** @returns the slot, 0 if the identity is not here. The endpoint may be of another family */
  findSlotOfIdentity(endpoint: Endpoint): number {
    const words = this.arena.words;
    const hash = endpoint.identityHash;
    for (let slot = this.byIdentity.firstMatch(hash); slot !== 0; slot = this.byIdentity.nextMatch()) {
      if (hasIdentity(words, this.recordInSlot(slot) + this.addressWords, endpoint)) return slot;
    }
    return 0;
  }

  /** Replaces the identity of the peer in a slot by that of its endpoint. */
  setIdentityInSlot(slot: number, endpoint: Endpoint): void {
    const meta = this.recordInSlot(slot) + this.addressWords;
    if (hasKnownIdentity(this.arena.words, meta)) this.byIdentity.removeIndexEntry(this.identityHash(slot), slot);
    setIdentity(this.arena.words, meta, endpoint);
    this.indexIdentity(slot);
  }

  /** Makes room for one more peer of a kind. @returns its slot, which the caller fills */
  allocateSlot(group: number, level: number, list: number, keys: StandingKeys): number {
    let kind = (group * 8 + level) * 4 + list;
    if (this.nextId >= MAX_BUCKETS && !this.openBuckets.has(kind)) kind = (UNKNOWN_GROUP * 8 + level) * 4 + list;
    let id = this.openBuckets.get(kind) ?? 0;
    if (id === 0 || this.sizes[id] === BUCKET_PEERS) id = this.openBucket(kind, id, keys);
    const size = this.sizes[id]!;
    if (size === this.capacities[id]) this.growBucket(id);
    if (size === 0) this.emptyBuckets--;
    this.sizes[id] = size + 1;
    if (list !== LIST_NONE && !this.filling) this.orders[list]!.addPeers(this.positions[id]!, 1);
    return (id << POSITION_BITS) | size;
  }

  /** Removes the peer in a slot, which must not be indexed any more. */
  releaseSlot(slot: number): void {
    const words = this.arena.words;
    const id = slot >>> POSITION_BITS;
    const kind = this.groups[id]! * 32 + this.kinds[id]!;
    const openId = this.openBuckets.get(kind)!;
    const last = (openId << POSITION_BITS) | (this.sizes[openId]! - 1);
    if (last !== slot) {
      const from = this.recordInSlot(last);
      const to = this.recordInSlot(slot);
      this.byEndpoint.moveIndexEntry(this.hasher.hashOfRecordOf(words, from, this.addressWords), last, slot);
      this.byHost.moveIndexEntry(this.hasher.hostHashOfRecordOf(words, from, this.addressWords), last, slot);
      this.byIdentity.moveIndexEntry(this.identityHash(last), last, slot);
      for (let i = 0; i < this.stride; i++) words[to + i] = words[from + i]!;
    }
    this.shrinkOpen(kind, openId);
  }

  /** @returns false if the index has no room for it */
  indexSlot(slot: number, endpoint: Endpoint): boolean {
    if (!this.byEndpoint.insertIndexEntry(endpoint.hash, slot)) return false;
    let sameHost = 0;
    const words = this.arena.words;
    for (let other = this.byHost.firstMatch(endpoint.hostHash); other !== 0; other = this.byHost.nextMatch()) {
      if (isSameHost(words, this.recordInSlot(other), endpoint)) sameHost++;
    }
    if (sameHost < MAX_INDEXED_A_HOST) this.byHost.insertIndexEntry(endpoint.hostHash, slot);
    this.indexIdentity(slot);
    return true;
  }

  unindexSlot(slot: number): void {
    const words = this.arena.words;
    const record = this.recordInSlot(slot);
    this.byEndpoint.removeIndexEntry(this.hasher.hashOfRecordOf(words, record, this.addressWords), slot);
    this.byHost.removeIndexEntry(this.hasher.hostHashOfRecordOf(words, record, this.addressWords), slot);
    this.byIdentity.removeIndexEntry(this.identityHash(slot), slot);
  }

  moveIndexedSlot(from: number, to: number): void {
    const words = this.arena.words;
    const record = this.recordInSlot(to);
    this.byEndpoint.moveIndexEntry(this.hasher.hashOfRecordOf(words, record, this.addressWords), from, to);
    this.byHost.moveIndexEntry(this.hasher.hostHashOfRecordOf(words, record, this.addressWords), from, to);
    this.byIdentity.moveIndexEntry(this.identityHash(to), from, to);
  }

  private identityHash(slot: number): number {
    return identityHashOf(this.arena.words, this.recordInSlot(slot) + this.addressWords);
  }

  /** Limited for each identity: a stranger may create thousands of peers that all have one hash. */
  private indexIdentity(slot: number): void {
    if (!hasKnownIdentity(this.arena.words, this.recordInSlot(slot) + this.addressWords)) return;
    const hash = this.identityHash(slot);
    let same = 0;
    for (let other = this.byIdentity.firstMatch(hash); other !== 0; other = this.byIdentity.nextMatch()) {
      if (++same >= MAX_INDEXED_A_HOST) return;
    }
    this.byIdentity.insertIndexEntry(hash, slot);
  }

  /** The first occupied slot from `slot` on, −1 if there is none. */
  nextUsedSlot(slot: number): number {
    let id = slot >>> POSITION_BITS;
    let position = slot & POSITION_MASK;
    for (; id < this.nextId; id++, position = 0) {
      if (position < this.sizes[id]!) return (id << POSITION_BITS) | position;
    }
    return -1;
  }

  /** Ends {@link filling}. */
  finishFilling(keys: StandingKeys): void {
    this.filling = false;
    this.stamp = keys.stamp;
    for (const order of this.orders) order.sortBuckets(this.keyOf(keys), this.sizes, this.positions);
  }

  /** Brings the orders up to the policy in force. */
  ensureSorted(keys: StandingKeys): void {
    if (this.stamp === keys.stamp) return;
    this.stamp = keys.stamp;
    for (const order of this.orders) order.resortBuckets(this.keyOf(keys), this.sizes, this.positions);
  }

  private keyOf(keys: StandingKeys): (id: number) => number {
    return (id) => keys.key(this.groups[id]!, this.kinds[id]! >>> 2);
  }

  /**
   * The buckets in the order of pair keys, for requesters of a group with overrides. Cached for the groups that asked last, until
   * buckets come or go or the policy changes.
   */
  pairOrders(group: number, stamp: number, keyOf: (id: number) => number): readonly [BucketOrder, BucketOrder] {
    let cached = this.pairCache.get(group);
    if (cached !== undefined && cached.stamp === stamp && cached.version === this.version) return cached.orders;
    if (cached === undefined) {
      if (this.pairCache.size >= CACHED_PAIR_ORDERS) this.pairCache.clear();
      cached = { stamp, version: this.version, orders: [new BucketOrder(), new BucketOrder()] };
      this.pairCache.set(group, cached);
    }
    cached.stamp = stamp;
    cached.version = this.version;
    cached.orders[0].copySorted(this.orders[0], keyOf);
    cached.orders[1].copySorted(this.orders[1], keyOf);
    return cached.orders;
  }

  freeSwarm(): void {
    this.byEndpoint.freeIndex();
    this.byHost.freeIndex();
    this.byIdentity.freeIndex();
    for (let id = 1; id < this.nextId; id++) this.freeBlock(id);
  }

  private openBucket(kind: number, previous: number, keys: StandingKeys): number {
    if (!this.filling) this.ensureSorted(keys);
    if (this.emptyBuckets > TOLERATED_EMPTY && this.emptyBuckets * 4 > this.nextId) this.dropEmptyBuckets();
    const id = this.freeIds.pop() ?? this.nextId++;
    if (id >= this.groups.length) this.growTables();
    this.groups[id] = kind >>> 5;
    this.kinds[id] = kind & 31;
    this.bases[id] = 0;
    this.sizes[id] = 0;
    this.capacities[id] = 0;
    this.previous[id] = previous;
    this.openBuckets.set(kind, id);
    this.version++;
    this.emptyBuckets++;
    const list = kind & 3;
    if (list !== LIST_NONE && this.filling) this.orders[list]!.appendBucket(id);
    else if (list !== LIST_NONE) {
      this.orders[list]!.insertBucket(keys.key(kind >>> 5, (kind >>> 2) & 7), id, this.sizes, this.positions);
    }
    return id;
  }

  private shrinkOpen(kind: number, id: number): void {
    const size = this.sizes[id]! - 1;
    this.sizes[id] = size;
    const list = kind & 3;
    if (list !== LIST_NONE) this.orders[list]!.addPeers(this.positions[id]!, -1);
    if (size > 0) {
      if (size * 3 < this.capacities[id]! && this.arena.canAllocate(size * 2 * this.stride))
        this.resizeBlock(id, size + (size >>> 1));
      return;
    }
    this.emptyBuckets++;
    this.freeBlock(id);
    if (this.previous[id] === 0) return;
    // The full bucket before it is open now; the empty one waits to be dropped.
    this.openBuckets.set(kind, this.previous[id]!);
    this.previous[id] = 0;
    this.groups[id] = 0;
    this.kinds[id] = LIST_NONE;
    this.dropEmptyBucket(id, list);
  }

  /** An empty bucket that is no longer the open one of its kind leaves the order at once. */
  private dropEmptyBucket(id: number, list: number): void {
    this.emptyBuckets--;
    this.version++;
    if (list !== LIST_NONE) this.orders[list]!.removeBuckets((other) => other === id, this.sizes, this.positions);
    this.freeIds.push(id);
  }

  private dropEmptyBuckets(): void {
    const isGone = (id: number): boolean => this.sizes[id] === 0;
    for (const order of this.orders) order.removeBuckets(isGone, this.sizes, this.positions);
    for (const [kind, id] of this.openBuckets) {
      if (this.sizes[id] !== 0) continue;
      this.openBuckets.delete(kind);
      this.freeIds.push(id);
    }
    this.emptyBuckets = 0;
    this.version++;
  }

  private growBucket(id: number): void {
    const size = this.sizes[id]!;
    this.resizeBlock(id, size === 0 ? 1 : Math.min(BUCKET_PEERS, size + Math.max(1, size >>> 1)));
  }

  private resizeBlock(id: number, capacity: number): void {
    const blockWords = roundUpWords(capacity * this.stride);
    const room = Math.min(BUCKET_PEERS, Math.floor(blockWords / this.stride));
    const base = this.arena.allocateBlock(blockWords);
    const words = this.arena.words;
    const from = this.bases[id]!;
    const used = this.sizes[id]! * this.stride;
    for (let i = 0; i < used; i++) words[base + i] = words[from + i]!;
    this.freeBlock(id);
    this.bases[id] = base;
    this.capacities[id] = room;
  }

  private freeBlock(id: number): void {
    if (this.capacities[id] === 0) return;
    this.arena.freeBlock(this.bases[id]!, this.capacities[id]! * this.stride);
    this.capacities[id] = 0;
  }

  private growTables(): void {
    const capacity = this.groups.length * 2;
    this.groups = grown(this.groups, new Uint16Array(capacity));
    this.kinds = grown(this.kinds, new Uint8Array(capacity));
    this.bases = grown(this.bases, new Uint32Array(capacity));
    this.sizes = grown(this.sizes, new Uint16Array(capacity));
    this.capacities = grown(this.capacities, new Uint16Array(capacity));
    this.previous = grown(this.previous, new Uint32Array(capacity));
    this.positions = grown(this.positions, new Uint32Array(capacity));
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
