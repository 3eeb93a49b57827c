/**
 * Applies changed capability reports to stored peers, so that a report affects the next answer rather than the one after the
 * node's next announce. Peers of reported addresses are remembered from their announces. A sweep over all swarms finds the
 * peers of an address that is reported for the first time. Both run in slices between batches, because a peer that changes
 * its rank costs as much as an answer.
 */
import {
  type AddressLevels,
  CHANGE_WORDS,
  type LevelChange,
  NOT_REPORTED,
  REPORTED_CACHE,
  REPORTED_OUT,
} from '../../selection/address-levels.js';
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import {
  addressWordsOf,
  ageSeconds,
  FLAG_CACHE,
  FLAG_REPORTED,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  levelOf,
  portOf,
} from './memory/peer-record.js';
import { refWordOf, type TorrentTable } from './memory/torrent-table.js';
import type { OperatorCaches } from './operator-caches.js';
import { PEER_REFRESHED, type SwarmChanges } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';

/** IPv4: the address; IPv6: its words as text. */
type AddressKey = number | string;
const PORTS = 65_536;
const FILTER_BITS = 16;
/** Results of `applyLevel`: the peer is not in the swarm, had this level already, or has it now. */
const ABSENT = 0;
const UNCHANGED = 1;
const CHANGED = 2;
type Applied = typeof ABSENT | typeof UNCHANGED | typeof CHANGED;

interface Address {
  readonly family: 4 | 6;
  readonly words: readonly number[];
}

/** For an address that a sweep covers and that has no known peers. */
const NO_PEERS: Set<number> = new Set();

