/** What passes between a reader and the original, on real sockets: nothing differs from direct access but what is rewritten. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import {
  brotliDecompressSync,
  constants,
  createGunzip,
  createGzip,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { parseInfoHash } from '../../../../src/domain/info-hash.js';
import { parseIp, parsePrefix } from '../../../../src/domain/ip-address.js';
import { outboundRules } from '../../../../src/net/outbound-rules.js';
import { parseMetainfo } from '../../../../src/wire/metainfo.js';
import { torrentToStore } from '../../../support/catalogue-entries.js';
import { eventually } from '../../../support/eventually.js';
import { createForum, FORUM_TRACKER, type Forum } from '../../../support/forum-site.js';
import { exchange, type Got, type Sent, send } from '../../../support/raw-http.js';
import { ANNOUNCE_URLS, SITE, type StandIn, type StandInOptions, startStandIn } from '../../../support/stand-in.js';
import { hybridTorrent, torrentWith } from '../../../support/torrents.js';

const ALIAS = `tr=${encodeURIComponent(ANNOUNCE_URLS[0]!)}`;
const OLD = `tr=${encodeURIComponent(FORUM_TRACKER)}`;
const MAGNET = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;

let standIn: StandIn;
afterEach(async () => {
  expect(standIn.errors).toEqual([]);
  await standIn.stop();
});

async function start(original: RequestListener, options: StandInOptions = {}): Promise<void> {
  standIn = await startStandIn(original, options);
}
async function startForum(options: StandInOptions = {}): Promise<Forum> {
  const forum = createForum();
  standIn = await startStandIn(forum.server, options);
  return forum;
}
const get = (path: string, sent: Sent = {}): Promise<Got> => send(standIn.url, standIn.host, path, sent);
const direct = (path: string, sent: Sent = {}): Promise<Got> => send(standIn.originalUrl, standIn.host, path, sent);
const answering =
  (headers: Record<string, string>, body: string | Buffer, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);
/** Without those of the connection, and of the moment. */
const comparable = ({ rawHeaders }: Got): string[] =>
  rawHeaders
    .flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []))
    .filter((line) => !/^(?:connection|keep-alive|transfer-encoding|date):/i.test(line));

describe('a request', () => {
  test('reaches the original with its method, path, headers and body, and the answer comes back', async () => {
    await start((request, response) => {
      const hash = createHash('sha1');
      request.on('data', (chunk) => hash.update(chunk));
      request.on('end', () => {
        response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; HttpOnly']);
        response.writeHead(201, 'Made', {
          'X-Seen': `${request.method} ${request.url}`,
          'Content-Type': 'text/x-test',
        });
        response.end(JSON.stringify([hash.digest('hex'), request.headers]));
      });
    });
    const body = Buffer.alloc(3_000_000, 'x');
    for (const framing of [
      {},
      { 'Transfer-Encoding': 'chunked' },
      { Expect: '100-continue', 'Content-Length': body.length },
    ]) {
      const headers = { ...framing, Cookie: 's=1; alias-tracker=again; t=2', 'User-Agent': 'test/1' };
      const got = await get('/a//b/../c?x=%zz&y=%C3%A4', { method: 'PUT', body, headers });
      expect([got.status, got.message]).toEqual([201, 'Made']);
      expect(got.headers['x-seen']).toBe('PUT /a//b/../c?x=%zz&y=%C3%A4');
      expect(got.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; HttpOnly']);
      const [sha1, seen] = JSON.parse(got.text) as [string, Record<string, string>];
      expect(sha1).toBe(createHash('sha1').update(body).digest('hex'));
      expect(seen).toMatchObject({ host: standIn.host, cookie: 's=1; t=2', 'user-agent': 'test/1' });
      expect(seen.via).toMatch(/^1\.1 alias-tracker-[0-9a-f]{8}$/);
    }
  });

  test('leaves out what is of the connection, and what only a proxy may say', async () => {
    await start((request, response) => response.end(JSON.stringify(request.headers)));
    const headers = {
      Connection: 'close, X-Hop, Cookie2',
      'X-Hop': '1',
      'Proxy-Authorization': 'x',
      TE: 'trailers',
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'for=1.2.3.4',
      'X-Real-IP': '1.2.3.4',
      'X-Kept': 'yes',
    };
    const seen = JSON.parse((await get('/', { headers })).text) as Record<string, string>;
    expect(Object.keys(seen).sort()).toEqual(['connection', 'host', 'via', 'x-kept']);
  });

  test('tells the original the reader’s address only if the operator wants that', async () => {
    await start((request, response) => response.end(String(request.headers['x-forwarded-for'])), {
      settings: { forwardedFor: true },
    });
    expect((await get('/', { headers: { 'X-Forwarded-For': '1.2.3.4' } })).text).toBe('127.0.0.1');
  });

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s passes', async (method) => {
    await start((request, response) => response.setHeader('X-Method', String(request.method)).end('x'));
    expect((await get('/', { method })).headers['x-method']).toBe(method);
  });
});

