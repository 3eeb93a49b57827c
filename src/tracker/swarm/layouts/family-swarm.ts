/**
 * The peers of one swarm and family, whatever their number. The layout (small, ranked or bucketed) changes as the swarm grows or
 * shrinks, with enough hysteresis that a swarm at a threshold does not flap. A reference is a word: the kind in the top two bits,
 * and the location of the swarm in the rest; 0 is a swarm without peers.
 */
import type { StandingKeys } from '../../../selection/standing-key.js';
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { recordWordsOf, setGroup, setIdentity, setLevelAndFlags } from '../memory/peer-record.js';
import { BucketedSwarms } from './bucketed-swarms.js';
import type { HostScan } from './host-scan.js';
import { RankedSwarms } from './ranked-swarm.js';
import { SmallSwarms } from './small-swarm.js';

export const KIND_SMALL = 0;
export const KIND_RANKED = 1;
export const KIND_BUCKETED = 2;
const KIND_SHIFT = 30;
const OFFSET_MASK = 0x3fffffff;

export function kindOf(ref: number): number {
  return ref >>> KIND_SHIFT;
}

export function offsetOf(ref: number): number {
  return ref & OFFSET_MASK;
}

export class FamilySwarms {
  readonly small: SmallSwarms;
  readonly ranked: RankedSwarms;
  readonly bucketed: BucketedSwarms;
  /** The swarm's reference after the last operation that may move it. */
  ref = 0;

  constructor(
    private readonly arena: Arena,
    keys: StandingKeys,
    hasher: Endpoint,
    private readonly smallMax: number,
    private readonly rankedMax: number,
  ) {
    this.small = new SmallSwarms(arena);
    this.ranked = new RankedSwarms(arena, keys, hasher);
    this.bucketed = new BucketedSwarms(arena, keys, hasher);
  }

