/** The ways by which a probe proves who it is: tokens that come and go, signatures, client certificates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { Agent, request as requestOverTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createControlApi } from '../../../src/control-api/control-api.js';
import { startControlServer } from '../../../src/control-api/control-server.js';
import { GuessGuard } from '../../../src/control-api/guess-guard.js';
import { signRequest } from '../../../src/control-api/request-signature.js';
import { sha256Hex, TokenDirectory } from '../../../src/control-api/token-directory.js';
import { reportRoutes } from '../../../src/reports/api/report-routes.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';
import { requireProgram } from '../../support/real-program.js';
import {
  CONTROL_TOKEN,
  type ControlApiFixture,
  NORTH_TOKEN,
  northReport,
  startFixture,
} from './control-api-fixture.js';

let api: ControlApiFixture;
beforeEach(async () => {
  api = await startFixture();
});
afterEach(async () => {
  await api.stop();
});

describe('a signed report', () => {
  const body = JSON.stringify(northReport());
  const post = (headers: Record<string, string>, sent = body) =>
    api.call('POST', '/api/v1/density', { body: sent, headers: { 'content-type': 'application/json', ...headers } });
  let nonces = 0;
  const signed = (token = NORTH_TOKEN, nowMs = api.clock.now, path = '/api/v1/density', probe = 'dp-north') =>
    signRequest(sha256Hex(token), { method: 'POST', path, probe, body }, nowMs, `nonce-${100 + nonces++}`);

  test('needs no token, and is good once', async () => {
    const headers = signed();
    expect((await post(headers)).status).toBe(202);
    expect(await post(headers)).toMatchObject({ status: 401, json: { field: 'x-alias-signature' } });
  });

  test('is signed as it is sent, compressed or not', async () => {
    const zipped = new Uint8Array(gzipSync(body));
    const path = '/api/v1/density';
    const request = { method: 'POST', path, probe: 'dp-north', body: zipped };
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      ...signRequest(sha256Hex(NORTH_TOKEN), request, api.clock.now, 'nonce-zipped'),
    };
    expect((await api.call('POST', path, { body: zipped, headers })).status).toBe(202);
  });

  test('beside a token is checked as well', async () => {
    const headers = { authorization: `Bearer ${NORTH_TOKEN}` };
    expect((await post({ ...headers, ...signed('another') })).status).toBe(401);
    expect((await post({ ...headers, ...signed() })).status).toBe(202);
  });

  test.each([
    ['the key of another', () => signed('both-token')],
    ['an old time', () => signed(NORTH_TOKEN, api.clock.now - 600_000)],
    ['another path', () => signed(NORTH_TOKEN, api.clock.now, '/api/v1/users')],
    ['a probe that is not known', () => ({ ...signed(), 'x-alias-probe': 'nobody' })],
    ['another known probe', () => ({ ...signed(), 'x-alias-probe': 'dp-both' })],
    ['a signature of another form', () => ({ ...signed(), 'x-alias-signature': 'abc' })],
  ])('with %s is 401 and changes nothing', async (_what, headers) => {
    expect((await post(headers())).status).toBe(401);
    expect(api.service.densities(api.clock.now).size).toBe(0);
  });

  test('of another body changes nothing', async () => {
    expect(await post(signed(), body.replace('4210', '4211'))).toMatchObject({
      status: 400,
      json: { field: 'content-digest' },
    });
    expect(api.service.densities(api.clock.now).size).toBe(0);
  });
});

describe('work comes after proof', () => {
  /** Sends a header section and then, while nothing is answered, a body without end. @returns what came and went */
  function flood(head: string): Promise<{ answer: string; sentBytes: number }> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      let answer = '';
      let sentBytes = 0;
      const end = (): void => {
        clearInterval(timer);
        socket.destroy();
        resolve({ answer, sentBytes });
      };
      // A little at a time, so that what is sent is not far ahead of what is read.
      const timer = setInterval(() => {
        if (answer === '') sentBytes += 512;
        if (answer === '') socket.write(`200\r\n${' '.repeat(512)}\r\n`);
      }, 5);
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
        if (answer.includes('\r\n\r\n')) end();
      });
      socket.on('error', end).on('close', end);
      socket.write(
        `POST ${head}\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n`,
      );
    });
  }

  test.each([
    [
      'a name and a wrong signature',
      `/api/v1/density HTTP/1.1\r\nX-Alias-Probe: dp-north\r\nX-Alias-Signature: t=1,n=12345678,v2=${'0'.repeat(64)}`,
      '401',
    ],
    ['a wrong token', '/api/v1/density HTTP/1.1\r\nAuthorization: Bearer nobody', '401'],
    ['nothing', '/api/v1/density HTTP/1.1', '401'],
  ])('with %s the body is not read', async (_what, head, status) => {
    const { answer, sentBytes } = await flood(head);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(sentBytes).toBeLessThanOrEqual(4_096);
  });

  test('a node without a token costs 4 KiB, also where they decompress to nothing', async () => {
    const { answer, sentBytes } = await flood('/api/v1/capability HTTP/1.1');
    expect(answer).toContain('HTTP/1.1 413');
    expect(sentBytes).toBeLessThan(32_768);
    const gzipped = await flood('/api/v1/capability HTTP/1.1\r\nContent-Encoding: gzip');
    expect(gzipped.answer).toContain('HTTP/1.1 413');
    const bomb = new Uint8Array(gzipSync(' '.repeat(1e6)));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await api.call('POST', '/api/v1/capability', { body: bomb, headers })).status).toBe(413);
  });

  test('who asks before sending is told to go on only where the body is wanted', async () => {
    const ask = (token: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const call = request(`${api.url}/api/v1/density`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', expect: '100-continue' },
        });
        call.on('continue', () => call.end(JSON.stringify(northReport())));
        call.on('response', (response) => resolve(`${response.statusCode}`));
        call.on('error', reject);
        call.flushHeaders();
      });
    expect(await ask('nobody')).toBe('401');
    expect(await ask(NORTH_TOKEN)).toBe('202');
  });
});

