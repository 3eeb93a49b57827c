/** The truth test in small: simulated swarms with a control group. `npm run bench -- savings-truth` runs ten of each shape. */
import { describe, expect, it } from 'vitest';
import { runTrial, TRIAL_SHAPES } from '../../../bench/savings-trial.js';
import { defaultMix } from '../../../src/policy/default-mix.js';

describe('the estimated saving', () => {
  it('has the true one in its interval, and the foreign bytes are near the true ones', async () => {
    const shape = { ...TRIAL_SHAPES['inside-30']!, swarms: 4, pieces: 20 };
    for (const seed of [1, 2]) {
      const { estimated, isCovered, trueBytes, foreignAtAlias } = await runTrial(shape, seed, defaultMix);
      if ('reason' in estimated) throw new Error(estimated.reason);
      expect(isCovered, JSON.stringify({ trueBytes, estimated })).toBe(true);
      expect(estimated.baseline.method).toBe('control-group');
      expect(Math.abs(estimated.foreignBytes / foreignAtAlias - 1)).toBeLessThan(0.25);
    }
  });
});
