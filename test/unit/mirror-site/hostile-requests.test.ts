/** Requests by which strangers try to confuse the mirror site, its caches or its readers: all get an answer, none does harm. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { eventually } from '../../support/eventually.js';
import { exchange } from '../../support/raw-http.js';
import { torrentWith } from '../../support/torrents.js';
import { ALICE, connectTo, type ServedSite, serveSite } from './served-site.js';

let site: ServedSite;
beforeAll(async () => {
  site = await serveSite({ publicUrl: 'http://torrents.example.net' });
});
afterAll(async () => {
  await site.close();
  expect(site.defects).toEqual([]);
});

/** The status of each answer, and what was sent back. */
async function raw(bytes: string): Promise<{ statuses: number[]; text: string }> {
  const text = await exchange(site.port, bytes);
  return { statuses: [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status)), text };
}
const ask = (target: string, headers = 'Host: x.example\r\n') =>
  raw(`GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);

describe('a Host header', () => {
  test.each([
    'Host: \r\n',
    'Host: a b\r\n',
    'Host: a.example/x\r\n',
    'Host: a.example@b.example\r\n',
    'Host: "><script>\r\n',
    'Host: a.example:port\r\n',
    'Host: a.example:123456\r\n',
    'Host: [::1\r\n',
    'Host: [::1]x\r\n',
    `Host: ${'a'.repeat(300)}\r\n`,
    'Host: a.example,b.example\r\n',
    'Host: %61.example\r\n',
    'Host: a\tb\r\n',
    '',
  ])('%j is refused', async (header) => {
    const { statuses, text } = await ask('/feed.xml', header);
    expect(statuses).toEqual([400]);
    expect(text).not.toContain('<script>');
  });

  test.each(['Host: a.example.\r\n', 'Host: A.EXAMPLE:80\r\n', 'Host: [2001:db8::1]:80\r\n', 'Host: 192.0.2.1\r\n'])(
    '%j is one',
    async (header) => expect((await ask('/', header)).statuses).toEqual([200]),
  );

  test('that comes twice is not a choice', async () => {
    const { statuses, text } = await ask('/feed.xml', 'Host: site.example\r\nHost: other.example\r\n');
    expect(statuses.length).toBe(1);
    // Node.js takes the first; a proxy in front does, too.
    expect(text).not.toContain('other.example');
  });

  test('of an absolute target does not count, nor does its user', async () => {
    for (const target of ['http://evil.example/', 'http://a@evil.example/', '*', 'evil.example:80']) {
      expect((await ask(target)).statuses, target).toEqual([400]);
    }
    expect((await ask('//evil.example/')).statuses).toEqual([404]);
  });

  test('of one visitor is not in the page of another', async () => {
    for (const path of ['/', '/feed.xml', '/robots.txt', '/opensearch.xml', '/sitemap.xml', `/torrent/${ALICE}`]) {
      await ask(path, 'Host: evil.example\r\n');
      await ask(path, 'Host: site.example:6666\r\n');
      const { text } = await ask(path, 'Host: site.example\r\n');
      expect(text, path).not.toMatch(/evil|6666/);
      expect(text, path).toMatch(/^vary: .*host/im);
    }
  });
});

test('nothing in an answer depends on what proxies add', async () => {
  const forwarded = [
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-For: 203.0.113.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 4444',
    'X-Forwarded-Prefix: /evil',
    'Forwarded: host=evil.example;proto=https',
    'X-Original-URL: /torrent/evil',
    'X-Rewrite-URL: /evil',
    'X-Host: evil.example',
    'X-HTTP-Method-Override: DELETE',
    'True-Client-IP: 203.0.113.1',
  ];
  const withoutDate = (text: string): string => text.replace(/^Date: .*$/m, '');
  for (const path of ['/feed.xml', '/', '/opensearch.xml', '/evil']) {
    for (const host of ['x.example', 'site.example']) {
      const poisoned = await ask(path, `Host: ${host}\r\n${forwarded.join('\r\n')}\r\n`);
      const plain = await ask(path, `Host: ${host}\r\n`);
      expect(withoutDate(poisoned.text), path).toBe(withoutDate(plain.text));
      expect(plain.text).not.toContain('evil.example');
    }
  }
});

describe('an address', () => {
  test.each([
    ['of 15,000 characters', `/?q=${'a'.repeat(15_000)}`, 200],
    ['of 20,000 characters', `/?q=${'a'.repeat(20_000)}`, 431],
    ['with 5,000 parameters', `/?${'a=1&'.repeat(3_500)}q=x`, 200],
    ['with 10,000 parameters', `/?${'a&'.repeat(10_000)}`, 431],
    ['that repeats a parameter', '/?q=a&q=b&page=2&page=x&sort=name&sort[]=x', 200],
    ['with an escape that is cut off', '/?q=%', 200],
    ['with an escape that is not one', '/?q=%zz&site=%E0%A4%A', 200],
    ['with an escape in the path', '/%', 404],
    ['with NUL', '/?q=a%00b', 200],
    ['with line breaks', '/?q=%0d%0aSet-Cookie:%20a=b', 200],
    ['with half a character', '/?q=%f0%9f%98', 200],
    ['of prototypes', '/?__proto__=x&constructor=y&sort=__proto__&size=constructor&type=toString', 200],
    ['of a page far away', '/?page=999999999999', 200],
    ['of a page that is not a number', '/list.json?page=-1e9', 200],
    ['with a fragment', '/#x', 200],
    ['with a backslash', '/\\..\\..\\etc\\passwd', 404],
    ['that leaves the site', '/../../../../etc/passwd', 404],
    ['that leaves the site, escaped', '/%2e%2e/%2e%2e/etc/passwd', 404],
    ['that leaves the site below a torrent', `/torrent/${ALICE}/../../etc/passwd`, 404],
    ['that leaves the site, escaped twice', '/%252e%252e/etc/passwd', 404],
    ['of a file beside', '/torrent/..%2f..%2fpackage.json', 404],
    ['of a torrent with more behind it', `/torrent/${ALICE}.torrent.exe`, 404],
    ['of a list that every object has', '/constructor', 404],
  ])('%s', async (_what, target, status) => {
    const { statuses, text } = await ask(target);
    expect(statuses).toEqual([status]);
    expect(text).not.toMatch(/root:|"dependencies"|^set-cookie/im);
  });

  test('is not in a header of a redirect', async () => {
    const { text, statuses } = await ask(`/?q=magnet:%3Fxt=urn:btih:${ALICE}%26x=%0d%0aX-Evil:%201`);
    expect(statuses).toEqual([302]);
    expect(text).not.toMatch(/^x-evil/im);
  });
});

test('names of torrents stay within their header', async () => {
  const names = [
    'a\r\nX-Evil: 1',
    'a"; filename="b.exe',
    '../../etc/passwd',
    'a\u0000b',
    '\u202Etnerrot.exe',
    'ä'.repeat(400),
    '%0d%0a',
    '"',
    '💥\ud800',
  ];
  for (const [i, name] of names.entries()) {
    const infoHash = hashOf(100 + i);
    site.catalogue.store(torrentToStore(100 + i, { infoHash, name, torrentBytes: torrentWith({}) }), 1);
    const { headers, status } = await site.get(`/torrent/${infoHash}.torrent`);
    expect(status, name).toBe(200);
    expect(headers['x-evil']).toBeUndefined();
    expect(headers['content-disposition'], name).toMatch(
      /^attachment; filename="[\x20\x21\x23-\x2e\x30-\x5b\x5d-\x7e]*\.torrent"; filename\*=UTF-8''[A-Za-z0-9%._~!$&+^`|#-]*\.torrent$/,
    );
    expect((await site.get(`/torrent/${infoHash}`)).status).toBe(200);
  }
});

