/** Lines of access logs: Squid's format, the common and the combined one, HAProxy's, JSON, all of them after syslog. */
import { countRequests } from '../../../src/crawler/access-log/count-requests.js';
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
  const line = pick(random, [
    `1700000000.123 45 203.0.113.7 TCP_MISS/${status} 4321 GET ${url} - HIER_DIRECT/192.0.2.1 application/x-bittorrent`,
    `203.0.113.7 - - [30/Nov/2026:10:00:00 +0100] "GET ${url} HTTP/1.1" ${status} 4321 "-" "agent"`,
    `site.example:80 203.0.113.7 - u [30/Nov/2026:10:00:00 +0100] "GET ${url} HTTP/1.0" ${status} 4321`,
    `203.0.113.7:3 [30/Nov/2026:10:00:00.123] in back/s1 1/0/3/6/10 ${status} 27 - - ---- 1/1/1/1/0 0/0 {site.example|x} "GET ${url} HTTP/1.1"`,
    `{"time":"2026-11-30T10:00:00Z","request":"GET ${url} HTTP/1.1","status":${status},"host":"site.example"}`,
    `{"ts":1795000000.1,"request":{"method":"GET","host":"site.example","uri":"${url}"},"status":${status}}`,
  ]);
  const prefix = pick(random, [
    '',
    '',
    '<134>',
    'Nov 30 06:01:03 host squid[1]: ',
    '<134>1 2026-11-30T06:01:03Z h squid 1 - - ',
  ]);
  return bytesOf(prefix + line);
}

function runLine(input: Uint8Array): string {
  const nowMs = Date.UTC(2026, 10, 30, 12);
  const bytes = bytesOf(`${textOf(input, 'latin1').replaceAll('\n', ' ')}\n`, 'latin1');
  const counts = countRequests(bytes, { format: 'auto', host: 'default.example', nowMs, sinceMs: 0 });
  holds(counts.lines <= 1 && counts.requests <= counts.lines, 'a line is one request at most');
  const days = [...counts.byDay];
  holds(
    days.every(([day]) => Number.isInteger(day) && day >= 0 && day * 86_400_000 <= nowMs),
    'a day is between the epoch and today',
    () => String(days[0]?.[0]),
  );
  const found = days.flatMap(([, targets]) => [...targets.keys()])[0];
  if (found === undefined) return counts.requests === 0 ? 'nothing' : 'a request';
  if (/^urn:btih:[0-9a-f]{40}$/.test(found)) return 'announce';
  holds(/^https?:\/\//.test(found) && URL.canParse(found), 'what was asked for is on the web', () => found);
  return 'torrent';
}
