/**
 * Reported capability by address as an open-addressing table of words in shared memory. The control plane writes it, in
 * place, when a report changes a level. The data plane reads it with one look-up for each announce, without text, copies or
 * allocations. Writes of a word are atomic, so a reader sees the value before or after a change.
 */
import { ADDRESS_KEY_WORDS, AddressHash } from '../domain/address-hash.js';
import { randomHashKey } from '../domain/half-sip-hash.js';
import { parseIp } from '../domain/ip-address.js';
import type { ReportedCapability } from './cost-table.js';

/** In an entry's value: the address is one of the operator's caches. */
export const REPORTED_CACHE = 128;
/** The cache is not handed out, and is given no peers. */
export const REPORTED_OUT = 64;
/** A controller says which torrents the cache may fetch over the border. */
export const REPORTED_MANAGED = 32;
/** There is no report of the address. */
export const NOT_REPORTED = -1;
/** Words of an address in a list of changes: family, then the address as four words (three are 0 for IPv4). */
export const CHANGE_WORDS = 5;
const SLOT_WORDS = 5;
const VALUE = 4;
const OCCUPIED = 0x100;
const IS_IPV6 = 0x200;
/** The address has no level any more; its slot is reused only in the next table. */
const IS_GONE = 0x400;
const SMALLEST_CAPACITY = 16;

/** @param byAddress text as `formatIp` writes it → level 0 … 7, for a cache with {@link REPORTED_CACHE} and what holds for it */
export function reportedCapability(byAddress: ReadonlyMap<string, number>, version: number): ReportedCapability {
  const writer = new AddressLevelsWriter(version, byAddress.size);
  for (const [text, value] of byAddress) {
    const { family, words } = parseIp(text);
    writer.set(family, words, value);
  }
  return writer.current;
}

/** A changed address: its words and its new value, {@link NOT_REPORTED} if it has none any more. */
export type LevelChange = (family: 4 | 6, words: readonly number[], value: number) => void;

export class AddressLevels {
  readonly version: number;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly hash: AddressHash;

  constructor(reported: ReportedCapability) {
    this.version = reported.version;
    this.slots = reported.slots;
    this.hash = new AddressHash(reported.hashKey);
    this.mask = reported.slots.length / SLOT_WORDS - 1;
  }

  /** @returns the level, for a cache with {@link REPORTED_CACHE} and what holds for it, or {@link NOT_REPORTED} */
  lookup(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    if (this.mask < 0) return NOT_REPORTED;
    const slot =
      family === 4 ? this.slotOf(4, word0 | 0, 0, 0, 0) : this.slotOf(6, word0 | 0, word1 | 0, word2 | 0, word3 | 0);
    const value = this.slots[slot + VALUE]!;
    return value === 0 || (value & IS_GONE) !== 0 ? NOT_REPORTED : value & 0xff;
  }

  /** Calls back for every address whose value differs from that in `old`. Reads both tables completely. */
  forEachDifference(old: AddressLevels, change: LevelChange): void {
    this.forEach((family, words, value) => {
      if (old.lookup(family, words[0]!, words[1]!, words[2]!, words[3]!) !== value) change(family, words, value);
    });
    old.forEach((family, words) => {
      if (this.lookup(family, words[0]!, words[1]!, words[2]!, words[3]!) === NOT_REPORTED) {
        change(family, words, NOT_REPORTED);
      }
    });
  }

  /** Every address with a level. */
  forEach(visit: LevelChange): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS) {
      const value = slots[slot + VALUE]!;
      if (value === 0 || (value & IS_GONE) !== 0) continue;
      const words = [slots[slot]! >>> 0, slots[slot + 1]! >>> 0, slots[slot + 2]! >>> 0, slots[slot + 3]! >>> 0];
      visit((value & IS_IPV6) === 0 ? 4 : 6, words, value & 0xff);
    }
  }

  /** Where the address is, or the free slot where it would be. */
  slotOf(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    const slots = this.slots;
    const hash = family === 4 ? this.hash.ipv4(word0) : this.hash.ipv6(word0, word1, word2, word3, 0);
    const familyBit = family === 6 ? IS_IPV6 : 0;
    for (let position = hash & this.mask; ; position = (position + 1) & this.mask) {
      const slot = position * SLOT_WORDS;
      const value = slots[slot + VALUE]!;
      if (value === 0) return slot;
      if ((value & IS_IPV6) !== familyBit || slots[slot] !== word0) continue;
      if (family === 4) return slot;
      if (slots[slot + 1] === word1 && slots[slot + 2] === word2 && slots[slot + 3] === word3) return slot;
    }
  }
}

/** The only writer of a table. At most half of it is in use, so that a look-up of a missing address ends soon. */
export class AddressLevelsWriter {
  /** Replaced by a larger table, with the next version, when it becomes too small. */
  current: ReportedCapability;
  private levels: AddressLevels;
  private used = 0;
  /** Secret, because hosts can choose most bits of their IPv6 addresses: strangers must not know which ones collide. */
  private readonly hashKey = randomHashKey(ADDRESS_KEY_WORDS);

  /** @param expected how many addresses fit from the beginning */
  constructor(version: number, expected = 0) {
    this.current = { version, slots: emptySlots(expected), hashKey: this.hashKey };
    this.levels = new AddressLevels(this.current);
  }

  /** @param value as {@link AddressLevels.lookup} returns it. @returns whether it has changed */
  set(family: 4 | 6, words: readonly number[], value: number): boolean {
    const [a = 0, b = 0, c = 0, d = 0] = words;
    if (this.levels.lookup(family, a, b, c, d) === value) return false;
    if ((this.used + 1) * SLOT_WORDS * 2 > this.current.slots.length) this.makeRoom();
    const { slots } = this.current;
    const slot = this.levels.slotOf(family, a | 0, b | 0, c | 0, d | 0);
    if (slots[slot + VALUE] === 0) {
      this.used++;
      slots[slot] = a;
      slots[slot + 1] = b;
      slots[slot + 2] = c;
      slots[slot + 3] = d;
    }
    const entry = OCCUPIED | (family === 6 ? IS_IPV6 : 0) | (value === NOT_REPORTED ? IS_GONE : value & 0xff);
    // Last, and visible to every reader after the words (release store): until then a reader finds no entry.
    Atomics.store(slots, slot + VALUE, entry);
    return true;
  }

  private makeRoom(): void {
    const old = this.levels;
    let live = 0;
    old.forEach(() => {
      live++;
    });
    this.current = {
      version: this.current.version + 1,
      slots: emptySlots(live + 1),
      hashKey: this.hashKey,
    };
    this.levels = new AddressLevels(this.current);
    this.used = 0;
    old.forEach((family, words, value) => {
      this.set(family, words, value);
    });
  }
}

/** Room for twice as many as are expected, and at most four times. */
function emptySlots(expected: number): Int32Array {
  const capacity = expected === 0 ? 0 : Math.max(SMALLEST_CAPACITY, 2 ** (33 - Math.clz32(expected)));
  return new Int32Array(new SharedArrayBuffer(capacity * SLOT_WORDS * 4));
}
