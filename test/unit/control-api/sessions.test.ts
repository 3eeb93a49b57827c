/** Logging in with a browser: what the session may do, how it ends, and what other sites and strangers cannot do with it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as requestOverTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_SESSIONS, SESSION_IDLE_MS, SESSION_LIFETIME_MS } from '../../../src/control-api/limits.js';
import { localPath } from '../../../src/control-api/local-path.js';
import { Sessions } from '../../../src/control-api/sessions.js';
import { sha256Hex } from '../../../src/control-api/token-directory.js';
import { ClientError } from '../../../src/domain/errors.js';
import { makeCertificate } from '../../support/certificates.js';
import { requireProgram } from '../../support/real-program.js';
import {
  CONTROL_TOKEN,
  type ControlApiFixture,
  NORTH_TOKEN,
  northReport,
  startFixture,
  VIEWER_TOKEN,
} from './control-api-fixture.js';

const openssl = requireProgram('openssl');
const HTML = { accept: 'text/html,application/xhtml+xml' };
const RELEASE = '/do/release';

let api: ControlApiFixture;
beforeEach(async () => {
  api = await startFixture();
});
afterEach(async () => {
  expect(api.defects).toEqual([]);
  await api.stop();
});

interface Reply {
  readonly status: number;
  readonly location: string | null;
  readonly cookie: string | null;
  readonly text: string;
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  form?: Record<string, string>,
): Promise<Reply> {
  const response = await fetch(api.url + path, {
    method,
    redirect: 'manual',
    headers: { ...HTML, ...(form === undefined ? {} : { origin: api.url }), ...headers },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  });
  const { status } = response;
  return {
    status,
    location: response.headers.get('location'),
    cookie: response.headers.get('set-cookie'),
    text: await response.text(),
  };
}

const login = (token: string, next = '/', headers: Record<string, string> = {}): Promise<Reply> =>
  send('POST', '/login', headers, { token, next });

async function cookieOf(token: string): Promise<{ cookie: string }> {
  const { cookie } = await login(token);
  return { cookie: cookie!.split(';')[0]! };
}

async function formTokenOf(headers: Record<string, string>): Promise<string> {
  const { text } = await send('GET', '/', headers);
  return /name="csrf" value="([^"]+)"/.exec(text)![1]!;
}

describe('a browser', () => {
  test('without a session is sent to the login page and back to where it wanted to go', async () => {
    expect(await send('GET', '/?range=7d')).toMatchObject({ status: 303, location: '/login?next=%2F%3Frange%3D7d' });
    expect((await send('GET', '/login?next=%2F%3Frange%3D7d')).text).toContain('name="next" value="/?range=7d"');
    const { status, location, cookie } = await login(CONTROL_TOKEN, '/?range=7d');
    expect([status, location]).toEqual([303, '/?range=7d']);
    expect(cookie).toMatch(/^alias_tracker_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const page = await send('GET', '/?range=7d', { cookie: cookie!.split(';')[0]! });
    expect(page.status).toBe(200);
    expect(page.text).toContain('Log out');
  });

  test('gets a page for an address where nothing is, and a program a document', async () => {
    const page = await send('GET', '/bogus');
    expect(page).toMatchObject({ status: 404, text: expect.stringContaining('<h1>Not found</h1>') });
    const { status, headers } = await api.call('GET', '/bogus');
    expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  });

  test('gets a page that says what a call has refused', async () => {
    const refusing = (): never => {
      throw new ClientError('unprocessable', 'the list has the largest swarms only');
    };
    await api.stop();
    api = await startFixture({ tracker: { explain: refusing, swarms: refusing, swarm: refusing } });
    const headers = await cookieOf(VIEWER_TOKEN);
    const { status, text } = await send('GET', '/torrents?show=announced', headers);
    expect([status, text]).toEqual([422, expect.stringContaining('<p>the list has the largest swarms only</p>')]);
  });

  test('is sent to no other site', async () => {
    for (const next of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/.//evil.example',
      'javascript:alert(1)',
    ]) {
      expect((await login(CONTROL_TOKEN, next)).location, next).toBe('/');
    }
    expect(localPath('/torrents?q=a%26b')).toBe('/torrents?q=a%26b');
    expect(localPath('/a/../b')).toBe('/b');
  });

  test('that follows a link of another site does not lose its session, because its cookie comes with the second request', async () => {
    const { location } = await send('GET', '/', { 'sec-fetch-site': 'cross-site' });
    expect(location).toBe('/login?next=%2F&from=elsewhere');
    expect((await send('GET', location!)).text).toContain('<meta http-equiv="refresh" content="0;url=/">');
  });

  test('of a viewer sees pages and changes nothing', async () => {
    const viewer = await cookieOf(VIEWER_TOKEN);
    expect((await send('GET', '/', viewer)).text).toContain('(viewer)');
    const csrf = await formTokenOf(viewer);
    expect((await send('POST', RELEASE, viewer, { csrf, probe: 'dp-north' })).status).toBe(403);
    expect((await api.call('POST', '/api/v1/probes/dp-north/release', { headers: viewer })).status).toBe(403);
    expect((await api.call('GET', '/api/v1/probes', { headers: viewer })).status).toBe(200);
  });

  test('gets no session for the token of a probe, or for a wrong one', async () => {
    expect(await login(NORTH_TOKEN)).toMatchObject({ status: 403, cookie: null });
    expect(await login('guess')).toMatchObject({ status: 401, cookie: null });
    expect((await login('guess')).text).toContain('invalid or revoked');
  });

  test('cannot guess tokens quickly', async () => {
    for (let n = 0; n < 10; n++) expect((await api.call('GET', '/metrics', { token: `guess-${n}` })).status).toBe(401);
    expect(await login(CONTROL_TOKEN)).toMatchObject({ status: 429, cookie: null });
    expect(api.wrong.length).toBeGreaterThan(0);
  });
});

describe('a session', () => {
  test('gets an id that nobody knew before, whatever the browser sent (session fixation)', async () => {
    const planted = { cookie: `alias_tracker_session=${'A'.repeat(43)}` };
    const { cookie } = await login(CONTROL_TOKEN, '/', planted);
    expect(cookie).not.toContain('A'.repeat(43));
    expect((await send('GET', '/', planted)).status).toBe(303);
    const first = { cookie: cookie!.split(';')[0]! };
    const second = await login(VIEWER_TOKEN, '/', first);
    expect(second.cookie).not.toBe(cookie);
    expect((await send('GET', '/', first)).status, 'the session before has ended').toBe(303);
  });

  test('is ended by logging out, for whoever copied the cookie, too', async () => {
    const session = await cookieOf(CONTROL_TOKEN);
    const csrf = await formTokenOf(session);
    const { status, cookie, location } = await send('POST', '/logout', session, { csrf });
    expect([status, location]).toEqual([303, '/login']);
    expect(cookie).toContain('Max-Age=0');
    expect((await send('GET', '/', session)).status).toBe(303);
  });

  test('ends with its token', async () => {
    api.tokens.add({
      tokenId: 't',
      kind: 'control',
      subject: 'alice',
      subdomains: [],
      tokenSha256: sha256Hex('made'),
      createdMs: 1,
      revokedMs: null,
    });
    api.directory.reload();
    const session = await cookieOf('made');
    expect((await send('GET', '/', session)).text).toContain('alice');
    api.tokens.revoke('t', 2);
    api.directory.reload();
    expect((await send('GET', '/', session)).status).toBe(303);
    expect((await api.call('GET', '/api/v1/probes', { headers: session })).status).toBe(401);
  });

  test('ends when nobody uses it, and in any case after a week', async () => {
    const session = await cookieOf(CONTROL_TOKEN);
    const start = api.clock.now;
    for (; api.clock.now - start < SESSION_LIFETIME_MS; api.clock.now += SESSION_IDLE_MS / 2) {
      expect((await send('GET', '/', session)).status).toBe(200);
    }
    expect((await send('GET', '/', session)).status).toBe(303);
    const next = await cookieOf(CONTROL_TOKEN);
    api.clock.now += SESSION_IDLE_MS;
    expect((await send('GET', '/', next)).status).toBe(303);
  });

  test('is one of a bounded number', () => {
    const principal = { kind: 'operator', name: 'x', key: 'k' } as const;
    const sessions = new Sessions({ byKey: () => principal });
    const first = sessions.start(principal, 0);
    for (let n = 0; n < MAX_SESSIONS; n++) sessions.start(principal, 0);
    expect(sessions.size).toBe(MAX_SESSIONS);
    expect(sessions.find(first, 0, true)).toBeUndefined();
  });

  test('of two cookies with the name is that of nobody', async () => {
    const { cookie } = await cookieOf(CONTROL_TOKEN);
    expect((await send('GET', '/', { cookie: `${cookie}; ${cookie}` })).status).toBe(303);
  });
});

describe('a form', () => {
  const fields = { probe: 'dp-north', back: '/?range=1h' };
  beforeEach(() => api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, json: northReport() }));

  test('of a page of the session is accepted, and leads back', async () => {
    const session = await cookieOf(CONTROL_TOKEN);
    const csrf = await formTokenOf(session);
    const { status, location } = await send('POST', RELEASE, session, { ...fields, csrf });
    expect([status, location]).toEqual([303, '/?range=1h&done=release']);
    expect((await send('GET', location!, session)).text).toContain('Released');
  });

  test.each<[string, Record<string, string>]>([
    ['from another site', { origin: 'https://evil.example' }],
    ['from another site, by its fetch metadata', { 'sec-fetch-site': 'cross-site' }],
    ['from another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['from a sandboxed page', { origin: 'null' }],
  ])('%s is refused with the session and its form token', async (_what, headers) => {
    const session = await cookieOf(CONTROL_TOKEN);
    const csrf = await formTokenOf(session);
    expect((await send('POST', RELEASE, { ...session, ...headers }, { ...fields, csrf })).status).toBe(403);
    expect((await send('POST', '/login', headers, { token: CONTROL_TOKEN })).status).toBe(403);
  });

  test('without its token, or with that of another session, is refused', async () => {
    const session = await cookieOf(CONTROL_TOKEN);
    expect((await send('POST', RELEASE, session, fields)).status).toBe(403);
    const csrf = await formTokenOf(await cookieOf(CONTROL_TOKEN));
    expect((await send('POST', RELEASE, session, { ...fields, csrf })).status).toBe(403);
    expect((await send('POST', '/logout', session, { csrf })).status).toBe(403);
  });

  test('of a browser without a session leads to the login page', async () => {
    expect(await send('POST', RELEASE, {}, fields)).toMatchObject({ status: 303, location: '/login?next=%2F' });
  });

  test('of more than a few kilobytes is not read', async () => {
    const session = await cookieOf(CONTROL_TOKEN);
    expect((await send('POST', RELEASE, session, { csrf: 'x'.repeat(20_000) })).status).toBe(413);
  });
});

describe('where no token is set', () => {
  test('this machine sees the pages without a login, and its forms have a token as well', async () => {
    await api.stop();
    api = await startFixture({ openToLoopback: () => true });
    await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, json: northReport() });
    expect((await send('GET', '/')).text).not.toContain('Log out');
    expect((await send('POST', RELEASE, {}, { probe: 'dp-north' })).status).toBe(403);
  });
});

describe.skipIf(openssl === undefined)('over HTTPS', () => {
  test('the cookie goes to this host over HTTPS only', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-sessions-'));
    const { certificate, key } = makeCertificate(directory, 'control', ['localhost']);
    const [cert, secret] = [readFileSync(certificate), readFileSync(key)];
    const secure = await startFixture({ serverTls: { cert, key: secret } });
    const { port } = new URL(secure.url);
    const cookie = await new Promise<string>((resolve, reject) => {
      const url = `https://127.0.0.1:${port}/login`;
      const headers = {
        ...HTML,
        origin: `https://127.0.0.1:${port}`,
        'content-type': 'application/x-www-form-urlencoded',
      };
      const call = requestOverTls(url, { method: 'POST', ca: cert, servername: 'localhost', headers }, (response) => {
        response.resume();
        resolve(String(response.headers['set-cookie']));
      });
      call.on('error', reject).end(new URLSearchParams({ token: CONTROL_TOKEN }).toString());
    });
    expect(cookie).toMatch(
      /^__Host-alias_tracker_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
    );
    await secure.stop();
    rmSync(directory, { recursive: true });
  });
});
