import { describe, expect, it } from 'vitest';
import { mergeCandidates, parseSwarmCount } from '../../../src/crawler/candidate.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';

const infoHash = parseInfoHash('d2474e86c95b19b8bcfdb92bc12c9d44667cfa36');

describe('merging', () => {
  it('makes one of what shares an info-hash or an address', () => {
    const merged = mergeCandidates([
      { source: 'a', title: 'A', torrentUrls: ['http://a/1.torrent'], seeds: 5, leechers: 9 },
      { source: 'log', torrentUrls: ['http://a/1.torrent'], innerRequests: 3 },
      { source: 'b', title: 'B', infoHash, torrentUrls: [], seeds: 8, leechers: 1 },
      { source: 'own', infoHash, torrentUrls: [], innerRequests: 4 },
      { source: 'a', infoHash, torrentUrls: ['http://a/1.torrent'], innerRequests: 1 },
    ]);
    expect(merged).toHaveLength(2);
    expect(merged[1]).toMatchObject({ source: 'b', seeds: 8, leechers: 1, torrentUrls: ['http://a/1.torrent'] });
    expect(merged[0]).toMatchObject({ source: 'a', title: 'A', seeds: 5, innerRequests: 3 });
    expect(merged[1]?.innerRequests).toBe(5);
  });

  it('keeps different torrents apart', () => {
    const urls = ['http://a/1.torrent', 'http://a/2.torrent'];
    expect(mergeCandidates(urls.map((url) => ({ source: 'a', torrentUrls: [url] })))).toHaveLength(2);
  });
});

describe('swarm sizes as sites write them', () => {
  it.each([
    ['12', 12],
    [' 1,234 ', 1234],
    ['1.234', 1234],
    ['1 234', 1234],
    ["1'234'567", 1234567],
    ['1.2k', 1200],
    ['3M', 3_000_000],
    ['999999999999', undefined],
    ['-', undefined],
    ['', undefined],
    ['n/a', undefined],
    ['12 peers', undefined],
  ])('%s', (text, count) => {
    expect(parseSwarmCount(text)).toBe(count);
  });
});
