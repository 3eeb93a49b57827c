/** What the pages of the mirror site show, without a server. */
import { load } from 'cheerio';
import { describe, expect, it } from 'vitest';
import { cataloguePage } from '../../../src/mirror-site/catalogue-page.js';
import { addressOf, pastedInfoHash, readCatalogueRequest } from '../../../src/mirror-site/catalogue-request.js';
import { fileTree, MAX_FILES_SHOWN } from '../../../src/mirror-site/file-tree.js';
import { PLAIN_IDENTITY } from '../../../src/mirror-site/identity/identity.js';
import { supplyBps } from '../../../src/mirror-site/inside-supply.js';
import { showAge, showBytes } from '../../../src/mirror-site/show.js';
import { stringsFor } from '../../../src/mirror-site/strings.js';
import { ENGLISH } from '../../../src/mirror-site/strings-english.js';
import { GERMAN } from '../../../src/mirror-site/strings-german.js';
import { type TorrentContext, torrentPage } from '../../../src/mirror-site/torrent-page.js';
import type { ListedTorrent } from '../../../src/store/sqlite/catalogue-search.js';
import { readTorrentNotes } from '../../../src/wire/metainfo-notes.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { torrentWith } from '../../support/torrents.js';

const DAY_MS = 86_400_000;
const NOW_MS = 100 * DAY_MS;
const view = {
  title: 'Mirror',
  operatorName: 'Example',
  site: undefined,
  root: '',
  originalPage: undefined,
  text: ENGLISH,
  identity: PLAIN_IDENTITY,
};
const times = { firstSeenMs: NOW_MS - 3 * DAY_MS, lastSeenMs: NOW_MS, fetchedMs: NOW_MS };
const listed = (n: number, facts: Partial<ListedTorrent> = {}): ListedTorrent => ({
  ...torrentToStore(n),
  ...times,
  inside: { seeds: 0, leechers: 0 },
  kind: 'video',
  completed: undefined,
  ...facts,
});
const listOf = (query: string, torrents: ListedTorrent[], total = torrents.length, text = ENGLISH) =>
  load(
    cataloguePage(
      { ...view, text },
      readCatalogueRequest(new URLSearchParams(query)),
      { total, torrents },
      {
        facets: {
          categories: [{ name: 'Films', count: 1_234 }],
          sites: ['a.example', 'b.example'],
          kinds: [{ name: 'video', count: 7 }],
        },
        magnetOf: ({ infoHash }) => `magnet:?xt=urn:btih:${infoHash}`,
        nowMs: NOW_MS,
      },
    ).text,
  );
const torrentContext: TorrentContext = {
  magnet: 'magnet:?x=long',
  shortMagnet: 'magnet:?x=short',
  inner: { seeds: 26, leechers: 1 },
  notes: { webSeeds: [] },
  offers: [],
  insideBps: undefined,
  swarmHistory: [],
  popularityHistory: [],
  completed: undefined,
  kind: 'video',
  nowMs: NOW_MS,
};
const torrentOf = (facts = {}, context: Partial<TorrentContext> = {}) =>
  load(torrentPage(view, { ...torrentToStore(1), ...times, ...facts }, { ...torrentContext, ...context }).text);

