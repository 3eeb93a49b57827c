import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/crawler/candidate.js';
import { readSource } from '../../../src/crawler/read-source.js';
import { type Source, sourceSection } from '../../../src/crawler/source-section.js';
import { createCrawlState } from '../../../src/store/sqlite/catalogue-crawl-state.js';
import { useCrawlFixture } from '../../support/crawl-fixture.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';

const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const crawling = useCrawlFixture();

let site: OriginalSite;
let notes: string[];

beforeEach(async () => {
  site = await startOriginalSite();
  notes = [];
});
afterEach(async () => {
  await site.stop();
});

/** As the configuration is read. */
function source(fields: Readonly<Record<string, unknown>>): Source {
  const url = fields.type === 'pinned' ? {} : { url: `${site.url}/list` };
  return sourceSection.parse({ name: 'site', ...url, ...fields }) as Source;
}

function read(of: Source): Promise<Candidate[]> {
  const { catalogue, clock, database, documents, fetcher } = crawling;
  return readSource(of, {
    fetcher,
    documents,
    catalogue,
    state: createCrawlState(database),
    clock,
    dryRun: false,
    signal: undefined,
    onNote: (note) => notes.push(note),
  });
}

const asked = (): string[] => site.requests.map(({ path }) => path).filter((path) => path !== '/robots.txt');
const row = (name: string): string =>
  `<p><a class="n" href="/view/${name}">${name}</a><a class="t" href="/${name}.torrent">get</a></p>`;
const urlsOf = (candidates: readonly Candidate[]): (string | undefined)[] =>
  candidates.map(({ torrentUrls: [first] }) => first?.replace(site.url, ''));

describe('lists of several pages', () => {
  it('are read by numbers until a page is missing', async () => {
    site.routes.set('/list?p=0', row('a'));
    site.routes.set('/list?p=1', row('b'));
    const found = await read(source({ type: 'html', url: `${site.url}/list?p={page}`, firstPage: 0, item: 'p' }));
    expect(urlsOf(found)).toEqual(['/a.torrent', '/b.torrent']);
    expect(asked()).toEqual(['/list?p=0', '/list?p=1', '/list?p=2']);
    expect(notes).toEqual([]);
  });

  it('end where the site repeats itself, and at the limit', async () => {
    for (const page of [1, 2, 3, 4]) site.routes.set(`/list?p=${page}`, row(page === 1 ? 'a' : 'b'));
    const pages = source({ type: 'html', url: `${site.url}/list?p={page}`, item: 'p' });
    await read(pages);
    expect(asked()).toEqual(['/list?p=1', '/list?p=2', '/list?p=3']);
    site.requests.length = 0;
    await read({ ...pages, maxPages: 1 } as Source);
    expect(asked()).toEqual(['/list?p=1']);
  });

  it('are read by links to the next page, which stay on the site and come to an end', async () => {
    const next = (href: string): string => `<a rel="next" href="${href}">next</a>`;
    site.routes.set('/list', row('a') + next('/list/2'));
    site.routes.set('/list/2', row('b') + next('/list'));
    const linked = source({ type: 'html', item: 'p', nextPage: 'a[rel=next]' });
    expect(urlsOf(await read(linked))).toEqual(['/a.torrent', '/b.torrent']);
    expect(asked()).toEqual(['/list', '/list/2']);
    site.routes.set('/list/2', row('b') + next('http://other.example/3'));
    expect(await read(linked)).toHaveLength(2);
    site.routes.delete('/list/2');
    expect(await read(linked)).toHaveLength(1);
    expect(notes).toEqual([expect.stringMatching(/^page 2 cannot be read: .*404/)]);
  });

  it('may be JSON', async () => {
    const page = (id: number, next: string | null) =>
      JSON.stringify({ data: [{ hash: hash.replace(/^./, String(id)) }], links: { next } });
    site.routes.set('/list', page(1, '/list?page=2'));
    site.routes.set('/list?page=2', page(2, null));
    const found = await read(source({ type: 'json', items: 'data', infoHash: 'hash', nextPage: 'links.next' }));
    expect(found.map(({ infoHash }) => infoHash?.[0])).toEqual(['1', '2']);
  });
});

