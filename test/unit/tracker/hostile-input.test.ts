/** A short run with every test, a long one with `npm run fuzz`. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { HostileInput } from '../../fuzz/hostile-input.js';

const COUNT = Number(process.env.FUZZ_COUNT ?? 10_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const SLICES = 10;
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('hostile input', () => {
  it(`${COUNT} mutated datagrams and requests neither break, nor hang, nor grow, nor draw more than was sent`, () => {
    const input = new HostileInput(SEED);
    let settledBytes = 0;
    for (let slice = 0; slice < SLICES; slice++) {
      input.datagrams(Math.ceil(COUNT / SLICES));
      input.requests(Math.ceil(COUNT / SLICES));
      if (COUNT > 100_000) console.log(`${slice + 1} of ${SLICES}: ${input.answered} answered`);
      // The first slices compile code and fill swarms; from then on nothing may grow.
      if (slice === 2) settledBytes = heapBytes();
    }
    expect(input.answered).toBeGreaterThan(COUNT / 4);
    expect(heapBytes() - settledBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });
});