describe('the list', () => {
  it('has a file and a magnet link in each row, and says how many neighbours have it', () => {
    const page = listOf('', [listed(1, { inside: { seeds: 26, leechers: 3 } }), listed(2, { magnet: 'magnet:?x' })]);
    const rows = page('tbody tr')
      .toArray()
      .map((row) => page(row));
    expect(
      rows[0]!
        .find('td.get a')
        .map((_, a) => page(a).attr('href'))
        .get(),
    ).toEqual([`/torrent/${hashOf(1)}.torrent`, `magnet:?xt=urn:btih:${hashOf(1)}`]);
    expect(rows[1]!.find('td.get a')).toHaveLength(1);
    expect(rows[0]!.text()).toContain('26 neighbours have it');
    expect(rows[0]!.text()).toContain('Inside 29');
    expect(rows[1]!.text()).not.toContain('neighbour');
    expect(rows[0]!.find('time').text()).toBe('3 days ago');
  });

  it('keeps search and filters in every link and in the form', () => {
    const query = 'q=a+b&category=Films&size=large&inside=1&sort=seeds&site=b.example';
    const page = listOf(query, [listed(1)], 500);
    for (const link of page('nav.pages a, thead a').toArray()) {
      const address = new URL(page(link).attr('href') ?? '', 'http://x');
      const wanted = readCatalogueRequest(address.searchParams);
      expect(wanted).toMatchObject({
        text: 'a b',
        category: 'Films',
        minBytes: 1e9,
        maxBytes: 1e10,
        seededInside: true,
      });
    }
    expect(page('.filters select[name=category] option[selected]').text()).toBe('Films (1,234)');
    expect(page('.filters select[name=site] option[selected]').text()).toBe('b.example');
    expect(page('.filters input[name=q]').attr('value')).toBe('a b');
    expect(page('link[rel=alternate]').attr('href')).toBe(
      addressOf(readCatalogueRequest(new URLSearchParams(query)), '/feed.xml'),
    );
  });

  it('has page numbers around the current one', () => {
    const page = listOf('page=10', [listed(1)], 50 * 40);
    expect(page('nav.pages').text().replace(/\s+/g, ' ')).toBe('← Previous 1 … 8 9 10 11 12 … 40 Next →');
    expect(page('nav.pages [aria-current=page]').text()).toBe('10');
  });

  it('falls back from parameters that it does not know', () => {
    const request = readCatalogueRequest(
      new URLSearchParams('sort=constructor&size=toString&page=-1&inside=x&category='),
    );
    expect(addressOf(request)).toBe('/');
  });
});