export class CapabilityRefresh {
  /** Peers of reported addresses, each as entry × 65,536 + port. A stale one is removed when it is next used. */
  private readonly knownPeers = new Map<AddressKey, Set<number>>();
  /** Pending lists of changed addresses, and the position in the first. */
  private readonly changed: Int32Array[] = [];
  private changedAt = 0;
  private changesWaiting = 0;
  /** The most changes pending since the queue was last empty: each slice does a share of it. */
  private mostWaiting = 0;
  private nextSweep = new Map<AddressKey, Address>();
  private sweptFor: ReadonlyMap<AddressKey, Address> | undefined;
  /** One bit for each hash of an address in the sweep: most records are skipped after one read. */
  private readonly filter = new Uint8Array(2 ** (FILTER_BITS - 3));
  private segment = 0;
  private tableSlot = 0;
  private family: 4 | 6 = 4;
  private peerSlot = 0;
  private levels: AddressLevels;
  /** Of the current slice. */
  private nowSeconds = 0;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    /** For this object alone. */
    private readonly endpoint: Endpoint,
    levels: AddressLevels,
    private readonly changes: SwarmChanges,
    private readonly caches: OperatorCaches,
    private readonly membership: Pick<SwarmMembership, 'forgetRole' | 'trustCache'>,
  ) {
    this.levels = levels;
  }

  /** To be called when a peer of a reported address announces for the first time, or first since the report. */
  notePeer(entry: number, family: 4 | 6, w0: number, w1: number, w2: number, w3: number, port: number): void {
    const key = keyOf(family, w0, w1, w2, w3);
    const peers = this.knownPeers.get(key);
    if (peers === undefined || peers === NO_PEERS) this.knownPeers.set(key, new Set([entry * PORTS + port]));
    else peers.add(entry * PORTS + port);
  }

  /**
   * Reads levels from this table from now on, and brings those of the listed addresses to their peers.
   * @param changed `CHANGE_WORDS` for each address
   */
  takeChanges(levels: AddressLevels, changed: Int32Array): void {
    this.levels = levels;
    if (changed.length === 0) return;
    this.changed.push(changed);
    this.changesWaiting += changed.length / CHANGE_WORDS;
    this.mostWaiting = Math.max(this.mostWaiting, this.changesWaiting);
  }

  /** Replaces the table; both are compared in full. */
  replaceLevels(levels: AddressLevels): void {
    const changed: number[] = [];
    levels.forEachDifference(this.levels, (family, words) => changed.push(family, ...words));
    this.takeChanges(levels, Int32Array.from(changed));
  }

  /** Starts a sweep for every reported address, after peers were restored from a snapshot. */
  sweepForAll(): void {
    this.levels.forEach(this.sweepFor);
  }

  get isIdle(): boolean {
    return this.changesWaiting === 0 && this.sweptFor === undefined && this.nextSweep.size === 0;
  }

  /**
   * Does one slice of the pending work.
   * @param share of the changes that came together, and of the sweep
   * @param sweepLength table slots and peers that a whole sweep visits
   */
  runSlice(share: number, sweepLength: number, nowSeconds: number): void {
    this.nowSeconds = nowSeconds;
    this.applyChanges(Math.ceil(share * this.mostWaiting));
    this.sweepSlice(Math.ceil(share * sweepLength));
  }

  private applyChanges(budget: number): void {
    for (let left = budget; left > 0 && this.changesWaiting > 0; left--) {
      const list = this.changed[0]!;
      const at = this.changedAt;
      const words = [list[at + 1]! >>> 0, list[at + 2]! >>> 0, list[at + 3]! >>> 0, list[at + 4]! >>> 0];
      this.applyChange(list[at] === 4 ? 4 : 6, words);
      this.changesWaiting--;
      this.changedAt += CHANGE_WORDS;
      if (this.changedAt < list.length) continue;
      this.changed.shift();
      this.changedAt = 0;
    }
    if (this.changesWaiting === 0) this.mostWaiting = 0;
  }

  private applyChange(family: 4 | 6, words: readonly number[]): void {
    const value = this.valueOf(family, words);
    this.caches.note(family, words, value);
    const key = keyOf(family, words[0]!, words[1]!, words[2]!, words[3]!);
    const peers = this.knownPeers.get(key);
    if (peers === undefined) {
      if (value !== NOT_REPORTED) this.sweepFor(family, words, value);
      return;
    }
    for (const peer of peers) {
      const port = peer % PORTS;
      if (this.applyLevel((peer - port) / PORTS, family, words, port, value) === ABSENT) peers.delete(peer);
    }
    if (value === NOT_REPORTED) this.knownPeers.delete(key);
    else if (peers.size === 0) this.knownPeers.set(key, NO_PEERS);
  }

  private readonly sweepFor: LevelChange = (family, words) => {
    const key = keyOf(family, words[0]!, words[1]!, words[2]!, words[3]!);
    if (!this.knownPeers.has(key)) this.knownPeers.set(key, NO_PEERS);
    this.nextSweep.set(key, { family, words });
  };

  /** Continues the sweep, if there is one. @param budget table slots and peers to visit */
  private sweepSlice(budget: number): void {
    if (this.sweptFor === undefined && !this.startSweep()) return;
    const { table } = this;
    let left = budget;
    while (left > 0) {
      if (this.tableSlot >= table.tableSlotsOf(this.segment)) {
        this.startTableSlot(0);
        if (++this.segment < table.segmentCount) continue;
        this.sweptFor = undefined;
        return;
      }
      left--;
      const entry = table.entryInTableSlot(this.segment, this.tableSlot);
      if (entry === 0) {
        this.startTableSlot(this.tableSlot + 1);
        continue;
      }
      while (left > 0 && this.checkPeer(entry)) left--;
      if (left > 0) this.startTableSlot(this.tableSlot + 1);
    }
  }

  private startSweep(): boolean {
    if (this.nextSweep.size === 0) return false;
    this.sweptFor = this.nextSweep;
    this.nextSweep = new Map();
    this.filter.fill(0);
    for (const { family, words } of this.sweptFor.values()) {
      this.endpoint.setAddress(family, words[0]!, words[1]!, words[2]!, words[3]!, 0);
      const bit = filterBit(this.endpoint.hostHash);
      this.filter[bit >>> 3]! |= 1 << (bit & 7);
    }
    this.segment = 0;
    this.startTableSlot(0);
    return true;
  }

  private valueOf(family: 4 | 6, words: readonly number[]): number {
    return this.levels.lookup(family, words[0]!, words[1]!, words[2]!, words[3]!);
  }

  private startTableSlot(slot: number): void {
    this.tableSlot = slot;
    this.family = 4;
    this.peerSlot = 0;
  }

  /** @returns false if the swarm has no more peers */
  private checkPeer(entry: number): boolean {
    const words = this.arena.words;
    const { family } = this;
    const addressWords = addressWordsOf(family);
    const ref = words[refWordOf(entry, family)]!;
    const slot = ref === 0 ? -1 : this.swarms.nextUsedSlot(ref, this.peerSlot, addressWords);
    if (slot < 0) {
      if (family === 6) return false;
      this.family = 6;
      this.peerSlot = 0;
      return true;
    }
    const record = this.swarms.recordInSlot(ref, slot, addressWords);
    this.peerSlot = slot + 1;
    const bit = filterBit(this.endpoint.hostHashOfRecordOf(words, record, addressWords));
    if ((this.filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return true;
    const [w0, w1, w2, w3] = [words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!];
    const wanted = this.sweptFor!.get(keyOf(family, w0, w1, w2, w3));
    if (wanted === undefined) return true;
    const port = portOf(words, record + addressWords);
    const value = this.valueOf(family, wanted.words);
    // The peer may have moved, and another peer may now be in this slot.
    if (this.applyLevel(entry, family, wanted.words, port, value) === CHANGED) this.peerSlot = slot;
    if (value !== NOT_REPORTED) this.notePeer(entry, family, w0, w1, w2, w3, port);
    return true;
  }

  private applyLevel(entry: number, family: 4 | 6, address: readonly number[], port: number, value: number): Applied {
    const words = this.arena.words;
    const { endpoint } = this;
    endpoint.setAddress(family, address[0]!, address[1]!, address[2]!, address[3]!, port);
    const ref = words[refWordOf(entry, family)]!;
    const record = ref === 0 ? 0 : this.swarms.findPeer(ref, endpoint);
    if (record === 0) return ABSENT;
    const meta = record + endpoint.addressWords;
    const oldFlags = flagsOf(words, meta);
    const isReported = value !== NOT_REPORTED;
    const isCache = isReported && (value & REPORTED_CACHE) !== 0;
    // What withholds a cache is that it was taken out; its own networks are neither denied nor reserved.
    const kept = oldFlags & ~(FLAG_REPORTED | FLAG_CACHE | ((oldFlags & FLAG_CACHE) !== 0 ? FLAG_WITHHELD : 0));
    const isOut = isReported && (value & REPORTED_OUT) !== 0;
    const flags = kept | (isReported ? FLAG_REPORTED : 0) | (isCache ? FLAG_CACHE : 0) | (isOut ? FLAG_WITHHELD : 0);
    const level = isReported ? value & 7 : NEUTRAL_CAPABILITY_LEVEL;
    if (flags === oldFlags && level === levelOf(words, meta)) return UNCHANGED;
    const lastSeen = this.nowSeconds - ageSeconds(words, meta, this.nowSeconds);
    const changesHands = ((flags ^ oldFlags) & FLAG_WITHHELD) !== 0;
    if (changesHands && isOut) this.membership.forgetRole(entry, family, record, endpoint);
    const at = this.swarms.updateRank(ref, record, endpoint, groupOf(words, meta), level, flags);
    if (changesHands && !isOut) this.membership.trustCache(entry, family, at, endpoint);
    if (flags !== oldFlags) this.changes.reportChange(PEER_REFRESHED, entry, endpoint, flags, lastSeen);
    return CHANGED;
  }
}

function keyOf(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): AddressKey {
  return family === 4 ? w0 >>> 0 : `${w0 >>> 0}:${w1 >>> 0}:${w2 >>> 0}:${w3 >>> 0}`;
}

/** @param hostHash keyed: strangers cannot choose addresses that pass the filter */
function filterBit(hostHash: number): number {
  return hostHash >>> (32 - FILTER_BITS);
}
