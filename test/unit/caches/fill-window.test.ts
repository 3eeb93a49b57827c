import { describe, expect, test } from 'vitest';
import { openForMs } from '../../../src/caches/fill-window.js';
import type { BillingPeriod } from '../../../src/selection/billing.js';

const HOUR_MS = 3_600_000;
const night: BillingPeriod = { name: 'night', fromMinutes: 60, toMinutes: 420, timeZone: 'UTC', rateFactor: 0.2 };
const dawn: BillingPeriod = { name: 'dawn', fromMinutes: 420, toMinutes: 480, timeZone: 'UTC', rateFactor: 0.5 };

function at(hour: number): number {
  return Date.UTC(2026, 5, 3, hour);
}

describe('how long a fill window stays open', () => {
  test('until its period ends; by day it is closed', () => {
    expect(openForMs({}, [night], at(3))).toBe(4 * HOUR_MS);
    expect(openForMs({}, [night], at(12))).toBe(0);
  });

  test('over a border between two of its periods', () => {
    expect(openForMs({}, [night, dawn], at(3))).toBe(5 * HOUR_MS);
    expect(openForMs({ fillWindow: ['night'] }, [night, dawn], at(3))).toBe(4 * HOUR_MS);
  });

  test('without an end if no period closes it', () => {
    expect(openForMs({}, [], at(3))).toBe(Number.POSITIVE_INFINITY);
    expect(openForMs({}, [{ ...night, fromMinutes: 0, toMinutes: 1_440 }], at(3))).toBe(Number.POSITIVE_INFINITY);
  });
});
