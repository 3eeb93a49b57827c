import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import { ClientError } from '../../../src/domain/errors.js';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { outboundRules } from '../../../src/net/outbound-rules.js';
import { createPoliteFetcher, type PoliteFetcher } from '../../../src/net/polite-fetch.js';
import { eventually, gap } from '../../support/eventually.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';

const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
const request = { maxBytes: 1_000 };
const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

let site: OriginalSite;
let waits: number[];
let fetcher: PoliteFetcher;

function makeFetcher(options: Partial<Parameters<typeof createPoliteFetcher>[0]> = {}): PoliteFetcher {
  return createPoliteFetcher({
    clock,
    documents,
    blockedReason: () => undefined,
    delayMs: 7,
    sleep: async (ms) => void waits.push(ms),
    ...options,
  });
}

async function textOf(url: string): Promise<string> {
  const answer = await fetcher.fetch(url, request);
  return answer.kind === 'fetched' ? Buffer.from(answer.bytes).toString() : answer.kind;
}

beforeEach(async () => {
  site = await startOriginalSite({ '/a': 'A', '/b': 'B' });
  waits = [];
  fetcher = makeFetcher();
});

afterEach(async () => {
  await fetcher.close();
  await site.stop();
});

describe('manners', () => {
  it('names itself, reads robots.txt first and once, and pauses between requests', async () => {
    expect(await textOf(`${site.url}/a`)).toBe('A');
    expect(await textOf(`${site.url}/b`)).toBe('B');
    expect(site.requests.map(({ path }) => path)).toEqual(['/robots.txt', '/a', '/b']);
    expect(site.requests[1]?.headers['user-agent']).toMatch(/^alias-tracker/);
    expect(waits).toEqual([7, 7]);
  });

  it('asks a host one thing at a time, however many are wanted', async () => {
    let open = 0;
    let most = 0;
    for (const path of ['/1', '/2', '/3', '/4']) {
      site.routes.set(path, (response) => {
        most = Math.max(most, ++open);
        void gap(10).then(() => {
          open--;
          response.end('x');
        });
      });
    }
    await Promise.all(['/1', '/2', '/3', '/4'].map((path) => textOf(site.url + path)));
    expect(most).toBe(1);
  });

  it('asks a machine one thing at a time, by whichever port and spelling of its name', async () => {
    await fetcher.close();
    fetcher = makeFetcher({ resolve: async () => [parseIp('127.0.0.1')] });
    const other = await startOriginalSite();
    let open = 0;
    let most = 0;
    for (const each of [site, other]) {
      each.routes.set('/x', (response) => {
        most = Math.max(most, ++open);
        void gap(10).then(() => {
          open--;
          response.end('x');
        });
      });
    }
    const hosts = ['shop.test', 'SHOP.test', 'shop.test.'].flatMap((name) =>
      [site, other].map(({ port }) => `${name}:${port}`),
    );
    await Promise.all(hosts.map((host) => textOf(`http://${host}/x`)));
    await other.stop();
    expect({ most, requests: site.requests.filter(({ path }) => path === '/x').length }).toEqual({
      most: 1,
      requests: 3,
    });
  });

  it('keeps to robots.txt: to its rules for this crawler, and to its pause', async () => {
    site.routes.set(
      '/robots.txt',
      'User-agent: alias-tracker\nCrawl-delay: 3\nDisallow: /a\n\nUser-agent: *\nDisallow: /b',
    );
    await expect(textOf(`${site.url}/a`)).rejects.toThrow(/robots\.txt of .* forbids/);
    expect(await textOf(`${site.url}/b`)).toBe('B');
    expect(waits).toEqual([3_000]);
    expect(site.requests.map(({ path }) => path)).not.toContain('/a');
  });

  it('takes a robots.txt that fails on the server as a no', async () => {
    site.routes.set('/robots.txt', { status: 500 });
    await expect(textOf(`${site.url}/a`)).rejects.toThrow(ClientError);
  });

  it('asks again after the time that a busy site names, and gives up after a few tries', async () => {
    let tries = 0;
    site.routes.set('/busy', (response) => {
      if (++tries < 3) response.writeHead(tries === 1 ? 429 : 503, tries === 1 ? { 'retry-after': '9' } : {}).end();
      else response.end('at last');
    });
    expect(await textOf(`${site.url}/busy`)).toBe('at last');
    expect(waits).toContain(9_000);
    site.routes.set('/full', { status: 503 });
    await expect(textOf(`${site.url}/full`)).rejects.toMatchObject({
      code: 'refused-elsewhere',
      message: expect.stringContaining('503'),
    });
    expect(site.requests.filter(({ path }) => path === '/full')).toHaveLength(3);
    site.routes.set('/tomorrow', { status: 429, headers: { 'retry-after': '86400' } });
    await expect(textOf(`${site.url}/tomorrow`)).rejects.toMatchObject({
      code: 'refused-elsewhere',
      message: expect.stringContaining('429'),
    });
    expect(site.requests.filter(({ path }) => path === '/tomorrow')).toHaveLength(1);
  });

  it('asks only for what has changed', async () => {
    site.routes.set('/feed', (response, headers) => {
      if (headers['if-none-match'] === '"v1"' && headers['if-modified-since'] === 'then') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"v1"', 'last-modified': 'then' }).end('news');
    });
    const first = await fetcher.fetch(`${site.url}/feed`, request);
    expect(first).toMatchObject({ kind: 'fetched', etag: '"v1"', lastModified: 'then' });
    const again = await fetcher.fetch(`${site.url}/feed`, { ...request, etag: '"v1"', lastModified: 'then' });
    expect(again.kind).toBe('not-modified');
  });
});

