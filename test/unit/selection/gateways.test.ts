import { describe, expect, it } from 'vitest';
import { defaultMix } from '../../../src/config/default-mix.js';
import {
  affordableGateways,
  BECOME_GATEWAY,
  gatewayLinks,
  gatewayRank,
  gatewayReturnsSoon,
  givenForLinks,
  hasStalled,
  isPoorlyLinked,
  judgeCandidate,
  REPLACE_WEAKEST,
  STALLED_RANK,
  STAY_INNER,
  seedsAmongGiven,
  wantedGateways,
} from '../../../src/selection/gateways.js';

describe('how many gateways a swarm should have', () => {
  it('one for each foreign link: four at least, one for four inner leechers, never above the limit', () => {
    const wanted = [1, 16, 17, 32, 64, 5000].map((leechers) => wantedGateways(leechers, 0, 0, false, 32));
    expect(wanted).toEqual([4, 4, 5, 8, 16, 32]);
    expect(wantedGateways(16, 0, 0, false, 1)).toBe(1);
    expect(wantedGateways(16, 0, 0, false, 0)).toBe(0);
  });

  it('one where an operator’s cache serves', () => {
    expect(wantedGateways(1000, 0, 0, true, 8)).toBe(1);
  });

  it('more while inner peers are starved', () => {
    expect(wantedGateways(16, 0, 4, false, 8)).toBe(6);
    expect(wantedGateways(16, 0, 4, true, 8)).toBe(3);
  });

  it('no more than three once the links of the first ones are all that the swarm should have', () => {
    expect(affordableGateways(4, 16, 1, 20)).toBe(3);
    expect(affordableGateways(4, 16, 3, 20)).toBe(3);
    expect(affordableGateways(4, 16, 3, 3)).toBe(4);
    expect(affordableGateways(2, 16, 0, 0)).toBe(2);
  });

  it('none once inner seeds suffice, or where nobody inner downloads', () => {
    expect(wantedGateways(16, 1, 0, false, 8)).toBe(4);
    expect(wantedGateways(16, 2, 15, false, 8)).toBe(0);
    expect(wantedGateways(0, 0, 0, false, 8)).toBe(0);
  });
});

describe('who becomes a gateway', () => {
  it('whoever comes while there are too few', () => {
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

  it('somebody who can be given the full number of foreign peers instead of one that could not', () => {
    expect([0, 1, 2, 4].map((links) => isPoorlyLinked(links, 4, 4))).toEqual([true, true, false, false]);
    expect(isPoorlyLinked(1, 3, 4)).toBe(false);
  });

  it('a gateway comes back early where others depend on it', () => {
    expect([1, 7, 8, 1000].map(gatewayReturnsSoon)).toEqual([false, false, true, true]);
  });

  it('a gateway without progress for 90 seconds has stalled', () => {
    expect([89, 90].map(hasStalled)).toEqual([false, true]);
  });
});

describe('the foreign links of a gateway', () => {
  const mix = { ...defaultMix, foreignPeersMin: 0, foreignPeersWhenNoInnerSeed: 4 };

  it('are its share of the swarm’s, one at least, and no more than the operator allows', () => {
    expect([1, 2, 5, 16, 64].map((leechers) => gatewayLinks(mix, leechers, 4))).toEqual([2, 1, 1, 1, 3]);
    expect(gatewayLinks(mix, 1000, 32)).toBe(4);
    expect([1, 16, 1000].map((leechers) => gatewayLinks(mix, leechers, 1))).toEqual([4, 4, 4]);
    expect(gatewayLinks({ ...mix, foreignPeersMin: 6 }, 16, 5)).toBe(6);
  });

  it('take five given peers each, because clients in a crowd are full', () => {
    expect(givenForLinks(2)).toBe(10);
  });

  it('lead to seeds where there are many, and a lone seed is given to two gateways', () => {
    const given = (seeds: number): number[] => [0, 1, 2, 3].map((index) => seedsAmongGiven(index, 4, seeds, 2));
    expect([0, 1, 2, 3, 4].map(given)).toEqual([
      [0, 0, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 1, 1],
      [2, 2, 1, 1],
      [2, 2, 2, 2],
    ]);
    expect(given(1000)).toEqual([2, 2, 2, 2]);
    expect(seedsAmongGiven(0, 4, 9, 0)).toBe(0);
  });
});