describe('an answer is that of direct access', () => {
  const paths = [
    '/picture.png',
    '/style.css',
    '/robots.txt',
    '/old',
    '/t/999',
    '/download.php?id=1',
    '/download.php?id=99',
    '/nothing',
  ];
  const requests: [string, Sent][] = [
    ...paths.map((path): [string, Sent] => [path, {}]),
    ['/picture.png', { headers: { Range: 'bytes=100-199' } }],
    ['/picture.png', { method: 'HEAD' }],
    ['/picture.png', { headers: { 'If-Modified-Since': 'Sun, 22 Nov 2026 10:00:00 GMT' } }],
    [
      '/login',
      { method: 'POST', body: 'name=a&password=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    ],
    ['/upload', { method: 'POST', body: 'x' }],
  ];
  test('for what is not rewritten', async () => {
    await startForum();
    for (const [path, sent] of requests) {
      const [here, there] = [await get(path, sent), await direct(path, sent)];
      const isPage = /html/.test(String(there.headers['content-type']));
      expect([path, here.status, here.message, here.text]).toEqual([path, there.status, there.message, there.text]);
      if (!isPage) expect(comparable(here)).toEqual(comparable(there));
    }
  });

  test('for everything, in every coding, for readers who have opted out, are listed, or are foreign', async () => {
    await startForum({ settings: { optOut: [parsePrefix('127.0.0.3/32')] } });
    const readers: Sent[] = [
      { headers: { Cookie: 'alias-tracker=out' } },
      { from: '127.0.0.3' },
      { from: '127.0.0.4' },
    ];
    for (const reader of readers) {
      for (const path of ['/', '/t/0', '/feed.xml', '/api/list.json', '/download.php?id=0', ...paths]) {
        for (const coding of ['br', 'gzip', 'deflate', 'identity']) {
          const sent = { ...reader, headers: { ...reader.headers, 'Accept-Encoding': coding } };
          const [here, there] = [
            await get(path, sent),
            await direct(path, { ...sent, headers: { ...sent.headers, Cookie: 'x=1' } }),
          ];
          expect([path, coding, here.status, comparable(here), here.body.equals(there.body)]).toEqual([
            path,
            coding,
            there.status,
            comparable(there),
            true,
          ]);
        }
      }
    }
  });

  test('but for trackers in pages, in every coding', async () => {
    await startForum();
    const decode: Record<string, (body: Buffer) => Buffer> = {
      br: brotliDecompressSync,
      gzip: gunzipSync,
      deflate: inflateSync,
    };
    for (const path of ['/', '/t/0', '/feed.xml', '/api/list.json', '/search?q=film']) {
      const there = (await direct(path)).text;
      const forms = [...there.matchAll(/<textarea.*?<\/textarea>/g)].map(([form]) => form);
      let expected = there.replaceAll(OLD, ANNOUNCE_URLS.map((url) => `tr=${encodeURIComponent(url)}`).join('&amp;'));
      if (/json/.test(path)) expected = expected.replaceAll('&amp;', '&');
      expected = expected.replaceAll(/(CDATA\[magnet[^\]]*)/g, (all) => all.replaceAll('&amp;', '&'));
      expected = expected.replaceAll(/<textarea.*?<\/textarea>/g, () => forms.shift()!);
      for (const coding of ['br', 'gzip', 'deflate', 'br, gzip', 'zstd', 'identity']) {
        const got = await get(path, { headers: { 'Accept-Encoding': coding } });
        const used = String(got.headers['content-encoding'] ?? 'identity');
        expect((decode[used]?.(got.body) ?? got.body).toString()).toBe(expected);
        expect(got.headers['content-length']).toBeUndefined();
      }
    }
  });
});

describe('a rewritten page', () => {
  const page = `<a href="${MAGNET}&amp;${OLD}">ü</a>`;
  const headers = {
    'Content-Type': 'text/html; charset=ISO-8859-1',
    ETag: '"v1"',
    'Last-Modified': 'Sun, 22 Nov 2026 10:00:00 GMT',
    'Accept-Ranges': 'bytes',
    'Content-MD5': 'Q2hlY2sgSW50ZWdyaXR5IQ==',
    'Repr-Digest': 'sha-256=:AEGPTgUMw5e96wxZuDtpfm23RBU3nFwtgY5fw4NYORo=:',
    'Alt-Svc': 'h3=":443"',
    Vary: 'Accept',
  };

  test('says nothing that is untrue of it', async () => {
    await start(answering(headers, Buffer.from(page, 'latin1')));
    const got = await get('/');
    expect(got.body.toString('latin1')).toContain('>ü</a>');
    for (const name of ['content-length', 'last-modified', 'accept-ranges', 'content-md5', 'repr-digest', 'alt-svc']) {
      expect(got.headers[name]).toBeUndefined();
    }
    expect(got.headers).toMatchObject({ 'content-type': headers['Content-Type'], vary: 'Accept, Cookie' });
    expect(got.headers.etag).toMatch(/^W\/"v1-aliass[0-9a-f]{8}"$/);
    const head = await get('/', { method: 'HEAD' });
    expect([head.headers.etag, head.headers['content-length']]).toEqual([got.headers.etag, undefined]);
  });

  test('is validated by its own tag; the original sees its own', async () => {
    const seen: (string | undefined)[] = [];
    await start((request, response) => {
      seen.push(request.headers['if-none-match']);
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304, { ETag: '"v1"' }).end();
      else response.writeHead(200, headers).end(page);
    });
    const tag = String((await get('/')).headers.etag);
    expect((await get('/', { headers: { 'If-None-Match': tag } })).status).toBe(304);
    // Who has opted out since must not keep the rewritten page, nor the other way round.
    const out = await get('/', { headers: { 'If-None-Match': tag, Cookie: 'alias-tracker=out' } });
    expect([out.status, out.text]).toEqual([200, page]);
    expect((await get('/', { headers: { 'If-None-Match': '"v1"', Cookie: 'alias-tracker=again' } })).status).toBe(200);
    standIn.passThrough.use({
      optOut: [],
      ownNetworks: [parsePrefix('127.0.0.1/32')],
      announceUrls: ['udp://b.example:1/a'],
      keepOriginal: false,
      forwardedFor: false,
    });
    expect((await get('/', { headers: { 'If-None-Match': tag } })).text).toContain('b.example');
    expect(seen).toEqual([undefined, '"v1"', undefined, undefined, undefined]);
  });

  test('comes whole where a part is asked for', async () => {
    await start((request, response) => {
      if (request.headers.range === undefined) response.writeHead(200, headers).end(page);
      else response.writeHead(206, { ...headers, 'Content-Range': `bytes 0-3/${page.length}` }).end(page.slice(0, 4));
    });
    const got = await get('/', { headers: { Range: 'bytes=0-3' } });
    expect([got.status, got.text.includes(ALIAS)]).toEqual([200, true]);
  });

  test('arrives as it grows', async () => {
    let finish: (() => void) | undefined;
    await start((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' });
      const packed = createGzip({ flush: constants.Z_SYNC_FLUSH });
      packed.pipe(response);
      packed.write('<p>first</p>');
      finish = () => packed.end('<p>last</p>');
    });
    const request = httpRequest({
      port: standIn.port,
      host: '127.0.0.1',
      agent: false,
      headers: { Host: standIn.host, 'Accept-Encoding': 'gzip' },
    }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const page = response.pipe(createGunzip());
    expect(String((await once(page, 'data'))[0])).toBe('<p>first</p>');
    finish!();
    expect(String((await once(page, 'data'))[0])).toBe('<p>last</p>');
    await once(page, 'end');
  });

  test('that is not what its coding says is cut off, and harms nobody', async () => {
    await start((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' });
      response.end(request.url === '/bad' ? 'not gzip' : gzipSync('<p>x'));
    });
    await expect(get('/bad')).rejects.toThrow();
    expect(gunzipSync((await get('/')).body).toString()).toBe('<p>x');
  });

  test('that fills memory after decompression is cut off', async () => {
    await start(
      answering({ 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }, gzipSync(Buffer.alloc(4_000_000))),
      {
        passThrough: { limits: { decodedBytes: 1_000_000 } },
      },
    );
    await expect(get('/')).rejects.toThrow();
  });
});

describe('a torrent', () => {
  const file = torrentWith({ announce: FORUM_TRACKER, comment: 'x' });
  const hash = parseMetainfo(file).infoHash;

  test.each<[string, Record<string, string>, string]>([
    ['by its type', { 'Content-Type': 'application/x-bittorrent' }, '/get?id=1'],
    ['by its first bytes', { 'Content-Type': 'application/octet-stream' }, '/attachment/1'],
    ['without a type', {}, '/x'],
    ['as text', { 'Content-Type': 'text/plain; charset=utf-8' }, '/x'],
    [
      'by its name',
      { 'Content-Type': 'application/force-download', 'Content-Disposition': 'attachment; filename="a.torrent"' },
      '/x',
    ],
  ])('is rewritten, recognised %s', async (_, headers, path) => {
    await start(answering({ ...headers, ETag: '"1"' }, Buffer.from(file)));
    for (const method of ['GET', 'POST']) {
      const got = await get(path, { method });
      expect(parseMetainfo(got.body)).toMatchObject({ infoHash: hash, trackerTiers: [ANNOUNCE_URLS] });
      expect(got.headers['content-length']).toBe(String(got.body.length));
      expect(got.headers.etag).toMatch(/^W\//);
    }
    expect(standIn.passThrough.torrents.trackersOf(hash)).toEqual([FORUM_TRACKER]);
  });

  test('is rewritten when it comes compressed, and in parts', async () => {
    await start((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-bittorrent', 'Content-Encoding': 'gzip' });
      const packed = gzipSync(file);
      response.write(packed.subarray(0, 10));
      setImmediate(() => response.end(packed.subarray(10)));
    });
    const got = await get('/x', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(got.headers['content-encoding']).toBeUndefined();
    expect(parseMetainfo(got.body).trackerTiers).toEqual([ANNOUNCE_URLS]);
  });

  const big = torrentWith({ announce: FORUM_TRACKER }, { filler: 'x'.repeat(200_000) });
  test.each<[string, Uint8Array, StandInOptions]>([
    ['that is private', torrentWith({ announce: FORUM_TRACKER }, { private: 1 }), {}],
    ['that is private by a large number', torrentWith({ announce: FORUM_TRACKER }, { private: 4_294_967_297 }), {}],
    ['with a personal key', torrentWith({ announce: 'http://t.example/0123456789abcdef0123/announce' }), {}],
    ['that the alias tracker does not serve', file, { passThrough: { isServed: () => false } }],
    ['whose trackers cannot be asked', torrentWith({ announce: 'wss://t.example/' }), {}],
    ['that is too large', big, { passThrough: { limits: { torrentBytes: 100_000 } } }],
    ['for which no memory is left', big, { passThrough: { limits: { collectedBytes: 100_000 } } }],
    ['that is another dictionary', Buffer.from('d4:spam4:eggse'), {}],
    ['that is broken', Buffer.from(file).subarray(0, 100), {}],
  ])('%s keeps its bytes', async (_, bytes, options) => {
    await start(answering({ 'Content-Type': 'application/x-bittorrent', ETag: '"1"' }, Buffer.from(bytes)), options);
    const [here, there] = [await get('/x.torrent'), await direct('/x.torrent')];
    expect(here.body.equals(there.body)).toBe(true);
    expect(comparable(here)).toEqual(comparable(there));
  });

  test('that passes is reported: whether it is rewritten, or private (BEP 27)', async () => {
    const passed: string[] = [];
    const reported = {
      torrentPassed: (infoHash: string) => void passed.push(`passed ${infoHash}`),
      privateSeen: (infoHash: string) => void passed.push(`private ${infoHash}`),
    };
    const secret = torrentWith({ announce: FORUM_TRACKER }, { private: 1 });
    for (const bytes of [file, secret]) {
      await start(answering({ 'Content-Type': 'application/x-bittorrent' }, Buffer.from(bytes)), {
        passThrough: reported,
      });
      await get('/x.torrent');
    }
    const [open, closed] = [file, secret].map((bytes) => parseMetainfo(bytes).infoHash);
    expect(passed).toEqual([`passed ${open}`, `private ${closed}`]);
    expect(standIn.passThrough.torrents.trackersOf(closed!)).toEqual([]);
  });

  test('of both versions is rewritten, and both of its hashes are remembered', async () => {
    const hybrid = hybridTorrent();
    await start(answering({ 'Content-Type': 'application/x-bittorrent' }, Buffer.from(hybrid)));
    const { infoHash, hybridInfoHash } = parseMetainfo(hybrid);
    expect(parseMetainfo((await get('/x')).body).trackerTiers).toEqual([ANNOUNCE_URLS]);
    for (const each of [infoHash, hybridInfoHash!]) {
      expect(standIn.passThrough.torrents.trackersOf(each)).toEqual(['http://old.example/announce']);
    }
  });

  test('that the operator has denied is a page that says so', async () => {
    await start(answering({ 'Content-Type': 'application/x-bittorrent' }, Buffer.from(file)), {
      passThrough: { denial: (each) => (each === hash ? 'the operator has denied it' : undefined) },
    });
    const got = await get('/x');
    expect([got.status, got.text.includes('the operator has denied it')]).toEqual([410, true]);
  });

  test('of the catalogue comes from the catalogue, and only by reading', async () => {
    const forum = await startForum();
    const path = '/download.php?id=0';
    standIn.catalogue.store(
      torrentToStore(1, {
        infoHash: parseInfoHash(forum.posts[0]!.hash),
        torrentBytes: forum.posts[0]!.file,
        origins: [{ host: SITE, path, kind: 'torrent' }],
      }),
      1,
    );
    expect(parseMetainfo((await get(path)).body).trackerTiers).toEqual([ANNOUNCE_URLS]);
    expect(forum.requests).toEqual([]);
    expect((await get(path, { method: 'POST' })).status).toBe(404);
    await get(path, { headers: { Cookie: 'alias-tracker=out' } });
    expect(forum.requests).toEqual([`POST ${path}`, `GET ${path}`]);
  });
});

describe('this is not an open proxy', () => {
  test.each<[string, string, number]>([
    ['a target with another host', `GET http://127.0.0.2/ HTTP/1.1\r\nHost: ${SITE}\r\nConnection: close\r\n\r\n`, 400],
    ['TRACE', `TRACE / HTTP/1.1\r\nHost: ${SITE}\r\nConnection: close\r\n\r\n`, 405],
    ['two hosts', `GET / HTTP/1.1\r\nHost: ${SITE}\r\nHost: other.example\r\nConnection: close\r\n\r\n`, 400],
    ['another port of the site', `GET / HTTP/1.1\r\nHost: ${SITE}:22\r\nConnection: close\r\n\r\n`, 421],
    ['another site', 'GET /x HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n', 404],
    ['a name that ends like the site', `GET /x HTTP/1.1\r\nHost: evil${SITE}\r\nConnection: close\r\n\r\n`, 404],
    ['an address', 'GET /x HTTP/1.1\r\nHost: 127.0.0.2\r\nConnection: close\r\n\r\n', 404],
    [
      'two lengths',
      `POST / HTTP/1.1\r\nHost: ${SITE}\r\nContent-Length: 3\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd`,
      400,
    ],
    [
      'a length and a transfer encoding',
      `POST / HTTP/1.1\r\nHost: ${SITE}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a folded header', `GET / HTTP/1.1\r\nHost: ${SITE}\r\nX: a\r\n b\r\nConnection: close\r\n\r\n`, 400],
  ])('%s is refused', async (_, bytes, status) => {
    const seen: string[] = [];
    await start((request, response) => {
      seen.push(request.url!);
      response.end('original');
    });
    expect(await exchange(standIn.port, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(seen).toEqual([]);
  });

  test('CONNECT ends the connection', async () => {
    await start((_, response) => response.end('original'));
    expect(await exchange(standIn.port, `CONNECT ${SITE}:443 HTTP/1.1\r\nHost: ${SITE}:443\r\n\r\n`)).toBe('');
  });

  test('an original at an address of this installation is not asked', async () => {
    await start((_, response) => response.end('x'), {
      passThrough: { blockedReason: () => 'is an address of this installation' },
    });
    const got = await get('/', { headers: { 'Accept-Language': 'de' } });
    expect([got.status, got.text.includes('Die Original-Seite antwortet nicht')]).toEqual([502, true]);
    expect(got.text).not.toContain('127.0.0.2');
    for (let n = 0; n < 4; n++) await get('/');
    expect(standIn.passThrough.health.alarms([SITE]).map(alarmLine)).toEqual([
      expect.stringMatching(/has not answered 5 consecutive requests since .*is an address of this installation/),
    ]);
    expect(standIn.log).toHaveLength(1);
  });

  // Loopback alone, so that a defect of the rules connects to nobody else.
  test.each(['127.0.0.2', '::1', '::ffff:127.0.0.2'])(
    'outside the lab, an original at %s is not asked',
    async (address) => {
      const seen: string[] = [];
      const blockedReason = outboundRules({
        lab: false,
        ownNetworks: () => [],
        ownAddresses: () => [],
        isOwnListener: () => false,
      });
      const onRequest: RequestListener = (request, response) => {
        seen.push(request.url!);
        response.end();
      };
      await start(onRequest, { passThrough: { resolve: async () => [parseIp(address)], blockedReason } });
      for (let n = 0; n < 5; n++) expect((await get('/')).status).toBe(502);
      expect(standIn.passThrough.health.alarms([SITE]).map(alarmLine)).toEqual([
        expect.stringContaining('private or reserved'),
      ]);
      expect(seen).toEqual([]);
    },
  );

  test('two mirrors that lead to each other end the loop', async () => {
    await start((_, response) => response.end('x'));
    // The original's port is that of the mirror: it asks itself.
    const looped = await startStandIn((request, response) => {
      send(standIn2.url, standIn2.host, request.url!, { headers: { via: request.headers.via } })
        .then((got) => response.writeHead(got.status).end(got.text))
        .catch(() => response.destroy());
    });
    const standIn2 = looped;
    const got = await send(looped.url, looped.host, '/');
    expect(got.status).toBe(508);
    await looped.stop();
  });

  test('an invalid header of the original is not repeated', async () => {
    const raw = (await import('node:net')).createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok'),
      );
    });
    await start((_, response) => response.end('x'));
    standIn.original.close();
    standIn.original.closeAllConnections();
    raw.listen(standIn.port, '127.0.0.2');
    await once(raw, 'listening');
    const got = await get('/');
    expect(got.headers['set-cookie']).toBeUndefined();
    expect(got.status).toBe(502);
    raw.close();
  });
});

describe('the reader’s choice', () => {
  test('leads nowhere else, and covers the subdomains of the site', async () => {
    await startForum();
    for (const to of [
      '//evil.example/',
      'http://evil.example/',
      '/\\evil.example',
      'javascript:alert(1)',
      '\r\nX: y',
    ]) {
      const got = await get(`/.alias-tracker/opt-out?to=${encodeURIComponent(to)}`);
      expect(got.status).toBe(303);
      expect(got.headers.location).toMatch(/^\/(?!\/)/);
      expect(got.headers.x).toBeUndefined();
    }
    const got = await get('/.alias-tracker/opt-out?to=/t/0%3Fa=b');
    expect(got.headers.location).toBe('/t/0?a=b');
    expect(got.headers['set-cookie']).toEqual([
      `alias-tracker=out; Path=/; Max-Age=31536000; Domain=${SITE}; SameSite=Lax; HttpOnly`,
    ]);
  });

  test('is offered if only the catalogue replaces the site', async () => {
    const forum = await startForum({ site: { passesAll: false } });
    const missing = await get('/login');
    expect([missing.status, missing.text.includes('href="/.alias-tracker/opt-out?to=%2Flogin"')]).toEqual([404, true]);
    expect((await get('/login', { method: 'POST' })).status).toBe(405);
    expect(forum.requests).toEqual([]);
    expect((await get('/login', { headers: { Cookie: 'alias-tracker=out' } })).text).toContain('password');
  });
});

describe('a slow or broken original', () => {
  test('that answers nothing in time is a page with the copy of the catalogue', async () => {
    await start(() => undefined, { passThrough: { limits: { answerTimeoutMs: 1_000 } } });
    standIn.catalogue.store(torrentToStore(1, { origins: [{ host: SITE, path: '/view/1', kind: 'page' }] }), 1);
    const got = await get('/view/1');
    expect(got.status).toBe(504);
    expect(got.text).toContain(`href="/.alias-tracker/torrent/${'0'.repeat(39)}1"`);
    expect((await get('/.alias-tracker/torrent/0000000000000000000000000000000000000001')).status).toBe(200);
  });

  test('that ends in the middle ends the answer there', async () => {
    await start((_, response) => {
      response.writeHead(200, { 'Content-Type': 'image/png', 'Content-Length': 100 });
      response.write('x');
      setImmediate(() => response.destroy());
    });
    await expect(get('/')).rejects.toThrow();
  });

  test('that closes idle connections is asked again on a new one, if nothing can happen twice', async () => {
    let count = 0;
    await start((request, response) => {
      count++;
      if (count === 2 || count === 5) request.socket.destroy();
      else response.end(String(count));
    });
    expect((await get('/')).text).toBe('1');
    expect((await get('/')).text).toBe('3');
    expect((await get('/', { method: 'POST', body: 'x' })).text).toBe('4');
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(502);
    expect(count).toBe(5);
  });

  test('that answers before the upload has ended is heard', async () => {
    await start((_, response) => response.writeHead(413, { Connection: 'close' }).end('too large'));
    const socket = connect(standIn.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`POST / HTTP/1.1\r\nHost: ${standIn.host}\r\nContent-Length: 100000000\r\n\r\nxxx`);
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1.1 413 [\s\S]*too large/);
  });

  test('of whose answer a reader wants no more is left alone', async () => {
    let isClosed = false;
    await start((_, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      response.write('x');
    });
    const socket = connect(standIn.port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${standIn.host}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await eventually('the end at the original', () => isClosed);
    await eventually('the end here', () => standIn.passThrough.underWay === 0);
  });
});

describe('limits', () => {
  test('one subscriber has so many requests under way, others go on', async () => {
    const waiting: (() => void)[] = [];
    await start((_, response) => waiting.push(() => response.end('x')), {
      passThrough: { limits: { requestsPerClient: 2 } },
      settings: { ownNetworks: [parsePrefix('127.0.0.0/8')] },
    });
    const first = [get('/'), get('/')];
    await eventually('two at the original', () => waiting.length === 2);
    const third = await get('/');
    expect([third.status, third.headers['retry-after']]).toEqual([503, '5']);
    const other = get('/', { from: '127.0.0.9' });
    await eventually('three at the original', () => waiting.length === 3);
    for (const end of waiting) end();
    expect((await Promise.all([...first, other])).map(({ status }) => status)).toEqual([200, 200, 200]);
    await eventually('places given back', () => standIn.passThrough.underWay === 0);
  });

  test('a reader who takes nothing stops the original, and leaves in the end', async () => {
    let written = 0;
    let isClosed = false;
    await start(
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'video/mp4' });
        const chunk = Buffer.alloc(65_536);
        const more = (): void => {
          while (!isClosed && written < 1_000_000_000) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
        };
        response.on('close', () => {
          isClosed = true;
        });
        more();
      },
      { passThrough: { limits: { readerIdleMs: 2_000 } } },
    );
    const socket = connect(standIn.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: ${standIn.host}\r\n\r\n`);
    socket.pause();
    await eventually('the end of the stalled answer', () => isClosed);
    expect(written).toBeLessThan(50_000_000);
    socket.destroy();
  });
});