describe('guessed credentials', () => {
  const post = (headers: Record<string, string>) =>
    api.call('POST', '/api/v1/users', { json: { subdomains: [{ id: 'north', users: 1 }] }, headers });
  const withToken = (token: string) => ({ authorization: `Bearer ${token}` });

  test('are slowed down and reported, the right ones of a known address are not', async () => {
    expect((await post(withToken(NORTH_TOKEN))).status).toBe(202);
    const statuses: number[] = [];
    for (let n = 0; n < 20; n++) statuses.push((await post(withToken(`guess-${n}`))).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.at(-1)).toBe(429);
    expect(await post(withToken('both-token')), 'right, but not looked at').toMatchObject({ status: 429 });
    expect((await post(withToken(NORTH_TOKEN))).status).toBe(202);
    expect(api.wrong).toEqual([{ address: '127.0.0.1', kind: 'token', probe: undefined }]);
    expect((await api.call('GET', '/metrics', { token: CONTROL_TOKEN })).status, 'of another token').toBe(429);
    api.clock.now += 10_000;
    expect((await post(withToken('both-token'))).status).toBe(202);
    const metrics = await api.call('GET', '/metrics', { token: CONTROL_TOKEN });
    expect(metrics.text).toContain('alias_tracker_control_wrong_credentials_total{kind="token"} 10');
  });

  test('in the name of a probe count for the probe, too', () => {
    const guard = new GuessGuard(() => undefined);
    const attempt = (n: number) => ({ address: `192.0.2.${n}`, credential: 'signature dp', probe: 'dp' });
    guard.right(attempt(1));
    for (let n = 2; n < 12; n++) {
      guard.admit(attempt(n), 0);
      guard.wrong(attempt(n), 'signature', 0);
    }
    expect(() => guard.admit(attempt(20), 0)).toThrow('wrong credentials');
    expect(() => guard.admit(attempt(1), 0)).not.toThrow();
    expect(() => guard.admit({ address: '192.0.2.20', credential: 'x' }, 0)).not.toThrow();
  });

  test('of one address in the name of a probe make no other address wait', () => {
    // As after a restart: nobody was right yet.
    const guard = new GuessGuard(() => undefined);
    const guesser = { address: '192.0.2.1', credential: 'signature dp', probe: 'dp' };
    const probe = { ...guesser, address: '192.0.2.2' };
    let refused = 0;
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 3_000) {
      try {
        guard.admit(guesser, nowMs);
        guard.wrong(guesser, 'signature', nowMs);
      } catch {
        refused++;
      }
      expect(() => guard.admit(probe, nowMs)).not.toThrow();
    }
    expect(refused).toBeGreaterThan(0);
  });

  test('of one IPv6 /64 are those of one caller', () => {
    const guard = new GuessGuard(() => undefined);
    const attempt = (host: string) => ({ address: `2001:db8:0:1${host}`, credential: 'x' });
    for (let n = 1; n <= 10; n++) guard.wrong(attempt(`::${n}`), 'token', 0);
    expect(() => guard.admit(attempt(':a:b:c:d'), 0)).toThrow('wrong credentials');
    expect(() => guard.admit({ address: '2001:db8:0:2::1', credential: 'x' }, 0)).not.toThrow();
  });
});

