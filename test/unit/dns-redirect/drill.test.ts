/** What a drill reports to the means by which its target dies and comes back. */
import { afterEach, describe, expect, test } from 'vitest';
import { runDrill } from '../../../src/dns-redirect/drill/drill.js';
import { answerWith, type Closing, startRedirect, startResolver } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** @returns what `end` was told, and the result of the drill */
async function drillWith(begin: (kill: () => void) => Promise<undefined>) {
  let isDead = false;
  const resolver = await startResolver(closing, (query) => answerWith(query, '192.0.2.99'));
  const state = { isHealthy: () => !isDead, isOpen: () => true };
  const redirect = await startRedirect(closing, { upstreamResolvers: [resolver], state });
  const ended: boolean[] = [];
  const drill = runDrill({
    servers: redirect.addresses,
    name: { name: 'linuxtracker.example', addresses: ['203.0.113.20'] },
    withdrawMs: 60_000,
    returnMs: 60_000,
    nowMs: () => performance.now(),
    signal: new AbortController().signal,
    begin: () =>
      begin(() => {
        isDead = true;
      }),
    end: async (targetIsDead) => {
      ended.push(targetIsDead);
      isDead = false;
    },
  });
  return { drill, ended };
}

describe('the operator is asked to start the target again', () => {
  test('if it died', async () => {
    const { drill, ended } = await drillWith(async (kill) => void kill());
    const [result] = await drill;
    expect(result).toMatchObject({ withdrawnMs: expect.any(Number), returnedMs: expect.any(Number) });
    expect(ended).toEqual([true]);
  });

  test('not if it did not die', async () => {
    const { drill, ended } = await drillWith(() => Promise.reject(new Error('the target still works')));
    await expect(drill).rejects.toThrow('the target still works');
    expect(ended).toEqual([false]);
  });
});
