import { describe, expect, it, test } from 'vitest';
import { bestOf } from '../../../src/crawler/best-of.js';
import { adaptedTop, demandOf, downloadsPerDay, rankInWords, smoothed } from '../../../src/crawler/popularity.js';
import { Standings } from '../../../src/crawler/standings.js';
import { createRandom } from '../../../src/domain/random.js';
import type { StoredPopularity } from '../../../src/store/sqlite/catalogue-popularity.js';
import { hashOf } from '../../support/catalogue-entries.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('demand', () => {
  it('counts a leecher twice a seed, inner demand twice that, and the weight of the source', () => {
    expect(demandOf({ seeds: 10, leechers: 5, innerRequests: 2 })).toBe(28);
    expect(demandOf({ seeds: 10, leechers: 5, innerRequests: 2, weight: 0.5 }, 4)).toBe(16);
    expect(demandOf({})).toBe(0);
  });

  const earlier = (downloads: number, downloadsMs: number): StoredPopularity => ({
    ...{ popularity: 1, updatedMs: 0, downloadsPerDay: 7, numbers: {} },
    ...{ downloads, downloadsMs },
  });

  it('takes completed downloads as a rate: their growth, or at first the total by the age if nothing else is known', () => {
    const nowMs = 100 * DAY_MS;
    expect(downloadsPerDay({ downloads: 160 }, earlier(100, nowMs - 12 * HOUR_MS), nowMs)).toBe(120);
    expect(downloadsPerDay({ downloads: 160 }, earlier(100, nowMs - HOUR_MS / 2), nowMs), 'too soon').toBe(7);
    expect(downloadsPerDay({}, earlier(100, 0), nowMs), 'not reported now').toBe(7);
    expect(downloadsPerDay({ downloads: 300 }, undefined, nowMs), 'unknown age').toBe(10);
    expect(downloadsPerDay({ downloads: 300, publishedMs: nowMs - 2 * DAY_MS }, undefined, nowMs)).toBe(150);
    expect(downloadsPerDay({ downloads: 300, publishedMs: nowMs + DAY_MS }, undefined, nowMs), 'future').toBe(300);
    expect(downloadsPerDay({ downloads: 300, seeds: 1 }, undefined, nowMs), 'no advantage').toBeUndefined();
  });
});

describe('popularity over time', () => {
  it('takes half of a lasting change in one half-life', () => {
    const before = { popularity: 100, updatedMs: 0 };
    expect(smoothed(300, before, 2 * HOUR_MS, 2 * HOUR_MS)).toBeCloseTo(200);
    expect(smoothed(300, before, 4 * HOUR_MS, 2 * HOUR_MS)).toBeCloseTo(250);
    expect(smoothed(300, before, 0, 2 * HOUR_MS)).toBe(100);
    expect(smoothed(300, before, 1, 0)).toBe(300);
    expect(smoothed(300, undefined, 1, HOUR_MS)).toBe(300);
  });

  it('lets torrents of the top stay against newcomers that are a little more popular, and pinned ones always', () => {
    const standings = new Standings({
      history: new Map(),
      rankedBefore: new Set([hashOf(1)]),
      pinned: new Set([hashOf(3)]),
      pinningSources: new Set(['always']),
      ...{ halfLifeMs: 0, nowMs: 0 },
    });
    const standing = (n: number, seeds: number, source = 's') =>
      standings.standing({ source, torrentUrls: [], infoHash: hashOf(n), seeds });
    expect(standing(1, 100)).toBeGreaterThan(standing(2, 109));
    expect(standing(1, 100)).toBeLessThan(standing(2, 111));
    expect(standing(3, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(standing(4, 0, 'always')).toBe(Number.POSITIVE_INFINITY);
  });
});

test('a rank is explained by the numbers that it was made of', () => {
  const found = {
    ...{ seeds: 10, leechers: 5, innerRequests: 2, weight: 2, downloadsPerDay: 3, measured: true, demand: 62 },
    ...{ before: 90, pinned: false, wasRanked: true, sources: ['a', 'b'], top: 100, lastRanked: 80 },
  };
  expect(rankInWords('Alice', 75, found)).toEqual([
    'Alice is not in the top 100.',
    'Named by: a, b.',
    'Its tracker reports 10 seeds and 5 leechers (each counts 2).',
    'It is completed about 3 times a day.',
    '2 requests came from inside the network (each counts 4).',
    'Its sources have the weight 2.',
    'Demand: 2 × (10 + 2 × 5 + 3 + 4 × 2) = 62.',
    'Its popularity was 90. Smoothed over time, it is 75 now.',
    'It was in the top before, so 1.1 times its popularity is compared with newcomers.',
    'The last torrent of the top has a popularity of 80.',
  ]);
  const { seeds: _s, leechers: _l, ...unknown } = found;
  const words = rankInWords('Alice', 90, { ...unknown, measured: false, weight: 1, pinned: true, rank: 4 });
  expect(words[0]).toBe('Alice has rank 4 of 100.');
  expect(words).toContain('Nobody reports the size of its swarm.');
  expect(words).toContain('Popularity: 90.');
  expect(words.at(-1)).toBe('It is pinned: pinned torrents come first.');
});

test.each([
  [0, 500],
  [0.5, 500],
  [0.7, 300],
  [0.9, 100],
  [1, 100],
])('with a load of %d the top has %d torrents', (load, top) => {
  expect(adaptedTop(100, 500, load)).toBe(top);
  expect(adaptedTop(100, undefined, load)).toBe(100);
  expect(adaptedTop(100, 50, load)).toBe(100);
});

test('the best of a list are those that sorting all of it gives', () => {
  const random = createRandom(7);
  for (let i = 0; i < 200; i++) {
    const entries = Array.from({ length: random.below(60) }, (_, n) => ({ n, score: random.below(10) }));
    const limit = random.below(20);
    const sorted = [...entries].sort((a, b) => b.score - a.score).slice(0, limit);
    expect(bestOf(entries, limit, ({ score }) => score)).toEqual(sorted);
  }
});
