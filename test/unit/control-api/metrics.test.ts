import { PerformanceObserver } from 'node:perf_hooks';
import { expect, test, vi } from 'vitest';
import { Metrics } from '../../../src/control-api/metrics.js';

test('metrics that are made again observe the process once', async () => {
  const observe = vi.spyOn(PerformanceObserver.prototype, 'observe');
  const family = {
    name: 'alias_tracker_things',
    help: 'Things.',
    type: 'gauge',
    labelNames: [],
    read: () => [{ labels: {}, value: 7 }],
  } as const;
  for (let start = 0; start < 3; start++) {
    const { body } = await new Metrics([family]).text();
    expect(body).toContain('alias_tracker_things 7\n');
    expect(body.match(/^process_cpu_user_seconds_total /gm)).toHaveLength(1);
  }
  expect(observe).toHaveBeenCalledTimes(1);
  observe.mockRestore();
});
