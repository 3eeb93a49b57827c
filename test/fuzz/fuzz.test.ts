/** A short run of every target with every test; `npm run fuzz` runs them as long as you like. */
import { describe, expect, it } from 'vitest';
import { BrokenRule, type FuzzTarget } from './fuzz-target.js';
import { runTarget, shrink } from './run-target.js';
import { TARGETS } from './targets.js';

const ITERATIONS = 200;
const SEED = 1;

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_name, target) => {
  it(`${ITERATIONS} inputs break no rule`, async () => {
    const { inputs, outcomes, failure } = await runTarget(target, { iterations: ITERATIONS, seed: SEED });
    const input = Buffer.from(failure?.input ?? '').toString('hex');
    expect(failure?.error, `--target ${target.name} --input ${input}`).toBeUndefined();
    expect(inputs).toBe(ITERATIONS);
    // What is made is valid often enough to reach what lies behind the first check.
    expect(outcomes.size).toBeGreaterThan(1);
  });
});

describe('the runner', () => {
  /** Breaks its rule at the letters x and y, in this order. */
  const target: FuzzTarget = {
    name: 'letters',
    about: '',
    words: ['x', 'y'],
    create: () => ({
      make: () => new Uint8Array(Buffer.from('a valid input')),
      run(input) {
        const text = Buffer.from(input).toString('latin1');
        if (/x.*y/s.test(text)) throw new BrokenRule('x never comes before y', text);
        return 'fine';
      },
    }),
  };

  it('finds a broken rule, the same one again for a seed, and the smallest input for it', async () => {
    const options = { iterations: 100_000, seed: 7 };
    const { failure } = await runTarget(target, options);
    expect(failure?.rule).toBe('x never comes before y');
    expect((await runTarget(target, options)).failure?.input).toEqual(failure!.input);
    expect(Buffer.from((await shrink(target, failure!))!).toString()).toBe('xy');
  });

  it('holds a reader to leaving its input alone', async () => {
    const writing: FuzzTarget = {
      ...target,
      create: () => ({
        make: () => new Uint8Array(3),
        run(input) {
          input[0] = 1;
          return 'fine';
        },
      }),
    };
    const { failure } = await runTarget(writing, { iterations: 10, seed: 1 });
    expect(failure?.rule).toBe('a reader does not write to its input');
  });
});
