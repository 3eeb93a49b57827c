/**
 * What reads text of strangers takes time in proportion to it. A reader that goes back over its input takes minutes for
 * some of these. Time is that of the processor, the least of several tries, so that a busy machine does not matter; the
 * bounds are far above what a linear reader needs and far below what a quadratic one takes.
 */
import { describe, expect, it } from 'vitest';
import { documentTasks } from '../../src/crawler/document-tasks.js';
import { ClientError } from '../../src/domain/errors.js';
import { TrackerRefusal } from '../../src/upstream/tracker-contact.js';
import { costlyInputs, registeredTasks } from '../support/costliest-inputs.js';

const SMALL_BYTES = 65_536;
const LARGE_BYTES = 8 * SMALL_BYTES;
/** A linear reader takes 50 ms on an idle machine, most a few. */
const MAX_SMALL_MS = 300;
/** Eight times the input: 8 times the work for a linear reader, 64 times for a quadratic one. */
const MAX_GROWTH = 24;
/** Below this, what is measured is the clock and the collector of garbage. */
const LEAST_MS = 8;
const TRIES = 4;

function processorMs(run: () => unknown): number {
  const before = process.cpuUsage();
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof ClientError || thrown instanceof TrackerRefusal)) throw thrown;
  }
  return process.cpuUsage(before).user / 1_000;
}

/** The least of several tries; one that is fast enough ends them. */
function leastMs(run: () => unknown, enoughMs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > enoughMs; i++) least = Math.min(least, processorMs(run));
  return least;
}

describe('readers of what strangers wrote', () => {
  it('are all here', () => {
    expect([...registeredTasks].sort()).toEqual(Object.keys(documentTasks).sort());
  });

  it.each(costlyInputs.map((input) => [`${input.reader}: ${input.what}`, input] as const))(
    '%s',
    (_name, { costly }) => {
      const smallMs = leastMs(costly(SMALL_BYTES), LEAST_MS);
      expect(smallMs).toBeLessThan(MAX_SMALL_MS);
      const mayTakeMs = MAX_GROWTH * Math.max(LEAST_MS, smallMs);
      expect(leastMs(costly(LARGE_BYTES), mayTakeMs)).toBeLessThanOrEqual(mayTakeMs);
    },
  );
});
