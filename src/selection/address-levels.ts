/** Reported capability by address as an open-addressing table of words: one look-up an announce, no text, no allocation. */
import { parseIp } from '../domain/ip-address.js';
import type { ReportedCapability } from './cost-table.js';

/** In an entry's value: the address is one of the operator's caches. */
export const REPORTED_CACHE = 128;
const SLOT_WORDS = 5;
const OCCUPIED = 0x100;
const IS_IPV6 = 0x200;

export class AddressLevels {
  private readonly slots: Int32Array;
  private readonly mask: number;

  constructor(reported: ReportedCapability) {
    const size = reported.byAddress.size;
    const capacity = size === 0 ? 0 : 1 << (33 - Math.clz32(size));
    this.slots = new Int32Array(capacity * SLOT_WORDS);
    this.mask = capacity - 1;
    for (const [text, value] of reported.byAddress) {
      const { family, words } = parseIp(text);
      const slot = this.slotOf(family, words[0]! | 0, words[1]! | 0, words[2]! | 0, words[3]! | 0);
      this.slots.set([...words.map((word) => word | 0), ...[0, 0, 0, 0].slice(words.length)], slot);
      this.slots[slot + 4] = OCCUPIED | (family === 6 ? IS_IPV6 : 0) | (value & 0xff);
    }
  }

  /** @returns the level with {@link REPORTED_CACHE} set for a cache, or −1 where nothing was reported */
  lookup(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    if (this.mask < 0) return -1;
    const slot =
      family === 4 ? this.slotOf(4, word0 | 0, 0, 0, 0) : this.slotOf(6, word0 | 0, word1 | 0, word2 | 0, word3 | 0);
    const value = this.slots[slot + 4]!;
    return value === 0 ? -1 : value & 0xff;
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
      const value = slots[slot + 4]!;
      if (value === 0) return slot;
      if ((value & IS_IPV6) !== familyBit || slots[slot] !== word0) continue;
      if (family === 4) return slot;
      if (slots[slot + 1] === word1 && slots[slot + 2] === word2 && slots[slot + 3] === word3) return slot;
    }
  }
}
