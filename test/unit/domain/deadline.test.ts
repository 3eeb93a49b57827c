import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { startDeadline, withinTime } from '../../../src/domain/deadline.js';
import { eventually } from '../../support/eventually.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Never ends by itself. */
const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('a deadline', () => {
  test('passes although only a listener refers to it, and garbage is collected', async () => {
    const outer = new AbortController();
    let reason: unknown;
    withinTime(50, outer.signal, forever).catch((thrown: unknown) => {
      reason = thrown;
    });
    await eventually('the deadline', () => {
      collectGarbage();
      return reason !== undefined;
    });
    expect(reason).toMatchObject({ name: 'TimeoutError', message: 'it took longer than 50 ms' });
  });

  test('aborts with the caller, with its reason, and is not over', () => {
    const outer = new AbortController();
    const deadline = startDeadline(1_000_000, outer.signal);
    outer.abort(new Error('the caller'));
    expect(deadline.signal.reason).toEqual(new Error('the caller'));
    expect(deadline.isOver).toBe(false);
    const late = startDeadline(1_000_000, outer.signal);
    expect(late.signal.aborted).toBe(true);
    deadline.end();
    late.end();
  });

  test('after its end hears neither', async () => {
    const outer = new AbortController();
    const deadline = startDeadline(1, outer.signal);
    deadline.end();
    const other = startDeadline(5);
    await eventually('a later deadline', () => other.isOver);
    outer.abort();
    expect(deadline.signal.aborted).toBe(false);
  });

  test('passes what the work returns and throws', async () => {
    expect(await withinTime(1_000_000, undefined, async () => 7)).toBe(7);
    await expect(withinTime(1_000_000, undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
