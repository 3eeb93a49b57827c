import { expect, test } from 'vitest';
import { MAX_CONCURRENT_SCRAPES, MAX_SCRAPED_TRACKERS } from '../../../src/crawler/limits.js';
import { measureSwarms } from '../../../src/crawler/measure.js';
import type { Scraper } from '../../../src/crawler/source.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';

test('asks each tracker of many torrents once, and only a few at the same time', async () => {
  const torrents = Array.from({ length: 300 }, (_, i) => ({
    infoHash: parseInfoHash(i.toString(16).padStart(40, '0')),
    trackers: ['a', 'b', 'c', 'd'].map((name) => `udp://${name}${i}.example:6969`),
  }));
  const asked: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const scraper: Scraper = {
    scrape: async ([tracker], infoHashes) => {
      asked.push(tracker!);
      mostOpen = Math.max(mostOpen, ++open);
      await new Promise(setImmediate);
      open--;
      if (tracker!.startsWith('udp://b')) throw new Error('is down');
      return new Map(infoHashes.map((infoHash) => [infoHash, { seeders: 2, leechers: 1, completed: undefined }]));
    },
  };
  const { counts, failures } = await measureSwarms(torrents, scraper, undefined);
  expect(mostOpen).toBe(MAX_CONCURRENT_SCRAPES);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked).toHaveLength(300 * MAX_SCRAPED_TRACKERS);
  expect(counts.size).toBe(300);
  expect(failures).toHaveLength(300);
});

test('asks no more trackers once it is aborted', async () => {
  const stop = new AbortController();
  let asked = 0;
  const scraper: Scraper = {
    scrape: () => {
      asked++;
      stop.abort(new Error('stopped'));
      return new Promise(() => {});
    },
  };
  const infoHash = parseInfoHash('0'.repeat(40));
  const torrents = Array.from({ length: 200 }, (_, i) => ({ infoHash, trackers: [`udp://t${i}.example:1`] }));
  await expect(measureSwarms(torrents, scraper, stop.signal)).rejects.toThrow('stopped');
  expect(asked).toBeLessThanOrEqual(MAX_CONCURRENT_SCRAPES);
});
