import { describe, expect, it } from 'vitest';
import { defaultMix } from '../../../src/config/default-mix.js';
import {
  BECOME_GATEWAY,
  gatewayRank,
  gatewayReturnsSoon,
  hasStalled,
  isPoorlyLinked,
  judgeCandidate,
  REPLACE_WEAKEST,
  STALLED_RANK,
  STAY_INNER,
  wantedGateways,
} from '../../../src/selection/gateways.js';

describe('how many gateways a swarm should have', () => {
  it('two at least, one for eight inner leechers, never above the limit', () => {
    const wanted = [1, 16, 32, 64, 128, 5000].map((leechers) => wantedGateways(leechers, 0, 0, false, 32));
    expect(wanted).toEqual([2, 2, 4, 8, 16, 32]);
    expect(wantedGateways(16, 0, 0, false, 1)).toBe(1);
    expect(wantedGateways(16, 0, 0, false, 0)).toBe(0);
  });

  it('one where an operator’s cache serves', () => {
    expect(wantedGateways(1000, 0, 0, true, 8)).toBe(1);
  });

  it('more while inner peers are starved', () => {
    expect(wantedGateways(16, 0, 4, false, 8)).toBe(4);
    expect(wantedGateways(16, 0, 4, true, 8)).toBe(3);
  });

  it('none once inner seeds suffice, or where nobody inner downloads', () => {
    expect(wantedGateways(16, 1, 0, false, 8)).toBe(2);
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
    const mix = { ...defaultMix, foreignPeersMin: 0, foreignPeersWhenNoInnerSeed: 4 };
    expect([0, 1, 2, 4].map((links) => isPoorlyLinked(links, 4, mix))).toEqual([true, true, false, false]);
    expect(isPoorlyLinked(1, 3, mix)).toBe(false);
  });

  it('a gateway comes back early where others depend on it', () => {
    expect([1, 7, 8, 1000].map(gatewayReturnsSoon)).toEqual([false, false, true, true]);
  });

  it('a gateway without progress for 90 seconds has stalled', () => {
    expect([89, 90].map(hasStalled)).toEqual([false, true]);
  });
});
