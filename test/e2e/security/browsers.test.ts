/** docs/security.md, browsers and guesses: what another site's page, an old bookmark or somebody who tries can do. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '../../../src/control-api/request-signature.js';
import { ServeProcess } from '../../support/serve-process.js';
import {
  CONTROL_PORT,
  CONTROL_TOKEN,
  call,
  customer,
  exchange,
  MACHINE,
  NORTH_TOKEN,
  operatorConfig,
  operatorNetwork,
  stranger,
} from './operator-network.js';

const network = await operatorNetwork();
const HERE = `${MACHINE}:${CONTROL_PORT}`;
const RELEASE = '/api/v1/probes/dp-north/release';
/** As a browser sends the remembered password by itself. */
const REMEMBERED = `Basic ${Buffer.from(`operator:${CONTROL_TOKEN}`).toString('base64')}`;

describe.skipIf(network === undefined)('browsers and guesses', () => {
  let serve: ServeProcess;

  beforeAll(async () => {
    serve = new ServeProcess(operatorConfig({ control: { names: ['control.operator.example'] } }));
    await serve.start();
    const periodStart = new Date(Date.now() - 61_000).toISOString();
    const subdomains = [{ id: 'north', bytes: 600_000, users: 10 }];
    const body = { probe: 'dp-north', sequence: 1, periodStart, periodSeconds: 60, subdomains };
    expect((await call('/api/v1/density', { token: NORTH_TOKEN, body })).status).toBe(202);
  });
  afterAll(async () => {
    await serve.close();
    network!.leave();
  });

  /** A request that changes something, from the operator's browser. */
  const release = (headers: Record<string, string>) =>
    call(RELEASE, { method: 'POST', headers: { authorization: REMEMBERED, 'content-length': '0', ...headers } });

  it.each<[string, Record<string, string>]>([
    ['a form of another site', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a form of another site, in a browser without Sec-Fetch-Site', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: `http://${MACHINE}:8080`, 'sec-fetch-site': 'same-site' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a link of another site', { referer: 'http://evil.example/page', 'sec-fetch-site': 'cross-site' }],
    ['a name that its owner lets point here', { host: `evil.example:${CONTROL_PORT}` }],
    ['such a name with this machine’s in it', { host: `${MACHINE}.evil.example:${CONTROL_PORT}` }],
    ['a plain form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text, as a form may send it', { 'content-type': 'text/plain', origin: 'http://evil.example' }],
  ])('%s changes nothing, although the browser adds the password', async (_what, headers) => {
    const { status } = await release(headers);
    expect([401, 403, 415, 421]).toContain(status);
  });

  it('the dashboard itself, and programs, do', async () => {
    expect((await release({ origin: `http://${HERE}`, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    const named = 'control.operator.example';
    expect((await release({ host: named, origin: `http://${named}`, 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    );
    expect((await call(RELEASE, { method: 'POST', token: CONTROL_TOKEN })).status).toBe(200);
  });

  it('no page may frame or script an answer', async () => {
    for (const path of ['/overview', '/api/v1/probes', '/nothing', '/healthz', '/api/v1/openapi.json']) {
      const head = `GET ${path} HTTP/1.1\r\nHost: ${HERE}\r\nAuthorization: ${REMEMBERED}\r\nConnection: close\r\n\r\n`;
      const answer = await exchange(MACHINE, head, CONTROL_PORT);
      const policy = /\r\ncontent-security-policy: ([^\r\n]+)/i.exec(answer)?.[1] ?? '';
      expect(policy, path).toMatch(/frame-ancestors 'none'/);
      expect(policy, path).toMatch(/default-src 'none'/);
      expect(policy, path).not.toMatch(/unsafe-inline|\*/);
    }
  });

  it('an unauthenticated caller costs a few kilobytes of a body', async () => {
    const json = JSON.stringify({ pad: 'x'.repeat(100_000) });
    const head = (headers: string): string =>
      `POST /api/v1/density HTTP/1.1\r\nHost: ${HERE}\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n${headers}\r\n`;
    const unproven = [
      '',
      'X-Alias-Probe: dp-north\r\n',
      `X-Alias-Probe: dp-north\r\nX-Alias-Signature: t=${Math.floor(Date.now() / 1_000)},n=abcdefgh,v2=${'0'.repeat(64)}\r\n`,
      'Authorization: Bearer guessed-secret-token-0002\r\n',
      'Expect: 100-continue\r\n',
    ];
    for (const headers of unproven) {
      // Only the head is sent: it alone brings the refusal.
      const answer = await exchange(stranger(1), head(headers), CONTROL_PORT);
      expect(answer, headers).toMatch(/^HTTP\/1\.1 4\d\d/);
      expect(answer, headers).not.toMatch(/^HTTP\/1\.1 100/);
    }
    expect(
      (await exchange(customer(1), head('').replace('density', 'capability') + json, CONTROL_PORT)).slice(0, 12),
    ).toBe('HTTP/1.1 413');
  });

  it('a guess is slowed down, and the holder of the token is not', async () => {
    const guesser = stranger(50);
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) {
      statuses.push((await call('/api/v1/swarms', { from: guesser, token: `guessed-secret-token-${n}` })).status);
    }
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(12);
    expect(statuses.at(-1)).toBe(429);
    expect((await call('/api/v1/swarms', { token: CONTROL_TOKEN })).status).toBe(200);
    // Right or wrong: a caller who guesses does not learn it now.
    expect((await call('/api/v1/swarms', { from: guesser, token: CONTROL_TOKEN })).status).toBe(429);
    expect(serve.output).toContain(guesser);
    expect(serve.output).not.toContain('guessed-secret-token');
  });

  it('a signature counts once, for its method, path and body, and for a few minutes', async () => {
    let sequence = 100;
    const report = (): string => {
      const periodStart = new Date(Date.now() - 61_000).toISOString();
      const subdomains = [{ id: 'north', bytes: 600_000, users: 10 }];
      return JSON.stringify({ probe: 'dp-north', sequence: ++sequence, periodStart, periodSeconds: 60, subdomains });
    };
    const send = (path: string, json: string, headers: Record<string, string>): Promise<string> => {
      const all = { Host: HERE, Connection: 'close', 'Content-Type': 'application/json', ...headers };
      const lines = Object.entries({ ...all, 'Content-Length': String(json.length) });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      return exchange(stranger(60), `POST ${path} HTTP/1.1\r\n${head}\r\n${json}`, CONTROL_PORT).then((text) =>
        text.slice(9, 12),
      );
    };
    const path = '/api/v1/density';
    const body = report();
    const good = signed('POST', path, body);
    expect(await send(path, body, good)).toBe('202');
    expect(await send(path, body, good), 'again').toBe('401');
    const other = report();
    expect(await send('/api/v1/users', other, signed('POST', path, other)), 'another path').toBe('401');
    expect(await send(path, report(), signed('POST', path, other)), 'another body').toBe('400');
    const old = report();
    expect(await send(path, old, signed('POST', path, old, 3_600)), 'an hour old').toBe('401');
  });
});

/** As a probe signs that has the token. */
function signed(method: string, path: string, body: string, secondsAgo = 0): Record<string, string> {
  const key = createHash('sha256').update(NORTH_TOKEN).digest('hex');
  const request = { method, path, probe: 'dp-north', body };
  return signRequest(key, request, Date.now() - secondsAgo * 1_000, randomUUID());
}
