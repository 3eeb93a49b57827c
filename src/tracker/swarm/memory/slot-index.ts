/**
 * Open addressing from a hash to a slot of a ranked swarm, in 16-bit halves of the arena's words. An entry is bits of the hash
 * (the tag) and slot + 1; 0 is an empty one. The tag uses all bits that the slots of the swarm leave free, because each tag that
 * matches by chance costs a random read of a record. Removal closes the gap, so there are no tombstones.
 */

const ENTRY_BITS = 16;
/** Leaves at least two bits for the tag. */
export const MAX_SLOTS = (1 << 14) - 1;

/** Bits of an entry that hold slot + 1. @param capacity slots of the swarm, at most {@link MAX_SLOTS} */
export function slotBitsOf(capacity: number): number {
  return 32 - Math.clz32(capacity);
}

/** Where the search for a hash begins. */
export function homeOf(hash: number, entries: number): number {
  return ((hash >>> 16) * entries) >>> 16;
}

/** The bits of an entry above its slot. @param slotBits see {@link slotBitsOf} */
export function tagOf(hash: number, slotBits: number): number {
  return hash & ((1 << (ENTRY_BITS - slotBits)) - 1);
}

/** @param index of entry 0 in `halves`; at least one of the `entries` is empty */
export function insertSlotEntry(
  halves: Uint16Array,
  index: number,
  entries: number,
  slotBits: number,
  slot: number,
  hash: number,
): void {
  let position = homeOf(hash, entries);
  while (halves[index + position] !== 0) if (++position === entries) position = 0;
  halves[index + position] = (tagOf(hash, slotBits) << slotBits) | (slot + 1);
}

/** Does nothing for a slot that is not indexed. @param hashOf the hash that a slot is indexed by */
export function removeSlotEntry(
  halves: Uint16Array,
  index: number,
  entries: number,
  slotBits: number,
  slot: number,
  hashOf: (slot: number) => number,
): void {
  const slotMask = (1 << slotBits) - 1;
  let hole = homeOf(hashOf(slot), entries);
  for (; (halves[index + hole]! & slotMask) !== slot + 1; ) {
    if (halves[index + hole] === 0) return;
    if (++hole === entries) hole = 0;
  }
  for (let position = hole; ; ) {
    if (++position === entries) position = 0;
    const entry = halves[index + position]!;
    if (entry === 0) break;
    const home = homeOf(hashOf((entry & slotMask) - 1), entries);
    if (distance(home, position, entries) < distance(hole, position, entries)) continue;
    halves[index + hole] = entry;
    hole = position;
  }
  halves[index + hole] = 0;
}

function distance(from: number, to: number, entries: number): number {
  return to >= from ? to - from : to - from + entries;
}
