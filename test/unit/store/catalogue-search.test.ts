import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { fillCatalogue, hashOf, torrentToStore } from '../../support/catalogue-entries.js';

let database: SqliteDatabase;
let catalogue: Catalogue;

beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  const add = (n: number, name: string, facts = {}): void => {
    catalogue.store(torrentToStore(n, { name, ...facts }), n);
  };
  add(1, 'Die große Überraschung', { category: 'Films' });
  add(2, 'Ubuntu Linux 26.04 desktop', { category: 'Software' });
  add(3, 'Linux Ubuntu server', { category: 'Software' });
  add(4, '東京物語 1953');
  add(5, 'Smørrebrød for beginners', { totalBytes: undefined });
});
afterEach(() => {
  database.close();
});

const found = (query: Parameters<Catalogue['search']>[0]): number[] =>
  catalogue.search(query).torrents.map(({ infoHash }) => Number.parseInt(infoHash, 16));
const search = (text: string): number[] => found({ text });

describe('a search', () => {
  it('folds diacritics and letters, on both sides', () => {
    for (const text of ['Uberraschung', 'überraschung', 'ÜBERRASCHUNG', 'u\u{308}berraschung', 'GROSSE', 'große']) {
      expect(search(text), text).toEqual([1]);
    }
    expect(search('smorrebrod')).toEqual([5]);
  });

  it('takes phrases and exclusions', () => {
    expect(search('ubuntu linux')).toEqual([2, 3]);
    expect(search('"ubuntu linux"')).toEqual([2]);
    expect(search('"ubuntu linux')).toEqual([2]);
    expect(search('linux -server')).toEqual([2]);
    expect(search('linux -"ubuntu linux"')).toEqual([3]);
    expect(search('-linux -beginners')).toEqual([1, 4]);
    expect(search('-')).toEqual([1, 2, 3, 4, 5]);
  });

  it('finds parts of words, two characters of a name in Chinese, and one', () => {
    expect(search('buntu')).toEqual([2, 3]);
    expect(search('物語')).toEqual([4]);
    expect(search('語 19')).toEqual([4]);
    expect(search('東')).toEqual([4]);
    expect(search('京語')).toEqual([]);
  });

  it('forgives one error, says so, and changes no word that is known', () => {
    for (const text of ['ubnutu', 'ubunt0', 'ubutu', 'ubuuntu']) {
      expect(catalogue.search({ text }), text).toMatchObject({ total: 2, corrected: 'ubuntu' });
    }
    expect(catalogue.search({ text: 'linux sevrer' })).toMatchObject({ total: 1, corrected: 'linux server' });
    expect(catalogue.search({ text: 'ubuntu' }).corrected).toBeUndefined();
    expect(search('xyzzyxyzzy')).toEqual([]);
    expect(search('ubuntu uberraschung')).toEqual([]);
  });

  it('finds full and short info-hashes, also the second one of a hybrid torrent', () => {
    const infoHash = 'abcdef0123'.padEnd(40, '7') as ReturnType<typeof hashOf>;
    catalogue.store(torrentToStore(6, { infoHash, hybridInfoHash: hashOf(77) }), 1);
    for (const text of ['abcdef', 'ABCDEF0123', infoHash, infoHash.toUpperCase(), hashOf(77)]) {
      expect(catalogue.search({ text }).torrents, text).toMatchObject([{ infoHash }]);
    }
    expect(search('abcde')).toEqual([]);
  });

  it('takes nothing for a command of the index', () => {
    for (const text of [
      '"',
      '""',
      'a" OR "b',
      'NEAR(a b)',
      'text:linux',
      'linux*',
      '^linux',
      'a\0b',
      '\ud800abc',
      '- -- -"',
    ]) {
      expect(() => search(text), text).not.toThrow();
    }
    expect(search('ubuntu* OR')).toEqual([]);
  });

  it('follows changed names, titles and removed torrents', () => {
    catalogue.store(torrentToStore(2, { name: 'Debian' }), 9);
    expect(search('desktop')).toEqual([]);
    expect(search('debian')).toEqual([2]);
    const offers = [{ source: 'lab', site: 'site.example', title: 'Penguin' }];
    catalogue.touch(hashOf(2), { seeds: 1, leechers: 1, score: 1, rank: 1 }, [], 10, offers);
    expect(search('penguin')).toEqual([2]);
    catalogue.remove([hashOf(2)]);
    expect(search('penguin')).toEqual([]);
    expect(catalogue.search({}).total).toBe(4);
    for (const table of ['catalogue_entry', 'catalogue_text']) {
      expect(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(4);
    }
  });

  it('finds words by their first one or two characters, and takes other short terms as they are', () => {
    expect(search('di')).toEqual([1]);
    expect(search('de')).toEqual([2]);
    expect(search('d 26')).toEqual([2]);
    expect(search('zz')).toEqual([]);
    expect(search('linux -se')).toEqual([2, 3]);
    catalogue.store(torrentToStore(6, { name: 'C# in depth' }), 6);
    expect(search('c#')).toEqual([6]);
    expect(search('linux -.')).toEqual([3]);
  });

  it('counts a common word to the end, and pages through it', () => {
    fillCatalogue(database, 10, 7_000, 'common');
    const first = catalogue.search({ text: 'common' });
    expect(first).toMatchObject({ total: 6_990 });
    expect(first.torrents[0]).toMatchObject({ name: 'common 10' });
    const last = catalogue.search({ text: 'common -4999', sort: 'added', page: 140 });
    expect(last).toMatchObject({ total: 6_989, torrents: { length: 39 } });
    expect(last.torrents.at(-1)).toMatchObject({ name: 'common 10' });
    expect(catalogue.search({ text: 'common', category: 'Films' })).toMatchObject({ total: 0 });
  });

  it('bounds what it looks for: the rest of a long text is compared with what was found', () => {
    const long = 'one two three four five six seven eight nine ten';
    catalogue.store(torrentToStore(6, { name: `${long} eleven` }), 6);
    catalogue.store(torrentToStore(7, { name: `${long} twelve` }), 7);
    expect(search(`"${long} twelve"`)).toEqual([7]);
    expect(search(`"${long} el"`)).toEqual([6]);
    expect(search(`"${long}" -"${long} twelve"`)).toEqual([6]);
  });
});

describe('filters', () => {
  it('restrict by category, size and seeds inside', () => {
    catalogue.storeInsideCounts(new Map([[hashOf(3), { seeds: 2, leechers: 0 }]]));
    expect(found({ category: 'Software' })).toEqual([2, 3]);
    expect(found({ minBytes: 2_000_000, maxBytes: 3_000_000 })).toEqual([2]);
    expect(found({ seededInside: true })).toEqual([3]);
    expect(found({ text: 'linux', seededInside: true, category: 'Films' })).toEqual([]);
  });

  it('are those that the catalogue has', () => {
    const offers = [{ source: 'lab', site: 'site.example' }];
    catalogue.store(torrentToStore(1, { category: 'Films', offers }), 1);
    expect(catalogue.facets()).toEqual({
      categories: [
        { name: 'Software', count: 2 },
        { name: 'Films', count: 1 },
      ],
      sites: ['site.example'],
      kinds: [{ name: 'other', count: 5 }],
    });
    expect([...catalogue.categories()].sort()).toEqual(['Films', 'Software']);
  });

  it('restrict by what most of the files are, which a later file may change, and a link does not', () => {
    catalogue.store(torrentToStore(1, { files: [{ path: 'a.mkv', bytes: 9 }], rank: 1 }), 1);
    catalogue.store(torrentToStore(2, { files: [{ path: 'a.mkv', bytes: 9 }], kind: 'audio', rank: 2 }), 1);
    expect(found({ kind: 'video' })).toEqual([1]);
    expect(found({ kind: 'audio' })).toEqual([2]);
    catalogue.store(torrentToStore(1, { magnet: 'magnet:?', torrentBytes: undefined, files: [], rank: 1 }), 2);
    expect(found({ kind: 'video' })).toEqual([1]);
    catalogue.store(torrentToStore(1, { files: [{ path: 'a.pdf', bytes: 9 }], rank: 1 }), 3);
    expect(found({ kind: 'document' })).toEqual([1]);
  });

  it('take what stands for the category of another naming system', () => {
    catalogue.store(torrentToStore(1, { category: 'Films', rank: 1 }), 1);
    catalogue.store(torrentToStore(2, { category: 'Misc', kind: 'video', rank: 2 }), 1);
    catalogue.store(torrentToStore(3, { category: 'Software', kind: 'video', rank: 3 }), 1);
    const standard = { categories: ['Films'], kinds: ['video' as const], silent: ['Misc'] };
    expect(found({ standard })).toEqual([1, 2]);
    expect(found({ standard, offset: 1 })).toEqual([2]);
  });
});

describe('peers inside', () => {
  it('are asked for in the order of the info-hashes', () => {
    catalogue.storeInsideCounts(new Map([[hashOf(2), { seeds: 1, leechers: 2 }]]));
    expect(catalogue.swarmsAfter('', 2)).toMatchObject([
      { infoHash: hashOf(1), inside: { seeds: 0, leechers: 0 } },
      { infoHash: hashOf(2), inside: { seeds: 1, leechers: 2 } },
    ]);
    expect(catalogue.swarmsAfter(hashOf(4), 2)).toMatchObject([{ infoHash: hashOf(5), hybridInfoHash: undefined }]);
  });

  it('sort the list, and stay while the crawler writes', () => {
    catalogue.storeInsideCounts(
      new Map([
        [hashOf(4), { seeds: 9, leechers: 0 }],
        [hashOf(5), { seeds: 1, leechers: 20 }],
      ]),
    );
    catalogue.store(torrentToStore(4, { name: 'again' }), 50);
    expect(found({ sort: 'best' })).toEqual([4, 5, 1, 2, 3]);
    expect(found({ sort: 'inside' })).toEqual([5, 4, 1, 2, 3]);
    expect(catalogue.search({ sort: 'best' }).torrents[0]?.inside).toEqual({ seeds: 9, leechers: 0 });
    catalogue.storeInsideCounts(new Map([[hashOf(4), { seeds: 0, leechers: 0 }]]));
    expect(found({ sort: 'best' })).toEqual([5, 1, 2, 3, 4]);
  });
});
