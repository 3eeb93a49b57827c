/**
 * The program as a process: its table, a reload by signal, the demo beside it, its end. The other end-to-end tests start
 * the application in this process; this one shows what only a process has.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-serve-'));
const file = join(directory, 'lab.yaml');
writeFileSync(join(directory, 'asn.csv'), '127.3.0.0,127.3.255.255,64600,"Neighbour"\n');

function configText(port: { tracker: number; control: number }): string {
  return `
operator:
  name: Lab
  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] }, { asn: 64501, prefixes: [127.2.0.0/16] } ]
  subdomains: [ { id: north, prefixes: [127.1.0.0/17] }, { id: south, prefixes: [127.1.128.0/17] } ]
topology: { asnDatabase: asn.csv }
tracker:
  listen: ["udp://127.0.0.1:${port.tracker}", "http://127.0.0.1:${port.tracker}"]
  announceUrls: ["udp://127.0.0.1:${port.tracker}/announce"]
mirrorSite: { listen: "http://127.0.0.1:0" }
control: { listen: "http://127.0.0.1:${port.control}", token: a-control-token }
reports: { probes: [ { id: dp-north, subdomains: [north], token: a-token-of-north } ] }
storage: { directory: state }
lab: true
labServices:
  originalSite: { listen: ["127.0.0.1:0"] }
  originalTracker: { listen: "127.0.0.1:0" }
  resolver: "127.0.0.1:0"
  seed: "127.0.0.1:0"
`;
}

interface Running {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
}

function start(...args: string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr };
}

function until(what: string, holds: () => boolean, running: Running): Promise<void> {
  return eventually(what, holds, {
    possible: () => running.process.exitCode === null,
    found: () => `stderr: ${running.stderr()}; stdout: ${running.stdout()}`,
  });
}

describe('alias-tracker serve', () => {
  let serve: Running;
  let port: { tracker: number; control: number };

  beforeAll(async () => {
    port = { tracker: await freePort(), control: await freePort() };
    writeFileSync(file, configText(port));
    serve = start('serve', '--config', file);
    await until('the table', () => serve.stdout().includes('Ctrl-C stops it.'), serve);
  });

  afterAll(() => {
    serve.process.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  test('prints one table of what runs where, and three things to try', () => {
    const text = serve.stdout();
    for (const part of ['tracker', 'mirror-site', 'control', 'lab'])
      expect(text).toMatch(new RegExp(`^${part} +\\S+://`, 'm'));
    expect(text).toContain(`udp://127.0.0.1:${port.tracker}`);
    expect(text).toContain('npm run demo');
  });

  test('the demo beside it gets answers, and its reports are taken', async () => {
    const demo = start('demo', '--config', file, '--for', '7s', '--json');
    const [code] = (await once(demo.process, 'exit')) as [number];
    expect(demo.stderr()).toBe('');
    expect(code).toBe(0);
    const last = JSON.parse(demo.stdout().trim().split('\n').at(-1)!) as { announces: number; failures: number };
    expect(last.failures).toBe(0);
    expect(last.announces).toBeGreaterThan(5);
    const density = await fetch(`http://127.0.0.1:${port.control}/api/v1/density`, {
      headers: { authorization: 'Bearer a-control-token' },
    });
    expect(await density.text()).toContain('north');
  });

  test('SIGHUP: a broken configuration is not taken, and said with its line; a right one is', async () => {
    writeFileSync(file, `${configText(port)}nonsense: 1\n`);
    serve.process.kill('SIGHUP');
    await until('the refusal', () => serve.stderr().includes('nonsense: unknown key'), serve);
    expect((await fetch(`http://127.0.0.1:${port.control}/healthz`)).status).toBe(200);
    writeFileSync(file, configText(port));
    serve.process.kill('SIGHUP');
    await until('the reload', () => serve.stderr().includes('configuration reloaded'), serve);
  });

  test.skipIf(process.platform !== 'linux')('SIGHUP during the start reloads after it', async () => {
    const early = join(directory, 'early.yaml');
    const { labServices: _, ...rest } = parse(
      configText({ tracker: 0, control: 0 }).replace(':0/announce', ':1/announce'),
    );
    writeFileSync(early, stringify({ ...rest, storage: { directory: 'early-state' } }));
    const starting = start('serve', '--config', early);
    const { pid } = starting.process;
    // Bit 0 of the signals that the process handles. Unhandled, SIGHUP would end it.
    const handlesHangUp = (): boolean =>
      (Number.parseInt(/^SigCgt:.*(.)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!, 16) & 1) === 1;
    await until('the handler of SIGHUP', handlesHangUp, starting);
    expect(starting.stdout()).toBe('');
    starting.process.kill('SIGHUP');
    await until('the reload', () => starting.stderr().includes('configuration reloaded'), starting);
    expect(starting.stdout()).toContain('Ctrl-C stops it.');
    starting.process.kill('SIGTERM');
    await once(starting.process, 'exit');
  });

  test('a second one on the same storage directory is refused, and ends with 1', async () => {
    const second = start('serve', '--config', file);
    const [code] = (await once(second.process, 'exit')) as [number];
    expect(code).toBe(1);
    expect(second.stderr()).toMatch(
      new RegExp(`another alias-tracker \\(process ${serve.process.pid}\\) uses storage\\.directory`),
    );
  });

  test('one with a directory of its own says that the address is taken, and ends with 1', async () => {
    const other = join(directory, 'other.yaml');
    const { labServices: _, ...rest } = parse(configText(port));
    writeFileSync(other, stringify({ ...rest, storage: { directory: 'other-state' } }));
    const second = start('serve', '--config', other);
    const [code] = (await once(second.process, 'exit')) as [number];
    expect(code).toBe(1);
    expect(second.stderr()).toMatch(new RegExp(`127\\.0\\.0\\.1:${port.tracker}`));
  });

  test('SIGINT, sent twice as by a terminal and npm, ends it with exit code 0 and its swarms saved', async () => {
    const snapshot = join(directory, 'state', 'swarms.snapshot');
    rmSync(snapshot, { force: true });
    serve.process.kill('SIGINT');
    serve.process.kill('SIGINT');
    const [code, signal] = (await once(serve.process, 'exit')) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(existsSync(snapshot)).toBe(true);
  });
});
