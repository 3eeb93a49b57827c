import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProxyWatch } from '../../../../src/app/data-plane/proxy-watch.js';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { createLogger } from '../../../../src/logging/logger.js';

const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

describe('the watch over reverse proxies', () => {
  it('alarms while a proxy does not name its clients, and logs that once an hour', () => {
    const lines: string[] = [];
    const counters = { unnamedBehindProxy: 0 };
    const clock = { ms: 0, nowMs: () => clock.ms };
    const watch = new ProxyWatch({
      counters: () => counters,
      clock,
      logger: createLogger('info', { destination: { write: (line) => void lines.push(line) } }),
    });
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([]);
    counters.unnamedBehindProxy = 3;
    watch.check();
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([
      expect.stringMatching(/3 announces.*trustedProxies.*X-Forwarded-For/),
    ]);
    expect(lines).toHaveLength(1);
    clock.ms = HOUR_MS - 1;
    counters.unnamedBehindProxy = 4;
    watch.check();
    expect(lines).toHaveLength(1);
    clock.ms = HOUR_MS;
    counters.unnamedBehindProxy = 5;
    watch.check();
    expect(lines).toHaveLength(2);
    clock.ms = 2 * HOUR_MS;
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([]);
    expect(lines).toHaveLength(2);
  });

  it('checks regularly from its start to its stop', () => {
    vi.useFakeTimers();
    const counters = { unnamedBehindProxy: 0 };
    const clock = { nowMs: () => 0 };
    const watch = new ProxyWatch({ counters: () => counters, clock, logger: createLogger('silent') });
    watch.start();
    counters.unnamedBehindProxy = 1;
    vi.advanceTimersByTime(10_000);
    expect(watch.alarms().map(alarmLine)).toEqual([expect.stringMatching(/^reverse proxy: 1 announce came/)]);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
