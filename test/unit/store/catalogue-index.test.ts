/** The columns in memory against what SQLite itself says, through changes of every kind, also by another connection. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { orderBy } from '../../../src/store/sqlite/catalogue-index/radix-order.js';
import type { CatalogueQuery, CatalogueSort } from '../../../src/store/sqlite/catalogue-search.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

const ORDERS: Readonly<Record<CatalogueSort, string>> = {
  best: 'inside_seeds DESC, rank IS NULL, rank, score DESC',
  rank: 'rank IS NULL, rank, score DESC',
  name: 'name COLLATE NOCASE, info_hash',
  size: 'total_bytes DESC',
  seeds: 'seeds DESC',
  leechers: 'leechers DESC',
  added: 'first_seen_ms DESC',
  inside: 'inside_seeds + inside_leechers DESC',
};
const SORTS = Object.keys(ORDERS) as CatalogueSort[];
const NAMES = ['alpha', 'Beta', 'beta', 'ALPHA two', 'Ünïcode', 'ünïcode', '東京', '', 'zeta 9', '-'];
const CATEGORIES = ['Films', 'Music', undefined];
const SITES = ['site.example', 'sub.site.example', 'other.example'];

let directory: string;
let database: SqliteDatabase;
let other: SqliteDatabase;
let catalogue: Catalogue;
let elsewhere: Catalogue;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-columns-'));
  database = openDatabase(join(directory, 'a.sqlite'));
  other = openDatabase(join(directory, 'a.sqlite'));
  catalogue = createCatalogue(database);
  elsewhere = createCatalogue(other);
});
afterEach(() => {
  database.close();
  other.close();
  rmSync(directory, { recursive: true, force: true });
});

const random = createRandom(11);
const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
const maybe = (limit: number): number | undefined => (random.below(4) === 0 ? undefined : random.below(limit));

/** Changes one torrent, or some, in one of the two connections. */
function change(): void {
  const [writer, connection] = random.below(2) === 0 ? [catalogue, database] : [elsewhere, other];
  const n = 1 + random.below(40);
  switch (random.below(6)) {
    case 0:
      writer.remove([hashOf(n), hashOf(1 + random.below(40))]);
      break;
    case 1:
      writer.storeInsideCounts(new Map([[hashOf(n), { seeds: random.below(3), leechers: random.below(5) }]]));
      break;
    case 2:
      writer.keepRanksOf([hashOf(n), hashOf(n + 1), hashOf(n + 2)]);
      break;
    case 3:
      // What is rolled back has not happened, even if a search saw it.
      try {
        connection.transaction(() => {
          writer.store(torrentToStore(n, { name: 'never', rank: 1, score: 1e6 }), 1);
          writer.search({ sort: 'name' });
          throw new Error('rolled back');
        })();
      } catch {}
      break;
    default: {
      const host = pick(SITES);
      const torrent = torrentToStore(n, {
        name: `${pick(NAMES)}${random.below(2) === 0 ? '' : ` ${n}`}`,
        category: pick(CATEGORIES),
        totalBytes: maybe(5),
        seeds: maybe(4),
        leechers: maybe(4),
        rank: maybe(6),
        score: random.below(5) - 2.5,
        origins: [{ host, path: `/${random.below(3)}`, kind: 'page' }],
        offers: random.below(2) === 0 ? [] : [{ source: 's', site: pick(SITES) }],
      });
      writer.store(torrent, random.below(5));
    }
  }
}

function expected(sort: CatalogueSort, where: string): string[] {
  return database
    .prepare<[], string>(`SELECT info_hash FROM catalogue_entry WHERE ${where} ORDER BY ${ORDERS[sort]}, entry_id`)
    .pluck()
    .all();
}

const ON_SITE = `info_hash IN (SELECT info_hash FROM catalogue_origin WHERE host LIKE '%site.example'
  UNION SELECT info_hash FROM catalogue_offer WHERE site LIKE '%site.example')`;
const FILTERS: readonly (readonly [CatalogueQuery, string])[] = [
  [{}, 'true'],
  [{ category: 'Films' }, `category = 'Films'`],
  [{ category: 'nothing' }, 'false'],
  [{ seededInside: true }, 'inside_seeds > 0'],
  [{ minBytes: 2, maxBytes: 4 }, 'total_bytes >= 2 AND total_bytes < 4'],
  [{ site: 'site.example' }, ON_SITE],
  [{ site: 'site.example', category: 'Music', minBytes: 1 }, `${ON_SITE} AND category = 'Music' AND total_bytes >= 1`],
];

test('every order and filter is what SQLite makes of it, after changes of every kind', () => {
  for (let round = 0; round < 150; round++) {
    for (let i = random.below(6); i >= 0; i--) change();
    const sort = pick(SORTS);
    const [query, where] = pick(FILTERS);
    const found = catalogue.search({ ...query, sort, pageSize: 500 });
    const all = expected(sort, where);
    expect(
      found.torrents.map(({ infoHash }) => infoHash),
      `${sort} ${where}`,
    ).toEqual(all);
    expect(found.total).toBe(all.length);
    const reversed = catalogue.search({ ...query, sort, pageSize: 500, reverse: true });
    expect(reversed.torrents.map(({ infoHash }) => infoHash)).toEqual([...all].reverse());
    const second = catalogue.search({ ...query, sort, pageSize: 3, page: 2 });
    expect(second.torrents.map(({ infoHash }) => infoHash)).toEqual(all.slice(3, 6));
  }
});

test('a catalogue that is loaded in steps is complete, also with what changed meanwhile', async () => {
  catalogue.atomically(() => {
    for (let n = 1; n <= 4_500; n++) catalogue.store(torrentToStore(n, { name: `name ${n}` }), n);
  });
  const fresh = createCatalogue(database);
  const loading = fresh.warmUpSearch();
  elsewhere.remove([hashOf(3)]);
  elsewhere.store(torrentToStore(9_000, { name: 'later' }), 1);
  await loading;
  for (const sort of SORTS) {
    const { total, torrents } = fresh.search({ sort, pageSize: 20, page: 200 });
    expect(total, sort).toBe(4_500);
    expect(torrents.map(({ infoHash }) => infoHash)).toEqual(expected(sort, 'true').slice(3_980, 4_000));
  }
});

describe('the sort by digits', () => {
  test('orders any numbers stably, and what is unknown last', () => {
    const values = [
      ...[
        0,
        -0,
        1,
        -1,
        1.5,
        -1.5,
        1e-300,
        -1e-300,
        1e300,
        -1e300,
        2 ** 53,
        -(2 ** 53),
        5e-324,
        Number.NaN,
        1,
        Number.NaN,
      ],
      ...Array.from({ length: 500 }, () => (random.below(9) - 4) * 10 ** (random.below(9) - 4)),
    ];
    const of = Float64Array.from(values);
    const slots = Uint32Array.from(values, (_, i) => i);
    for (const descending of [false, true]) {
      const sign = descending ? -1 : 1;
      const place = (value: number): number => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value);
      const right = [...slots].sort((a, b) => {
        const [x, y] = [place(values[a]!), place(values[b]!)];
        return x === y ? a - b : x < y ? -1 : 1;
      });
      expect([...orderBy(slots, [{ of, descending }])]).toEqual(right);
    }
    expect([...orderBy(new Uint32Array(0), [{ of }])]).toEqual([]);
  });
});
