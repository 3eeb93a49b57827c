import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerDnsCommand } from '../../../src/cli/commands/dns.js';
import { type CommandRun, runCommand } from '../../support/command-line.js';
import { freePort } from '../../support/free-port.js';
import { answerWith, type Closing, startResolver } from '../dns-redirect/running-redirect.js';

const directory = mkdtempSync(join(tmpdir(), 'dns-export-'));
const path = (name: string): string => join(directory, name);
const closing: Closing[] = [];
let resolver: string;

beforeAll(async () => {
  const { host, port } = await startResolver(closing, (query) => {
    const { name, type } = query.questions![0]!;
    const texts = type === 'TXT' && name === 'denied.example' ? ['BITTORRENT DENY ALL'] : [];
    return answerWith(query, '192.0.2.1', { answers: texts.map((data) => ({ name, type: 'TXT', data })) });
  });
  resolver = `${host}:${port}`;
});
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(directory, { recursive: true });
});

function run(config: object, ...words: string[]): Promise<CommandRun> {
  const operator = { name: 'Lab', networks: [{ asn: 64500, prefixes: ['203.0.113.0/24'] }] };
  writeFileSync(path('alias-tracker.yaml'), JSON.stringify({ operator, ...config }));
  return runCommand(
    (program, context) => registerDnsCommand(program, context, '1.2.3'),
    ['dns', 'export', '--config', path('alias-tracker.yaml'), ...words],
  );
}

const dnsRedirect = { listen: [], sites: ['site.example'], mirrorAddresses: ['203.0.113.20'] };
const config = () => ({ dnsRedirect, upstream: { resolvers: [resolver] } });

describe('dns export', () => {
  test('prints every file, made from the configuration where no tracker runs', async () => {
    const { stdout, thrown } = await run(config(), '--format', 'rpz');
    expect(thrown).toBeUndefined();
    expect(stdout.toString()).toContain('site.example.rpz.alias-tracker. 30 IN A 203.0.113.20');
    expect(stdout.toString()).toMatch(/^; Made by alias-tracker 1\.2\.3 at 2026-11-22T.* from .*alias-tracker\.yaml/m);
  });

  test('has the ports of the tracker, and leaves out an original that asks nobody to announce there', async () => {
    const trackers = ['tracker.example', 'denied.example'];
    const given = { ...config(), dnsRedirect: { ...dnsRedirect, trackers, trackerAddresses: ['203.0.113.21'] } };
    const stdout = (await run(given, '--format', 'rpz')).stdout.toString();
    expect(stdout).toContain('tracker.example.rpz.alias-tracker. 30 IN TXT "BITTORRENT UDP:6969 TCP:6969"');
    expect(stdout).not.toContain('denied.example');
  });

  test('says that the tracker does not run, and goes on', async () => {
    const control = { listen: `http://127.0.0.1:${await freePort()}`, token: 'a-control-token' };
    const { stdout, stderr, thrown } = await run({ ...config(), control }, '--format', 'unbound');
    expect(thrown).toBeUndefined();
    expect(stderr).toMatch(/the tracker does not run/);
    expect(stdout.toString()).toContain('module-config: "respip validator iterator"');
  });

  test('fails where --url names a tracker that does not answer', async () => {
    const { thrown } = await run(config(), '--format', 'rpz', '--url', `http://127.0.0.1:${await freePort()}`);
    expect(thrown).toMatchObject({ exitCode: 1, message: expect.stringMatching(/does not answer/) });
  });

  test('runs the reload command once, after the files are there, and only if something changed', async () => {
    const reload = ['--reload', `cat ${path('out.zone')} >> ${path('reloaded')}`];
    const words = ['--format', 'rpz', '-o', path('out.zone'), ...reload];
    expect((await run(config(), ...words)).thrown).toBeUndefined();
    expect((await run(config(), ...words)).thrown).toBeUndefined();
    expect(readFileSync(path('reloaded'), 'utf8').match(/IN SOA/g)).toHaveLength(1);
  });

  test('a reload that fails says so, and the files are written', async () => {
    const { thrown } = await run(config(), '--format', 'knot', '-o', path('knot.lua'), '--reload', 'echo no; exit 3');
    expect(thrown).toMatchObject({ exitCode: 1, message: expect.stringMatching(/files are written, but sh -c/) });
    expect(readFileSync(path('knot.lua'), 'utf8')).toContain('policy.rpz');
  });

  test('prints the reload command without --reload', async () => {
    const { stdout } = await run(config(), '--format', 'powerdns', '-o', path('powerdns.lua'));
    expect(stdout.toString()).toContain('put it in force with: rec_control reload-lua-config');
  });

  test.each([
    ['no section', {}, [], /no "dnsRedirect" section/],
    ['no resolver', { dnsRedirect }, [], /upstream\.resolvers is missing/],
    ['--watch without a file', { dnsRedirect }, ['--watch'], /--watch and --reload need -o FILE/],
  ])('%s is a fault of usage', async (_, given, words, message) => {
    const { thrown } = await run(given, '--format', 'rpz', ...words);
    expect(thrown).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });

  test('a format that does not exist, or none', async () => {
    for (const words of [['--format', 'djbdns'], []]) expect((await run(config(), ...words)).thrown).toBeDefined();
  });
});
