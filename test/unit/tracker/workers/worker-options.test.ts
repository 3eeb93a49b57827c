/** What one of several workers is given of the limits, and how many workers there are. */
import { describe, expect, it } from 'vitest';
import { workerCount } from '../../../../src/tracker/workers/worker-count.js';
import { optionsOfWorker } from '../../../../src/tracker/workers/worker-options.js';
import { labPolicy } from '../../../support/lab-policy.js';

const POLICY = labPolicy();
const WHOLE = {
  listen: [],
  topology: POLICY.topology,
  cost: POLICY.cost,
  snapshotFile: '/d/swarms.snapshot',
  seed: 7,
  limits: {
    maxPeersPerAddressInSwarm: 16,
    maxPeersPerAddress: 4_001,
    maxPeersPerSiteInSwarm: 64,
    maxPeersPerSite: 0,
    maxConnections: 10,
    arenaBytes: 1_000_000,
    store: { maxPeers: 1_000, maxTorrents: 3, reservedForInner: 0.2 },
  },
};

describe('the options of one of four workers', () => {
  it('are all of them for a single worker', () => {
    expect(optionsOfWorker(WHOLE, { index: 0, count: 1 })).toBe(WHOLE);
  });

  it('have its part of what counts over all swarms; limits inside a swarm stay, and 0 stays off', () => {
    const { limits, snapshotFile, share, seed } = optionsOfWorker(WHOLE, { index: 2, count: 4 });
    expect(limits).toEqual({
      maxPeersPerAddressInSwarm: 16,
      maxPeersPerAddress: 1_001,
      maxPeersPerSiteInSwarm: 64,
      maxPeersPerSite: 0,
      maxConnections: 3,
      arenaBytes: 262_500,
      store: { maxPeers: 263, maxTorrents: 1, reservedForInner: 0.2 },
    });
    // What is not set is divided, too.
    const defaults = optionsOfWorker({ ...WHOLE, limits: {} }, { index: 2, count: 4 }).limits;
    expect(defaults).toMatchObject({ maxPeersPerAddress: 5_000, maxPeersPerSite: 20_000, maxConnections: 5_000 });
    expect(snapshotFile).toBe('/d/swarms-3-of-4.snapshot');
    expect(share).toEqual({ index: 2, count: 4 });
    expect(seed).not.toBe(optionsOfWorker(WHOLE, { index: 1, count: 4 }).seed);
  });
});

it.each([
  ['auto', 1, 1],
  ['auto', 2, 1],
  ['auto', 8, 7],
  ['auto', 200, 32],
  [5, 2, 5],
] as const)('%s on %i cores is %i workers', (configured, cores, expected) => {
  expect(workerCount(configured, cores)).toBe(expected);
});
