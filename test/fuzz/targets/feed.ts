/** RSS and Atom feeds of torrents, in any character set. */
import { documentTasks } from '../../../src/crawler/document-tasks.js';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { attempt, bytesOf, type FuzzTarget, pick, sometimes } from '../fuzz-target.js';
import { checkCandidate } from './check-candidate.js';

const BASE = 'http://site.example/feed.xml';

export const feed: FuzzTarget = {
  name: 'feed',
  about: 'RSS and Atom feeds: candidates with usable links and counts, or a clear error',
  words: [
    '<item>',
    '</item>',
    '<entry>',
    '<![CDATA[',
    ']]>',
    '&amp;',
    '&#0;',
    '&#x110000;',
    '<torrent>',
    'magnet:?xt=urn:btih:',
    '.torrent',
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    'seeds: ',
    'xmlns:x="y"',
    '<?xml version="1.0" encoding="utf-16"?>',
  ],
  create: () => ({ make: makeFeed, run: runFeed }),
};

function makeFeed(random: Random): Uint8Array {
  const items = Array.from({ length: random.below(4) }, () => makeItem(random)).join('');
  const wrapped = pick(random, [
    `<rss version="2.0"><channel><title>t</title>${items}</channel></rss>`,
    `<feed xmlns="http://www.w3.org/2005/Atom">${items.replaceAll('item>', 'entry>')}</feed>`,
    `<rdf:RDF>${items}</rdf:RDF>`,
    `<html>${items}</html>`,
  ]);
  const declared = sometimes(random, 3) ? '<?xml version="1.0" encoding="iso-8859-1"?>' : '';
  return bytesOf(declared + wrapped);
}

function makeItem(random: Random): string {
  const link = pick(random, [
    'http://site.example/a.torrent',
    '/b.torrent',
    `magnet:?xt=urn:btih:${'ab'.repeat(20)}`,
    'ftp://x/y',
    'page',
  ]);
  const fields = [
    `<title>name ${random.below(99)}</title>`,
    `<link>${link}</link>`,
    `<link href="${link}" rel="enclosure" type="application/x-bittorrent"/>`,
    `<enclosure url="${link}" type="application/x-bittorrent" length="1"/>`,
    `<nyaa:seeders>${random.below(999)}</nyaa:seeders><nyaa:leechers>x</nyaa:leechers>`,
    `<torrent:infoHash>${'CD'.repeat(20)}</torrent:infoHash>`,
    `<torznab:attr name="seeders" value="${random.below(99)}"/><torznab:attr name="peers" value="3"/>`,
    `<torrent><magnetURI>${link}</magnetURI><seeds>5</seeds></torrent>`,
    `<description>Seeders: 1,2${random.below(99)} | Leechers (all) = 4</description>`,
    `<media:content url="${link}"/><nyaa:size>${random.below(9)}.5 GiB</nyaa:size><pubDate>2026-11-${random.below(40)}</pubDate>`,
    `<description>&lt;b&gt;${random.below(99)} seeder(s)&lt;/b&gt;, Leechers: 99999999999</description>`,
    `<guid isPermaLink="false">${link}</guid>`,
  ];
  return `<item>${fields.filter(() => random.below(2) === 0).join('')}</item>`;
}

function runFeed(input: Uint8Array): string {
  const document = {
    bytes: input,
    contentType: undefined,
    url: BASE,
    source: 'site',
    nowMs: Date.UTC(2026, 10, 30),
    withPage: false,
  };
  const read = attempt(() => documentTasks.feed(document), ClientError);
  if (read.refused !== undefined) return 'refused';
  for (const candidate of read.value) checkCandidate(candidate, 'site');
  return read.value.length === 0 ? 'nothing in it' : 'candidates';
}