describe('a message', () => {
  test.each([
    ['whose length comes twice', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'with a length and chunks',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['with a header that is folded', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n'],
    ['with a space before a colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['of another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['of another version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['that is not HTTP', '\u0016\u0003\u0001\u0000\u0000'],
    ['whose header section has no end in 16 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(40_000)}`],
    ['with thousands of headers', `GET / HTTP/1.1\r\nHost: x\r\n${'X-Header: value\r\n'.repeat(3_000)}\r\n`],
  ])('%s is refused, and the connection ends', async (_what, bytes) => {
    const { statuses } = await raw(bytes);
    for (const status of statuses) expect([400, 408, 431, 505]).toContain(status);
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect((await site.get('/healthz')).status).toBe(200);
  });

  test('with a body that nobody asked for does not become the next request', async () => {
    const smuggled = `GET /torrent/${ALICE}.torrent HTTP/1.1\r\nHost: x\r\n\r\n`;
    const { statuses } = await raw(
      `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(statuses).toEqual([200, 404]);
  });

  test('of many at once is answered in turn, as far as the client reads', async () => {
    const pipelined = `GET /?page=2 HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(200);
    const { statuses } = await raw(`${pipelined}GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(statuses).toEqual([...Array<number>(200).fill(200), 404]);
    // A client that reads nothing does not make the site answer thousands of requests into memory.
    const greedy = await connectTo(site.port);
    greedy.pause();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 100; i++) greedy.write(pipelined);
    expect((await site.get('/healthz')).status).toBe(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    greedy.destroy();
    await eventually('its end', () => site.limit.open === 0);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])(
    '%s is refused with what is allowed',
    async (method) => {
      const { status, headers } = await site.get('/', {}, method);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    },
  );
});