describe('the page of a torrent', () => {
  it('shows what the file, the sites and the tracker say of it', () => {
    const bytes = torrentWith({
      comment: 'First line\nsecond <b>',
      'created by': 'mktorrent 1.1',
      'creation date': 86_400,
      license: 'CC BY 4.0',
      'url-list': ['https://seed.example/a', 'javascript:alert(1)'],
    });
    const page = torrentOf(
      { title: 'Nicer name', trackerTiers: [['udp://old.example:1']] },
      {
        notes: readTorrentNotes(bytes),
        completed: 12_345,
        offers: [{ source: 'lab', site: 'b.example', pageUrl: 'http://b.example/1', title: 'Other name' }],
      },
    );
    const text = page('main').text();
    for (const part of [
      '26 neighbours have it',
      'second <b>',
      'mktorrent 1.1',
      'CC BY 4.0',
      'https://seed.example/a',
      'Nicer name',
      'Other name',
      'udp://old.example:1',
      '12,345',
      '16 KiB',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('javascript:');
    expect(
      page('a[rel~=nofollow]')
        .map((_, a) => page(a).text())
        .get(),
    ).toEqual(['site.example', 'b.example']);
    expect(page('button[data-copy][hidden]')).toHaveLength(2);
    expect(page('.qr svg path').attr('d')).toMatch(/^M/);
  });

  it('leaves out a code that no phone could read', () => {
    expect(torrentOf({}, { shortMagnet: 'x'.repeat(900) })('.qr')).toHaveLength(0);
  });

  it('has a bounded, folded tree of files', () => {
    const files = Array.from({ length: 100_000 }, (_, n) => ({ path: `a/${n % 7}/${n}`, bytes: 1 }));
    const page = torrentOf({ files, fileCount: 1_000_000 });
    expect(page('.file')).toHaveLength(MAX_FILES_SHOWN);
    expect(page('.files details[open]')).toHaveLength(0);
    expect(page('main').text()).toContain('and 999,000 more');
    const deep = load(fileTree([{ path: Array(5_000).fill('d').join('/'), bytes: 1 }], 'en').text);
    expect(deep('details').length).toBeLessThan(20);
    expect(load(fileTree([{ path: '__proto__/constructor/x', bytes: 1 }], 'en').text)('.file').text()).toContain('x');
  });
});

describe('notes of a torrent file', () => {
  it('are left out where they are of another type, too long or not a date', () => {
    const notes = readTorrentNotes(
      torrentWith({
        comment: 5,
        'created by': ['x'],
        'creation date': -1,
        'url-list': [[], 7, 'ftp://x', `http://${'x'.repeat(3_000)}`],
      }),
    );
    expect(notes).toEqual({ webSeeds: [] });
    expect(readTorrentNotes(torrentWith({ comment: 'ü'.repeat(9_000) })).comment?.length).toBeLessThanOrEqual(2_000);
    expect(readTorrentNotes(Buffer.from('<html>'))).toEqual({ webSeeds: [] });
    expect(readTorrentNotes(torrentWith({ comment: Buffer.from([0xff, 0xfe, 0x41]) })).comment).toContain('A');
    expect(readTorrentNotes(torrentWith({ 'url-list': 'http://one.example/' })).webSeeds).toEqual([
      'http://one.example/',
    ]);
  });
});

describe('languages', () => {
  it('follow the reader, and English is for all others', () => {
    expect(stringsFor('de-AT,de;q=0.9,en;q=0.5')).toBe(GERMAN);
    expect(stringsFor('fr, en;q=0.2, de;q=0.4')).toBe(GERMAN);
    expect(stringsFor('de;q=0, en')).toBe(ENGLISH);
    for (const other of [undefined, '', '*', 'fr', ';;;q=,', 'constructor', 'x'.repeat(9_999)]) {
      expect(stringsFor(other)).toBe(ENGLISH);
    }
    const page = listOf('', [listed(1, { inside: { seeds: 1, leechers: 0 } })], 1, GERMAN);
    expect(page('html').attr('lang')).toBe('de');
    expect(page('main').text()).toContain('1 Nachbar hat es');
    expect(page('time').text()).toBe('vor 3 Tagen');
  });

  it('have words for everything', () => {
    const empty = Object.entries(GERMAN).filter(([, words]) => words === '');
    expect(empty).toEqual([]);
    const same = Object.entries(GERMAN).filter(([key, words]) => words === ENGLISH[key as keyof typeof ENGLISH]);
    expect(same.map(([key]) => key)).toEqual(['feed', 'torrents', 'magnet', 'version2']);
  });

  it('show sizes and ages of any value', () => {
    expect([showBytes(1_500), showBytes(1_500, 'de'), showBytes(0), showBytes(Number.MAX_SAFE_INTEGER)]).toEqual([
      '1.5 kB',
      '1,5 kB',
      '0 B',
      '9.0 PB',
    ]);
    for (const ms of [Number.NaN, Infinity, 9e15, -9e15]) expect(showAge(ms, NOW_MS, 'en')).toBe('–');
  });
});

describe('what was pasted', () => {
  it.each([
    [hashOf(10), hashOf(10)],
    [hashOf(10).toUpperCase(), hashOf(10)],
    [`magnet:?dn=x&xt=urn:btih:${hashOf(10)}&tr=http://x`, hashOf(10)],
    ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAK', hashOf(10)],
    [`${hashOf(10)}${'0'.repeat(24)}`, hashOf(10)],
    ['magnet:', undefined],
    ['magnet:?xt=urn:btih:x', undefined],
    ['alice', undefined],
  ])('%s is found', (text, infoHash) => {
    expect(pastedInfoHash(text)).toBe(infoHash);
  });
});

describe('what only this site can say', () => {
  it('is how many neighbours have it, and about how fast they are, where that is known', () => {
    expect(torrentOf({}, { insideBps: 40e6 })('.near').text()).toBe(
      '26 neighbours have it, about 40 Mbit/s from inside',
    );
    expect(torrentOf({}, { insideBps: 40e6, inner: { seeds: 0, leechers: 2 } })('.near').text()).toBe(
      'no neighbour has it yet',
    );
    expect(torrentOf()('.near').text()).toBe('26 neighbours have it');
    const inside = { seeds: 1, leechers: 0, bps: 2e9 };
    expect(listOf('', [listed(1, { inside })], 1, GERMAN)('.near').text()).toBe(
      '1 Nachbar hat es, etwa 2 Gbit/s aus dem Netz',
    );
  });

  it('shares what is known of uplinks among those who fetch, and guesses nothing', () => {
    const none = { count: 0, bps: 0 };
    expect(supplyBps({ seeds: 26, leechers: 0 }, none, 1.5e6)).toBe(40e6);
    expect(supplyBps({ seeds: 2, leechers: 3 }, none, 10e6)).toBe(10e6);
    expect(supplyBps({ seeds: 2, leechers: 0 }, { count: 1, bps: 5e6 }, undefined)).toBe(5e6);
    expect(supplyBps({ seeds: 2, leechers: 0 }, { count: 1, bps: 5e6 }, 10e6)).toBe(20e6);
    expect(supplyBps({ seeds: 2, leechers: 0 }, { count: 9, bps: 5e6 }, 10e6)).toBe(5e6);
    expect(supplyBps({ seeds: 26, leechers: 0 }, none, undefined)).toBeUndefined();
    expect(supplyBps({ seeds: 0, leechers: 9 }, none, 10e6)).toBeUndefined();
  });

  it('is shown with what other catalogues say: others of its kind, when it was published, whom to tell', () => {
    const facts = { category: 'Films & more', publishedMs: NOW_MS - 5 * DAY_MS };
    const page = torrentOf(facts);
    const links = page('dd a')
      .toArray()
      .map((each) => [page(each).text(), each.attribs.href]);
    expect(links).toContainEqual(['Films & more', '/?category=Films+%26+more']);
    expect(links).toContainEqual(['Video', '/?type=video']);
    expect(page('dl').text()).toMatch(/Published5 days ago/);
    expect(page('main').text()).not.toContain('Report');
    const reportIn = (takedown: string) => {
      const identity = { ...PLAIN_IDENTITY, takedown };
      return load(torrentPage({ ...view, identity }, { ...torrentToStore(1), ...times }, torrentContext).text)(
        'main > p a',
      )
        .last()
        .attr('href');
    };
    expect(reportIn('mailto:abuse@example.net')).toBe(`mailto:abuse@example.net?subject=${hashOf(1)}`);
    expect(reportIn('https://example.net/abuse')).toBe('https://example.net/abuse');
  });

  it('is drawn over time, with the numbers as a table', () => {
    const swarmHistory = Array.from({ length: 96 }, (_, i) => ({
      atMs: NOW_MS - (95 - i) * 900_000,
      insideSeeds: i,
      insideLeechers: 0,
      outsideSeeds: i < 50 ? undefined : 1_234,
    })).filter((_, i) => i < 20 || i > 30);
    const popularityHistory = [{ atMs: NOW_MS - DAY_MS, popularity: 7.4, rank: 1 }];
    const page = torrentOf({}, { swarmHistory, popularityHistory });
    expect(page('figure')).toHaveLength(2);
    const inside = page('figure').first();
    expect(inside.find('title').text()).toBe('Seeds inside the network');
    expect(inside.find('desc').text()).toBe('Between 0 and 95; 95 at the end.');
    expect(
      inside
        .find('.axes > span')
        .toArray()
        .map((each) => page(each).text()),
    ).toEqual(['100', '0', '24 hours ago', 'this minute']);
    // Nothing is drawn where nothing is known.
    expect(inside.find('path').attr('d')!.match(/M/g)).toHaveLength(2);
    expect(inside.find('tbody tr').length).toBeLessThanOrEqual(25);
    expect(inside.find('tbody td').first().text()).toBe('95');
    expect(page('figure').last().find('tbody td').first().text()).toBe('1,234');
    // One crawl is not a line.
    expect(page('h2').text()).not.toContain('Popularity');
    const two = [...popularityHistory, { atMs: NOW_MS, popularity: 0, rank: 2 }];
    expect(torrentOf({}, { popularityHistory: two })('figure').text()).toContain('Popularity');
  });
});
