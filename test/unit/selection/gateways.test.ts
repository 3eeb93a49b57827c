import { describe, expect, it } from 'vitest';
import { defaultMix } from '../../../src/policy/default-mix.js';
import {
  BECOME_GATEWAY,
  gatewayQuota,
  gatewayRank,
  gatewayReturnsSoon,
  hasStalled,
  judgeCandidate,
  peersGiven,
  REPLACE_WEAKEST,
  STALLED_RANK,
  STAY_INNER,
  seedsGiven,
  wantedGateways,
} from '../../../src/selection/gateways.js';

describe('how many gateways a swarm should have', () => {
  it('one for three inner leechers, six at least, never above the limit', () => {
    const wanted = [1, 18, 19, 30, 47, 5000].map((leechers) => wantedGateways(leechers, 0, 0, false, 16));
    expect(wanted).toEqual([6, 6, 7, 10, 16, 16]);
    expect(wantedGateways(16, 0, 0, false, 1)).toBe(1);
    expect(wantedGateways(16, 0, 0, false, 0)).toBe(0);
  });

  it('one where an operator’s cache serves', () => {
    expect(wantedGateways(1000, 0, 0, true, 8)).toBe(1);
  });

  it('none once inner seeds have shown that they serve and suffice, or where nobody inner downloads', () => {
    expect(wantedGateways(16, 1, 0, false, 16)).toBe(6);
    expect([0, 5, 6].map((starved) => wantedGateways(16, 2, starved, false, 8))).toEqual([0, 0, 6]);
    expect(wantedGateways(0, 0, 0, false, 8)).toBe(0);
  });
});

describe('who becomes a gateway', () => {
  it('every candidate while there are too few', () => {
    expect(judgeCandidate(4, 1, 2, 4)).toBe(BECOME_GATEWAY);
    expect(judgeCandidate(7, 0, 0, -1)).toBe(STAY_INNER);
  });

  it('who is clearly more capable than the weakest, a cache before all', () => {
    expect(judgeCandidate(gatewayRank(5, false), 2, 2, gatewayRank(4, false))).toBe(STAY_INNER);
    expect(judgeCandidate(gatewayRank(6, false), 2, 2, gatewayRank(4, false))).toBe(REPLACE_WEAKEST);
    expect(judgeCandidate(gatewayRank(1, true), 2, 2, gatewayRank(7, false))).toBe(REPLACE_WEAKEST);
    expect(judgeCandidate(gatewayRank(7, false), 1, 1, gatewayRank(1, true))).toBe(STAY_INNER);
  });

  it('anybody instead of one that has stalled', () => {
    expect(judgeCandidate(gatewayRank(0, false), 2, 2, STALLED_RANK)).toBe(REPLACE_WEAKEST);
  });

  it('a gateway comes back early where others depend on it', () => {
    expect([1, 7, 8, 1000].map(gatewayReturnsSoon)).toEqual([false, false, true, true]);
  });

  it('a gateway without progress for 90 seconds has stalled', () => {
    expect([89, 90].map(hasStalled)).toEqual([false, true]);
  });
});

describe('the foreign peers of a gateway', () => {
  const mix = { ...defaultMix, foreignPeersWhenNoInnerSeed: 3 };
  const given = (places: number, foreignSeeds: number): { seeds: number; peers: number } => {
    const seeds = seedsGiven(places, foreignSeeds);
    return { seeds, peers: peersGiven(places, seeds) };
  };

  it('have the places that the operator allows; an operator’s cache has those of all gateways', () => {
    expect(gatewayQuota(mix, gatewayRank(7, false))).toBe(3);
    expect(gatewayQuota(mix, STALLED_RANK)).toBe(3);
    expect(gatewayQuota(mix, gatewayRank(1, true))).toBe(18);
  });

  it('are seeds first, each in the place of two leechers', () => {
    expect([0, 1, 2, 9].map((seeds) => given(3, seeds))).toEqual([
      { seeds: 0, peers: 3 },
      { seeds: 1, peers: 2 },
      { seeds: 2, peers: 2 },
      { seeds: 2, peers: 2 },
    ]);
    expect(given(18, 4)).toEqual({ seeds: 4, peers: 14 });
    expect(given(18, 50)).toEqual({ seeds: 9, peers: 9 });
  });

  it('are one where one is allowed, be it a seed or not, and none if none is', () => {
    expect([0, 1].map((seeds) => given(1, seeds))).toEqual([
      { seeds: 0, peers: 1 },
      { seeds: 1, peers: 1 },
    ]);
    expect(given(0, 3)).toEqual({ seeds: 0, peers: 0 });
  });
});
