import { describe, expect, it } from 'vitest';
import { countRequests, type LogReading } from '../../../../src/crawler/access-log/count-requests.js';

const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const escaped = hash.replace(/../g, '%$&');
const nowMs = Date.UTC(2026, 10, 22, 12);
const today = Math.floor(nowMs / 86_400_000);
const count = (lines: string, reading: Partial<LogReading> = {}) =>
  countRequests(Buffer.from(`${lines}\n`, 'latin1'), { format: 'auto', nowMs, sinceMs: 0, ...reading });
const found = (lines: string, reading: Partial<LogReading> = {}) =>
  [...count(lines, reading).byDay].flatMap(([day, counts]) =>
    [...counts].map(([target, n]) => [target, n, day - today]),
  );

const torrent = 'http://site.example/a.torrent';
const squid = `1795341600.123    45 10.1.2.3 TCP_MISS/200 14321 GET ${torrent} - HIER_DIRECT/192.0.2.1 text/html`;
const combined = (target: string, before = '10.1.2.3 - -', status = 200): string =>
  `${before} [22/Nov/2026:10:00:00 +0000] "GET ${target} HTTP/1.1" ${status} 5120 "-" "Firefox"`;

describe('lines', () => {
  it.each([
    ['squid', squid, torrent],
    [
      'squid, by content type',
      '1795341600.123 45 10.1.2.3 TCP_HIT/200 14321 GET http://site.example/get?id=4 user HIER_NONE/- application/x-bittorrent',
      'http://site.example/get?id=4',
    ],
    ['combined of a proxy', combined(`${torrent}?x=1`), `${torrent}?x=1`],
    ['combined of Squid', `${combined(torrent, '10.1.2.3 - John')} TCP_MISS:HIER_DIRECT`, torrent],
    ['a user whose name has spaces', combined(torrent, '10.1.2.3 - John Doe jr.'), torrent],
    ['common', `10.1.2.3 - - [22/Nov/2026:10:00:00 +0000] "GET ${torrent} HTTP/1.0" 200 7`, torrent],
    ['an escaped quote in the agent', combined(torrent).replace('Firefox', 'Fire\\"fox [x] "GET /b.torrent'), torrent],
    [
      'common with a virtual host',
      'site.example:80 10.1.2.3 - - [22/Nov/2026:10:00:00 +0000] "GET /a.torrent HTTP/1.1" 304 0',
      'http://site.example/a.torrent',
    ],
    [
      'a virtual host with TLS',
      combined('/a.torrent', 'site.example:443 10.1.2.3 - -'),
      'https://site.example/a.torrent',
    ],
    [
      'HAProxy with a captured host',
      `10.1.2.3:33317 [22/Nov/2026:10:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {site.example|Firefox 1} {} "GET /a.torrent HTTP/1.1"`,
      torrent,
    ],
    [
      'HAProxy of HTTP/2, through syslog',
      `<134>Nov 22 10:00:00 lb1 haproxy[14]: 10.1.2.3:33317 [22/Nov/2026:10:00:00.655] in~ back/s 10/0/30/69/+109 200 +2750 - - ---- 1/1/1/1/0 0/0 "GET https://site.example/a.torrent HTTP/2.0"`,
      'https://site.example/a.torrent',
    ],
    ['syslog of RFC 3164', `Nov 22 10:00:00 cache1 (squid-1)[123]: ${squid}`, torrent],
    ['syslog of RFC 5424', `<134>1 2026-11-22T10:00:00Z cache1 squid 12 - [a b="c d"][e f="g"] ${squid}`, torrent],
    ['syslog of RFC 5424 without data', `<134>1 2026-11-22T10:00:00Z cache1 squid 12 - - ${squid}`, torrent],
    ['syslog of rsyslog', `2026-11-22T10:00:00.123456+00:00 cache1 nginx: ${combined(torrent)}`, torrent],
    ['syslog of nginx', `<190>Nov 22 10:00:00 cache1 nginx: ${combined(torrent)}`, torrent],
    [
      'JSON of nginx',
      `{"time_iso8601":"2026-11-22T10:00:00+00:00","request":"GET /a.torrent HTTP/1.1","status":"200","http_host":"site.example"}`,
      torrent,
    ],
    [
      'JSON of Squid',
      `{"timestamp":1795341600,"method":"GET","url":"${torrent}","status":200,"content_type":"text/html"}`,
      torrent,
    ],
    [
      'JSON of Caddy',
      `{"level":"info","ts":1795341600.1,"request":{"method":"GET","host":"site.example","uri":"/a.torrent"},"status":200}`,
      torrent,
    ],
    [
      'JSON of Traefik',
      `{"RequestMethod":"GET","RequestHost":"site.example","RequestPath":"/a.torrent","RequestScheme":"https","DownstreamStatus":200,"StartUTC":"2026-11-22T10:00:00Z"}`,
      'https://site.example/a.torrent',
    ],
    [
      'JSON of the Elastic Common Schema',
      `{"@timestamp":"2026-11-22T10:00:00Z","http":{"request":{"method":"GET"},"response":{"status_code":200}},"url.original":"/a.torrent","url":{"domain":"site.example"}}`,
      torrent,
    ],
    [
      'an announce',
      `1795341600.123 45 10.1.2.3 TCP_MISS/200 300 GET http://t.example/announce?peer_id=x&info_hash=${escaped}&port=1 - HIER_DIRECT/192.0.2.1 text/plain`,
      `urn:btih:${hash}`,
    ],
  ])('%s', (_what, line, target) => {
    expect(found(line)).toEqual([[target, 1, 0]]);
    expect(count(line)).toMatchObject({ lines: 1, requests: 1, unmatched: undefined, withoutHost: 0 });
  });

  it.each([
    ['a page', '1795341600.1 45 10.1.2.3 TCP_MISS/200 1 GET http://site.example/ - HIER_DIRECT/1 text/html'],
    ['a refusal', combined(torrent, '10.1.2.3 - -', 404)],
    ['a tunnel', '1795341600.1 45 10.1.2.3 TCP_TUNNEL/200 1 CONNECT site.example:443 - HIER_DIRECT/1 -'],
    ['an upload', combined(torrent).replace('GET', 'PUT')],
    ['a script', combined('javascript:x.torrent')],
  ])('%s is not a request for a torrent', (_what, line) => {
    expect(count(line)).toMatchObject({ requests: 1, withoutHost: 0, byDay: new Map() });
  });

  it.each([
    ['noise', '\u0000\u0001 "" [[[ 200'],
    ['another format', 'GET /a.torrent 200'],
    ['broken JSON', '{"url":"/a.torrent","status":200'],
    ['JSON without a status', `{"method":"GET","url":"${torrent}"}`],
  ])('%s is not a line of a log', (_what, line) => {
    expect(count(`${line}\n\n# comment`)).toMatchObject({ lines: 1, requests: 0, unmatched: line });
  });

  it('are in the one format that is configured', () => {
    expect(count(squid, { format: 'combined' }).requests).toBe(0);
    expect(count(combined(torrent), { format: 'squid' }).requests).toBe(0);
    const own = `{"a":{"m":"GET","u":"${torrent}"},"c":[200],"t":"2026-11-21T10:00:00Z"}`;
    expect(found(own, { fields: { method: 'a.m', url: 'a.u', status: 'c[0]', time: 't' } })).toEqual([
      [torrent, 1, -1],
    ]);
  });

  it('with a path only are of the configured host, and else counted as such', () => {
    const line = combined('/a.torrent');
    expect(found(line, { host: 'site.example' })).toEqual([[torrent, 1, 0]]);
    expect(found(line, { host: 'site.example:8080' })).toEqual([['http://site.example:8080/a.torrent', 1, 0]]);
    expect(count(`${line}\n${combined('/page')}`)).toMatchObject({ requests: 2, withoutHost: 1, byDay: new Map() });
  });

  it('count without the personal key of the user who asked, so that nothing is fetched as that user', () => {
    const line = combined(`${torrent}?passkey=0123456789abcdef&id=1`);
    expect(found(line)).toEqual([[`${torrent}?passkey=[secret]&id=1`, 1, 0]]);
    const path = combined('/download/17/0123456789abcdef0123/a.torrent');
    expect(found(path, { host: 'site.example' })).toEqual([
      ['http://site.example/download/17/[secret]/a.torrent', 1, 0],
    ]);
  });

  it('count for the day on which they were written, unless that is too long ago', () => {
    const on = (date: string): string => combined(torrent).replace('22/Nov/2026:10:00:00 +0000', date);
    const lines = [
      '22/Nov/2026:01:00:00 +0100',
      '22/Nov/2026:00:30:00 +0100',
      '20/Nov/2026:10:00:00 -0500',
      '01/Jan/2026:00:00:00 +0000',
      '24/Nov/2026:00:00:00 +0000',
      'no time',
    ].map(on);
    expect(found(lines.join('\n'), { sinceMs: nowMs - 7 * 86_400_000 })).toEqual([
      [torrent, 3, 0],
      [torrent, 1, -1],
      [torrent, 1, -2],
    ]);
  });
});
