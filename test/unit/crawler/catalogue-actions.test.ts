import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  actOnCatalogue,
  type CatalogueAction,
  describeTorrent,
  explainRank,
} from '../../../src/crawler/catalogue-actions.js';
import { torrentPolicy } from '../../../src/crawler/torrent-policy.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

let database: SqliteDatabase;
let catalogue: Catalogue;
let changes: number;
beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  catalogue.store(torrentToStore(1, { hybridInfoHash: hashOf(99) }), 5);
  changes = 0;
});
afterEach(() => {
  database.close();
});

const act = (action: CatalogueAction, infoHash: InfoHash, reason?: string) =>
  actOnCatalogue(
    { action, infoHash, reason, actor: 'me' },
    { catalogue, clock: { nowMs: () => 7 }, onChange: () => changes++ },
  );
const logged = (): string[] => catalogue.logEntries({ limit: 9 }).map(({ action, name }) => `${action} ${name}`);

it('denies both hashes of a hybrid torrent, whichever was given, and allows it again', () => {
  expect(act('deny', hashOf(99), 'why')).toMatchObject({ infoHash: hashOf(1), name: 'Torrent 1' });
  expect(catalogue.get(hashOf(1))).toBeUndefined();
  const policy = torrentPolicy(catalogue, () => ({ denied: new Set(), allowed: undefined }));
  expect([hashOf(1), hashOf(99), hashOf(2)].map((hash) => policy.refusal(hash))).toEqual([
    'the operator has denied it: why',
    'the operator has denied it: why',
    undefined,
  ]);
  expect(() => act('pin', hashOf(1))).toThrow(/is denied; allow it first/);
  act('allow', hashOf(1));
  expect(policy.refusal(hashOf(1))).toBeUndefined();
  expect(logged()).toEqual([`allowed ${hashOf(1)}`, 'denied Torrent 1']);
  expect(changes).toBe(2);
});

it('pins also what is not in the catalogue yet, and takes it back', () => {
  act('pin', hashOf(5));
  const policy = torrentPolicy(catalogue, () => ({ denied: new Set(), allowed: new Set([hashOf(1)]) }));
  expect(policy.pinned()).toEqual(new Set([hashOf(5)]));
  expect(policy.refusal(hashOf(5))).toMatch(/not on the list of the tracker/);
  act('unpin', hashOf(5));
  expect(policy.pinned()).toEqual(new Set());
});

it('removes, and lets the next crawl fetch again', () => {
  act('refetch', hashOf(1));
  expect(catalogue.get(hashOf(1))).toMatchObject({ fetchedMs: 0 });
  act('remove', hashOf(99));
  expect(catalogue.get(hashOf(1))).toBeUndefined();
});

it('says what cannot be changed, and changes nothing then', () => {
  for (const action of ['remove', 'refetch', 'unpin', 'allow'] as const) {
    expect(() => act(action, hashOf(7)), action).toThrow(/is not (in the catalogue|pinned|denied by hand)/);
  }
  expect([changes, logged(), catalogue.decisions()]).toEqual([0, [], []]);
});

it('tells all that is known of a torrent, and nothing of others', () => {
  act('pin', hashOf(1));
  expect(describeTorrent(hashOf(99), catalogue)).toMatchObject({
    infoHash: hashOf(1),
    name: 'Torrent 1',
    log: [{ action: 'pinned', actor: 'me' }],
  });
  expect(explainRank(hashOf(1), catalogue)).toBeUndefined();
  expect(() => describeTorrent(hashOf(7), catalogue)).toThrow(/no crawl has seen it/);
});

it('does not explain a rank that a torrent has no more', () => {
  const numbers = { sources: ['feed'], measured: false, demand: 9, pinned: false, wasRanked: true, rank: 1, top: 10 };
  catalogue.storePopularities([
    [
      hashOf(1),
      {
        popularity: 9,
        updatedMs: 5,
        downloads: undefined,
        downloadsMs: undefined,
        downloadsPerDay: undefined,
        numbers,
      },
    ],
  ]);
  expect(explainRank(hashOf(1), catalogue)?.[0]).toBe('Torrent 1 has rank 1 of 10.');
  act('remove', hashOf(1));
  expect(explainRank(hashOf(1), catalogue)?.[0]).toBe(
    `${hashOf(1)} had rank 1 of 10 at the latest crawl, and was removed after it.`,
  );
});
