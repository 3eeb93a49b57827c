/** docs/security.md, tokens: where they may be seen, how they are changed, and who needs none. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../../support/eventually.js';
import { ServeProcess } from '../../support/serve-process.js';
import {
  CONTROL_PORT,
  CONTROL_TOKEN,
  call,
  exchange,
  MACHINE,
  NORTH_TOKEN,
  operatorConfig,
  operatorNetwork,
  PARTNER_TOKEN,
  SOUTH_TOKEN,
  stranger,
} from './operator-network.js';

const network = await operatorNetwork();
const SECRETS = [CONTROL_TOKEN, NORTH_TOKEN, SOUTH_TOKEN, PARTNER_TOKEN];

function expectNoSecret(text: string, where: string): void {
  for (const secret of SECRETS) expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
}

describe.skipIf(network === undefined)('tokens', () => {
  let serve: ServeProcess;
  afterEach(() => serve.close());
  afterAll(() => network!.leave());

  /** With tokens out of the environment, as docs/security.md wants it. */
  function configured(): ServeProcess {
    const config = operatorConfig({ control: { token: `\${CONTROL_TOKEN}` } });
    return new ServeProcess(config, { environment: { CONTROL_TOKEN } });
  }

  it('are not in the log, in print-config, in errors, nor in the files of storage.directory', async () => {
    serve = configured();
    await serve.start();
    const body = { probe: 'dp-north', sequence: 1, periodStart: 'soon', periodSeconds: 60, subdomains: [] };
    for (const token of [...SECRETS, 'guessed-secret-token-0009']) {
      const answers = [
        await call('/api/v1/swarms', { token }),
        await call('/api/v1/density', { token, body }),
        await call('/api/v1/nothing', { token }),
        await call(`/api/v1/torrents/${token}`, { token: 'x' }),
      ];
      for (const { text } of answers.slice(0, 3)) expectNoSecret(text, 'an answer');
    }
    // A reload that fails, with the tokens in the file.
    serve.configure({ ...operatorConfig(), nonsense: { token: CONTROL_TOKEN } });
    serve.signal('SIGHUP');
    await eventually('the refusal', () => serve.output.includes('nonsense'));
    const shown = serve.command('check-config', serve.configFile);
    expect(shown.status).toBe(2);
    expectNoSecret(shown.stderr + shown.stdout, 'check-config');
    serve.configure(operatorConfig());
    const printed = serve.command('print-config', '--config', serve.configFile);
    expect(printed.status).toBe(0);
    expect(parse(printed.stdout)).toMatchObject({ control: { token: expect.stringMatching(/^\[secret/) } });
    expectNoSecret(printed.stdout + printed.stderr, 'print-config');
    await serve.stop();
    expectNoSecret(serve.output, 'the log');
    const data = join(serve.directory, 'data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      expectNoSecret(readFileSync(join(parentPath, name), 'latin1'), name);
    }
  });

  it('that are too short are refused without being shown', () => {
    const short = 'shrtsec';
    serve = new ServeProcess(operatorConfig({ control: { token: short } }));
    const first = serve.command('check-config', serve.configFile);
    expect(first.status).toBe(2);
    expect(first.stderr).toContain('control.token');
    expect(first.stderr + first.stdout).not.toContain(short);
  });

  it('that two hold are refused without being shown', () => {
    const probes = ['a', 'b'].map((id) => ({ id, subdomains: ['north'], token: NORTH_TOKEN }));
    serve = new ServeProcess(operatorConfig({ reports: { probes } }));
    const { status, stderr, stdout } = serve.command('check-config', serve.configFile);
    expect(status).toBe(2);
    expect(stderr).toContain('reports.probes');
    expectNoSecret(stderr + stdout, 'check-config');
  });

  it('are rotated while it runs: the new and the old one work, a revoked one is refused at once', async () => {
    serve = configured();
    await serve.start();
    const make = (name: string): { id: string; token: string } => {
      const made = serve.command('token', 'new', '--control', name, '--json', '--config', serve.configFile);
      expect(made.stderr).toBe('');
      return JSON.parse(made.stdout) as { id: string; token: string };
    };
    const old = make('alice');
    const fresh = make('alice');
    // 256 random bits in base64url or hex.
    expect(old.token.length).toBeGreaterThanOrEqual(43);
    const use = async (token: string): Promise<number> => (await call('/api/v1/swarms', { token })).status;
    expect([await use(old.token), await use(fresh.token)]).toEqual([200, 200]);
    const revoked = serve.command('token', 'revoke', old.id, '--config', serve.configFile);
    expect(revoked.status).toBe(0);
    expect([await use(old.token), await use(fresh.token)]).toEqual([401, 200]);
    const data = join(serve.directory, 'data');
    const kept = readdirSync(data)
      .filter((name) => !name.includes('lock'))
      .map((name) => readFileSync(join(data, name), 'latin1'))
      .join('');
    expect(kept).not.toContain(fresh.token);
    expect(kept.toLowerCase()).toContain(createHash('sha256').update(fresh.token).digest('hex'));
  });

  it('of the configuration change with a reload: the old ones are refused from then on', async () => {
    serve = new ServeProcess(operatorConfig());
    await serve.start();
    const fresh = 'another-secret-token-0001';
    const probes = [{ id: 'dp-north', subdomains: ['north'], token: `${fresh}-north` }];
    serve.configure(operatorConfig({ control: { token: fresh }, reports: { probes } }));
    serve.signal('SIGHUP');
    const status = async (token: string): Promise<number> => (await call('/api/v1/swarms', { token })).status;
    // Asking with the new token until it counts would be guessing, which is slowed down.
    await eventually('the reload', () => serve.output.includes('configuration reloaded'));
    expect(await status(fresh)).toBe(200);
    expect(await status(CONTROL_TOKEN)).toBe(401);
    // A token of a probe that is still one opens no call of the operator, one that is not any more is unknown.
    expect([await status(`${fresh}-north`), await status(NORTH_TOKEN), await status(SOUTH_TOKEN)]).toEqual([
      403, 401, 401,
    ]);
    expectNoSecret(serve.output, 'the log');
    expect(serve.output).not.toContain(fresh);
  });

  it('are needed wherever the control API can be reached from another machine', () => {
    for (const listen of [`http://${MACHINE}:${CONTROL_PORT}`, `http://0.0.0.0:${CONTROL_PORT}`]) {
      const { control: _, ...rest } = operatorConfig();
      serve = new ServeProcess({ ...rest, control: { listen } });
      const { status, stderr } = serve.command('check-config', serve.configFile);
      expect(status, listen).toBe(2);
      expect(stderr).toMatch(/control.*token/);
    }
  });

  it('are not needed on loopback, where a web page still gets nothing', async () => {
    const { control: _, ...rest } = operatorConfig();
    serve = new ServeProcess({ ...rest, control: { listen: `http://127.0.0.1:${CONTROL_PORT}` } });
    await serve.start();
    const ask = async (from: string, host: string, method = 'GET', more = ''): Promise<number> => {
      const path = method === 'GET' ? '/api/v1/swarms' : '/api/v1/probes/dp-north/release';
      const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`;
      const answer = await exchange(from, head, CONTROL_PORT, '127.0.0.1');
      return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
    };
    const here = `127.0.0.1:${CONTROL_PORT}`;
    expect(await ask('127.0.0.1', here)).toBe(200);
    // A name that its owner lets point here, and a form on a page of another site.
    expect(await ask('127.0.0.1', 'evil.example')).toBe(401);
    expect(await ask('127.0.0.1', `127.0.0.1.evil.example:${CONTROL_PORT}`)).toBe(401);
    const page = 'Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n';
    expect([401, 403]).toContain(await ask('127.0.0.1', here, 'POST', page));
    // Another machine does not get there at all; another address of this one is not loopback.
    expect(await ask(stranger(1), here)).not.toBe(200);
    expect(await ask(MACHINE, here)).not.toBe(200);
  });
});
