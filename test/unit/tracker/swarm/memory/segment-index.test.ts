import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/domain/random.js';
import { Arena } from '../../../../../src/tracker/swarm/memory/arena.js';
import { SegmentIndex } from '../../../../../src/tracker/swarm/memory/segment-index.js';

/** An index over places whose hashes are kept beside it. */
function indexOf(arena: Arena, expected = 0): { index: SegmentIndex; hashes: Map<number, number> } {
  const hashes = new Map<number, number>();
  const index = new SegmentIndex(arena, { hashOfSlot: (place) => hashes.get(place)! }, expected);
  return { index, hashes };
}

function placesOf(index: SegmentIndex, hashes: Map<number, number>, hash: number): number[] {
  const found: number[] = [];
  for (let place = index.firstMatch(hash); place !== 0; place = index.nextMatch()) {
    if (hashes.get(place) === hash) found.push(place);
  }
  return found.sort((a, b) => a - b);
}

/** How many hashes lead to other places than they should. */
function lost(index: SegmentIndex, hashes: Map<number, number>, model: Map<number, Set<number>>): number {
  let count = 0;
  for (const [hash, places] of model) {
    if (placesOf(index, hashes, hash).join() !== [...places].join()) count++;
  }
  return count;
}

describe('the index of a large swarm', () => {
  it('finds what was put in, and nothing that was taken out, whichever way it grows and shrinks', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 64 }), (seed, sameHash) => {
        const arena = new Arena(16 * 1024 * 1024);
        const { index, hashes } = indexOf(arena);
        const random = createRandom(seed);
        const model = new Map<number, Set<number>>();
        let place = 1;
        const wanted = Math.floor(6_000 / sameHash);
        for (let i = 0; i < wanted; i++) {
          const hash = random.nextUint32() | 0;
          const places = new Set<number>();
          model.set(hash, places);
          for (let k = 0; k < sameHash; k++) {
            hashes.set(place, hash);
            if (index.insertIndexEntry(hash, place)) places.add(place++);
          }
        }
        expect(place).toBe(wanted * sameHash + 1);
        expect(lost(index, hashes, model)).toBe(0);
        for (const [hash, places] of model) {
          for (const one of places) {
            if (random.below(10) === 0) continue;
            index.removeIndexEntry(hash, one);
            hashes.delete(one);
            places.delete(one);
          }
        }
        expect(lost(index, hashes, model)).toBe(0);
        index.freeIndex();
        expect(arena.usedBytes).toBe(0);
      }),
      { numRuns: 10 },
    );
  });

  it('has room for hosts that hold as many places as it keeps of each', () => {
    const { index, hashes } = indexOf(new Arena(64 * 1024 * 1024));
    const random = createRandom(3);
    let place = 1;
    let refused = 0;
    for (let host = 0; host < 2_000; host++) {
      const hash = random.nextUint32() | 0;
      for (let k = 0; k < 32; k++, place++) {
        hashes.set(place, hash);
        if (!index.insertIndexEntry(hash, place)) refused++;
      }
    }
    expect(refused).toBe(0);
  });

  it('refuses the thousandth entry of one hash instead of searching for ever', () => {
    const { index, hashes } = indexOf(new Arena(64 * 1024 * 1024));
    let taken = 0;
    for (let place = 1; place <= 2_000; place++) {
      hashes.set(place, 12_345);
      if (index.insertIndexEntry(12_345, place)) taken++;
    }
    expect(taken).toBeGreaterThan(900);
    expect(placesOf(index, hashes, 12_345)).toHaveLength(taken);
    expect(index.firstMatch(99 << 17)).toBe(0);
  });

  it('goes on with longer chains where the arena is full, and gives all of it back', () => {
    const arena = new Arena(64 * 1024);
    const { index, hashes } = indexOf(arena);
    const random = createRandom(5);
    let refused = 0;
    for (let place = 1; place <= 20_000; place++) {
      const hash = random.nextUint32() | 0;
      hashes.set(place, hash);
      if (index.insertIndexEntry(hash, place)) continue;
      refused++;
      hashes.delete(place);
    }
    expect(refused).toBeGreaterThan(0);
    let missing = 0;
    for (const [place, hash] of hashes) if (!placesOf(index, hashes, hash).includes(place)) missing++;
    expect(missing).toBe(0);
    for (const [place, hash] of hashes) index.removeIndexEntry(hash, place);
    index.freeIndex();
    expect(arena.usedBytes).toBe(0);
  });
});