describe('a token of the database', () => {
  test('counts from the moment another process makes it until it is revoked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alias-tracker-tokens-'));
    const server = openDatabase(join(folder, 'x.sqlite'));
    const beside = openDatabase(join(folder, 'x.sqlite'));
    try {
      const directory = new TokenDirectory({ probes: [] }, new TokensStore(server));
      expect(directory.byToken('secret')).toBeUndefined();
      const tokens = new TokensStore(beside);
      tokens.add({
        tokenId: 't',
        kind: 'probe',
        subject: 'dp',
        subdomains: ['north'],
        tokenSha256: sha256Hex('secret'),
        createdMs: 0,
        revokedMs: null,
      });
      expect(directory.byToken('secret')).toMatchObject({ kind: 'probe', name: 'dp', subdomains: ['north'] });
      tokens.revoke('t', 1);
      expect(directory.byToken('secret')).toBeUndefined();
      expect(directory.isRevoked('dp')).toBe(true);
    } finally {
      server.close();
      beside.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('a reloaded configuration puts its tokens in place of the old ones', () => {
    const directory = new TokenDirectory({ controlToken: 'old', probes: [] });
    directory.reconfigure({ controlToken: 'new', probes: [] });
    expect([directory.byToken('old'), directory.byToken('new')?.kind]).toEqual([undefined, 'operator']);
  });
});

const openssl = requireProgram('openssl');
describe.skipIf(openssl === undefined)('a client certificate', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => void execFileSync(openssl!, args, { stdio: 'ignore' });

  function makeAuthority(name: string): void {
    const subject = [
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
      '-nodes',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
    ];
    run('req', '-x509', ...subject, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`));
  }
  function makeCertificate(name: string, authority: string): void {
    const subject = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    run('req', '-new', ...subject, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    const signer = [
      '-CA',
      file(`${authority}.pem`),
      '-CAkey',
      file(`${authority}.key`),
      '-CAcreateserial',
      '-days',
      '2',
    ];
    run('x509', '-req', '-in', file(`${name}.csr`), ...signer, '-out', file(`${name}.pem`));
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alias-tracker-mtls-'));
    makeAuthority('authority');
    makeAuthority('stranger');
    makeCertificate('localhost', 'authority');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('names its probe; one of another authority names nobody', async () => {
    const app = createControlApi({
      clock: api.clock,
      authenticator: new TokenDirectory({
        controlToken: CONTROL_TOKEN,
        probes: [{ id: 'dp-north', subdomains: ['north'] }],
      }),
      readiness: { reasons: () => [] },
      routes: reportRoutes(api.service, api.clock),
      metrics: [],
      onDefect: (thrown) => api.defects.push(thrown),
    });
    const tls = {
      cert: readFileSync(file('localhost.pem')),
      key: readFileSync(file('localhost.key')),
      clientCa: readFileSync(file('authority.pem')),
    };
    const server = await startControlServer(app, { host: '127.0.0.1', port: 0, tls });
    const post = (client?: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const identity =
          client === undefined
            ? {}
            : { cert: readFileSync(file(`${client}.pem`)), key: readFileSync(file(`${client}.key`)) };
        const agent = new Agent({ ca: readFileSync(file('authority.pem')), servername: 'localhost', ...identity });
        const call = requestOverTls(
          { port: server.address.port, host: '127.0.0.1', path: '/api/v1/density', method: 'POST', agent },
          (response) => {
            response.resume();
            response.on('end', () => {
              agent.destroy();
              resolve(response.statusCode);
            });
          },
        );
        call.on('error', reject);
        call.setHeader('content-type', 'application/json');
        call.end(JSON.stringify(northReport()));
      });
    try {
      makeCertificate('dp-north', 'authority');
      expect(await post('dp-north')).toBe(202);
      makeCertificate('dp-north', 'stranger');
      expect(await post('dp-north')).toBe(401);
      makeCertificate('dp-south', 'authority');
      expect(await post('dp-south')).toBe(401);
      expect(await post()).toBe(401);
    } finally {
      await server.close();
    }
  });
});
