/**
 * The trackers of what the mirror site offers, from the crawl of an original site to files, pages and feed: the alias tracker
 * alone, or before the original ones where the configuration says so, for all sources or for one.
 */
import { load } from 'cheerio';
import { afterEach, describe, expect, it } from 'vitest';
import type { InfoHash } from '../../src/domain/info-hash.js';
import { MAX_INLINE_BYTES } from '../../src/mirror-site/rewritten-torrents.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { parseMagnet } from '../../src/wire/metainfo-magnet.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { torrentWith } from '../support/torrents.js';

const ALIAS = 'udp://alias.example.net:6969/announce';
const ORIGINALS = ['http://old.example/announce', 'udp://older.example:80'];
const seeds = { 'url-list': ['http://seed.example/f'], httpseeds: ['http://seed.example/h'] };
const trackers = { announce: ORIGINALS[0], 'announce-list': ORIGINALS.map((url) => [url]) };

/** A small torrent, one that is rewritten in another thread, and a link; those of each source are different ones. */
function torrentsOf(source: string): { small: Uint8Array; large: Uint8Array; magnet: string } {
  const comment = 'x'.repeat(MAX_INLINE_BYTES);
  const hash = Buffer.from(source.padEnd(20)).toString('hex');
  const tr = ORIGINALS.map((url) => `&tr=${encodeURIComponent(url)}`).join('');
  return {
    small: torrentWith({ ...trackers, ...seeds }, { name: `${source} small` }),
    large: torrentWith({ ...trackers, ...seeds, comment }, { name: `${source} large` }),
    magnet: `magnet:?dn=50%+${source}&xt=urn:btih:${hash}${tr}&ws=http%3A%2F%2Fseed.example%2Ff`,
  };
}

const SOURCES = ['plain', 'other'];
let site: OriginalSite;
let lab: RunningApp;
afterEach(async () => {
  await lab?.stop();
  await site?.stop();
});

async function serve(crawler: string, ofOther: string): Promise<void> {
  const routes: Record<string, string | Uint8Array> = {};
  for (const source of SOURCES) {
    const { small, large, magnet } = torrentsOf(source);
    routes[`/${source}-small.torrent`] = small;
    routes[`/${source}-large.torrent`] = large;
    const links = [`/${source}-small.torrent`, `/${source}-large.torrent`, magnet.replaceAll('&', '&amp;')];
    routes[`/${source}.xml`] = `<rss version="2.0"><channel>${links
      .map((link) => `<item><title>${source}</title><link>${link}</link><description>seeds: 5</description></item>`)
      .join('')}</channel></rss>`;
  }
  site = await startOriginalSite(routes);
  lab = await startLabApp(`${LAB_CONFIG.replace('tracker: {', `tracker: { announceUrls: ["${ALIAS}"],`)}
mirrorSite: { listen: "http://127.0.0.1:0" }
upstream: { exchange: false }
crawler:
  ${crawler}
  delayPerSite: 0ms
  sources:
    - { name: plain, type: feed, url: "${site.url}/plain.xml" }
    - { name: other, type: feed, url: "${site.url}/other.xml"${ofOther} }
`);
  await eventually(
    'the crawl stored all six',
    async () => ((await lab.call('GET', '/api/v1/torrents')).json as { total: number }).total === 6,
  );
}

async function get(path: string): Promise<Uint8Array> {
  const { host, port } = lab.endpoint('mirror-site');
  const response = await fetch(`http://${host}:${port}${path}`);
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}
const text = async (path: string): Promise<string> => Buffer.from(await get(path)).toString();

async function expectTrackers(source: string, expected: readonly string[]): Promise<void> {
  const { small, large, magnet } = torrentsOf(source);
  const feed = load(await text('/feed.xml'), { xml: true });
  const fromFeed = (infoHash: InfoHash): string =>
    feed('item')
      .toArray()
      .map((item) => feed(item).find('torrent\\:magnetURI').text())
      .find((link) => parseMagnet(link).infoHash === infoHash)!;
  const onPage = async (infoHash: InfoHash): Promise<string> =>
    load(await text(`/torrent/${infoHash}`))('a[href^="magnet:"]').attr('href')!;
  for (const original of [small, large]) {
    const { infoHash, entries } = parseMetainfo(original);
    const served = await get(`/torrent/${infoHash}.torrent`);
    const after = parseMetainfo(served);
    expect(after.infoHash).toBe(infoHash);
    expect(after.trackerTiers).toEqual(expected.map((url) => [url]));
    for (const { key, keyStart, value } of entries.filter(({ key }) => /url-list|httpseeds/.test(key))) {
      expect([key, Buffer.from(served).includes(Buffer.from(original.subarray(keyStart, value.end)))]).toEqual([
        key,
        true,
      ]);
    }
    expect(parseMagnet(fromFeed(infoHash)).trackers).toEqual(expected);
    expect(parseMagnet(await onPage(infoHash)).trackers).toEqual(expected);
  }
  const { infoHash } = parseMagnet(magnet);
  const rewritten = `${magnet.slice(0, magnet.indexOf('&tr='))}&ws=http%3A%2F%2Fseed.example%2Ff${expected
    .map((url) => `&tr=${encodeURIComponent(url)}`)
    .join('')}`;
  expect(fromFeed(infoHash)).toBe(rewritten);
  expect(await onPage(infoHash)).toBe(rewritten);
}

describe('the original trackers', () => {
  it('are replaced, and stay after the alias tracker for a source that says so', async () => {
    await serve('top: 10', ', keepOriginalTrackers: true');
    await expectTrackers('plain', [ALIAS]);
    await expectTrackers('other', [ALIAS, ...ORIGINALS]);
  });

  it('stay for all sources where the crawler says so, but for one that does not', async () => {
    await serve('keepOriginalTrackers: true', ', keepOriginalTrackers: false');
    await expectTrackers('plain', [ALIAS, ...ORIGINALS]);
    await expectTrackers('other', [ALIAS]);
  });
});
