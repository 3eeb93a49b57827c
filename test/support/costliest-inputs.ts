/**
 * Every reader of text that strangers wrote, with the inputs that cost it most: what a reader that goes back over its input
 * would take seconds for. `costly(bytes)` makes an input of about that size.
 */
import { parseSwarmCount } from '../../src/crawler/candidate.js';
import { type DocumentTasks, documentTasks } from '../../src/crawler/document-tasks.js';
import { documentText } from '../../src/crawler/document-text.js';
import { MetadataDownload } from '../../src/crawler/metadata-download.js';
import { readMessage } from '../../src/dns-redirect/wire/dns-message.js';
import { DnsQuery, readQuery } from '../../src/dns-redirect/wire/dns-query.js';
import { DnsFormatError } from '../../src/dns-redirect/wire/domain-name.js';
import { cutToBytes } from '../../src/domain/cut-text.js';
import { parseInfoHash } from '../../src/domain/info-hash.js';
import { readHost } from '../../src/mirror-site/request-host.js';
import { attachment } from '../../src/mirror-site/response.js';
import { matchesPattern } from '../../src/net/robots.js';
import { readAnnounceReply, readScrapeReply } from '../../src/upstream/tracker-answer.js';
import { parseTrackerPreferences } from '../../src/upstream/tracker-preferences.js';
import { readHostHeader } from '../../src/wire/host-header.js';
import { parseMagnet, rewriteMagnet } from '../../src/wire/metainfo-magnet.js';
import { rewriteTorrent } from '../../src/wire/metainfo-rewrite.js';
import { handshakeOf } from './metadata-peer.js';
import { v2TorrentWithLayer } from './torrents.js';

export interface CostlyInput {
  readonly reader: string;
  readonly what: string;
  /** @returns the reading of such an input, which must not throw anything but a ClientError */
  readonly costly: (bytes: number) => () => unknown;
}

/** The text again and again, as long as it fits. */
const fill = (text: string, bytes: number): string => text.repeat(Math.max(1, Math.floor(bytes / text.length)));
/** Numbered, so that nothing is there twice. */
function numbered(make: (n: number) => string, bytes: number): string {
  const parts: string[] = [];
  for (let n = 0, length = 0; length < bytes; n++) length += parts[parts.push(make(n)) - 1]!.length;
  return parts.join('');
}

/** Lines of the largest length that is read. */
const lines =
  (lineBytes: number, make: (lineBytes: number) => string): ((bytes: number) => string) =>
  (bytes) =>
    fill(`${make(lineBytes)}\n`, bytes);

type Inputs = Readonly<Record<string, (bytes: number) => string>>;