describe('a second step to the page about each torrent', () => {
  const list = (counts: string): string =>
    ['a', 'b', 'c']
      .map((name, i) => `<p><a class="n" href="/view/${name}">${name}</a>${counts === '' ? '' : `<i>${i}</i>`}</p>`)
      .join('');
  const fields = {
    type: 'html',
    item: 'p',
    page: 'a.n',
    seeds: 'i',
    details: { link: 'a.t', seeds: 'b', maxPages: 2 },
  };

  beforeEach(() => {
    for (const name of ['a', 'b', 'c'])
      site.routes.set(`/view/${name}`, `<h1>Long ${name}</h1><a class="t" href="/${name}.torrent">get</a><b>7</b>`);
  });

  it('is made for the best of the list', async () => {
    site.routes.set('/list', list('counted'));
    const found = await read(source(fields));
    expect(urlsOf(found).sort()).toEqual(['/b.torrent', '/c.torrent']);
    expect(found[0]).toMatchObject({ pageUrl: expect.stringContaining('/view/'), seeds: 7 });
    expect(asked().sort()).toEqual(['/list', '/view/b', '/view/c']);
  });

  it('says how many pages cannot be read', async () => {
    site.routes.set('/list', list(''));
    site.routes.delete('/view/a');
    expect(await read(source(fields))).toHaveLength(1);
    expect(notes).toEqual([expect.stringMatching(/^1 of 2 pages cannot be read; the first: .*404/)]);
  });

  it('follows from sitemaps, too, through an index and compressed files', async () => {
    const urls = (...paths: string[]): string =>
      `<urlset>${paths.map((path) => `<url><loc>${site.url}${path}</loc></url>`).join('')}</urlset>`;
    site.routes.set(
      '/list',
      `<sitemapindex><sitemap><loc>/1.xml.gz</loc></sitemap><sitemap><loc>/2.xml</loc></sitemap><sitemap><loc>http://other.example/3.xml</loc></sitemap></sitemapindex>`,
    );
    site.routes.set('/1.xml.gz', new Uint8Array(gzipSync(urls('/d/1.torrent', '/view/a', '/about'))));
    const found = await read(source({ type: 'sitemap', torrentPages: '/view/*', details: { link: 'a.t' } }));
    expect(urlsOf(found).sort()).toEqual(['/a.torrent', '/d/1.torrent']);
    expect(notes).toEqual([expect.stringMatching(/2\.xml cannot be read: .*404/)]);
  });
});

describe('other sources', () => {
  it('are CSV, plain lists at a site or in a file, and torrents that the configuration names', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sources-'));
    const file = join(directory, 'list.txt');
    writeFileSync(file, `${hash}\n`);
    site.routes.set('/list', `NAME,INFOHASH\nA,${hash}\n`);
    expect(await read(source({ type: 'csv', category: 'data' }))).toMatchObject([
      { title: 'A', infoHash: hash, category: 'data' },
    ]);
    site.routes.set('/list', `/1.torrent\n`);
    expect(urlsOf(await read(source({ type: 'list' })))).toEqual(['/1.torrent']);
    expect(await read(source({ type: 'list', url: undefined, file }))).toMatchObject([{ infoHash: hash }]);
    await expect(read(source({ type: 'list', url: undefined, file: `${file}.x` }))).rejects.toThrow(
      /cannot read the list/,
    );
    const pinned = source({ type: 'pinned', torrents: [hash, 'https://a.example/x.torrent'] });
    expect(await read(pinned)).toMatchObject([{ infoHash: hash }, { torrentUrls: ['https://a.example/x.torrent'] }]);
    rmSync(directory, { recursive: true });
  });

  it('get parameters of their own in the query, which are not stored', async () => {
    site.routes.set('/list?t=search&apikey=k-1', { headers: { etag: '"1"' }, body: '<rss></rss>' });
    await read(source({ type: 'feed', url: `${site.url}/list?t=search`, query: { apikey: 'k-1' } }));
    expect(asked()).toEqual(['/list?t=search&apikey=k-1']);
    expect(JSON.stringify(crawling.database.prepare('SELECT url FROM crawler_document').all())).not.toContain('k-1');
  });
});

it.each([
  [{ type: 'list' }, /a list has either a url or a file/],
  [{ type: 'list', url: 'http://s.example/', file: 'x' }, /a list has either a url or a file/],
  [{ type: 'access-log' }, /has a file or a listen address/],
  [{ type: 'json', url: 'http://s.example/', items: 'a[[' }, /is not a path/],
  [{ type: 'torrents' }, /expected "feed", "html", "json"/],
])('refuses %j', (fields, message) => {
  const { error } = sourceSection.safeParse({ name: 's', ...fields });
  expect(error?.issues.map((issue) => issue.message).join('\n')).toMatch(message);
});
