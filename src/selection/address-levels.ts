/**
 * Reported capability by address as an open-addressing table of words in shared memory: made by the control plane when
 * reports change a level, read by the data plane with one look-up an announce; no text, no copy, no allocation there.
 */
import { parseIp } from '../domain/ip-address.js';
import type { ReportedCapability } from './cost-table.js';

/** In an entry's value: the address is one of the operator's caches. */
export const REPORTED_CACHE = 128;
/** Nothing was reported of an address. */
export const NOT_REPORTED = -1;
const NO_CHANGES = new Int32Array(0);
const CHANGE_WORDS = 6;
const SLOT_WORDS = 5;
const VALUE = 4;
const OCCUPIED = 0x100;
const IS_IPV6 = 0x200;

/**
 * @param byAddress text as `formatIp` writes it → level 0 … 7, with {@link REPORTED_CACHE} for a cache
 * @param before the table that this one follows: what differs is found here rather than on the data plane
 */
export function reportedCapability(
  byAddress: ReadonlyMap<string, number>,
  version: number,
  before?: ReportedCapability,
): ReportedCapability {
  const size = byAddress.size;
  // At most half full, so that a look-up of an address that is not there ends soon.
  const capacity = size === 0 ? 0 : 1 << (33 - Math.clz32(size));
  const slots = new Int32Array(new SharedArrayBuffer(capacity * SLOT_WORDS * 4));
  const table = new AddressLevels({ version, slots, since: version, changes: NO_CHANGES });
  for (const [text, value] of byAddress) {
    const { family, words } = parseIp(text);
    table.insert(family, words, value);
  }
  if (before === undefined) return { version, slots, since: version, changes: NO_CHANGES };
  const changes: number[] = [];
  table.forEachChange(new AddressLevels(before), (family, words, value) => {
    changes.push(family, words[0]!, words[1]!, words[2]!, words[3]!, value);
  });
  return { version, slots, since: before.version, changes: Int32Array.from(changes) };
}

/** What changed of an address: its words, and its value now, {@link NOT_REPORTED} where it has none any more. */
export type LevelChange = (family: 4 | 6, words: readonly number[], value: number) => void;

export class AddressLevels {
  readonly version: number;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly since: number;
  private readonly changes: Int32Array;

  constructor(reported: ReportedCapability) {
    this.version = reported.version;
    this.since = reported.since;
    this.changes = reported.changes;
    this.slots = reported.slots;
    this.mask = reported.slots.length / SLOT_WORDS - 1;
  }

  /** @returns the level with {@link REPORTED_CACHE} set for a cache, or {@link NOT_REPORTED} */
  lookup(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    if (this.mask < 0) return NOT_REPORTED;
    const slot =
      family === 4 ? this.slotOf(4, word0 | 0, 0, 0, 0) : this.slotOf(6, word0 | 0, word1 | 0, word2 | 0, word3 | 0);
    const value = this.slots[slot + VALUE]!;
    return value === 0 ? NOT_REPORTED : value & 0xff;
  }

  /** Calls back for every address whose value is not what it was in `old`. */
  forEachChange(old: AddressLevels, change: LevelChange): void {
    if (this.since === old.version && this.since !== this.version) {
      const { changes } = this;
      for (let at = 0; at < changes.length; at += CHANGE_WORDS) {
        const words = [changes[at + 1]! >>> 0, changes[at + 2]! >>> 0, changes[at + 3]! >>> 0, changes[at + 4]! >>> 0];
        change(changes[at] === 4 ? 4 : 6, words, changes[at + 5]!);
      }
      return;
    }
    // A table was left out in between: the two are compared whole.
    this.forEach((family, words, value) => {
      if (old.lookup(family, words[0]!, words[1]!, words[2]!, words[3]!) !== value) change(family, words, value);
    });
    old.forEach((family, words) => {
      if (this.lookup(family, words[0]!, words[1]!, words[2]!, words[3]!) === NOT_REPORTED) {
        change(family, words, NOT_REPORTED);
      }
    });
  }

  /** @internal only while the table is being made */
  insert(family: 4 | 6, words: readonly number[], value: number): void {
    const [a = 0, b = 0, c = 0, d = 0] = words;
    const slot = this.slotOf(family, a | 0, b | 0, c | 0, d | 0);
    this.slots[slot] = a;
    this.slots[slot + 1] = b;
    this.slots[slot + 2] = c;
    this.slots[slot + 3] = d;
    this.slots[slot + VALUE] = OCCUPIED | (family === 6 ? IS_IPV6 : 0) | (value & 0xff);
  }

  private forEach(visit: LevelChange): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS) {
      const value = slots[slot + VALUE]!;
      if (value === 0) continue;
      const words = [slots[slot]! >>> 0, slots[slot + 1]! >>> 0, slots[slot + 2]! >>> 0, slots[slot + 3]! >>> 0];
      visit((value & IS_IPV6) === 0 ? 4 : 6, words, value & 0xff);
    }
  }

  /** Where the address is, or the free slot where it would be. */
  private slotOf(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    const slots = this.slots;
    let hash = Math.imul(
      word0 ^ Math.imul(word1 ^ Math.imul(word2 ^ Math.imul(word3, 0x9e3779b1), 31), 17),
      0x85ebca6b,
    );
    hash ^= hash >>> 15;
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
