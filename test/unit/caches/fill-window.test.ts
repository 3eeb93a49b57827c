import { expect, test } from 'vitest';
import { fillWindowAt } from '../../../src/caches/fill-window.js';

const at = (time: string): number => Date.parse(`2026-11-30T${time}:00Z`);
const period = (name: string, fromHour: number, toHour: number, rateFactor?: number) => ({
  name,
  fromMinutes: fromHour * 60,
  toMinutes: toHour * 60,
  timeZone: 'UTC',
  rateFactor,
});
const SCHEDULE = [period('night', 1, 7, 0.2), period('evening', 18, 23, 2)];

test('without fillWindow it is open in the cheaper periods', () => {
  expect(fillWindowAt({ fillWindow: undefined }, SCHEDULE, at('02:00'))).toEqual({
    isOpen: true,
    period: 'night',
    nextChangeAtMs: at('07:00'),
  });
  expect(fillWindowAt({ fillWindow: undefined }, SCHEDULE, at('07:00')).isOpen).toBe(false);
  expect(fillWindowAt({ fillWindow: undefined }, SCHEDULE, at('20:00'))).toMatchObject({
    isOpen: false,
    period: 'evening',
  });
});

test('without a cheaper period it is always open', () => {
  expect(fillWindowAt({ fillWindow: undefined }, [period('evening', 18, 23, 2)], at('20:00')).isOpen).toBe(true);
  expect(fillWindowAt({ fillWindow: undefined }, [], at('20:00'))).toEqual({
    isOpen: true,
    period: undefined,
    nextChangeAtMs: undefined,
  });
});

test('fillWindow names its periods; of two that overlap the first is in force', () => {
  expect(fillWindowAt({ fillWindow: ['evening'] }, SCHEDULE, at('20:00')).isOpen).toBe(true);
  expect(fillWindowAt({ fillWindow: ['evening'] }, SCHEDULE, at('02:00')).isOpen).toBe(false);
  expect(fillWindowAt({ fillWindow: ['evening'] }, SCHEDULE, at('12:00')).isOpen).toBe(false);
  const overlapping = [period('all', 0, 24), ...SCHEDULE];
  expect(fillWindowAt({ fillWindow: ['night'] }, overlapping, at('02:00'))).toMatchObject({
    isOpen: false,
    period: 'all',
  });
});
