/**
 * Open addressing from a hash to a slot of a ranked swarm, in halves of the arena: an entry is two bits of the hash (the
 * tag) and slot + 1, 0 is an empty one. Removing closes the gap, so there are no tombstones.
 */

export const SLOT_BITS = 14;
export const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** Where a hash is looked for first. */
export function homeOf(hash: number, entries: number): number {
  return ((hash >>> 16) * entries) >>> 16;
}

export function tagOf(hash: number): number {
  return hash & 3;
}

/** @param index where entry 0 lies in `halves`; one of the `entries` at least is empty */
export function addSlot(halves: Uint16Array, index: number, entries: number, slot: number, hash: number): void {
  let position = homeOf(hash, entries);
  while (halves[index + position] !== 0) if (++position === entries) position = 0;
  halves[index + position] = (tagOf(hash) << SLOT_BITS) | (slot + 1);
}

/** A slot that is not there stays so. @param hashOf the hash that a slot is indexed by */
export function removeSlot(
  halves: Uint16Array,
  index: number,
  entries: number,
  slot: number,
  hashOf: (slot: number) => number,
): void {
  let hole = homeOf(hashOf(slot), entries);
  for (; (halves[index + hole]! & SLOT_MASK) !== slot + 1; ) {
    if (halves[index + hole] === 0) return;
    if (++hole === entries) hole = 0;
  }
  for (let position = hole; ; ) {
    if (++position === entries) position = 0;
    const entry = halves[index + position]!;
    if (entry === 0) break;
    const home = homeOf(hashOf((entry & SLOT_MASK) - 1), entries);
    if (distance(home, position, entries) < distance(hole, position, entries)) continue;
    halves[index + hole] = entry;
    hole = position;
  }
  halves[index + hole] = 0;
}

function distance(from: number, to: number, entries: number): number {
  return to >= from ? to - from : to - from + entries;
}
