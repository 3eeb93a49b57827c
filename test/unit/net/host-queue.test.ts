import { describe, expect, it } from 'vitest';
import { createHostQueue } from '../../../src/net/host-queue.js';
import { MAX_REMEMBERED_HOSTS } from '../../../src/net/limits.js';

const pauses: number[] = [];
const queue = () => {
  pauses.length = 0;
  return createHostQueue(async (ms) => void pauses.push(ms));
};

describe('the queue of a host', () => {
  it('pauses between two requests, not before the first, and goes on after one that fails', async () => {
    const { run } = queue();
    const failed = run('a', 7, async () => Promise.reject(new Error('broken')));
    const next = run('a', 8, async () => 'next');
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('next');
    expect(await run('b', 9, async () => 'other')).toBe('other');
    expect(pauses).toEqual([8]);
  });

  it('forgets the host that was idle for longest, and never one whose work has not ended', async () => {
    const { run } = queue();
    let finish = (): void => undefined;
    const busy = run('busy', 0, () => new Promise<void>((resolve) => (finish = resolve)));
    for (let i = 0; i < MAX_REMEMBERED_HOSTS + 10; i++) await run(`host-${i}`, 5, async () => undefined);
    await run('host-0', 5, async () => undefined);
    expect(pauses).toEqual([]);
    await run(`host-${MAX_REMEMBERED_HOSTS + 9}`, 6, async () => undefined);
    expect(pauses).toEqual([6]);
    const afterBusy = run('busy', 7, async () => undefined);
    finish();
    await Promise.all([busy, afterBusy]);
    expect(pauses).toEqual([6, 7]);
  });
});
