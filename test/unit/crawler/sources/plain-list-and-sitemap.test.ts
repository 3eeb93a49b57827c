import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { documentTasks } from '../../../../src/crawler/document-tasks.js';
import { documentText } from '../../../../src/crawler/document-text.js';
import { MAX_UNPACKED_BYTES } from '../../../../src/crawler/limits.js';
import { parsePlainList } from '../../../../src/crawler/sources/plain-list.js';
import { parseSitemap } from '../../../../src/crawler/sources/sitemap.js';

const context = { source: 's', baseUrl: 'https://site.example/x', nowMs: Date.UTC(2026, 10, 22) };
const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';

describe('plain lists', () => {
  it('have addresses, magnet links and info-hashes', () => {
    const text = `# torrents\r\nhttps://a.example/1.torrent\r\n\n  ${hash.toUpperCase()} \nmagnet:?xt=urn:btih:${hash}&dn=x\n/2.torrent\nnoise\n`;
    expect(parsePlainList(text, context)).toMatchObject([
      { torrentUrls: ['https://a.example/1.torrent'] },
      { infoHash: hash, magnet: `magnet:?xt=urn:btih:${hash}` },
      { magnet: `magnet:?xt=urn:btih:${hash}&dn=x` },
      { torrentUrls: ['https://site.example/2.torrent'] },
    ]);
  });

  it('say so if no line is a torrent', () => {
    expect(() => parsePlainList('noise\nftp://x/1.torrent', context)).toThrow(
      /of its 2 lines none .* the first is "noise"/,
    );
    expect(parsePlainList('# nothing yet\n', context)).toEqual([]);
  });
});

describe('sitemaps', () => {
  const patterns = { torrents: '*.torrent', torrentPages: '/view/*', sitemaps: '*torrents*' };

  it('lead to torrents, pages and further sitemaps by patterns', () => {
    const urls = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <url><loc>https://site.example/d/1.torrent</loc><lastmod>2026-11-21</lastmod></url>
      <url><loc>https://site.example/view/2</loc></url><url><loc>https://site.example/about</loc></url>
      <url><loc>javascript:1.torrent</loc></url></urlset>`;
    expect(parseSitemap(urls, patterns, context).candidates).toMatchObject([
      { torrentUrls: ['https://site.example/d/1.torrent'], publishedMs: Date.UTC(2026, 10, 21) },
      { torrentUrls: [], pageUrl: 'https://site.example/view/2' },
    ]);
    const index = `<sitemapindex><sitemap><loc>/torrents-1.xml.gz</loc></sitemap><sitemap><loc>/news.xml</loc></sitemap></sitemapindex>`;
    expect(parseSitemap(index, patterns, context)).toEqual({
      candidates: [],
      sitemaps: ['https://site.example/torrents-1.xml.gz'],
    });
    expect(() => parseSitemap('<html>', patterns, context)).toThrow(/neither a sitemap/);
  });

  it('may be gzip files, which are unpacked up to a limit', () => {
    const bytes = gzipSync('<urlset><url><loc>/1.torrent</loc></url></urlset>');
    const document = { bytes, contentType: 'application/gzip', url: context.baseUrl, source: 's', nowMs: 0, patterns };
    expect(documentTasks.sitemap(document).candidates).toHaveLength(1);
    expect(() => documentText(gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1)), undefined)).toThrow(/cannot be unpacked/);
    expect(() => documentText(bytes.subarray(0, 20), undefined)).toThrow(/cannot be unpacked/);
  });
});
