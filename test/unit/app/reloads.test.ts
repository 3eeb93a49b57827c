/** Reloads, as Prometheus and the service manager see them. */
import { expect, test } from 'vitest';
import { Reloads } from '../../../src/app/reloads.js';

const samples = (reloads: Reloads) =>
  Object.fromEntries(reloads.metrics().map(({ name, read }) => [name.replace('alias_tracker_', ''), [...read()]]));

test('are counted by result, with the time of the last success, and reported whoever asks', async () => {
  let nowMs = 5_000;
  const reloads = new Reloads({ nowMs: () => nowMs });
  expect(samples(reloads).reload_last_success_timestamp_seconds).toEqual([]);
  const told: string[] = [];
  reloads.reportTo(async (reload) => {
    told.push('RELOADING');
    try {
      await reload();
    } finally {
      told.push('READY');
    }
  });
  expect(await reloads.run(async () => 'changed')).toBe('changed');
  nowMs = 9_000;
  await expect(
    reloads.run(async () => {
      told.push('refused');
      throw new Error('line 3');
    }),
  ).rejects.toThrow('line 3');
  expect(told).toEqual(['RELOADING', 'READY', 'RELOADING', 'refused', 'READY']);
  expect(samples(reloads)).toEqual({
    reloads_total: [
      { labels: { result: 'done' }, value: 1 },
      { labels: { result: 'refused' }, value: 1 },
    ],
    reload_last_success_timestamp_seconds: [{ labels: {}, value: 5 }],
  });
});
