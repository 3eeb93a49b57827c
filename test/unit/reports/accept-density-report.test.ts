import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptDensityReport, type DensityDecision } from '../../../src/reports/accept-density-report.js';
import type { DensityReport, ProbeReading } from '../../../src/reports/density-report.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');

/** A probe whose reports are all taken one after the other, as the service would. */
class Probe {
  readonly sequences = new Set<number>();
  readonly readings = new Map<string, ProbeReading>();
  delaysMs: readonly number[] = [];

  take(report: DensityReport, nowMs: number): DensityDecision {
    const decision = acceptDensityReport(
      report,
      { hasSequence: (n) => this.sequences.has(n), reading: (id) => this.readings.get(id), delaysMs: this.delaysMs },
      nowMs,
    );
    if (decision.kind !== 'taken') return decision;
    this.sequences.add(report.sequence);
    this.delaysMs = decision.delaysMs;
    for (const sample of decision.samples) this.readings.set(sample.subdomainId, sample.reading);
    return decision;
  }
}

function report(sequence: number, endMs: number, bytes: number, users: number | undefined = 10): DensityReport {
  const periodSeconds = 60;
  return {
    probe: 'dp',
    sequence,
    periodStartMs: endMs - periodSeconds * 1000,
    periodSeconds,
    subdomains: [{ id: 'north', bytes, users }],
  };
}

const outcome = (decision: DensityDecision) =>
  decision.kind === 'taken' ? decision.samples[0]!.outcome : decision.kind;

describe('a density report', () => {
  test('is taken once, whatever it says the second time', () => {
    const probe = new Probe();
    expect(outcome(probe.take(report(1, NOW_MS, 100), NOW_MS))).toBe('applied');
    expect(outcome(probe.take(report(1, NOW_MS, 999), NOW_MS))).toBe('duplicate');
    expect(probe.readings.get('north')!.bytes).toBe(100);
  });

  test('of an earlier period that comes later does not replace the newer value', () => {
    const probe = new Probe();
    probe.take(report(2, NOW_MS, 200), NOW_MS);
    expect(outcome(probe.take(report(1, NOW_MS - 60_000, 100), NOW_MS))).toBe('late');
    expect(probe.readings.get('north')!.bytes).toBe(200);
  });

  test('of an overlapping period that ends later replaces it', () => {
    const probe = new Probe();
    probe.take(report(1, NOW_MS - 30_000, 100), NOW_MS);
    expect(outcome(probe.take(report(2, NOW_MS, 150), NOW_MS))).toBe('applied');
    expect(probe.readings.get('north')!.bytes).toBe(150);
  });

  test('the newest value does not depend on the order of arrival', () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(order, (sequences) => {
        const probe = new Probe();
        for (const n of sequences) probe.take(report(n, NOW_MS - (5 - n) * 60_000, n * 100), NOW_MS);
        expect(probe.readings.get('north')!.bytes).toBe(500);
      }),
    );
  });

  test.each([
    ['more than a day in the future', NOW_MS + 25 * 3_600_000],
    ['more than a year ago', NOW_MS - 366 * 24 * 3_600_000],
  ])('of a period %s is refused by its start', (_what, endMs) => {
    expect(new Probe().take(report(1, endMs, 100), NOW_MS)).toMatchObject({ kind: 'refused', field: 'periodStart' });
  });
});

describe('the clock of a probe', () => {
  test('that runs ahead does not make its values younger than their arrival', () => {
    const probe = new Probe();
    probe.take(report(1, NOW_MS + 3_600_000, 100), NOW_MS);
    expect(probe.readings.get('north')!.endMs).toBe(NOW_MS);
    // Set right again, its next report is the newest although its period seems to lie before.
    expect(outcome(probe.take(report(2, NOW_MS + 60_000, 200), NOW_MS + 60_000))).toBe('applied');
  });

  test('that runs behind by a constant is corrected once it shows', () => {
    const probe = new Probe();
    for (let n = 1; n <= 4; n++) {
      const nowMs = NOW_MS + n * 60_000;
      probe.take(report(n, nowMs - 3_600_000, 100), nowMs);
    }
    expect(probe.readings.get('north')!.endMs).toBe(NOW_MS + 4 * 60_000);
  });

  test('is not blamed for a spool that is being emptied', () => {
    const probe = new Probe();
    for (let n = 1; n <= 4; n++) probe.take(report(n, NOW_MS - 3_600_000 + n * 60_000, 100), NOW_MS + n);
    expect(probe.readings.get('north')!.endMs).toBe(NOW_MS - 3_600_000 + 4 * 60_000);
  });
});

