import { describe, expect, it } from 'vitest';
import { eachElement } from '../../../../src/crawler/document-tree.js';
import { BestCandidates } from '../../../../src/crawler/sources/best-candidates.js';
import { parseFeed } from '../../../../src/crawler/sources/feed.js';
import { ClientError } from '../../../../src/domain/errors.js';

const base = 'http://site.example/feeds/top.xml';
const context = { source: 'lab', baseUrl: base, nowMs: Date.UTC(2026, 10, 22) };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const rss = (items: string): string =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/" xmlns:nyaa="n" xmlns:torznab="t"><channel><title>x</title><link>http://site.example/</link>${items}</channel></rss>`;
const only = (items: string) => parseFeed(rss(items), context)[0];

describe('feeds', () => {
  it('reads Nyaa’s extension', () => {
    expect(
      only(`<item><title>A &amp; B</title><link>http://site.example/d/1.torrent</link><guid isPermaLink="true">http://site.example/view/1</guid>
        <nyaa:seeders>1,204</nyaa:seeders><nyaa:leechers>17</nyaa:leechers><nyaa:infoHash>${hash.toUpperCase()}</nyaa:infoHash></item>`),
    ).toEqual({
      source: 'lab',
      title: 'A & B',
      infoHash: hash,
      torrentUrls: ['http://site.example/d/1.torrent'],
      magnet: undefined,
      pageUrl: 'http://site.example/view/1',
      seeds: 1204,
      leechers: 17,
    });
  });

  it('reads ezRSS’s extension, flat or within a torrent element, and enclosures', () => {
    const magnet = `magnet:?xt=urn:btih:${hash}&amp;dn=x`;
    const fields = `<torrent:infoHash>${hash}</torrent:infoHash><torrent:seeds>5</torrent:seeds><torrent:peers>7</torrent:peers><torrent:magnetURI><![CDATA[magnet:?xt=urn:btih:${hash}]]></torrent:magnetURI>`;
    const item = (inner: string): string =>
      `<item><title>t</title><enclosure url="/get?id=1" type="application/x-bittorrent" length="9"/><link>${magnet}</link>${inner}</item>`;
    for (const inner of [fields, `<torrent xmlns="e">${fields}</torrent>`]) {
      expect(only(item(inner))).toMatchObject({
        torrentUrls: ['http://site.example/get?id=1'],
        magnet: `magnet:?xt=urn:btih:${hash}`,
        infoHash: hash,
        seeds: 5,
        leechers: 7,
      });
    }
  });

  it('reads Torznab, whose peers include the seeds', () => {
    expect(
      only(
        `<item><title>t</title><guid>12345</guid><link>http://i.example/dl/1</link><enclosure url="http://i.example/dl/1" type="application/x-bittorrent"/><torznab:attr name="seeders" value="3"/><torznab:attr name="peers" value="10"/></item>`,
      ),
    ).toMatchObject({ torrentUrls: ['http://i.example/dl/1'], seeds: 3, leechers: 7 });
  });

  it('reads words in the description where there is nothing better', () => {
    expect(
      only(
        `<item><title>t</title><link>http://i.example/1.torrent</link><description>Size: 5 GB &lt;b&gt;Seeders: 12&lt;/b&gt; Leechers: 3</description></item>`,
      ),
    ).toMatchObject({ seeds: 12, leechers: 3 });
  });

  it('reads Atom', () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>T</title>
      <link rel="alternate" href="/view/1"/><link rel="enclosure" href="/1" type="application/x-bittorrent"/></entry></feed>`;
    expect(parseFeed(atom, context)).toMatchObject([
      { title: 'T', torrentUrls: ['http://site.example/1'], pageUrl: 'http://site.example/view/1', seeds: undefined },
    ]);
  });

  it('leaves out what has no torrent, and links that are not to the web', () => {
    const items = `<item><title>news</title><link>http://site.example/news</link></item>
      <item><title>evil</title><enclosure url="file:///etc/x.torrent" type="application/x-bittorrent"/></item>
      <item><title>script</title><link>javascript:alert(1)//.torrent</link></item>`;
    expect(parseFeed(rss(items), context)).toEqual([]);
  });

  it('says so where it gets no feed', () => {
    for (const text of ['', 'hello', '<!doctype html><html><body>Forbidden</body></html>', '{"a":1}']) {
      expect(() => parseFeed(text, context)).toThrow(ClientError);
    }
  });

  it('does not expand entities that a document declares', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
      <rss><channel><item><title>&b;&x;</title><link>http://i.example/1.torrent</link></item></channel></rss>`;
    expect(parseFeed(bomb, context)[0]?.title).toBe('&b;&x;');
  });

  describe('links', () => {
    const torrent = 'http://site.example/a.torrent';
    it.each([
      ['an identifier is not a link', `<guid isPermaLink="false">${torrent}</guid>`, []],
      ['an identifier that is an address is a link', `<guid>${torrent}</guid>`, [torrent]],
      [
        'the enclosure comes before the link',
        `<link>http://site.example/page.torrent</link><enclosure url="${torrent}"/>`,
        [torrent, 'http://site.example/page.torrent'],
      ],
      [
        'an enclosure of a generic type',
        `<enclosure url="/get?id=1" type="application/octet-stream"/>`,
        ['http://site.example/get?id=1'],
      ],
      [
        'several enclosures',
        `<enclosure url="/v.mp4" type="video/mp4"/><enclosure url="/1" type="application/x-bittorrent"/><enclosure url="/2" type="application/x-bittorrent"/>`,
        ['http://site.example/1', 'http://site.example/2'],
      ],
      [
        'Media RSS',
        `<media:group><media:content url="/p.jpg" medium="image"/><media:content url="/3" type="application/x-bittorrent"/></media:group>`,
        ['http://site.example/3'],
      ],
      ['pictures without a type', `<enclosure url="/cover.JPG?w=9"/><media:content url="/cover"/>`, []],
      ['RSS 1.0', `<link>/page</link>`, []],
    ])('%s', (_what, inner, urls) => {
      expect(only(`<item><title>t</title>${inner}</item>`)?.torrentUrls ?? []).toEqual(urls);
    });

    it('of Atom that lead to a picture are not torrents', () => {
      const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>T</title><id>magnet:?xt=urn:btih:${hash}</id>
        <link rel="enclosure" href="/p.png" type="image/png"/><link rel="enclosure" href="/q.jpg"/><link href="/page"/></entry></feed>`;
      expect(parseFeed(atom, context)).toMatchObject([
        { torrentUrls: [], magnet: `magnet:?xt=urn:btih:${hash}`, pageUrl: 'http://site.example/page' },
      ]);
    });

    it('are made of an info-hash where there is nothing else', () => {
      const base32 = '2JDU5BWJLMM3RPH5XEV4CLE5IRTHZ6RW';
      for (const written of [hash, hash.toUpperCase(), `urn:btih:${hash}`, base32]) {
        expect(only(`<item><title>A b</title><torrent:infoHash>${written}</torrent:infoHash></item>`)).toMatchObject({
          infoHash: hash,
          torrentUrls: [],
          magnet: `magnet:?xt=urn:btih:${hash}&dn=A%20b`,
        });
      }
    });
  });

  it.each([
    [
      'Torznab',
      '<size>1000</size><torznab:attr name="grabs" value="77"/><torznab:attr name="category" value="2000"/><pubDate>Sat, 21 Nov 2026 10:00:00 +0000</pubDate>',
      1_000,
      '2000',
    ],
    [
      'Newznab',
      '<newznab:attr name="size" value="1000"/><newznab:attr name="grabs" value="77"/><newznab:attr name="category" value="a"/><newznab:attr name="category" value="b"/><pubDate>2026-11-21T10:00:00Z</pubDate>',
      1_000,
      'a',
    ],
    [
      'Nyaa',
      '<nyaa:size>1.5 GiB</nyaa:size><nyaa:downloads>77</nyaa:downloads><nyaa:category>Anime</nyaa:category><pubDate>Sat, 21 Nov 2026 10:00:00 -0000</pubDate>',
      1_610_612_736,
      'Anime',
    ],
    [
      'ezRSS',
      '<torrent:contentLength>1000</torrent:contentLength><category domain="x">TV</category><description>Downloads: 77</description><dc:date>2026-11-21 10:00:00</dc:date>',
      1_000,
      'TV',
    ],
  ])('reads downloads, size, category and date of %s', (_what, inner, bytes, category) => {
    expect(only(`<item><title>t</title><link>/1.torrent</link>${inner}</item>`)).toMatchObject({
      downloads: 77,
      bytes,
      category,
      publishedMs: Date.UTC(2026, 10, 21, 10),
    });
  });

  it('does not take impossible counts, sizes and dates', () => {
    expect(
      only(`<item><title>t</title><link>/1.torrent</link><nyaa:seeders>99999999999</nyaa:seeders><nyaa:leechers>-4</nyaa:leechers>
        <nyaa:downloads>1e99</nyaa:downloads><nyaa:size>9999999999 TiB</nyaa:size><pubDate>Sat, 21 Nov 2099 10:00:00 GMT</pubDate></item>`),
    ).toMatchObject({
      seeds: undefined,
      leechers: undefined,
      downloads: undefined,
      bytes: undefined,
      publishedMs: undefined,
    });
  });

  it('reads all entries, wherever the best are', () => {
    const items = Array.from(
      { length: 6_000 },
      (_, i) => `<item><link>/${i}.torrent</link><nyaa:seeders>${i}</nyaa:seeders></item>`,
    );
    const found = parseFeed(rss(items.join('')), context);
    expect(found).toHaveLength(6_000);
    expect(found.at(-1)).toMatchObject({ torrentUrls: ['http://site.example/5999.torrent'], seeds: 5_999 });
  });

  it('forgets the elements of an entry that is read: together they may be more than a tree may have', () => {
    const names: string[] = [];
    const text = `<rss>${`<item><b ${'a '.repeat(400_000)}/></item>`.repeat(3)}</rss>`;
    expect(eachElement(text, new Set(['item']), ({ name }) => names.push(name))).toBe('rss');
    expect(names).toHaveLength(3);
    expect(() => eachElement(`<item><b ${'a '.repeat(1_000_001)}`, new Set(['item']), () => undefined)).toThrow(
      /more than/,
    );
  });
});

it('candidates that are too many are dropped by their score, not by their place', () => {
  const best = new BestCandidates(2);
  for (const seeds of [5, 1, 9, 2, 7]) best.add({ source: 's', torrentUrls: [`http://s.example/${seeds}`], seeds });
  expect(best.all().map(({ seeds }) => seeds)).toEqual([9, 7]);
});
