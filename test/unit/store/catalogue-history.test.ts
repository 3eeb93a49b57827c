/** What plots are drawn from: samples of swarms over a day, of popularity over a month. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { SWARM_SAMPLE_MS } from '../../../src/store/sqlite/catalogue-history.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 20_000 * DAY_MS;

let database: SqliteDatabase;
let catalogue: Catalogue;

beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  for (const n of [1, 2]) catalogue.store(torrentToStore(n), NOW_MS - 100 * DAY_MS);
});
afterEach(() => database.close());

function sample(atMs: number, insideSeeds: number): void {
  const [first] = catalogue.swarmsAfter('', 1);
  const counts = { insideSeeds, insideLeechers: 1, outsideSeeds: first!.outsideSeeds };
  catalogue.storeSwarmSamples([{ entryId: first!.entryId, ...counts }], atMs);
}
const rows = (table: string): unknown => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

describe('the history of a swarm', () => {
  it('is that of the last day, the latest sample of each quarter of an hour', () => {
    for (let i = 0; i < 30 * 8; i++) sample(NOW_MS - i * (HOUR_MS / 8), i);
    const history = catalogue.swarmHistory(hashOf(1), NOW_MS);
    expect(history).toHaveLength(96);
    expect(history.at(-1)).toEqual({ atMs: NOW_MS, insideSeeds: 0, insideLeechers: 1, outsideSeeds: 10 });
    expect(history[0]!.atMs).toBe(NOW_MS - DAY_MS + SWARM_SAMPLE_MS);
    expect(catalogue.swarmHistory(hashOf(2), NOW_MS)).toEqual([]);
    expect(catalogue.lastSwarmSampleMs()).toBe(NOW_MS);
    while (catalogue.forgetSwarmSamples(NOW_MS)) {}
    expect(rows('catalogue_swarm_sample')).toBe(26 * 4 + 1);
  });

  it('is not that of an earlier torrent with the same number', () => {
    sample(NOW_MS - 2 * HOUR_MS, 5);
    catalogue.remove([hashOf(1), hashOf(2)]);
    catalogue.store(torrentToStore(3), NOW_MS - HOUR_MS);
    sample(NOW_MS, 7);
    expect(catalogue.swarmHistory(hashOf(3), NOW_MS).map(({ insideSeeds }) => insideSeeds)).toEqual([7]);
  });
});

describe('the history of popularity', () => {
  it('is that of a month, closer in the last two days, and of torrents with a rank alone', () => {
    const numbers = { updatedMs: 0, downloads: 1, downloadsMs: 1, downloadsPerDay: 1, numbers: {} };
    for (let atMs = NOW_MS - 40 * DAY_MS, i = 0; atMs <= NOW_MS; atMs += HOUR_MS / 2, i++) {
      catalogue.storePopularities([1, 2].map((n) => [hashOf(n), { ...numbers, popularity: i }]));
      if (i === 10) catalogue.keepRanksOf([hashOf(1)]);
      catalogue.samplePopularity(atMs);
    }
    const history = catalogue.popularityHistory(hashOf(1), NOW_MS);
    expect(history).toHaveLength(48 + 28 * 4);
    expect(history.at(-1)).toEqual({ atMs: NOW_MS, popularity: 1_920, rank: 1 });
    expect(history).toEqual([...history].sort((a, b) => a.atMs - b.atMs));
    expect(catalogue.popularityHistory(hashOf(2), NOW_MS)).toEqual([]);
    expect(rows('catalogue_popularity_sample')).toBe(49 + 30 * 4 + 1);
  });
});