  size(ref: number): number {
    if (ref === 0) return 0;
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) return this.small.size(ref);
    return kind === KIND_RANKED ? this.ranked.size(offsetOf(ref)) : this.bucketed.size(offsetOf(ref));
  }

  /** @returns the record of an address and port, 0 if there is none */
  findPeer(ref: number, endpoint: Endpoint): number {
    if (ref === 0) return 0;
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) return this.small.findPeer(ref, endpoint);
    return kind === KIND_RANKED
      ? this.ranked.indexes.findPeer(offsetOf(ref), endpoint)
      : this.bucketed.findPeer(offsetOf(ref), endpoint);
  }

  /** Looks for other peers of the endpoint's address. */
  scanHost(ref: number, endpoint: Endpoint, scan: HostScan): void {
    scan.clearScan();
    if (ref === 0) return;
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) this.small.scanHost(ref, endpoint, scan);
    else if (kind === KIND_RANKED) this.ranked.indexes.scanHost(offsetOf(ref), endpoint, scan);
    else this.bucketed.scanHost(offsetOf(ref), endpoint, scan);
  }

  /**
   * @param endpoint only its identity is used
   * @param addressWords of the family that is searched
   * @returns a record of the same client, 0 if there is none
   */
  findIdentity(ref: number, endpoint: Endpoint, addressWords: 1 | 4): number {
    if (ref === 0) return 0;
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) return this.small.findIdentity(ref, endpoint, addressWords);
    return kind === KIND_RANKED
      ? this.ranked.indexes.findIdentity(offsetOf(ref), endpoint, addressWords)
      : this.bucketed.findIdentity(offsetOf(ref), endpoint);
  }

  /** Replaces the identity of a record by that of its endpoint. The record stays where it is. */
  setIdentity(ref: number, record: number, endpoint: Endpoint): void {
    const kind = kindOf(ref);
    if (kind === KIND_RANKED) this.ranked.indexes.setIdentity(offsetOf(ref), record, endpoint);
    else if (kind === KIND_BUCKETED) this.bucketed.setIdentity(offsetOf(ref), endpoint);
    else setIdentity(this.arena.words, record + endpoint.addressWords, endpoint);
  }

  /** Stores a new peer. @returns its record; the swarm is at {@link ref} afterwards */
  insertPeer(ref: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    let from = ref;
    if (kindOf(from) === KIND_SMALL && from !== 0 && this.small.size(from) >= this.smallMax) {
      from = this.smallToRanked(from, endpoint);
    } else if (kindOf(from) === KIND_RANKED && this.ranked.size(offsetOf(from)) >= this.rankedMax) {
      from = this.rankedToBucketed(from, endpoint);
    }
    const kind = kindOf(from);
    let record: number;
    if (kind === KIND_SMALL) {
      record = this.small.insertPeer(from, endpoint, group, level, flags);
      this.ref = this.small.ref;
    } else if (kind === KIND_RANKED) {
      record = this.ranked.insertPeer(offsetOf(from), endpoint, group, level, flags);
      this.ref = refOf(KIND_RANKED, this.ranked.ref);
    } else {
      record = this.bucketed.insertPeer(offsetOf(from), endpoint, group, level, flags);
      this.ref = from;
    }
    return record;
  }

  /** Like {@link insertPeer}. @returns 0 if all free blocks of the arena are too small; the swarm is unchanged */
  tryInsertPeer(ref: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    try {
      return this.insertPeer(ref, endpoint, group, level, flags);
    } catch (error) {
      if (error instanceof RangeError) return 0;
      throw error;
    }
  }

  /** Changes what a record is ranked by. @returns the record, which may have moved; the swarm has not */
  updateRank(ref: number, record: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const kind = kindOf(ref);
    const words = this.arena.words;
    if (kind === KIND_BUCKETED) return this.bucketed.updateRank(offsetOf(ref), record, endpoint, group, level, flags);
    if (kind === KIND_RANKED) this.ranked.updateRank(offsetOf(ref), record, endpoint, group, level, flags);
    else {
      setGroup(words, record + endpoint.addressWords, group);
      setLevelAndFlags(words, record + endpoint.addressWords, level, flags);
    }
    return record;
  }

  /** @param endpoint the record's own. The swarm is at {@link ref} afterwards, 0 if it was the last peer */
  removePeer(ref: number, record: number, endpoint: Endpoint): void {
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) {
      this.small.removePeer(ref, record, endpoint.stride);
      this.ref = this.small.ref;
    } else if (kind === KIND_RANKED) {
      this.ranked.removePeer(offsetOf(ref), record, endpoint);
      this.ref = refOf(KIND_RANKED, this.ranked.ref);
      if (
        this.ranked.size(this.ranked.ref) * 2 <= this.smallMax &&
        this.arena.canAllocate(this.smallMax * endpoint.stride)
      )
        this.ref = this.rankedToSmall(this.ref, endpoint);
    } else {
      this.bucketed.removePeer(offsetOf(ref), endpoint);
      this.ref = ref;
      if (
        this.bucketed.size(offsetOf(ref)) * 2 <= this.rankedMax &&
        this.ranked.canCreate(this.rankedMax, endpoint.stride)
      )
        this.ref = this.bucketedToRanked(ref, endpoint);
    }
  }

  /** Frees a swarm with all its peers. */
  freeSwarm(ref: number, addressWords: 1 | 4): void {
    if (ref === 0) return;
    const stride = recordWordsOf(addressWords);
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) this.small.freeSwarm(ref, stride);
    else if (kind === KIND_RANKED) this.ranked.freeSwarm(offsetOf(ref), stride);
    else this.bucketed.freeSwarm(offsetOf(ref));
  }

  /** The first slot from `slot` on that holds a record; −1 after the last. For walks over all peers. */
  nextUsedSlot(ref: number, slot: number, addressWords: 1 | 4): number {
    if (ref === 0) return -1;
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) return slot < this.small.size(ref) ? slot : -1;
    if (kind === KIND_BUCKETED) return this.bucketed.swarmOf(offsetOf(ref)).nextUsedSlot(slot);
    const block = offsetOf(ref);
    const used = this.ranked.slotsUsed(block);
    for (let at = slot; at < used; at++) {
      if (!this.ranked.isUnused(this.ranked.recordInSlot(block, at, recordWordsOf(addressWords)), addressWords))
        return at;
    }
    return -1;
  }

  recordInSlot(ref: number, slot: number, addressWords: 1 | 4): number {
    const kind = kindOf(ref);
    if (kind === KIND_SMALL) return this.small.recordInSlot(ref, slot, recordWordsOf(addressWords));
    if (kind === KIND_BUCKETED) return this.bucketed.swarmOf(offsetOf(ref)).recordInSlot(slot);
    return this.ranked.recordInSlot(offsetOf(ref), slot, recordWordsOf(addressWords));
  }

  private smallToRanked(ref: number, endpoint: Endpoint): number {
    const count = this.small.size(ref);
    const block = this.ranked.createSwarm(Math.max(16, count + (count >>> 2) + 1), endpoint.stride);
    for (let i = 0; i < count; i++) {
      this.ranked.appendRecord(block, this.small.recordInSlot(ref, i, endpoint.stride), endpoint);
    }
    this.ranked.sortLists(block, endpoint.addressWords);
    this.small.freeSwarm(ref, endpoint.stride);
    return refOf(KIND_RANKED, block);
  }

  private rankedToSmall(ref: number, endpoint: Endpoint): number {
    const block = offsetOf(ref);
    const count = this.ranked.size(block);
    const slots = this.ranked.slotsUsed(block);
    const small = count === 0 ? 0 : this.small.createSwarm(count, endpoint.stride);
    for (let slot = 0; slot < slots && count > 0; slot++) {
      const record = this.ranked.recordInSlot(block, slot, endpoint.stride);
      if (!this.ranked.isUnused(record, endpoint.addressWords)) this.small.appendRecord(small, record, endpoint.stride);
    }
    this.ranked.freeSwarm(block, endpoint.stride);
    return small;
  }

  private rankedToBucketed(ref: number, endpoint: Endpoint): number {
    const block = offsetOf(ref);
    const number = this.bucketed.createSwarm(endpoint, this.ranked.size(block));
    const slots = this.ranked.slotsUsed(block);
    for (let slot = 0; slot < slots; slot++) {
      const record = this.ranked.recordInSlot(block, slot, endpoint.stride);
      if (!this.ranked.isUnused(record, endpoint.addressWords)) this.bucketed.appendRecord(number, record);
    }
    this.bucketed.finishFilling(number);
    this.ranked.freeSwarm(block, endpoint.stride);
    return refOf(KIND_BUCKETED, number);
  }

  private bucketedToRanked(ref: number, endpoint: Endpoint): number {
    const number = offsetOf(ref);
    const count = this.bucketed.size(number);
    const block = this.ranked.createSwarm(Math.max(16, count + (count >>> 2) + 4), endpoint.stride);
    const swarm = this.bucketed.swarmOf(number);
    for (let slot = swarm.nextUsedSlot(0); slot >= 0; slot = swarm.nextUsedSlot(slot + 1)) {
      this.ranked.appendRecord(block, swarm.recordInSlot(slot), endpoint);
    }
    this.ranked.sortLists(block, endpoint.addressWords);
    this.bucketed.freeSwarm(number);
    return refOf(KIND_RANKED, block);
  }
}

function refOf(kind: number, offset: number): number {
  return ((kind << KIND_SHIFT) | offset) >>> 0;
}
