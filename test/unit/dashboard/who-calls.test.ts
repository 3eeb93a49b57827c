/** The ways by which a probe proves who it is: tokens that come and go, signatures, client certificates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createControlApi } from '../../../src/dashboard/control-api.js';
import { startControlServer } from '../../../src/dashboard/control-server.js';
import { signRequest } from '../../../src/reports/request-signature.js';
import { sha256Hex, TokenDirectory } from '../../../src/reports/token-directory.js';
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
  const signed = (token = NORTH_TOKEN, nowMs = api.clock.now) => ({
    'x-alias-probe': 'dp-north',
    'x-alias-signature': signRequest(sha256Hex(token), body, nowMs),
  });

  test('needs no token, and is good once', async () => {
    const headers = signed();
    expect((await post(headers)).status).toBe(202);
    expect(await post(headers)).toMatchObject({ status: 401, json: { field: 'x-alias-signature' } });
  });

  test('beside a token is checked as well', async () => {
    const headers = { authorization: `Bearer ${NORTH_TOKEN}` };
    expect((await post({ ...headers, 'x-alias-signature': signed('another')['x-alias-signature'] })).status).toBe(401);
    expect((await post({ ...headers, ...signed() })).status).toBe(202);
  });

  test.each([
    ['the key of another', () => signed('both-token')],
    ['an old time', () => signed(NORTH_TOKEN, api.clock.now - 600_000)],
    ['a probe that is not known', () => ({ ...signed(), 'x-alias-probe': 'nobody' })],
    ['a signature of another form', () => ({ ...signed(), 'x-alias-signature': 'abc' })],
  ])('with %s is 401 and changes nothing', async (_what, headers) => {
    expect((await post(headers())).status).toBe(401);
    expect(api.service.densities(api.clock.now).size).toBe(0);
  });

  test('of another body is 401', async () => {
    expect((await post(signed(), body.replace('4210', '4211'))).status).toBe(401);
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
      reports: api.service,
      readiness: { reasons: () => [] },
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
        const call = request(
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
