import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import type { SwarmCounts } from '../../../src/mirror-site/inner-counts.js';
import { refreshInsideCounts } from '../../../src/mirror-site/inside-refresh.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { SWARM_SAMPLE_MS } from '../../../src/store/sqlite/catalogue-history.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { fillCatalogue, hashOf, torrentToStore } from '../../support/catalogue-entries.js';

let database: SqliteDatabase;
let catalogue: Catalogue;
let stop: (() => Promise<void>) | undefined;
let errors: unknown[];
let swarms: Map<InfoHash, SwarmCounts>;
let nowMs: number;

beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  errors = [];
  nowMs = 1e12;
  swarms = new Map();
});
afterEach(async () => {
  await stop?.();
  database.close();
});

const start = (
  read: (hashes: readonly InfoHash[]) => Promise<Map<InfoHash, SwarmCounts>> = async () => swarms,
): void => {
  stop = refreshInsideCounts({
    catalogue,
    innerSwarms: async (cursor) => {
      const all = [...(await read([]))].map(([infoHash, counts]) => ({ infoHash, ...counts }));
      return { swarms: all.slice(cursor, cursor + 2), cursor: cursor + 2 < all.length ? cursor + 2 : undefined };
    },
    read: async (hashes) => new Map([...(await read(hashes))].filter(([infoHash]) => hashes.includes(infoHash))),
    supply: async (_, { seeds }) => (seeds > 4 ? seeds * 1_000 : undefined),
    clock: { nowMs: () => nowMs },
    onError: (thrown) => errors.push(thrown),
    pauseMs: 1,
  });
};
const first = () => catalogue.search({ sort: 'best', pageSize: 1 }).torrents[0];

describe('the counts of peers inside', () => {
  it('follow the tracker for every torrent, and for both swarms of a hybrid one', async () => {
    fillCatalogue(database, 1, 250, 'torrent');
    catalogue.store(torrentToStore(300, { hybridInfoHash: hashOf(999) }), 1);
    swarms.set(hashOf(240), { seeds: 5, leechers: 1 });
    start();
    await expect.poll(first).toMatchObject({ infoHash: hashOf(240), inside: { seeds: 5, leechers: 1, bps: 5_000 } });
    swarms.set(hashOf(300), { seeds: 1, leechers: 9 }).set(hashOf(999), { seeds: 7, leechers: 2 });
    await expect.poll(first).toMatchObject({ infoHash: hashOf(300), inside: { seeds: 7, leechers: 9 } });
    swarms.clear();
    await expect.poll(first).toMatchObject({ inside: { seeds: 0, leechers: 0 } });
    expect(errors).toEqual([]);
  });

  it('are sampled once in a quarter of an hour, also when nobody is left, for popular torrents without anybody too', async () => {
    fillCatalogue(database, 1, 3, 'torrent');
    database.exec(`UPDATE catalogue_torrent SET rank = NULL WHERE info_hash = '${hashOf(1)}'`);
    catalogue.store(torrentToStore(3, { rank: undefined }), 1);
    swarms.set(hashOf(1), { seeds: 5, leechers: 1 });
    start();
    const history = (n: number) => catalogue.swarmHistory(hashOf(n), nowMs).map(({ insideSeeds }) => insideSeeds);
    await expect.poll(() => history(1)).toEqual([5]);
    swarms.set(hashOf(1), { seeds: 7, leechers: 1 });
    await expect.poll(first).toMatchObject({ inside: { seeds: 7 } });
    expect(history(1)).toEqual([5]);
    nowMs += SWARM_SAMPLE_MS;
    await expect.poll(() => history(1)).toEqual([5, 7]);
    expect([history(2), history(3)]).toEqual([[0, 0], []]);
    expect(catalogue.swarmHistory(hashOf(2), nowMs)[0]).toMatchObject({ outsideSeeds: 2 });
    expect(errors).toEqual([]);
  });

  it('stay while the tracker is down, and go on when it is back', async () => {
    fillCatalogue(database, 1, 3, 'torrent');
    catalogue.storeInsideCounts(new Map([[hashOf(2), { seeds: 3, leechers: 0 }]]));
    let asked = 0;
    let isDown = true;
    start(async () => {
      asked++;
      if (isDown) throw new Error('the tracker is down');
      return swarms;
    });
    await expect.poll(() => asked).toBeGreaterThan(2);
    expect(first()).toMatchObject({ inside: { seeds: 3 } });
    isDown = false;
    await expect.poll(first).toMatchObject({ inside: { seeds: 0 } });
    expect(errors).toEqual([]);
  });

  it('report a database that cannot be written', async () => {
    fillCatalogue(database, 1, 3, 'torrent');
    swarms.set(hashOf(1), { seeds: 1, leechers: 0 });
    database.exec("CREATE TRIGGER full BEFORE UPDATE ON catalogue_entry BEGIN SELECT raise(ABORT, 'disk full'); END");
    start();
    await expect.poll(() => errors.length).toBeGreaterThan(1);
    expect(errors[0]).toMatchObject({ message: 'disk full' });
  });
});
