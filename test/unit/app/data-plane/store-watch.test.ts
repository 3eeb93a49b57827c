import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreWatch } from '../../../../src/app/data-plane/store-watch.js';
import { Health } from '../../../../src/app/health.js';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { createLogger } from '../../../../src/logging/logger.js';
import { storeFill } from '../../../../src/tracker/store-fill.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the watch over the store', () => {
  const { limits } = parseConfig(`
operator:
  name: Example
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ]
`).tracker;
  const store = { maxPeers: 1_000, maxTorrents: 100, reservedForInnerPercent: 20 };

  function watched(): { watch: StoreWatch; health: Health; lines: string[]; now: Record<string, number> } {
    const lines: string[] = [];
    const health = new Health();
    const counters = { records: 0, swarms: 0, fullForForeignHits: 0 };
    const watch = new StoreWatch({
      limits: { ...limits, ...store },
      counters: () => counters,
      health,
      logger: createLogger('info', { destination: { write: (line) => void lines.push(line) } }),
    });
    return { watch, health, lines, now: counters };
  }

  it('alarms, once in the log, when strangers have nearly filled what is open to them; the tracker stays ready', () => {
    const { watch, health, lines, now } = watched();
    now.records = 759;
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([]);
    now.records = 760;
    now.fullForForeignHits = 17;
    watch.check();
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([
      expect.stringMatching(/760 of 1000 peers.*20 % reserved.*17 announces were answered without/),
    ]);
    expect(lines).toHaveLength(1);
    expect(health.reasons()).toEqual([]);
    now.records = 730;
    watch.check();
    expect(watch.alarms()).toHaveLength(1);
    now.records = 700;
    watch.check();
    expect(watch.alarms().map(alarmLine)).toEqual([]);
  });

  it.each([
    ['peers', { records: 950 }, { records: 800 }],
    ['torrents', { swarms: 95 }, { swarms: 80 }],
  ])('makes the tracker not ready when all room for %s is nearly taken, until there is some again', (_, full, free) => {
    const { watch, health, lines, now } = watched();
    Object.assign(now, full);
    watch.check();
    watch.check();
    expect(lines.filter((line) => line.includes('will soon be unable to store new clients'))).toHaveLength(1);
    expect(health.reasons()).toEqual([expect.stringMatching(/^swarm store: nearly full .*raise tracker.limits/)]);
    expect(health.isHealthy('tracker')).toBe(true);
    Object.assign(now, free);
    watch.check();
    watch.check();
    expect(health.reasons()).toEqual([]);
    expect(lines.filter((line) => line.includes('has room again'))).toHaveLength(1);
  });

  it('checks regularly from its start to its stop, and after another start', () => {
    vi.useFakeTimers();
    const { watch, health, now } = watched();
    now.records = 950;
    vi.advanceTimersByTime(10_000);
    expect(health.reasons()).toEqual([]);
    watch.start();
    vi.advanceTimersByTime(10_000);
    expect(health.reasons()).toHaveLength(1);
    watch.stop();
    now.records = 0;
    vi.advanceTimersByTime(10_000);
    expect(health.reasons()).toHaveLength(1);
    watch.start();
    vi.advanceTimersByTime(10_000);
    expect(health.reasons()).toEqual([]);
    watch.stop();
  });

  it('knows how full the store is for whom', () => {
    const all = { ...limits, ...store };
    expect(storeFill({ records: 400, swarms: 0 }, all)).toEqual({ inner: 0.4, foreign: 0.5 });
    expect(storeFill({ records: 0, swarms: 90 }, all)).toEqual({ inner: 0.9, foreign: 1 });
  });
});