function inputs(reader: string, read: (text: string) => unknown, made: Inputs): CostlyInput[] {
  return Object.entries(made).map(([what, make]) => ({
    reader,
    what,
    costly: (bytes) => {
      const text = make(bytes);
      return () => read(text);
    },
  }));
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const document = (text: string) => ({
  bytes: Buffer.from(text),
  contentType: undefined,
  url: 'http://site.example/',
  source: 's',
  nowMs: Date.UTC(2026, 10, 30),
  withPage: false,
});
const fields = {
  item: '.row',
  link: 'a.dl',
  title: 'td a',
  page: 'a.page',
  seeds: 'td.seeds',
  leechers: 'tr > td.leechers',
};
const jsonFields = {
  items: 'data[].t',
  title: '^.name',
  link: 'files[type=torrent].url',
  page: '/view/{id}',
  infoHash: 'hash',
  seeds: 'seeds',
};
const logReading = { format: 'auto', host: 's.example', nowMs: Date.UTC(2026, 10, 30), sinceMs: 0 } as const;
const sitemapPatterns = { torrents: '*torrent*torrent*x.torrent', torrentPages: '/view/*', sitemaps: '*' };
const announceUrls = ['udp://alias.example:6969/announce'];

/** Markup that is costly in XML and HTML alike. */
const markup: Inputs = {
  'one tag of attributes': (n) => `<a ${numbered((i) => `a${i} `, n)}>`,
  'one attribute again and again': (n) => `<a ${fill('a ', n)}>`,
  'a value without end': (n) => `<a b="${fill('x', n)}`,
  'tags without end': (n) => fill('<a ', n),
  'end tags': (n) => fill('</a>', n),
  'open comments': (n) => fill('<!--', n),
  'almost closed comments': (n) => `<!--${fill('--!-', n)}`,
  'open CDATA': (n) => fill('<![CDATA[', n),
  'almost closed CDATA': (n) => `<![CDATA[${fill(']]', n)}`,
  'processing instructions': (n) => fill('<?x', n),
  declarations: (n) => fill('<!DOCTYPE x [', n),
  entities: (n) => fill('&amp;', n),
  'broken entities': (n) => fill('&', n),
  'entities without end': (n) => fill('&#x', n),
  'angle brackets': (n) => fill('<', n),
};

const inRss = (inner: string): string => `<rss><channel>${inner}</channel></rss>`;
const item = (inner: string): string => `<item><title>t</title><link>http://s.example/x.torrent</link>${inner}</item>`;
const prose = (text: string): string => inRss(item(`<description>${text}</description>`));
const row = '<tr class=row><td><a class=dl href=/1.torrent>x</a><td class=seeds>1</tr>';

const readers: Readonly<Record<keyof DocumentTasks, CostlyInput[]>> = {
  robots: inputs('robots', (text) => documentTasks.robots({ bytes: Buffer.from(text), product: 'alias-tracker' }), {
    rules: (n) => `User-agent: *\n${numbered((i) => `Disallow: /${i}\n`, n)}`,
    agents: (n) => fill('User-agent: *\n', n),
    'one line': (n) => `Disallow:${fill(' ', n)}x`,
    colons: (n) => fill(':', n),
    'line ends': (n) => fill('\r\n', n),
    comments: (n) => `Disallow: ${fill('#', n)}`,
    delays: (n) => `User-agent: *\nCrawl-delay: ${fill('1', n)}`,
  }),
  feed: [
    ...inputs('feed', (text) => documentTasks.feed(document(text)), {
      'numbers and words': (n) => prose(fill('1 seeds ', n)),
      'open parentheses': (n) => prose(fill('seeds (a', n)),
      'long numbers': (n) => prose(fill('1'.repeat(30), n)),
      'tags in text': (n) => prose(fill('&lt;b', n)),
      'many dates': (n) => inRss(fill(item('<pubDate>2026-11-30 10:00:00</pubDate><size>1.5 GiB</size>'), n)),
      'spaces after a word': (n) => prose(`seeds${fill(' ', n)}x`),
      'a word again and again': (n) => prose(fill('seeds (', n)),
      'words and digits': (n) => prose(fill('seeds: 1,', n)),
      'items in items': (n) =>
        `<rss>${fill('<item><link>http://s.example/x.torrent</link>', Math.min(n, 20_000))}${fill('t', n)}`,
      'a torrent in a torrent': (n) => inRss(item(`${fill('<torrent>', 3_000)}${fill('x', n)}`)),
      'elements in an item': (n) => inRss(item(fill('<a>', n))),
      'many fields': (n) => inRss(item(numbered((i) => `<f${i}/>`, n))),
      'many links': (n) => inRss(item(fill('<link>/x</link>', n))),
      'many items': (n) => inRss(fill(item(''), n)),
      'a long title': (n) => inRss(`<item><title>${fill('é', n)}</title><link>/x.torrent</link></item>`),
      'a long address': (n) => inRss(`<item><link>${fill('.torrent?', n)}</link></item>`),
      'a long magnet link': (n) => inRss(`<item><link>magnet:?${fill('&amp;tr=', n)}</link></item>`),
      'a number of spaces': (n) => inRss(item(`<seeds>${fill('1 ', n)}x</seeds>`)),
      'a chain at the deepest': (n) => inRss(fill(`${'<a>'.repeat(500)}${'</a>'.repeat(500)}`, n)),
    }),
    ...inputs('feed', (text) => documentTasks.feed(document(inRss(item(text)))), markup),
    ...inputs('feed', (text) => documentTasks.feed(document(text)), markup),
  ],
  listPage: [
    ...inputs('listPage', (text) => documentTasks.listPage({ ...document(text), fields }), {
      'formatting elements and paragraphs': (n) => `${row}${numbered((i) => `<b id=${i}>`, 4_000)}${fill('<p>x', n)}`,
      'misnested formatting': (n) => `${row}${fill('<a><b></a></b>', n)}`,
      'rows in rows': (n) => `${fill('<div class=row><a class=dl href=/x>', 10_000)}${fill('<i>x</i>', n)}`,
      'rows beside rows': (n) => `<table>${fill(row, n)}</table>`,
      'tables in tables': (n) => `${fill('<table><tr><td>', 7_000)}${fill('<tr>', n)}`,
      'deep divs': (n) => `${row}${fill('<div>', n)}`,
      paragraphs: (n) => `${row}${fill('<p>', n)}`,
      'ends of paragraphs': (n) => `${row}${fill('</p>', n)}`,
      options: (n) => `${row}${fill('<option>', n)}`,
      scripts: (n) => `${row}${fill('<script>', n)}`,
      'drawings and formulas': (n) => `${row}${fill('<svg><math>', n)}`,
      'text areas': (n) => `${row}${fill('<textarea></textare', n)}`,
      'links in a row': (n) =>
        `<div class=row>${fill('<a class=dl href=/1.torrent>', Math.min(n, 10_000))}${fill('x', n)}</div>`,
      'links beside links': (n) => `<div class=row>${fill('<a class=dl href=/1.torrent></a>', n)}</div>`,
      'a title of spaces': (n) => `<div class=row><a class=dl href=/1.torrent>${fill('x \n', n)}</a></div>`,
    }),
    ...inputs('listPage', (text) => documentTasks.listPage({ ...document(row + text), fields }), markup),
  ],
  detailsPage: inputs('detailsPage', (text) => documentTasks.detailsPage({ ...document(text), fields }), {
    links: (n) => fill('<a class=dl href=/1.torrent></a>', n),
    'deep divs': (n) => fill('<div><a href=/x>', Math.min(n, 4_000)),
    counts: (n) => `<table><tr><td class=seeds>${fill('seeds 1 ', n)}`,
  }),
  jsonList: inputs('jsonList', (text) => documentTasks.jsonList({ ...document(text), fields: jsonFields }), {
    'lists in lists': (n) => fill('[', n),
    'objects in objects': (n) => `${fill('{"a":', n)}1`,
    'many items': (n) => `{"data":[${fill(`{"t":[{"hash":"${'a'.repeat(40)}"}]},`, n)}{}]}`,
    'an item of many files': (n) => `{"data":[{"t":[{"files":[${fill('{"type":"x"},', n)}1]}]}]}`,
    'many keys': (n) => `{"data":[{"t":[{${numbered((i) => `"k${i}":1,`, n)}"id":1}]}]}`,
    'a long name': (n) => `{"data":[{"t":[{"id":"${fill('é', n)}"}]}]}`,
    'broken text': (n) => `"${fill('\\u', n)}`,
    'long numbers': (n) => `{"data":[{"t":[{"id":1,"seeds":${fill('9', n)}}]}]}`,
  }),
  csvList: inputs('csvList', (text) => documentTasks.csvList({ ...document(text), fields: {} }), {
    rows: (n) => `infohash,name\n${fill(`${'a'.repeat(40)},x\n`, n)}`,
    'empty rows': (n) => `infohash\n${fill('\n', n)}`,
    quotes: (n) => `infohash\n"${fill('""', n)}`,
    'quoted cells': (n) => `infohash\n${fill('"a"\n', n)}`,
    'a long cell': (n) => `infohash\n${fill('x', n)}`,
    separators: (n) => `infohash\n${fill(`${','.repeat(900)}\n`, n)}`,
    'a long header': (n) => `${fill('infohash,', Math.min(n, 9_000))}\n${fill('a\n', n)}`,
  }),
  sitemap: inputs('sitemap', (text) => documentTasks.sitemap({ ...document(text), patterns: sitemapPatterns }), {
    addresses: (n) => `<urlset>${fill('<url><loc>/1.torrent</loc></url>', n)}</urlset>`,
    'addresses that almost match': (n) =>
      `<urlset>${fill(`<url><loc>/${'torrent/'.repeat(400)}</loc></url>`, n)}</urlset>`,
    sitemaps: (n) => `<sitemapindex>${fill('<sitemap><loc>/1.xml</loc></sitemap>', n)}</sitemapindex>`,
    'a deep address': (n) => `<urlset><url>${fill('<loc>', Math.min(n, 2_000))}`,
    'a long address': (n) => `<urlset><url><loc>${fill('a', n)}`,
  }),
  plainList: inputs('plainList', (text) => documentTasks.plainList(document(text)), {
    hashes: (n) => fill(`${'a'.repeat(40)}\n`, n),
    magnets: (n) => fill(`magnet:?xt=urn:btih:${'a'.repeat(40)}\n`, n),
    'empty lines': (n) => fill('\n', n),
    'one line': (n) => fill('http://', n),
    spaces: (n) => `${fill(' ', n)}x`,
  }),
  torrent: inputs('torrent', (text) => documentTasks.torrent(latin1(text)), {
    lists: (n) => `d1:xl${fill('le', n)}e`,
    'lists in lists': (n) => `d1:x${fill('l', n)}`,
    'lists at the deepest': (n) => `d1:xl${fill('l'.repeat(90) + 'e'.repeat(90), n)}e`,
    'empty strings': (n) => `d1:xl${fill('0:', n)}e`,
    integers: (n) => `d1:xi${fill('1', n)}e`,
    'a length of digits': (n) => `d${fill('1', n)}:`,
    keys: (n) => `d${numbered((i) => `9:k${String(i).padStart(8, '0')}i1e`, n)}e`,
    'directories at the deepest': (n) =>
      `d4:infod9:file tree${'d1:d'.repeat(90)}d${numbered((i) => `9:f${String(i).padStart(8, '0')}d0:d6:lengthi0eee`, n)}e${'e'.repeat(90)}12:meta versioni2e4:name1:x12:piece lengthi16384eee`,
    'long directories': (n) =>
      `d4:infod9:file treed${n / 2}:${fill('d', n / 2)}d${numbered((i) => `9:f${String(i).padStart(8, '0')}d0:d6:lengthi0eee`, n / 2)}ee12:meta versioni2e4:name1:x12:piece lengthi16384eee`,
    files: (n) => `d4:infod5:filesl${fill('d6:lengthi0e4:pathl1:aeee', n)}e4:name1:x12:piece lengthi16384e6:pieces0:ee`,
    'parts of a path': (n) =>
      `d4:infod5:filesld6:lengthi0e4:pathl${fill('1:a', n)}eee4:name1:x12:piece lengthi16384e6:pieces0:ee`,
    'a long name': (n) => `d4:infod6:lengthi0e4:name${n}:${'x'.repeat(n)}12:piece lengthi16384e6:pieces0:ee`,
    tiers: (n) =>
      `d13:announce-listl${fill('l14:http://a.b/anne', n)}e4:infod6:lengthi0e4:name1:x12:piece lengthi16384e6:pieces0:ee`,
    'a tier of no trackers': (n) =>
      `d13:announce-listll${fill('1:x', n)}ee4:infod6:lengthi0e4:name1:x12:piece lengthi16384e6:pieces0:ee`,
    'files that share a layer': (n) => {
      const layer = 'l'.repeat(32 * Math.floor(n / 64));
      const count = Math.floor(n / 120);
      const file = (i: number): string =>
        `9:f${String(i).padStart(8, '0')}d0:d6:lengthi${(layer.length / 32) * 16_384}e11:pieces root32:${'r'.repeat(32)}ee`;
      const tree = Array.from({ length: count }, (_, i) => file(i)).join('');
      return `d4:infod9:file treed${tree}e12:meta versioni2e4:name1:x12:piece lengthi16384ee12:piece layersd32:${'r'.repeat(32)}${layer.length}:${layer}ee`;
    },
    'a layer at its largest': (n) => {
      const layer = Buffer.alloc(32 * Math.floor(n / 32), 'leaf');
      return Buffer.from(v2TorrentWithLayer(layer, 16_384)).toString('latin1');
    },
    'what follows': (n) => `d4:infod6:lengthi0e4:name1:x12:piece lengthi16384e6:pieces0:eed${fill('l', n)}`,
  }),
  description: inputs('description', (text) => documentTasks.description(latin1(text)), {
    files: (n) =>
      `d4:infod9:file treed${numbered((i) => `9:f${String(i).padStart(8, '0')}d0:d6:lengthi99999e11:pieces root32:${'r'.repeat(32)}ee`, n)}e12:meta versioni2e4:name1:x12:piece lengthi16384eee`,
  }),
  logLines: inputs('logLines', (text) => documentTasks.logLines({ bytes: latin1(`${text}\n`), reading: logReading }), {
    announces: lines(
      60_000,
      (n) => `1.1 1 a b/200 1 GET http://x${fill('/announce', n / 2)}?${fill('&', n / 2)} - a b`,
    ),
    'announce and query': lines(60_000, (n) => `1.1 1 a b/200 1 GET http://x/announce?${fill('info_hash', n)} - a b`),
    'hashes without end': lines(
      60_000,
      (n) => `1.1 1 a b/200 1 GET http://x/announce?info_hash=${fill('%aa', n)} - a b`,
    ),
    spaces: lines(60_000, (n) => `${fill(' ', n)}x`),
    digits: lines(60_000, (n) => fill('1', n)),
    slashes: lines(60_000, (n) => `1.1 1 a ${fill('/', n)}`),
    words: lines(60_000, (n) => fill('a ', n)),
    brackets: lines(60_000, (n) => `a b c [${fill('[', n)}`),
    quotes: lines(60_000, (n) => `a b c [x] "GET ${fill('" ', n)}`),
    'torrent names': lines(60_000, (n) => `a b c [x] "GET ${fill('.torrent', n)} HTTP/1.1" 200 `),
    'empty lines': (n) => fill('\n', n),
    'syslog prefixes': lines(60_000, (n) => fill('<134>1 a b c d e [', n)),
    'structured data': lines(60_000, (n) => `<134>1 a b c d e ${fill('[x]', n)}`),
    'tags of syslog': lines(60_000, (n) => `Nov 30 06:01:03 ${fill('a:', n)}`),
    'captured headers': lines(60_000, (n) => `a:1 [x] f b/s 1/1/1/1/1 200 1 {${fill('a.b|', n)}} "GET /x`),
    'open braces': lines(60_000, (n) => `a:1 [x] f b/s 1/1/1/1/1 200 1 ${fill('{', n)} "GET /x`),
    'spaces after a time': lines(60_000, (n) => `a b c [x] ${fill(' ', n)}`),
    'JSON in JSON': lines(60_000, (n) => fill('{"request":', n)),
    'JSON of many keys': lines(60_000, (n) => `{${numbered((i) => `"k${i}":1,`, n)}"url":"/x"}`),
    'many torrents': (n) => numbered((i) => `h a b c [x] "GET /${i}.torrent HTTP/1.1" 200 1\n`, n),
  }),
};

const MAGNET = `magnet:?xt=urn:btih:${'a'.repeat(40)}`;
const rewriteLink = (link: string): unknown =>
  link === '' ? undefined : parseMagnet(rewriteMagnet(link, { announceUrls, keepOriginal: true }));

const HANDSHAKE = Buffer.from(handshakeOf('ab'.repeat(20))).toString('latin1');
/** Parts of one byte each: the most steps for a number of bytes. */
const downloadInParts = (text: string): void => {
  const peer = new MetadataDownload(parseInfoHash('ab'.repeat(20)), () => undefined);
  const bytes = latin1(text);
  for (let at = 0; at < bytes.length; at++) peer.push(bytes.subarray(at, at + 1));
};

export const costlyInputs: readonly CostlyInput[] = [
  ...Object.values(readers).flat(),
  ...inputs('matchesPattern', (path) => matchesPattern(`/${'*a'.repeat(1_900)}*b$`, path), {
    'many stars': (n) => `/${fill('a', n)}`,
  }),
  ...inputs('matchesPattern', (path) => matchesPattern(`/*${'a'.repeat(2_000)}b*c`, path), {
    'a long part': (n) => `/${fill('a', n)}`,
  }),
  ...inputs('matchesPattern', (path) => matchesPattern(`/*${'ab'.repeat(1_000)}*${'aa'.repeat(900)}$`, path), {
    'parts that almost match': (n) => `/${fill('ab', n)}a`,
  }),
  ...inputs('documentText', (text) => documentText(Buffer.from(text), text.slice(0, 16_000)), {
    'meta elements': (n) => fill('<meta charset ', n),
    'an XML declaration': (n) => `<?xml ${fill('encoding=', n)}`,
    'a header of spaces': (n) => `charset${fill(' ', n)}`,
  }),
  ...inputs('parseSwarmCount', parseSwarmCount, {
    'digits and spaces': (n) => `${fill('1 ', n)}x`,
    commas: (n) => `${fill('1,', n)}x`,
  }),
  ...inputs('parseMagnet', (text) => text.split('\n').map(rewriteLink), {
    trackers: lines(7_500, (n) => `${MAGNET}${numbered((i) => `&tr=http://a${i}.b/`, n)}`),
    'escaped trackers': lines(7_500, (n) => `${MAGNET}${fill('&tr=%61%3a', n)}`),
    'broken escapes': lines(7_500, (n) => `${MAGNET}&dn=${fill('%a', n)}`),
    'bytes that are not UTF-8': lines(7_500, (n) => `${MAGNET}&dn=${fill('%e9', n)}`),
    'and signs': lines(7_500, (n) => `${MAGNET}${fill('&', n)}`),
    topics: lines(7_500, (n) => `${MAGNET}${fill('&xt=urn:btih:', n)}`),
  }),
  ...inputs('rewriteTorrent', (text) => rewriteTorrent(latin1(text), { announceUrls, keepOriginal: true }), {
    keys: (n) =>
      `d${numbered((i) => `9:k${String(i).padStart(8, '0')}i1e`, n)}4:infod6:lengthi0e4:name1:x12:piece lengthi16384e6:pieces0:ee`,
    trackers: (n) =>
      `d13:announce-listl${numbered((i) => `l19:http://a.b/${String(i).padStart(8, '0')}e`, n)}e4:infod6:lengthi0e4:name1:x12:piece lengthi16384e6:pieces0:ee`,
  }),
  ...inputs('MetadataDownload', downloadInParts, {
    'messages of no bytes': (n) => `${HANDSHAKE}${fill('\0\0\0\0', n)}`,
    'the smallest messages': (n) => `${HANDSHAKE}${fill('\0\0\0\x02\x14\x05', n)}`,
    'a message that is skipped': (n) => `${HANDSHAKE}\0\x0f\xff\xff\x05${fill('x', n)}`,
    'one message in the smallest parts': (n) => `${HANDSHAKE}\0\0\xff\xff\x14\x05${fill('x', n)}`,
    'repeated handshakes': (n) => `${HANDSHAKE}${fill('\0\0\0\x04\x14\x05de', n)}`,
  }),
  ...inputs('readAnnounceReply', (text) => readAnnounceReply(latin1(text)), {
    'peers as dictionaries': (n) => `d5:peersl${fill('d2:ip7:8.8.8.84:porti1ee', n)}ee`,
    'nested lists': (n) => `d5:peers${fill('l', n)}`,
    'a long failure reason': (n) => `d14:failure reason${n}:${'x'.repeat(n)}e`,
  }),
  ...inputs('readScrapeReply', (text) => readScrapeReply(latin1(text)), {
    files: (n) => `d5:filesd${numbered((i) => `20:${String(i).padStart(20, '0')}d8:completei1eee`, n)}ee`,
  }),
  ...inputs('parseTrackerPreferences', (text) => parseTrackerPreferences([text]), {
    words: (n) => `BITTORRENT ${fill('UDP:1 ', n)}`,
    spaces: (n) => `BITTORRENT${fill(' ', n)}x`,
  }),
  ...inputs('readHostHeader', (text) => readHostHeader(latin1(text), 0, text.length), {
    blanks: (n) => `GET / HTTP/1.1\nhost:${fill(' ', n)}x`,
    'blanks in the value': (n) => `GET / HTTP/1.1\nhost: a${fill(' ', n)}b`,
    'blanks before the colon': (n) => `GET / HTTP/1.1\n${fill('host   \n', n)}`,
    dots: (n) => `GET / HTTP/1.1\nhost: ${fill('a.', n)}:0x`,
  }),
  ...inputs('readHost', readHost, { dots: (n) => fill('a.', n), brackets: (n) => `[${fill(':', n)}` }),
  ...inputs('attachment', attachment, { controls: (n) => fill('\u0001', n), quotes: (n) => fill("'", n) }),
  ...inputs('cutToBytes', (text) => cutToBytes(text, 255), { letters: (n) => fill('é', n) }),
  ...inputs('readQuery', (text) => readQuery(new DnsQuery(), latin1(text), 0, text.length), {
    pointers: (n) => `\0\x01\x01\0\0\x01\0\0\0\0\0\0${fill('\xc0\x0c', n)}`,
    labels: (n) => `\0\x01\x01\0\0\x01\0\0\0\0\0\0${fill('\x01a', n)}`,
    questions: (n) => `\0\x01\x01\0\xff\xff\xff\xff\xff\xff\xff\xff${fill('\0\0\x01\0\x01', n)}`,
  }),
  ...inputs('readMessage', readAnswerMessage, {
    // Each record points to the one before it.
    pointers: (n) => `\0\x01\x81\0\0\0\xff\xff\0\0\0\0\x01a\0${fill('\0\x01\0\x01\0\0\0\0\0\0\xc0\x0c', n)}`,
    soas: (n) => `\0\x01\x81\0\0\0\xff\xff\0\0\0\0${fill('\0\0\x06\0\x01\0\0\0\0\0\x02\0\0', n)}`,
  }),
];

/** An answer has at most 65,535 bytes. */
function readAnswerMessage(text: string): unknown {
  try {
    return readMessage(latin1(text.slice(0, 65_535)));
  } catch (thrown) {
    if (thrown instanceof DnsFormatError) return undefined;
    throw thrown;
  }
}

/** The tasks of the reading thread that have inputs above. */
export const registeredTasks: readonly string[] = Object.keys(readers);
