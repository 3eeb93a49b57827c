/** HTTP/1.1 as the mirror site speaks it: codings, ranges, conditions, persistent connections, limits for slow clients. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { chooseCoding } from '../../../src/mirror-site/content-coding.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { eventually } from '../../support/eventually.js';
import { exchange } from '../../support/raw-http.js';
import { torrentWith } from '../../support/torrents.js';
import { ALICE, connectTo, type ServedSite, type ServedSiteOptions, serveSite } from './served-site.js';

const FILE = `/torrent/${ALICE}.torrent`;
let site: ServedSite | undefined;
const open: Socket[] = [];

async function serve(options: ServedSiteOptions = {}): Promise<ServedSite> {
  site = await serveSite(options);
  return site;
}

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await site?.close();
  expect(site?.defects ?? []).toEqual([]);
  site = undefined;
});

describe('content codings', () => {
  test.each([
    ['br, gzip', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['br;q=x', undefined],
    ['', undefined],
    [undefined, undefined],
    ['gzip,'.repeat(101), undefined],
  ])('of %j: %s', (header, coding) => {
    expect(chooseCoding(header)).toBe(coding);
  });

  test('give the same page, which caches tell apart', async () => {
    const site = await serve();
    const plain = await site.get('/');
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [coding, unpack] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const packed = await site.get('/', { 'accept-encoding': coding });
      expect(packed.headers['content-encoding']).toBe(coding);
      expect(packed.headers.vary).toContain('Accept-Encoding');
      expect(packed.headers.etag).toBe(plain.headers.etag);
      expect(packed.body.length).toBeLessThan(plain.body.length / 2);
      expect(unpack(packed.body)).toEqual(plain.body);
    }
    // Hashes do not become smaller.
    expect((await site.get(FILE, { 'accept-encoding': 'br, gzip' })).headers['content-encoding']).toBeUndefined();
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-9', 0, 10],
    ['bytes=5-', 5, undefined],
    ['bytes=-7', -7, undefined],
    ['bytes=10-999999', 10, undefined],
    ['bytes=-999999', 0, undefined],
    ['BYTES=0-0', 0, 1],
  ])('%s of a torrent file', async (range, from, to) => {
    const site = await serve();
    const whole = await site.get(FILE);
    const part = await site.get(FILE, { range });
    expect(whole.headers['accept-ranges']).toBe('bytes');
    expect(part.status).toBe(206);
    expect(part.body).toEqual(whole.body.subarray(from, to));
    const start = from < 0 ? whole.body.length + from : from;
    expect(part.headers['content-range']).toBe(`bytes ${start}-${start + part.body.length - 1}/${whole.body.length}`);
    expect(part.headers['content-length']).toBe(String(part.body.length));
    expect(part.headers.etag).toBe(whole.headers.etag);
  });

  test.each(['bytes=999999-', 'bytes=-0', 'bytes=999999-9999999'])('%s is past the end', async (range) => {
    const site = await serve();
    const { status, headers } = await site.get(FILE, { range });
    expect(status).toBe(416);
    expect(headers['content-range']).toMatch(/^bytes \*\/\d+$/);
  });

  test.each([
    'bytes=0-1,5-6',
    'bytes=5-2',
    'bytes=a-b',
    'bytes=-',
    'bytes=',
    'items=0-1',
    `bytes=0-${'9'.repeat(400)}x`,
    '0-1',
  ])('%s is ignored: the whole comes', async (range) => {
    const site = await serve();
    expect((await site.get(FILE, { range })).status).toBe(200);
  });

  test('are only of the version that the client has', async () => {
    const site = await serve();
    const { headers } = await site.get(FILE);
    const range = 'bytes=0-3';
    expect((await site.get(FILE, { range, 'if-range': headers.etag! })).status).toBe(206);
    expect((await site.get(FILE, { range, 'if-range': '"other"' })).status).toBe(200);
    expect((await site.get(FILE, { range, 'if-range': `W/${headers.etag}` })).status).toBe(200);
    // Pages have weak validators alone.
    const page = await site.get('/');
    expect((await site.get('/', { range, 'if-range': page.headers.etag! })).status).toBe(200);
    expect((await site.get(FILE, { range }, 'HEAD')).status).toBe(200);
  });
});

describe('conditions', () => {
  test('an entity tag counts before a time, and both spare the body', async () => {
    const site = await serve();
    const { headers } = await site.get(FILE);
    const since = headers['last-modified']!;
    expect((await site.get(FILE, { 'if-none-match': headers.etag! })).status).toBe(304);
    expect((await site.get(FILE, { 'if-none-match': `"a", W/${headers.etag}` })).status).toBe(304);
    expect((await site.get(FILE, { 'if-none-match': '*' })).status).toBe(304);
    expect((await site.get(FILE, { 'if-modified-since': since })).status).toBe(304);
    expect((await site.get(FILE, { 'if-modified-since': since, 'if-none-match': '"other"' })).status).toBe(200);
    expect((await site.get(FILE, { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).status).toBe(200);
    expect((await site.get(FILE, { 'if-modified-since': 'yesterday' })).status).toBe(200);
    const head = await site.get(FILE, {}, 'HEAD');
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, headers.etag]);
  });
});

describe('kept pages', () => {
  test('are never older than the catalogue and the decisions on it', async () => {
    const denied = new Set<string>();
    const site = await serve({ refusal: (infoHash) => (denied.has(infoHash) ? 'denied' : undefined) });
    const names = async (path = '/'): Promise<string> => (await site.get(path)).body.toString();
    expect(await names()).not.toContain('Newcomer');
    site.catalogue.store(torrentToStore(7, { name: 'Newcomer' }), 1);
    expect(await names()).toContain('Newcomer');
    expect(await names('/feed.xml')).toContain('Newcomer');
    denied.add(hashOf(7));
    const entry = { infoHash: hashOf(7), name: 'Newcomer', action: 'denied', actor: 'test' } as const;
    site.catalogue.addLogEntry({ ...entry, atMs: 1, source: undefined, details: {} });
    expect(await names()).not.toContain('Newcomer');
    site.catalogue.remove([ALICE]);
    expect(await names()).not.toContain('Alice');
  });

  test('remain when only peers inside were counted, which happens all the time', async () => {
    const site = await serve();
    const names = async (path = '/'): Promise<string> => (await site.get(path)).body.toString();
    const before = await names();
    site.catalogue.storeInsideCounts(new Map([[ALICE, { seeds: 41, leechers: 2 }]]));
    expect(await names()).toBe(before);
    expect(await names('/?sort=inside')).toContain('41');
    site.catalogue.store(torrentToStore(7, { name: 'Newcomer' }), 1);
    expect(await names()).toContain('41');
  });

  test('are different for each host, language, scheme of links and address', async () => {
    const site = await serve();
    const text = async (path: string, headers: Record<string, string>): Promise<string> =>
      (await site.get(path, headers)).body.toString();
    for (let round = 0; round < 2; round++) {
      expect(await text('/feed.xml', { host: 'one.example' })).toContain('http://one.example/');
      expect(await text('/feed.xml', { host: 'two.example:8080' })).toContain('http://two.example:8080/');
      expect(await text('/feed.xml', { host: 'site.example' })).toContain('http://site.example/');
      expect(await text('/', { 'accept-language': 'de' })).toContain('lang="de"');
      expect(await text('/', { 'accept-language': 'en' })).toContain('lang="en"');
      expect(await text('/?q=nothing', {})).not.toContain('Alice');
      expect(await text('/?q=alice', {})).toContain('Alice');
    }
  });
});

describe('connections', () => {
  test('are used again, and answer requests that were sent at once in their order', async () => {
    const site = await serve();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const reused: boolean[] = [];
    for (let i = 0; i < 3; i++) {
      const asked = request({ host: '127.0.0.1', port: site.port, agent }).end();
      const [answer] = await once(asked, 'response');
      answer.resume();
      await once(answer, 'end');
      reused.push(asked.reusedSocket);
    }
    agent.destroy();
    expect(reused).toEqual([false, true, true]);
    const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x.example\r\n${more}\r\n`;
    const text = await exchange(
      site.port,
      `${head(FILE)}${head('/healthz')}${head('/', 'Accept-Encoding: br\r\n')}${head('/nothing', 'Connection: close\r\n')}`,
    );
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '200', '200', '404']);
    const [file, health, page] = [text.indexOf('bittorrent'), text.indexOf('ok\n'), text.indexOf('Encoding: br')];
    expect(file < health && health < page).toBe(true);
  });

  test('of one address are limited, and so are all together', async () => {
    const site = await serve({ perAddress: 3, connections: 100 });
    for (let i = 0; i < 3; i++) open.push(await connectTo(site.port));
    await eventually('three connections', () => site.limit.open === 3);
    const fourth = await connectTo(site.port);
    fourth.resume();
    await once(fourth, 'close');
    expect(site.limit.refused).toBe(1);
    open.pop()!.destroy();
    await eventually('a free place', () => site.limit.open === 2);
    expect((await site.get('/healthz')).status).toBe(200);
  });

  test('end whose header section does not arrive, a thousand of them, while others are answered', async () => {
    const site = await serve({ timeouts: { headersMs: 1_000, checkEveryMs: 100 } });
    const slow = await Promise.all(Array.from({ length: 1_000 }, () => connectTo(site.port)));
    open.push(...slow);
    for (const socket of slow) socket.write('GET / HTTP/1.1\r\nHost: x.example\r\nX-A: ');
    expect((await site.get('/healthz')).status).toBe(200);
    const closed = slow.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
    // They go on sending: it is the whole header section that has to arrive in time.
    for (const socket of slow) socket.write('b');
    await Promise.all(closed);
    expect((await site.get('/healthz')).status).toBe(200);
    await eventually('their end', () => site.limit.open === 0);
  });

  test('end whose clients read nothing, and what waits for all of them is one body', async () => {
    const site = await serve({ slow: { checkEveryMs: 50, maxStalledChecks: 20 } });
    // More than the kernel holds for a connection.
    const bytes = 32 * 2 ** 20;
    const torrentBytes = torrentWith({ comment: 'x'.repeat(bytes) });
    site.catalogue.store(torrentToStore(9, { torrentBytes, name: 'large' }), 1);
    const clients = await Promise.all(Array.from({ length: 30 }, () => connectTo(site.port)));
    open.push(...clients);
    const before = process.memoryUsage().rss;
    for (const socket of clients) {
      socket.pause();
      socket.write(`GET /torrent/${hashOf(9)}.torrent HTTP/1.1\r\nHost: x.example\r\n\r\n`);
    }
    await eventually('the end of slow readers', () => site.slowReaders.ended === clients.length);
    expect(process.memoryUsage().rss - before).toBeLessThan((clients.length / 2) * bytes);
    expect((await site.get('/healthz')).status).toBe(200);
  });

  test('end first whose clients are slowest, where too much waits in all', async () => {
    const site = await serve({
      slow: { checkEveryMs: 50, maxStalledChecks: 1_000_000, maxWaitingBytes: 40 * 2 ** 20 },
    });
    for (let n = 0; n < 6; n++) {
      const torrentBytes = torrentWith({ comment: String(n).repeat(16 * 2 ** 20) });
      site.catalogue.store(torrentToStore(20 + n, { torrentBytes, name: `large ${n}` }), 1);
      const socket = await connectTo(site.port);
      open.push(socket);
      socket.pause();
      socket.write(`GET /torrent/${hashOf(20 + n)}.torrent HTTP/1.1\r\nHost: x.example\r\n\r\n`);
    }
    await eventually('room', () => site.slowReaders.ended >= 4);
    expect(site.slowReaders.ended).toBeLessThan(6);
    expect((await site.get('/healthz')).status).toBe(200);
  });
});

describe('the end', () => {
  test('lets an answer under way finish, and closes connections that wait for nothing', async () => {
    let release = (): void => {};
    const rewriting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const site = await serve({
      timeouts: { stopMs: 60_000 },
      rewrite: async (bytes) => {
        await rewriting;
        return bytes;
      },
    });
    const torrentBytes = torrentWith({ comment: 'x'.repeat(100_000) });
    site.catalogue.store(torrentToStore(9, { torrentBytes }), 1);
    const idle = await connectTo(site.port);
    idle.write('GET /healthz HTTP/1.1\r\nHost: x.example\r\n\r\n');
    await once(idle, 'data');
    const ended = once(idle, 'close');
    const answer = site.get(`/torrent/${hashOf(9)}.torrent`);
    await eventually('the request', () => site.limit.open === 2);
    const closed = site.listener.close();
    await ended;
    release();
    const { status, headers, body } = await answer;
    expect([status, headers.connection, body.length]).toEqual([200, 'close', torrentBytes.length]);
    await closed;
  });

  test('does not wait for clients that never finish', async () => {
    const site = await serve({ timeouts: { stopMs: 50 } });
    const silent = await connectTo(site.port);
    silent.write('GET / HTTP/1.1\r\nHost:');
    const ended = once(silent.resume(), 'close');
    await eventually('the connection', () => site.limit.open === 1);
    await site.listener.close();
    await ended;
  });
});
