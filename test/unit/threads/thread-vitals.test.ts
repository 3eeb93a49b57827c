import { describe, expect, test } from 'vitest';
import { STUCK_AFTER_MS, StuckDetector } from '../../../src/threads/stuck-detector.js';
import {
  beatsOf,
  createVitals,
  VITALS_SECONDS,
  VitalsWriter,
  worstDelayMs,
} from '../../../src/threads/thread-vitals.js';

describe('vitals', () => {
  test('keep the worst delay of each second, for a minute', () => {
    const vitals = createVitals();
    const writer = new VitalsWriter(vitals);
    const start = 1_800_000_000;
    writer.beat(start, 40);
    writer.beat(start + 0.5, 700);
    writer.beat(start + 0.9, 3);
    writer.beat(start + 5, 20);
    expect(worstDelayMs(vitals, start + 5)).toBe(700);
    expect(worstDelayMs(vitals, start + 5, 5)).toBe(20);
    expect(worstDelayMs(vitals, start + VITALS_SECONDS - 1)).toBe(700);
    expect(worstDelayMs(vitals, start + VITALS_SECONDS)).toBe(20);
    expect(worstDelayMs(vitals, start + VITALS_SECONDS + 5)).toBe(0);
    // The same place a minute later.
    writer.beat(start + VITALS_SECONDS, 1);
    expect(worstDelayMs(vitals, start + VITALS_SECONDS)).toBe(20);
    expect(worstDelayMs(vitals, start + VITALS_SECONDS, 1)).toBe(1);
  });

  test('of a thread that has noted nothing, and delays below zero or without end', () => {
    const vitals = createVitals();
    expect(worstDelayMs(vitals, 1_800_000_000)).toBe(0);
    const writer = new VitalsWriter(vitals);
    writer.beat(1_800_000_000, -5);
    expect(worstDelayMs(vitals, 1_800_000_000)).toBe(0);
    writer.beat(1_800_000_000, Number.POSITIVE_INFINITY);
    expect(worstDelayMs(vitals, 1_800_000_000)).toBe(0x7fff_ffff);
    expect(beatsOf(vitals)).toBe(2);
  });
});

describe('a thread', () => {
  function watched() {
    let nowMs = 1_000_000;
    const vitals = createVitals();
    const detector = new StuckDetector(vitals, { nowMs: () => nowMs });
    const writer = new VitalsWriter(vitals);
    const pass = (ms: number, { beats = false, everyMs = 1_000 } = {}): boolean => {
      for (let passed = 0; passed < ms; passed += everyMs) {
        nowMs += everyMs;
        if (beats) writer.beat(nowMs / 1_000, 0);
        detector.check();
      }
      return detector.isStuck;
    };
    return { pass, detector };
  }

  test('is stuck once it has not run for as long as the limit, and not any more when it runs', () => {
    const { pass, detector } = watched();
    expect(pass(60_000, { beats: true })).toBe(false);
    expect(pass(STUCK_AFTER_MS - 1_000)).toBe(false);
    expect(pass(1_000)).toBe(true);
    expect(detector.stuckMs).toBe(STUCK_AFTER_MS);
    expect(pass(1_000, { beats: true })).toBe(false);
  });

  test('is not called stuck by one that did not run itself, nor because the clock was set', () => {
    const { pass } = watched();
    expect(pass(60_000, { everyMs: 60_000 })).toBe(false);
    expect(pass(STUCK_AFTER_MS - 1_000)).toBe(false);
    expect(pass(3_600_000, { everyMs: 3_600_000 })).toBe(false);
  });

  test('that has been replaced gets its time', () => {
    const { pass, detector } = watched();
    pass(STUCK_AFTER_MS);
    detector.reset();
    expect(detector.isStuck).toBe(false);
    expect(pass(STUCK_AFTER_MS - 1_000)).toBe(false);
  });
});
