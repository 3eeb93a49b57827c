/**
 * Brings a change of reported capability to peers that are stored already, so that a report changes the next answer and not
 * the one after the node's next announce. Where reported addresses have peers is remembered from their announces; an
 * address that is reported for the first time is looked for once, by a sweep in slices.
 */
import {
  AddressLevels,
  type LevelChange,
  NOT_REPORTED,
  REPORTED_CACHE,
  reportedCapability,
} from '../../selection/address-levels.js';
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import type { Arena } from './arena.js';
import type { Endpoint } from './endpoint-key.js';
import type { FamilySwarms } from './family-swarm.js';
import { FLAG_CACHE, FLAG_REPORTED, flagsOf, groupOf, levelOf } from './peer-record.js';
import { ENTRY_REF4, ENTRY_REF6, type TorrentTable } from './torrent-table.js';

/** IPv4: the address; IPv6: its words as text. */
type AddressKey = number | string;
const PORTS = 65_536;
const FILTER_BITS = 16;
const NO_REPORTS = new AddressLevels(reportedCapability(new Map(), 0));

/** What became of a change: no such peer is in the swarm, it was so already, or it is now. */
const ABSENT = 0;
const UNCHANGED = 1;
const CHANGED = 2;
type Applied = typeof ABSENT | typeof UNCHANGED | typeof CHANGED;

interface Wanted {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly value: number;
}

export class CapabilityRefresh {
  /** Each place is entry × 65,536 + port; one that no longer holds is dropped when it is next looked at. */
  private readonly places = new Map<AddressKey, Set<number>>();
  private waiting = new Map<AddressKey, Wanted>();
  private sought: ReadonlyMap<AddressKey, Wanted> | undefined;
  /** One bit for each hash of a sought address: most records are passed over after one read. */
  private readonly filter = new Uint8Array(2 ** (FILTER_BITS - 3));
  private segment = 0;
  private slot = 0;
  private family: 4 | 6 = 4;
  private place = 0;
  private levels: AddressLevels;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    /** For this object alone. */
    private readonly endpoint: Endpoint,
    levels: AddressLevels,
  ) {
    this.levels = levels;
  }

  /** A peer of an address with a report announced. */
  note(entry: number, family: 4 | 6, w0: number, w1: number, w2: number, w3: number, port: number): void {
    const key = keyOf(family, w0, w1, w2, w3);
    const places = this.places.get(key);
    if (places === undefined) this.places.set(key, new Set([entry * PORTS + port]));
    else places.add(entry * PORTS + port);
  }

  /** Applies what differs from the levels before to the peers that are known; others are looked for by {@link work}. */
  setLevels(levels: AddressLevels): void {
    levels.forEachChange(this.levels, this.change);
    this.levels = levels;
  }

  /** Peers came back from a snapshot: every reported address is looked for. */
  lookForAll(): void {
    this.levels.forEachChange(NO_REPORTS, this.seek);
  }

  /** Goes on with the sweep, if there is anything to look for. @param budget table slots and peers to look at */
  work(budget: number): void {
    if (this.sought === undefined && !this.startSweep()) return;
    const { table } = this;
    let left = budget;
    while (left > 0) {
      if (this.slot >= table.segmentSlots(this.segment)) {
        this.startSlot(0);
        if (++this.segment < table.segmentCount) continue;
        this.sought = undefined;
        return;
      }
      left--;
      const entry = table.entryInSlot(this.segment, this.slot);
      if (entry === 0) {
        this.startSlot(this.slot + 1);
        continue;
      }
      while (left > 0 && this.lookAtPeer(entry)) left--;
      if (left > 0) this.startSlot(this.slot + 1);
    }
  }

  private readonly seek: LevelChange = (family, words, value) => {
    this.waiting.set(keyOf(family, words[0]!, words[1]!, words[2]!, words[3]!), { family, words, value });
  };

  private readonly change: LevelChange = (family, words, value) => {
    const key = keyOf(family, words[0]!, words[1]!, words[2]!, words[3]!);
    const places = this.places.get(key);
    const isSought = this.sought?.has(key) === true;
    if (places === undefined || isSought) this.seek(family, words, value);
    if (places === undefined) return;
    for (const place of places) {
      const port = place % PORTS;
      if (this.apply((place - port) / PORTS, family, words, port, value) === ABSENT) places.delete(place);
    }
    if (places.size === 0 || value === NOT_REPORTED) this.places.delete(key);
  };

  private startSweep(): boolean {
    if (this.waiting.size === 0) return false;
    this.sought = this.waiting;
    this.waiting = new Map();
    this.filter.fill(0);
    for (const { words } of this.sought.values()) {
      const bit = filterBit(words[0]!);
      this.filter[bit >>> 3]! |= 1 << (bit & 7);
    }
    this.segment = 0;
    this.startSlot(0);
    return true;
  }

  private startSlot(slot: number): void {
    this.slot = slot;
    this.family = 4;
    this.place = 0;
  }

  /** @returns false where the swarm has no more peers */
  private lookAtPeer(entry: number): boolean {
    const words = this.arena.words;
    const { family } = this;
    const addressWords = family === 4 ? 1 : 4;
    const ref = words[entry + (family === 4 ? ENTRY_REF4 : ENTRY_REF6)]!;
    const place = ref === 0 ? -1 : this.swarms.nextPlace(ref, this.place, addressWords);
    if (place < 0) {
      if (family === 6) return false;
      this.family = 6;
      this.place = 0;
      return true;
    }
    const record = this.swarms.recordInPlace(ref, place, addressWords);
    this.place = place + 1;
    const bit = filterBit(words[record]!);
    if ((this.filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return true;
    const [w0, w1, w2, w3] = [words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!];
    const wanted = this.sought!.get(keyOf(family, w0, w1, w2, w3));
    if (wanted === undefined) return true;
    const port = words[record + addressWords]! >>> 16;
    const { value } = wanted;
    // Another peer may lie in this place once one has moved to where its new level belongs.
    if (this.apply(entry, family, wanted.words, port, value) === CHANGED) this.place = place;
    if (value !== NOT_REPORTED) this.note(entry, family, w0, w1, w2, w3, port);
    return true;
  }

  private apply(entry: number, family: 4 | 6, address: readonly number[], port: number, value: number): Applied {
    const words = this.arena.words;
    const { endpoint } = this;
    endpoint.set(family, address[0]!, address[1]!, address[2]!, address[3]!, port);
    const ref = words[entry + (family === 4 ? ENTRY_REF4 : ENTRY_REF6)]!;
    const record = ref === 0 ? 0 : this.swarms.find(ref, endpoint);
    if (record === 0) return ABSENT;
    const meta = record + endpoint.addressWords;
    const oldFlags = flagsOf(words, meta);
    const isReported = value !== NOT_REPORTED;
    const isCache = isReported && (value & REPORTED_CACHE) !== 0;
    const flags =
      (oldFlags & ~(FLAG_REPORTED | FLAG_CACHE)) | (isReported ? FLAG_REPORTED : 0) | (isCache ? FLAG_CACHE : 0);
    const level = isReported ? value & 7 : NEUTRAL_CAPABILITY_LEVEL;
    if (flags === oldFlags && level === levelOf(words, meta)) return UNCHANGED;
    this.swarms.relist(ref, record, endpoint, groupOf(words, meta), level, flags);
    return CHANGED;
  }
}

function keyOf(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): AddressKey {
  return family === 4 ? w0 >>> 0 : `${w0 >>> 0}:${w1 >>> 0}:${w2 >>> 0}:${w3 >>> 0}`;
}

function filterBit(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
}