describe('limits', () => {
  it('follows redirects, a few, and tells where it arrived', async () => {
    site.routes.set('/old', { status: 301, headers: { location: '/a' } });
    expect(await fetcher.fetch(`${site.url}/old`, request)).toMatchObject({ url: `${site.url}/a` });
    site.routes.set('/loop', { status: 302, headers: { location: '/loop' } });
    await expect(textOf(`${site.url}/loop`)).rejects.toThrow(/redirects more than 5 times/);
    site.routes.set('/out', { status: 302, headers: { location: 'file:///etc/passwd' } });
    await expect(textOf(`${site.url}/out`)).rejects.toThrow(/only http and https/);
  });

  it('reads no more than it was told to, also of an answer that never ends', async () => {
    site.routes.set('/big', 'x'.repeat(1_001));
    await expect(textOf(`${site.url}/big`)).rejects.toThrow(/more than 1000 bytes/);
    site.routes.set('/endless', (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000))) {}
        response.once('drain', more);
      };
      more();
    });
    await expect(textOf(`${site.url}/endless`)).rejects.toThrow(/more than 1000 bytes/);
    // 50 MB in 50 KB, and in a few bytes.
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    site.routes.set('/bomb', { body: bomb, headers: { 'content-encoding': 'gzip' } });
    await expect(textOf(`${site.url}/bomb`)).rejects.toThrow(/more than 1000 bytes/);
    site.routes.set('/nested', { body: gzipSync(bomb), headers: { 'content-encoding': 'gzip, gzip' } });
    await expect(textOf(`${site.url}/nested`)).rejects.toThrow(/more than 1000 bytes/);
  });

  it('does not wait for ever', async () => {
    await fetcher.close();
    fetcher = makeFetcher({ timeoutMs: 60 });
    site.routes.set('/slow', () => undefined);
    await expect(textOf(`${site.url}/slow`)).rejects.toThrow(/took longer than/);
  });

  it('stops when it is told to', async () => {
    site.routes.set('/slow', () => undefined);
    const stopping = new AbortController();
    const options = { ...request, signal: stopping.signal };
    const pending = expect(fetcher.fetch(`${site.url}/slow`, options)).rejects.toThrow('stopped');
    await eventually('the request', () => site.requests.some(({ path }) => path === '/slow'));
    stopping.abort(new Error('stopped'));
    await pending;
  });

  it('says what is wrong with a host that is not there', async () => {
    const { url } = site;
    await site.stop();
    await expect(textOf(`${url}/a`)).rejects.toThrow(/cannot be reached \(ECONNREFUSED\)/);
    await expect(textOf('not a url')).rejects.toThrow(/is not a URL/);
  });
});

