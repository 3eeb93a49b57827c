/** The estimate of savings from totals by class and replicate. */
import { describe, expect, it } from 'vitest';
import { windowOfHours } from '../../../src/savings/accumulate.js';
import {
  announcedTraffic,
  estimateSavings,
  foreignBytesOf,
  type SavingsEstimate,
} from '../../../src/savings/estimate.js';
import { simulatedBaseline } from '../../../src/savings/simulated-baseline.js';
import { type TrafficWindow, windowOf } from '../../../src/savings/traffic-window.js';
import { REPLICATES } from '../../../src/selection/household-groups.js';
import type { TrafficClass, TrafficMeasure } from '../../../src/selection/traffic-classes.js';

const RATES = { random: 2, localised: 1 };
const GB = 1e9;

type Totals = Partial<Record<TrafficClass, Partial<Record<TrafficMeasure, number>>>>;

/** Gigabytes, spread evenly over the replicates; of the control group over the first `control` ones. */
function windowWith(totals: Totals, control = REPLICATES): TrafficWindow {
  return windowOf((trafficClass, measure, replicate) => {
    const over = trafficClass === 'control' ? control : REPLICATES;
    return replicate < over ? ((totals[trafficClass]?.[measure] ?? 0) * GB) / over : 0;
  });
}

function estimate(totals: Totals, control?: number): SavingsEstimate {
  const estimated = estimateSavings(windowWith(totals, control), RATES, undefined);
  if ('reason' in estimated) throw new Error(estimated.reason);
  return estimated;
}

const LOCALISED = { downloaded: 90, uploaded: 85, foreignByShare: 9 };
const CONTROL = { downloaded: 10, uploaded: 8, foreignByShare: 7 };

