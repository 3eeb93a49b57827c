import { expect, test } from 'vitest';
import type { BillingPeriod } from '../../../src/selection/billing.js';
import { limitsAt } from '../../../src/selection/border-limits.js';
import { hoursAnswer, hoursInWords } from '../../../src/selection/hours-in-words.js';

const BASE = { foreignPeersMin: 0, foreignPeersMax: 20, foreignPeersWhenNoInnerSeed: 3, gatewaysMax: 16 };
const NIGHT: BillingPeriod = {
  name: 'night',
  fromMinutes: 60,
  toMinutes: 420,
  timeZone: 'Europe/Berlin',
  foreignPeersMax: 50,
};
const MORNING: BillingPeriod = { name: 'morning', fromMinutes: 420, toMinutes: 540, timeZone: 'Europe/Berlin' };
const RAMP_MS = 30 * 60_000;

function at(time: string, ...schedule: BillingPeriod[]) {
  const nowMs = Date.parse(`2026-07-01T${time}:00+02:00`);
  const words = hoursInWords(limitsAt({ schedule, rampForMs: RAMP_MS }, BASE, nowMs), nowMs);
  expect(hoursAnswer.parse(words)).toEqual(words);
  return words;
}

test('says in local time what is in force, until when, and what follows', () => {
  expect(at('00:30', NIGHT).summary).toBe('No period is in force until Wed 01:00 (Europe/Berlin), then night.');
  expect(at('03:00', NIGHT).summary).toBe('Period night is in force until Wed 07:00 (Europe/Berlin), then no period.');
  expect(at('06:00', NIGHT, MORNING).summary).toBe(
    'Period night is in force until Wed 07:00 (Europe/Berlin), then morning.',
  );
  expect(at('12:00', { ...NIGHT, days: ['sat'] }).summary).toBe(
    'No period is in force until Sat 01:00 (Europe/Berlin), then night.',
  );
});

test('says how far a ramp is', () => {
  expect(at('06:45', NIGHT)).toEqual({
    period: 'night',
    limits: { ...BASE, foreignPeersMax: 35 },
    ramp: { direction: 'closing', from: '2026-07-01T04:30:00.000Z', until: '2026-07-01T05:00:00.000Z', percent: 50 },
    next: { at: '2026-07-01T05:00:00.000Z', period: null },
    summary:
      'Period night is in force until Wed 07:00 (Europe/Berlin), then no period. The border is closing: 50 %, complete at Wed 07:00.',
  });
});

test('says that nothing ever changes', () => {
  expect(at('03:00')).toMatchObject({ period: null, ramp: null, next: null, summary: 'No period is in force.' });
  expect(at('03:00', { ...NIGHT, fromMinutes: 0, toMinutes: 1_440 })).toMatchObject({
    period: 'night',
    next: null,
    summary: 'Period night is in force, at all times.',
  });
});