describe('outside the lab', () => {
  const blockedReason = outboundRules({
    lab: false,
    ownNetworks: () => [parsePrefix('5.5.5.0/24')],
    ownAddresses: () => [],
    isOwnListener: () => false,
  });

  beforeEach(async () => {
    await fetcher.close();
    fetcher = makeFetcher({
      blockedReason,
      resolve: async (name) =>
        name === 'rebound.example'
          ? [parseIp('127.0.0.1')]
          : [
              parseIp('10.0.0.1'),
              parseIp('5.5.5.80'),
              parseIp('::ffff:127.0.0.1'),
              parseIp('64:ff9b::505:550'),
              parseIp('fe80::1'),
            ],
    });
  });

  it.each([
    'http://127.0.0.1:PORT/a',
    'http://0x7f.1:PORT/a',
    'http://[::1]:PORT/a',
    'http://[::ffff:127.0.0.1]:PORT/a',
    'http://169.254.169.254/latest',
    'http://rebound.example:PORT/a',
    'http://inside.example:PORT/a',
    'http://5.5.5.80:PORT/a',
    'http://[64:ff9b::505:550]:PORT/a',
    'http://[fe80::1]:PORT/a',
  ])('never connects to %s', async (url) => {
    await expect(textOf(url.replace('PORT', String(site.port)))).rejects.toThrow(
      /private or reserved address|own network/,
    );
    expect(site.requests).toEqual([]);
  });
});

describe('redirects', () => {
  it('are checked hop by hop: to a closed port of an open host, by address and by name', async () => {
    await fetcher.close();
    const inside = await startOriginalSite({ '/a': 'inside' });
    fetcher = makeFetcher({
      blockedReason: (_address, port) => (port === inside.port ? 'is closed' : undefined),
      resolve: async () => [parseIp('127.0.0.1')],
    });
    for (const host of ['127.0.0.1', 'inside.example', '[::ffff:127.0.0.1]', '2130706433']) {
      site.routes.set('/to', { status: 302, headers: { location: `http://${host}:${inside.port}/a` } });
      await expect(textOf(`${site.url}/to`)).rejects.toThrow(/is closed/);
    }
    site.routes.set('/to', { status: 302, headers: { location: `/${'a'.repeat(5_000)}` } });
    await expect(textOf(`${site.url}/to`)).rejects.toThrow(/a URL of .* has more than 4000 characters/);
    expect(inside.requests).toEqual([]);
    await inside.stop();
  });
});

describe('a redirect to a magnet link', () => {
  it('is handed back, whatever its host', async () => {
    const magnet = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=x`;
    site.routes.set('/1', { status: 302, headers: { location: '/2' } });
    site.routes.set('/2', { status: 301, headers: { location: magnet } });
    expect(await fetcher.fetch(`${site.url}/1`, request)).toEqual({ kind: 'magnet', magnet });
  });
});

describe('a site of the operator’s own', () => {
  const inside = outboundRules({
    lab: false,
    ownNetworks: () => [],
    ownAddresses: () => [],
    isOwnListener: () => false,
  });

  it('may have a private address and forbid robots, and no redirect leads from it to another one', async () => {
    await fetcher.close();
    const other = await startOriginalSite({ '/a': 'other' });
    fetcher = makeFetcher({ blockedReason: inside });
    site.routes.set('/robots.txt', 'User-agent: *\nDisallow: /');
    site.routes.set('/to', { status: 302, headers: { location: `${other.url}/a` } });
    const own = { ...request, allowPrivate: true, headers: { 'x-key': 'k' } };
    expect(await fetcher.fetch(`${site.url}/a`, own)).toMatchObject({ kind: 'fetched' });
    expect(site.requests.map(({ path, headers }) => [path, headers['x-key']])).toEqual([['/a', 'k']]);
    await expect(fetcher.fetch(`${site.url}/to`, own)).rejects.toThrow(/private or reserved/);
    await expect(fetcher.fetch(`${site.url}/a`, request)).rejects.toThrow(/private or reserved/);
    expect(other.requests).toEqual([]);
    await other.stop();
  });
});

describe('with names', () => {
  it('connects to the address that the given resolver tells, and keeps the name', async () => {
    await fetcher.close();
    fetcher = makeFetcher({ resolve: async () => [parseIp('127.0.0.1')] });
    expect(await textOf(`http://site.example:${site.port}/a`)).toBe('A');
    expect(site.requests[1]?.headers.host).toBe(`site.example:${site.port}`);
  });
});
