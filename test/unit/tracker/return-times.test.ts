/** Intervals before a border between periods end shortly after it, over both protocols. */
import { describe, expect, test } from 'vitest';
import { ReturnTimes } from '../../../src/tracker/return-times.js';
import { LabTracker, type LabTrackerOptions, PUBLIC, peerId } from './lab-tracker.js';

const NOW = 10_000;
const MINUTE = 60;
const WINDOW = 15 * MINUTE;
const INNER = (n: number): string => `127.1.${n >> 8}.${n & 255}`;

/** @param untilSeconds until the border; null: there is none */
function lab(untilSeconds: number | null, options: LabTrackerOptions = {}): LabTracker {
  const tracker = new LabTracker(options);
  tracker.announcer.returnTimes.setNext(untilSeconds === null ? null : untilSeconds * 1_000, NOW * 1_000);
  tracker.announcer.setClock(NOW, 0);
  return tracker;
}

const CLIENTS = 300;

/** The intervals of many clients at different addresses. */
function intervals(tracker: LabTracker, protocol: 'udp' | 'http'): number[] {
  return Array.from({ length: CLIENTS }, (_, n) => {
    if (protocol === 'http') return Number(tracker.get({ left: '0', port: String(1_000 + n) }, PUBLIC(n)).interval);
    const answer = tracker.udp(PUBLIC(n), { left: 0n, peerId: peerId(n) });
    return answer.action === 'announce' ? answer.intervalSeconds : Number.NaN;
  });
}

describe.each(['udp', 'http'] as const)('over %s', (protocol) => {
  test('the interval is the usual one, with its jitter, while no border is near', () => {
    for (const until of [null, 33 * MINUTE + 1, 86_400]) {
      const told = intervals(lab(until), protocol);
      expect(Math.min(...told)).toBeGreaterThanOrEqual(27 * MINUTE);
      expect(Math.max(...told)).toBeLessThanOrEqual(33 * MINUTE);
      expect(new Set(told).size).toBeGreaterThan(100);
    }
  });

  test('over a border it leads to the 15 minutes after it, spread', () => {
    const until = 12 * MINUTE;
    const behind = intervals(lab(until), protocol).map((seconds) => seconds - until);
    expect(behind.filter((seconds) => seconds < 0 || seconds >= WINDOW)).toEqual([]);
    const thirds = [0, 1, 2].map(
      (third) => behind.filter((seconds) => Math.floor(seconds / (WINDOW / 3)) === third).length,
    );
    for (const count of thirds) expect(count).toBeGreaterThan(CLIENTS / 5);
  });

  test('just before a border it is at least 5 minutes', () => {
    const told = intervals(lab(2), protocol);
    expect(Math.min(...told)).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(Math.max(...told)).toBeLessThan(2 + WINDOW);
  });

  test('behind a border that nobody has replaced it is the usual one', () => {
    const tracker = lab(60);
    tracker.announcer.setClock(NOW + 60, 0);
    expect(Math.min(...intervals(tracker, protocol))).toBeGreaterThanOrEqual(27 * MINUTE);
  });

  test('a tracker with a short interval asks nobody back', () => {
    const told = intervals(lab(60, { settings: { intervalSeconds: 600, minIntervalSeconds: 30 } }), protocol);
    expect(Math.min(...told)).toBeGreaterThanOrEqual(540);
    expect(Math.max(...told)).toBeLessThanOrEqual(660);
  });

  test('a client that is to return sooner for its supply keeps that, one that would return later does not', () => {
    const told = (tracker: LabTracker, n: number): number => {
      const from = INNER(n);
      if (protocol === 'http') return Number(tracker.get({ port: '7000' }, from).interval);
      const answer = tracker.udp(from, { peerId: peerId(n) });
      return answer.action === 'announce' ? answer.intervalSeconds : Number.NaN;
    };
    // Leechers without a seed return after a minute.
    const soon = lab(20 * MINUTE, { settings: { lab: true } });
    for (let n = 1; n <= 5; n++) expect(told(soon, n)).toBe(MINUTE);
    // Each interval is twice the last one, so that of the next is 24 minutes, behind the end of the window.
    soon.announcer.setClock(NOW + 12 * MINUTE, 0);
    const later = told(soon, 1);
    expect(later).toBeGreaterThanOrEqual(8 * MINUTE);
    expect(later).toBeLessThan(8 * MINUTE + WINDOW);
  });
});

test('the first announce behind a border is answered in seconds of the thread’s own clock', () => {
  const times = new ReturnTimes(1_800, 1_980);
  expect(times.nextSeconds).toBe(Number.POSITIVE_INFINITY);
  times.setNext(1_500, 10_000_200);
  // 10,001.7 s: a client that is told until then must not come before.
  expect(times.nextSeconds).toBe(10_002);
  times.setNext(null, 10_000_200);
  expect(times.nextSeconds).toBe(Number.POSITIVE_INFINITY);
});

test('peers may be silent for longer while those are out that were told a longer interval', () => {
  const times = new ReturnTimes(1_800, 1_980);
  times.setNext(60_000, NOW * 1_000);
  expect(times.graceSeconds(NOW)).toBe(0);
  expect(times.graceSeconds(NOW + 59)).toBe(0);
  expect(times.graceSeconds(NOW + 60)).toBe(WINDOW);
  // The control plane sends the next border when this one comes; its clock is a little ahead.
  times.setNext(6 * 3_600_000, (NOW + 60) * 1_000 - 300);
  expect(times.graceSeconds(NOW + 60)).toBe(WINDOW);
  expect(times.graceSeconds(NOW + 60 + WINDOW + 899)).toBe(WINDOW);
  expect(times.graceSeconds(NOW + 60 + WINDOW + 900)).toBe(0);
});

test('a border that a reload moves leaves nobody out', () => {
  const times = new ReturnTimes(1_800, 1_980);
  times.setNext(600_000, NOW * 1_000);
  times.setNext(3_600_000, (NOW + 60) * 1_000);
  expect(times.graceSeconds(NOW + 60)).toBe(0);
  expect(times.nextSeconds).toBe(NOW + 60 + 3_600);
});

test('a peer that was asked back over a border is still known when it returns', () => {
  const tracker = new LabTracker();
  tracker.announcer.returnTimes.setNext(32 * MINUTE * 1_000, NOW * 1_000);
  tracker.announcer.setClock(NOW, 0);
  const told = intervals(tracker, 'udp').filter((seconds) => seconds > 45 * MINUTE);
  // Beyond 1.5 usual intervals, when a peer is usually dropped.
  expect(told.length).toBeGreaterThan(0);
  const at = NOW + 46 * MINUTE;
  const { returnTimes, store } = tracker.announcer;
  expect(returnTimes.graceSeconds(at)).toBe(WINDOW);
  expect(store.sweeps.expire(at, 100_000, returnTimes.graceSeconds(at))).toBe(0);
  expect(store.sweeps.expire(at, 100_000)).toBe(CLIENTS);
});
