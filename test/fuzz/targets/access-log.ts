/** Lines of access logs: Squid's format, the common and the combined one. */
import { torrentOfLogLine } from '../../../src/crawler/access-log-line.js';
import type { Random } from '../../../src/domain/random.js';
import { bytesOf, type FuzzTarget, holds, pick, textOf } from '../fuzz-target.js';

export const accessLog: FuzzTarget = {
  name: 'access-log',
  about: 'access-log lines: the torrent that was asked for, or nothing; never an error',
  words: [
    'GET ',
    ' HTTP/1.1" 200 ',
    '/announce?info_hash=',
    '%ff',
    'TCP_HIT/200',
    '.torrent',
    '"',
    '[',
    '] "',
    'http://',
  ],
  maxInputBytes: 70_000,
  create: () => ({ make: makeLine, run: runLine }),
};

function makeLine(random: Random): Uint8Array {
  const url = pick(random, [
    'http://site.example/a.torrent',
    '/b.torrent?x=1',
    `/announce?info_hash=${'%aB'.repeat(20)}&port=1`,
    `/announce.php?passkey=1&info_hash=${'a'.repeat(20)}`,
    'http://site.example/page',
    'CONNECT',
  ]);
  const status = pick(random, ['200', '206', '304', '404']);
  return bytesOf(
    pick(random, [
      `1700000000.123 45 203.0.113.7 TCP_MISS/${status} 4321 GET ${url} - HIER_DIRECT/192.0.2.1 application/x-bittorrent`,
      `203.0.113.7 - - [30/Nov/2026:10:00:00 +0100] "GET ${url} HTTP/1.1" ${status} 4321 "-" "agent"`,
      `site.example:80 203.0.113.7 - u [30/Nov/2026:10:00:00 +0100] "GET ${url} HTTP/1.0" ${status} 4321`,
    ]),
  );
}

function runLine(input: Uint8Array): string {
  const found = torrentOfLogLine(textOf(input, 'latin1'));
  if (found === undefined) return 'nothing';
  if (/^urn:btih:[0-9a-f]{40}$/.test(found)) return 'announce';
  holds(/^https?:\/\//.test(found) && URL.canParse(found), 'what was asked for is on the web', () => found);
  return 'torrent';
}