describe('an unbelievable value', () => {
  function steadyProbe(): Probe {
    const probe = new Probe();
    for (let n = 1; n <= 8; n++) probe.take(report(n, NOW_MS + n * 60_000, 60 * 10 * 50_000), NOW_MS + n * 60_000);
    return probe;
  }
  const later = NOW_MS + 9 * 60_000;

  test.each([
    ['a jump of a thousand against its own history', 60 * 10 * 50_000 * 1000, 10],
    ['a fall to nothing', 0, 10],
    ['traffic without users', 1000, 0],
    ['more than any line carries', 60 * 2e9, 1],
  ])('%s is quarantined and the last good value stays', (_what, bytes, users) => {
    const probe = steadyProbe();
    expect(outcome(probe.take(report(9, later, bytes, users), later))).toBe('quarantined');
    expect(probe.readings.get('north')).toMatchObject({ bytes: 60 * 10 * 50_000, quarantined: { inRow: 1, users } });
  });

  test('day and night are believed, and so is a believable value after a quarantine', () => {
    const probe = steadyProbe();
    probe.take(report(9, later, 0), later);
    expect(outcome(probe.take(report(10, later + 60_000, 60 * 10 * 5_000), later + 60_000))).toBe('applied');
    expect(probe.readings.get('north')!.quarantined).toBeNull();
  });

  describe('over time', () => {
    /** Reports of one period after the other, each `factor` times the one before. @returns the largest accepted ratio */
    function ramp(factor: number, count: number, periodMs = 60_000, start = 50_000): number {
      const probe = new Probe();
      let highest = 1;
      for (let n = 0; n < count; n++) {
        const endMs = NOW_MS + n * periodMs;
        const periodSeconds = Math.max(1, periodMs / 1000);
        const bytes = Math.round(start * factor ** n * periodSeconds * 10);
        const subdomains = [{ id: 'north', bytes, users: 10 }];
        const periodStartMs = endMs - periodSeconds * 1000;
        const decision = probe.take({ probe: 'dp', sequence: n, periodStartMs, periodSeconds, subdomains }, endMs);
        if (outcome(decision) === 'applied') highest = Math.max(highest, factor ** n, factor ** -n);
        // As after a restart.
        const stored = JSON.stringify(probe.readings.get('north'));
        probe.readings.set('north', JSON.parse(stored) as ProbeReading);
      }
      return highest;
    }

    test.each([
      ['forty reports of a minute, each 44 % higher', 1.44, 40, 60_000],
      ['a minute cut into reports of a second', 1.44, 40, 1_000],
      ['a hundred steps of a fifth', 1.2, 100, 60_000],
      ['reports several times a second', 1.1, 300, 200],
    ])('%s are not believed beyond what one step could be', (_what, factor, count, periodMs) => {
      const highest = ramp(factor, count, periodMs);
      expect(highest).toBeGreaterThan(10);
      expect(highest).toBeLessThan(1_000);
    });

    test('reports of the past do not make a history of their own', () => {
      const probe = new Probe();
      let highest = 1;
      for (let n = 0; n < 200; n++) {
        const endMs = NOW_MS - (200 - n) * 6 * 3_600_000;
        const subdomains = [{ id: 'north', bytes: Math.round(5_000 * 1.2 ** n * 21_600 * 10), users: 10 }];
        const past = { probe: 'dp', sequence: n, periodStartMs: endMs - 21_600_000, periodSeconds: 21_600, subdomains };
        if (outcome(probe.take(past, NOW_MS)) === 'applied') highest = 1.2 ** n;
      }
      expect(highest).toBeLessThan(1_000);
    });

    test('leaving the users out for a while forgets nothing', () => {
      const probe = steadyProbe();
      for (let n = 9; n < 20; n++) {
        const endMs = NOW_MS + n * 60_000;
        const subdomains = [{ id: 'north', bytes: 60 * 10 * 50_000 }];
        probe.take({ probe: 'dp', sequence: n, periodStartMs: endMs - 60_000, periodSeconds: 60, subdomains }, endMs);
      }
      const endMs = NOW_MS + 20 * 60_000;
      expect(outcome(probe.take(report(20, endMs, 60 * 10 * 50_000 * 200), endMs))).toBe('quarantined');
    });

    test('a slow fall does not reach zero either', () => {
      expect(ramp(1 / 1.44, 40, 60_000, 100_000_000)).toBeLessThan(1_000);
    });

    test('a week of days and nights is believed, and a morning that is ten times the night', () => {
      const probe = new Probe();
      for (let n = 0; n < 7 * 24 * 12; n++) {
        const endMs = NOW_MS + n * 300_000;
        // From 20 to 200 kB a second and user, as a sine on the scale of logarithms.
        const rate = 63_000 * 10 ** (0.5 * Math.sin((2 * Math.PI * n) / 288));
        expect(outcome(probe.take(report(n, endMs, Math.round(rate * 600)), endMs))).toBe('applied');
      }
      const later = NOW_MS + 7 * 24 * 3_600_000;
      for (let n = 0; n < 60; n++) {
        const bytes = Math.round(20_000 * 10 ** (n / 60) * 600);
        expect(outcome(probe.take(report(9_000 + n, later + n * 60_000, bytes), later + n * 60_000))).toBe('applied');
      }
    });
  });

  test('a probe is judged only by a history', () => {
    const probe = new Probe();
    probe.take(report(1, NOW_MS, 60 * 10 * 50_000), NOW_MS);
    expect(outcome(probe.take(report(2, NOW_MS + 60_000, 60 * 10 * 50_000_000), NOW_MS + 60_000))).toBe('applied');
  });
});
