import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, roundUpWords } from '../../../../../src/tracker/swarm/memory/arena.js';

describe('the arena', () => {
  it('never hands out overlapping blocks, reuses freed ones, and counts to zero when all are back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), { maxLength: 300 }),
        (operations) => {
          const arena = new Arena(64 * 1024);
          const blocks: { offset: number; size: number; mark: number }[] = [];
          for (const [frees, size] of operations) {
            if (frees && blocks.length > 0) {
              const [block] = blocks.splice(size % blocks.length, 1);
              expect(
                arena.words.subarray(block!.offset, block!.offset + block!.size).every((word) => word === block!.mark),
              ).toBe(true);
              arena.freeBlock(block!.offset, block!.size);
              continue;
            }
            let offset: number;
            try {
              offset = arena.allocateBlock(size);
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
              continue;
            }
            expect(offset).toBeGreaterThan(0);
            const mark = blocks.length + 1;
            arena.words.fill(mark, offset, offset + roundUpWords(size));
            blocks.push({ offset, size, mark });
          }
          for (const { offset, size } of blocks) arena.freeBlock(offset, size);
          expect(arena.usedBytes).toBe(0);
        },
      ),
    );
  });

  it('rounds up by an eighth at most, and rounded sizes stay', () => {
    for (let size = 1; size < 5000; size++) {
      const rounded = roundUpWords(size);
      expect(rounded).toBeGreaterThanOrEqual(size);
      expect(rounded).toBeLessThanOrEqual(Math.ceil(size * 1.125));
      expect(roundUpWords(rounded)).toBe(rounded);
    }
  });

  it('reserves four gigabytes without touching them', () => {
    const before = process.memoryUsage().rss;
    const arena = new Arena(2 ** 32);
    arena.words[arena.allocateBlock(1000)] = 1;
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});