describe('the saving', () => {
  it('is the baseline of the control group, less what localised clients received from outside', () => {
    const { baseline, foreignBytes, localisedForeignBytes, savedBytes, amount } = estimate({
      localised: LOCALISED,
      control: CONTROL,
    });
    expect(baseline).toMatchObject({ method: 'control-group', foreignShare: 0.7, replicates: REPLICATES });
    expect(foreignBytes).toBeCloseTo(16 * GB, -3);
    expect(localisedForeignBytes).toBeCloseTo(9 * GB, -3);
    expect(savedBytes).toBeCloseTo((63 - 9) * GB, -3);
    expect(amount).toBeCloseTo(63 * 2 - 9 * 1);
  });

  it('counts what inner clients did not upload to each other, although the share of peers says less', () => {
    // One gateway has fetched one copy of eight, and passed it on.
    const window = windowWith({ localised: { downloaded: 8, uploaded: 6.5, foreignByShare: 0.4 }, control: {} });
    expect(foreignBytesOf(window)).toBeCloseTo(1.5 * GB, -3);
  });

  it('does not believe the share of peers where all uploads went to inner clients', () => {
    // All foreign peers are seeds, and everybody downloads before the second announce.
    const certain = { downloaded: 8, uploaded: 6.5, uploadedInside: 6.5, foreignByShare: 2.4 };
    expect(foreignBytesOf(windowWith({ localised: certain }))).toBeCloseTo(1.5 * GB, -3);
    // In another swarm, clients may have uploaded to foreign leechers.
    const mixed = windowWith({ localised: certain, control: { downloaded: 8, uploaded: 8, foreignByShare: 4 } });
    expect(foreignBytesOf(mixed)).toBeCloseTo(6.4 * GB, -3);
  });

  it('is never less than nothing: uploads are announced at other times than the downloads that they caused', () => {
    const ahead = { downloaded: 3, uploaded: 5, uploadedInside: 5, foreignByShare: 2 };
    expect(announcedTraffic(windowWith({ localised: ahead }))).toEqual({
      downloadedBytes: expect.closeTo(3 * GB, -3),
      uploadedBytes: expect.closeTo(5 * GB, -3),
      foreignByShareBytes: expect.closeTo(2 * GB, -3),
      foreignAtLeastBytes: 0,
      foreignAtMostBytes: 0,
      foreignBytes: 0,
    });
  });

  it('lies between what clients cannot have from each other and what they do not certainly have from each other', () => {
    const low = { downloaded: 8, uploaded: 5, uploadedInside: 3, foreignByShare: 1 };
    const bounds = { foreignAtLeastBytes: expect.closeTo(3 * GB, -3), foreignAtMostBytes: expect.closeTo(5 * GB, -3) };
    expect(announcedTraffic(windowWith({ localised: low }))).toMatchObject({
      ...bounds,
      foreignBytes: expect.closeTo(3 * GB, -3),
    });
    expect(announcedTraffic(windowWith({ localised: { ...low, foreignByShare: 4 } }))).toMatchObject({
      ...bounds,
      foreignBytes: expect.closeTo(4 * GB, -3),
    });
    expect(announcedTraffic(windowWith({ localised: { ...low, foreignByShare: 7 } }))).toMatchObject({
      ...bounds,
      foreignBytes: expect.closeTo(5 * GB, -3),
    });
  });

  it('reads hours that were stored without the uploads to inner clients', () => {
    const bytes = Array.from({ length: 4 * REPLICATES * 3 }, (_, i) => [3, 2, 1][i % 3]!);
    const { localised, cache } = windowOfHours([{ bytes }, { bytes }]);
    expect(localised.downloaded).toEqual(new Array(REPLICATES).fill(6));
    expect(cache.foreignByShare).toEqual(new Array(REPLICATES).fill(2));
    expect(cache.uploadedInside).toEqual(new Array(REPLICATES).fill(0));
  });

  it('leaves the downloads of caches out of the baseline, and counts what they fetched', () => {
    const cache = { downloaded: 5, uploaded: 40, foreignByShare: 5 };
    const { savedBytes, downloadedBytes } = estimate({ localised: LOCALISED, control: CONTROL, cache });
    expect(downloadedBytes).toBeCloseTo(90 * GB, -3);
    expect(savedBytes).toBeCloseTo((63 - 14) * GB, -3);
  });

  it('may be negative, and has an interval around it', () => {
    const { savedBytes, savedBytesRange, amountRange, amount } = estimate({
      localised: { downloaded: 90, uploaded: 10, foreignByShare: 80 },
      control: CONTROL,
    });
    expect(savedBytes).toBeLessThan(0);
    expect(savedBytesRange.low).toBeLessThan(savedBytes);
    expect(savedBytesRange.high).toBeGreaterThan(savedBytes);
    expect(amountRange.low).toBeLessThan(amount);
  });

  it('is more certain the more alike the households of the control group are', () => {
    const uneven = windowOf((trafficClass, measure, replicate) => {
      if (trafficClass === 'localised') return measure === 'downloaded' ? GB : 0;
      if (trafficClass !== 'control' || measure === 'uploaded') return 0;
      return measure === 'downloaded' ? GB : replicate % 2 === 0 ? GB : 0;
    });
    const rough = estimateSavings(uneven, RATES, undefined) as SavingsEstimate;
    const sharp = estimate({ localised: LOCALISED, control: { downloaded: 32, foreignByShare: 16 } });
    expect(rough.baseline.foreignShare).toBeCloseTo(0.5);
    expect(sharp.baseline.high - sharp.baseline.low).toBeCloseTo(0);
    // Half of the replicates have only foreign bytes: the standard error is 0.5 / sqrt(31), and t is 2.04.
    expect(rough.baseline.high - 0.5).toBeCloseTo((2.04 * 0.5) / Math.sqrt(31), 2);
  });
});

describe('without enough of a control group', () => {
  it('the baseline is that of simulated swarms, and the answer says so', () => {
    const simulated = simulatedBaseline([
      { innerPeers: 3, peers: 10 },
      { innerPeers: 0, peers: 500 },
    ]);
    expect(simulated?.foreignShare).toBeCloseTo(0.708);
    const window = windowWith({ localised: LOCALISED, control: CONTROL }, 7);
    const { baseline } = estimateSavings(window, RATES, simulated) as SavingsEstimate;
    expect(baseline).toMatchObject({ method: 'simulation', foreignShare: simulated!.foreignShare, replicates: 7 });
  });

  it('there is no figure but a reason where nothing is known', () => {
    expect(simulatedBaseline([])).toBeUndefined();
    const window = windowWith({ localised: LOCALISED }, 1);
    expect(estimateSavings(window, RATES, undefined)).toHaveProperty('reason');
    expect(estimateSavings(windowWith({ control: CONTROL }), RATES, undefined)).toHaveProperty('reason');
  });
});
