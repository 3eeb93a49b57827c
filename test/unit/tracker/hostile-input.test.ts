/** The tracker's handlers under hostile input for longer than their caches take to fill: nothing may grow. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { runTarget } from '../../fuzz/run-target.js';
import { trackerDatagram, trackerRequest, trackerWorkers } from '../../fuzz/targets/tracker-handlers.js';

const INPUTS = 10_000;
/** The first inputs compile code and fill swarms; from then on nothing may grow. */
const SETTLED_AT = 3_000;
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('hostile input', () => {
  it.each([trackerDatagram, trackerRequest, trackerWorkers].map((target) => [target.name, target] as const))(
    `${INPUTS} inputs of %s neither break a rule nor make the heap grow`,
    async (_name, target) => {
      let settledBytes = 0;
      let grownBytes = 0;
      const { failure, outcomes } = await runTarget(target, {
        iterations: INPUTS,
        seed: 1,
        onInput(_input, iteration) {
          if (iteration === SETTLED_AT) settledBytes = heapBytes();
          if (iteration === INPUTS - 1) grownBytes = heapBytes() - settledBytes;
          return true;
        },
      });
      expect(failure?.error, Buffer.from(failure?.input ?? '').toString('hex')).toBeUndefined();
      const answered = INPUTS - (outcomes.get('silence') ?? 0) - (outcomes.get('incomplete') ?? 0);
      expect(answered).toBeGreaterThan(INPUTS / 4);
      expect(grownBytes).toBeLessThan(MAX_GROWTH_BYTES);
    },
  );
});
