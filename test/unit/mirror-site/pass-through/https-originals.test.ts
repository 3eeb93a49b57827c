/** Originals that answer over https only, while the reader comes over http: no loop, no dead end, and the operator is told. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { makeCertificate } from '../../../support/certificates.js';
import { type Got, type Sent, send } from '../../../support/raw-http.js';
import { requireProgram } from '../../../support/real-program.js';
import { SITE, type StandIn, type StandInOptions, startStandIn, startTlsOriginal } from '../../../support/stand-in.js';

const openssl = requireProgram('openssl');
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-originals-'));
let tls: { readonly key: string; readonly cert: string };

const stops: (() => Promise<unknown>)[] = [];
let standIn: StandIn;
let httpsPort: number;
/** `scheme path` of each request. */
const seen: string[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  seen.length = 0;
});

/** @param http answers over http; by default it sends readers to the same address over https */
async function start(https: RequestListener, http?: RequestListener, options: StandInOptions = {}): Promise<void> {
  const secure = await startTlsOriginal((request, response) => {
    seen.push(`https ${request.url}`);
    https(request, response);
  }, tls);
  stops.push(secure.stop);
  httpsPort = secure.port;
  const toHttps: RequestListener = (request, response) =>
    response.writeHead(301, { Location: `https://${SITE}:${httpsPort}${request.url}` }).end();
  const plain = createServer((request, response) => {
    seen.push(`http ${request.url}`);
    (http ?? toHttps)(request, response);
  });
  standIn = await startStandIn(plain, {
    ...options,
    passThrough: { httpsPort, authorities: tls.cert, ...options.passThrough },
  });
  stops.push(() => standIn.stop());
}
const get = (path: string, sent: Sent = {}): Promise<Got> => send(standIn.url, standIn.host, path, sent);

describe.skipIf(openssl === undefined)('an original over https', () => {
  beforeAll(() => {
    const made = makeCertificate(directory, 'forum', [SITE]);
    tls = { key: readFileSync(made.key, 'utf8'), cert: readFileSync(made.certificate, 'utf8') };
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('the mirror speaks https to it; its readers stay here, can log in, and the operator is told once', async () => {
    await start((request, response) => {
      const own = `https://${SITE}:${httpsPort}`;
      response.writeHead(302, {
        Location: `${own}/next`,
        'Set-Cookie': ['s=1; Path=/; Secure; HttpOnly', 't=2; SameSite=None; Secure'],
        'Strict-Transport-Security': 'max-age=31536000',
        'Content-Security-Policy': "default-src 'self'; upgrade-insecure-requests",
        Refresh: `5; url=${own}/next`,
        'Content-Type': 'text/html',
        'X-Origin': String(request.headers.origin),
        'X-Referer': String(request.headers.referer),
        'X-Host': String(request.headers.host),
      });
      response.end(`<a href="${own}/a"><a href="https://other.example/b"><p>${own}/c</p>`);
    });
    const headers = { Origin: `http://${'HOST'}`, Referer: 'x' };
    for (const path of ['/login?a=b', '/again']) {
      headers.Origin = `http://${standIn.host}`;
      headers.Referer = `http://${standIn.host}/from`;
      const got = await get(path, { headers });
      const here = `http://${standIn.host}`;
      expect(got.status).toBe(302);
      expect(got.headers).toMatchObject({
        location: `${here}/next`,
        refresh: `5; url=${here}/next`,
        'set-cookie': ['s=1; Path=/; HttpOnly', 't=2'],
        'content-security-policy': "default-src 'self'",
        'x-origin': `https://${SITE}:${httpsPort}`,
        'x-referer': `https://${SITE}:${httpsPort}/from`,
        'x-host': `${SITE}:${httpsPort}`,
      });
      expect(got.headers['strict-transport-security']).toBeUndefined();
      expect(got.text).toBe(
        `<a href="${here}/a"><a href="https://other.example/b"><p>https://${SITE}:${httpsPort}/c</p>`,
      );
    }
    // The second request knows.
    expect(seen).toEqual(['http /login?a=b', 'https /login?a=b', 'https /again']);
    expect(standIn.passThrough.health.alarms([SITE]).map(alarmLine)).toEqual([
      expect.stringContaining('forum.example has only HTTPS'),
    ]);
    expect(standIn.log).toHaveLength(1);
  });

  test('a form that is sent to http is led on to http', async () => {
    await start((_, response) => response.end('done'));
    const got = await get('/form', { method: 'POST', body: 'x' });
    expect([got.status, got.headers.location]).toEqual([301, `http://${standIn.host}/form`]);
    expect((await get('/form')).text).toBe('done');
    expect(seen).toEqual(['http /form', 'https /form']);
  });

  test('a site that is http for some pages and https for others does not loop', async () => {
    await start(
      (request, response) => {
        if (request.url === '/login') response.end('secure');
        else response.writeHead(302, { Location: `http://${standIn.host}${request.url}` }).end();
      },
      (request, response) => {
        if (request.url === '/login') response.writeHead(302, { Location: `https://${SITE}:${httpsPort}/login` }).end();
        else response.end('plain');
      },
    );
    for (let n = 0; n < 3; n++) {
      expect((await get('/')).text).toBe('plain');
      expect((await get('/login')).text).toBe('secure');
    }
  });

  test('a site whose two schemes send to each other is a redirect to itself, as directly, and not more', async () => {
    await start((request, response) =>
      response.writeHead(302, { Location: `http://${standIn.host}${request.url}` }).end(),
    );
    const got = await get('/');
    expect([got.status, got.headers.location]).toEqual([302, `http://${standIn.host}/`]);
    expect(seen).toEqual(['http /', 'https /']);
  });

  test('where the mirror has a certificate for the name, the reader goes to https as the site says', async () => {
    await start((_, response) => response.end('x'), undefined, {
      passThrough: { servesHttps: (host) => host === SITE },
    });
    const got = await get('/');
    expect([got.status, got.headers.location]).toEqual([301, `https://${SITE}:${httpsPort}/`]);
    expect(seen).toEqual(['http /']);
  });

  test('with a certificate of an unknown authority is not trusted', async () => {
    await start((_, response) => response.end('x'), undefined, { passThrough: { authorities: undefined } });
    expect((await get('/')).status).toBe(502);
    expect(seen).toEqual(['http /']);
  });
});
