/** Lists that are not made for people: JSON APIs, CSV, plain lists and sitemaps. */
import { gzipSync } from 'node:zlib';
import { documentTasks } from '../../../src/crawler/document-tasks.js';
import { ClientError, OperatorError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { attempt, bytesOf, type FuzzTarget, pick, sometimes } from '../fuzz-target.js';
import { checkCandidate } from './check-candidate.js';

const HASH = 'ab'.repeat(20);
const FIELDS = {
  items: 'data[].torrents',
  nextPage: 'links.next',
  title: '^.name',
  link: 'files[type=torrent].url',
  page: '/view/{id}',
  infoHash: 'hash',
  seeds: 'seeds',
  leechers: 'leechers',
  size: 'size',
  published: 'at',
};

export const sourceLists: FuzzTarget = {
  name: 'source-lists',
  about: 'JSON, CSV, plain lists and sitemaps: candidates with usable links and counts, or a clear error',
  words: [
    '"data":[',
    '{"torrents":',
    '"hash":"',
    HASH,
    ',',
    ';',
    '""',
    '\n',
    '<url><loc>',
    '</loc></url>',
    'magnet:?xt=urn:btih:',
  ],
  create: () => ({ make: makeList, run: runList }),
};

function makeList(random: Random): Uint8Array {
  const link = pick(random, [
    '/a.torrent',
    'http://site.example/b.torrent',
    `magnet:?xt=urn:btih:${HASH}`,
    'ftp://x',
    '',
  ]);
  const torrent = {
    id: random.below(9),
    hash: pick(random, [HASH, 'x', null, 7]),
    seeds: pick(random, [5, '1,2', -1, 1e99]),
    size: '1.5 GB',
    at: 1_795_000_000,
  };
  const text = pick(random, [
    JSON.stringify({
      data: [{ name: 'n', torrents: [{ ...torrent, files: [{ type: 'torrent', url: link }] }] }],
      links: { next: link },
    }),
    JSON.stringify({ data: [] }),
    `name,infohash,magnet,seeds\n"a ""b""",${HASH},${link},1\n,,,\n`,
    `Name;Torrent\nx;${link}\n`,
    `# list\n${link}\n${HASH}\nnoise\n`,
    `<urlset><url><loc>${link}</loc><lastmod>2026-11-21</lastmod></url></urlset>`,
    `<sitemapindex><sitemap><loc>${link}</loc></sitemap></sitemapindex>`,
  ]);
  return sometimes(random, 8) ? new Uint8Array(gzipSync(text)) : bytesOf(text);
}

function runList(input: Uint8Array): string {
  const document = {
    bytes: input,
    contentType: undefined,
    url: 'http://site.example/list',
    source: 'site',
    nowMs: Date.UTC(2026, 10, 30),
    withPage: false,
  };
  const patterns = { torrents: '*.torrent', torrentPages: undefined, sitemaps: '*' };
  const reads = {
    json: () => documentTasks.jsonList({ ...document, fields: FIELDS }).candidates,
    csv: () => documentTasks.csvList({ ...document, fields: {} }),
    list: () => documentTasks.plainList(document),
    sitemap: () => documentTasks.sitemap({ ...document, patterns }).candidates,
  };
  const readable = Object.entries(reads).flatMap(([kind, read]) => {
    const result = attempt(read, ClientError, OperatorError);
    if (result.refused !== undefined) return [];
    for (const candidate of result.value) checkCandidate(candidate, 'site');
    return [kind];
  });
  return readable.length === 0 ? 'refused' : readable.join(' and ');
}
