import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/domain/random.js';
import {
  homeOf,
  insertSlotEntry,
  MAX_SLOTS,
  removeSlotEntry,
  slotBitsOf,
  tagOf,
} from '../../../../../src/tracker/swarm/memory/slot-index.js';

describe.each([1, 2, 60, 127, 128, 8_191, MAX_SLOTS])('an index of %i slots', (capacity) => {
  const slotBits = slotBitsOf(capacity);
  const entries = capacity + (capacity >>> 1) + 4;
  const random = createRandom(capacity);
  const hashes = Array.from({ length: capacity }, () => random.nextUint32() | 0);
  const slotsAt = (halves: Uint16Array, hash: number): number[] => {
    const found: number[] = [];
    for (let position = homeOf(hash, entries); halves[position] !== 0; position = (position + 1) % entries) {
      const entry = halves[position]!;
      if (entry >>> slotBits === tagOf(hash, slotBits)) found.push((entry & ((1 << slotBits) - 1)) - 1);
    }
    return found;
  };

  it('holds every slot, and gives all other bits to the tag', () => {
    expect(capacity).toBeLessThan(1 << slotBits);
    expect(tagOf(-1, slotBits)).toBe(0xffff >>> slotBits);
    expect(tagOf(-1, slotBits)).toBeGreaterThanOrEqual(3);
  });

  it('finds what was added, until it is removed', () => {
    const halves = new Uint16Array(entries);
    hashes.forEach((hash, slot) => {
      insertSlotEntry(halves, 0, entries, slotBits, slot, hash);
    });
    hashes.forEach((hash, slot) => {
      expect(slotsAt(halves, hash)).toContain(slot);
    });
    for (let slot = 0; slot < capacity; slot += 2) {
      removeSlotEntry(halves, 0, entries, slotBits, slot, (other) => hashes[other]!);
    }
    hashes.forEach((hash, slot) => {
      expect(slotsAt(halves, hash).includes(slot)).toBe(slot % 2 === 1);
    });
  });

  it('leads to few slots of other hashes', () => {
    const halves = new Uint16Array(entries);
    hashes.forEach((hash, slot) => {
      insertSlotEntry(halves, 0, entries, slotBits, slot, hash);
    });
    const strangers = Array.from({ length: 2_000 }, () => random.nextUint32() | 0);
    const wrong = strangers.reduce((sum, hash) => sum + slotsAt(halves, hash).length, 0);
    // A search for a stranger passes a handful of entries; each matches by chance in one of 2^(16 - slotBits) cases.
    expect(wrong / strangers.length).toBeLessThan(8 / 2 ** (16 - slotBits) + 0.01);
  });
});
