/** What a web page in an operator's browser can make of the remembered password, and what programs can still do. */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CONTROL_TOKEN,
  type ControlApiFixture,
  NORTH_TOKEN,
  northReport,
  startFixture,
} from './control-api-fixture.js';

const RELEASE = '/api/v1/probes/dp-north/release';
const PASSWORD = { authorization: `Basic ${Buffer.from(`me:${CONTROL_TOKEN}`).toString('base64')}` };
const BEARER = { authorization: `Bearer ${CONTROL_TOKEN}` };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let api: ControlApiFixture;
let host: string;
const start = async (openToLoopback = false) => {
  api = await startFixture({ openToLoopback: () => openToLoopback, names: ['tracker.isp.example'] });
  host = new URL(api.url).host;
  await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, json: northReport() });
};
beforeEach(() => start());
afterEach(() => api.stop());

/** With headers that `fetch` does not let through. */
function send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(api.url + path, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    call.on('error', reject).end(body);
  });
}

describe('a probe is not released', () => {
  test.each<[string, () => Record<string, string>]>([
    ['a page of another site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['a page of another port of this machine', () => ({ 'sec-fetch-site': 'same-site' })],
    ['a form of another site', () => ({ origin: 'http://evil.example', ...FORM })],
    ['a sandboxed page', () => ({ origin: 'null' })],
    ['another port', () => ({ origin: 'http://127.0.0.1:1' })],
    ['an old browser', () => ({ referer: 'http://evil.example/page' })],
    ['a browser that says nothing of where a form comes from', () => FORM],
    ['a text form', () => ({ 'content-type': 'text/plain;charset=UTF-8' })],
    ['a name that leads here (DNS rebinding)', () => ({ host: 'evil.example', origin: 'http://evil.example' })],
    ['the same without Origin', () => ({ host: 'evil.example' })],
    ['a name that looks like an address', () => ({ host: '127.0.0.1.evil.example' })],
    ['a name that begins like ours', () => ({ host: `localhost.evil.example:${host.split(':')[1]}` })],
  ])('by %s', async (_who, headers) => {
    expect([403, 415]).toContain(await send('POST', RELEASE, { ...PASSWORD, ...headers() }));
    await api.stop();
    await start(true);
    expect([401, 403, 415]).toContain(await send('POST', RELEASE, headers()));
    expect(api.service.densities(api.clock.now).size).toBe(1);
  });
});

describe('a probe is released', () => {
  test.each<[string, () => Record<string, string>]>([
    ['curl with the password', () => PASSWORD],
    ['curl with the token, whatever name it uses', () => ({ ...BEARER, host: 'proxy.isp.example', ...FORM })],
    ['a page of this site', () => ({ ...PASSWORD, 'sec-fetch-site': 'same-origin', origin: api.url })],
    ['a person who asks by hand', () => ({ ...PASSWORD, 'sec-fetch-site': 'none' })],
    [
      'a page under a configured name',
      () => ({ ...PASSWORD, host: 'tracker.isp.example', origin: 'https://tracker.isp.example' }),
    ],
    ['localhost', () => ({ ...PASSWORD, host: 'localhost:8090', origin: 'http://localhost:8090' })],
    ['an IPv6 address', () => ({ ...PASSWORD, host: '[::1]:8090', origin: 'http://[::1]:8090' })],
  ])('by %s', async (_who, headers) => {
    expect(await send('POST', RELEASE, headers())).toBe(200);
  });

  test('by a program on this machine where no token is set', async () => {
    await api.stop();
    await start(true);
    expect(await send('POST', RELEASE, {})).toBe(200);
  });
});

test('reports of other sites are refused, those of probes and nodes need none of these headers', async () => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${NORTH_TOKEN}` };
  const report = JSON.stringify(northReport({ sequence: 18 }));
  expect(await send('POST', '/api/v1/density', { ...headers, origin: 'http://evil.example' }, report)).toBe(403);
  expect(await send('POST', '/api/v1/density', { ...headers, host: 'any.name' }, report)).toBe(202);
  const node = { 'content-type': 'application/json' };
  expect(await send('POST', '/api/v1/capability', { ...node, origin: 'http://evil.example' }, '{}')).toBe(403);
  const rebound = { ...node, host: 'evil.example', origin: 'http://evil.example' };
  expect(await send('POST', '/api/v1/capability', rebound, '{}')).toBe(403);
  expect(await send('POST', '/api/v1/capability', node, '{}')).toBe(202);
});

test.each(['/', '/login', '/api/v1/probes', '/metrics', '/healthz', '/nothing', '/api/v1/openapi.json'])(
  '%s has the headers that keep a page from using it',
  async (path) => {
    const { headers } = await api.call('GET', path, { token: CONTROL_TOKEN });
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    // With no-referrer, browsers would send our own forms with `Origin: null`.
    const isPage = path === '/' || path === '/login';
    expect(headers.get('referrer-policy')).toBe(isPage ? 'same-origin' : 'no-referrer');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  },
);
