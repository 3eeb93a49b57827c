import { describe, expect, it } from 'vitest';
import { parseFeed } from '../../../src/crawler/feed-source.js';
import { ClientError } from '../../../src/domain/errors.js';

const base = 'http://site.example/feeds/top.xml';
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const rss = (items: string): string =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/" xmlns:nyaa="n" xmlns:torznab="t"><channel><title>x</title><link>http://site.example/</link>${items}</channel></rss>`;
const only = (items: string) => parseFeed(rss(items), base, 'lab')[0];

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
    expect(parseFeed(atom, base, 'lab')).toMatchObject([
      { title: 'T', torrentUrls: ['http://site.example/1'], pageUrl: 'http://site.example/view/1', seeds: undefined },
    ]);
  });

  it('leaves out what has no torrent, and links that are not to the web', () => {
    const items = `<item><title>news</title><link>http://site.example/news</link></item>
      <item><title>evil</title><enclosure url="file:///etc/x.torrent" type="application/x-bittorrent"/></item>
      <item><title>script</title><link>javascript:alert(1)//.torrent</link></item>`;
    expect(parseFeed(rss(items), base, 'lab')).toEqual([]);
  });

  it('says so where it gets no feed', () => {
    for (const text of ['', 'hello', '<!doctype html><html><body>Forbidden</body></html>', '{"a":1}']) {
      expect(() => parseFeed(text, base, 'lab')).toThrow(ClientError);
    }
  });

  it('does not expand entities that a document declares', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
      <rss><channel><item><title>&b;&x;</title><link>http://i.example/1.torrent</link></item></channel></rss>`;
    expect(parseFeed(bomb, base, 'lab')[0]?.title).toBe('&b;&x;');
  });
});
