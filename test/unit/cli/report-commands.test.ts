import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CliContext } from '../../../src/cli/cli-context.js';
import { run } from '../../../src/cli/run.js';
import { loadConfig } from '../../../src/config/parse-config.js';
import { eventually } from '../../support/eventually.js';
import { type ControlApiFixture, startFixture } from '../control-api/control-api-fixture.js';

const CONFIG = `
operator:
  name: Example Telecom
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] } ]
  subdomains:
    - { id: north, prefixes: [203.0.113.0/25, "2001:db8:100::/40"] }
    - { id: south, prefixes: [203.0.113.128/25] }
reports: { probes: [ { id: dp-both, subdomains: [north, south], token: both-token-of-the-lab } ] }
control: { listen: "http://127.0.0.1:1", token: control-token-of-the-lab }
storage: { directory: DIRECTORY }
`;
const vector = (name: string): string => fileURLToPath(new URL(`../../vectors/collectors/${name}`, import.meta.url));

let directory: string;
let configFile: string;
let api: ControlApiFixture;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-cli-'));
  configFile = join(directory, 'alias-tracker.yaml');
  writeFileSync(configFile, CONFIG.replace('DIRECTORY', join(directory, 'data')));
  api = await startFixture();
  api.clock.now = Date.now();
});
afterEach(async () => {
  await api.stop();
  rmSync(directory, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(args: string[], options: { stdin?: Readable; signal?: AbortSignal } = {}): Promise<Outcome> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const context: CliContext = {
    env: {},
    stdin: options.stdin ?? Readable.from([]),
    stdout,
    stderr,
    clock: api.clock,
    signal: options.signal ?? new AbortController().signal,
    onHangUp: () => undefined,
    onUncaughtError: () => undefined,
    loadConfig: (file) => loadConfig(file ?? configFile, {}),
    configFile: (file) => file ?? configFile,
  };
  const code = await run(args, context, '0');
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, out: text(stdout), err: text(stderr) };
}

const there = (token = 'both-token'): string[] => ['--url', api.url, '--token', token];
const densities = () => Object.fromEntries(api.service.densities(api.clock.now));

describe('report density', () => {
  const byHand = [
    'report',
    'density',
    '--probe',
    'dp-both',
    '--subdomain',
    'north',
    '--bytes',
    '3000',
    '--users',
    '10',
  ];

  test('by hand', async () => {
    expect(await cli([...byHand, '--period', '60', '--sequence', '5', ...there()])).toEqual({
      code: 0,
      out: 'accepted\n',
      err: '',
    });
    expect(densities().north).toMatchObject({ bytesPerUserPerSecond: 5, users: 10 });
    const again = await cli([...byHand, '--sequence', '5', ...there()]);
    expect(again).toMatchObject({ code: 0, out: 'the tracker already has this report\n' });
  });

  test.each([
    ['a wrong token', [...byHand, '--token', 'wrong'], 1, '401'],
    ['an invalid number', [...byHand, '--bytes', 'many'], 2, '--bytes'],
    ['nothing to report', ['report', 'density', '--probe', 'dp-both'], 2, '--from'],
    ['an unknown format', ['report', 'density', '--probe', 'dp-both', '--from', 'xml'], 2, 'goflow2'],
  ])('%s is one line that says what to do', async (_what, args, code, text) => {
    const outcome = await cli([...args, '--url', api.url]);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(text);
    expect(densities()).toEqual({});
  });

  test('a tracker that is away is said', async () => {
    const outcome = await cli([...byHand, '--url', 'http://127.0.0.1:1', '--token', 'x']);
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('does not answer') });
  });

  test('with --sign the token is not sent', async () => {
    const outcome = await cli([...byHand, '--sign', ...there()]);
    expect(outcome).toMatchObject({ code: 0, out: 'accepted\n' });
    const forged = await cli([...byHand, '--sign', ...there('another')]);
    expect(forged).toMatchObject({ code: 1, err: expect.stringContaining('signature') });
  });

  test.each(['goflow2', 'pmacct'])('--from %s: a recorded file', async (format) => {
    api.clock.now = Date.parse('2026-11-22T10:02:00Z');
    const args = ['report', 'density', '--probe', 'dp-both', '--from', format, '--file', vector(`${format}.jsonl`)];
    const outcome = await cli([...args, ...there()]);
    expect(outcome.code).toBe(0);
    expect(outcome.out).toContain(
      '2026-11-22T10:00:00.000Z 60 s: north 2070000 bytes of 2 users, south 70000 bytes of 1',
    );
    expect(densities()).toMatchObject({ north: { bytesPerSecond: 4000 / 60, users: 1 }, south: { users: 1 } });
    // Read again, it changes nothing.
    const before = densities();
    const again = await cli([...args, ...there()]);
    expect(again.out.trim().split('\n')).toEqual([
      expect.stringContaining('; the tracker already has it'),
      expect.stringContaining('; the tracker already has it'),
    ]);
    expect(densities()).toEqual(before);
    expect(api.service.probes(api.clock.now)[0]).toMatchObject({ duplicates: 2 });
  });

  test.each(['file', 'standard input'])('--every is the period of a CSV without times, from a %s', async (where) => {
    // 50 subscribers of 30 kB a second each, over the 300 s before now.
    const rows = Array.from({ length: 50 }, (_, i) => `203.0.113.${i + 1},8000000,1000000\n`);
    const text = `subscriber,bytes_in,bytes_out\n${rows.join('')}`;
    const file = join(directory, 'export.csv');
    writeFileSync(file, text);
    utimesSync(file, api.clock.now / 1000, api.clock.now / 1000);
    const args = ['report', 'density', '--probe', 'dp-both', '--from', 'csv', '--every', '300', ...there()];
    const read = () =>
      where === 'file' ? cli([...args, '--file', file]) : cli(args, { stdin: Readable.from([Buffer.from(text)]) });
    const outcome = await read();
    expect(outcome).toMatchObject({
      code: 0,
      out: expect.stringContaining('300 s: north 450000000 bytes of 50 users'),
    });
    expect(densities().north).toMatchObject({ bytesPerUserPerSecond: 30_000, users: 50, periodSeconds: 300 });
    expect((await read()).out).toContain('the tracker already has it');
    expect(densities().north).toMatchObject({ bytesPerUserPerSecond: 30_000 });
  });

  test('what the tracker does not believe is said', async () => {
    const flow =
      '{"bytes":6000000000000,"src_addr":"203.0.113.5","dst_addr":"198.18.0.1","time_received":1795341600}\n';
    api.clock.now = 1_795_341_600_000 + 120_000;
    const args = ['report', 'density', '--probe', 'dp-both', '--from', 'goflow2', ...there()];
    const outcome = await cli(args, { stdin: Readable.from([flow]) });
    expect(outcome.out).toMatch(/; not believed: north: .* is more than any line carries\n/);
  });

  test('--from on standard input spools while the tracker is away, and a later run sends it', async () => {
    const line = '{"bytes":600,"src_addr":"203.0.113.5","dst_addr":"198.18.0.1"}\n';
    const base = ['report', 'density', '--probe', 'dp-both', '--from', 'goflow2', '--token', 'both-token'];
    const away = await cli([...base, '--url', 'http://127.0.0.1:1'], { stdin: Readable.from([line]) });
    expect(away).toMatchObject({ code: 1, err: expect.stringContaining('the spool has 1 report left') });
    const spool = join(directory, 'data', 'spool', 'dp-both');
    expect(readdirSync(spool)).toHaveLength(1);
    const back = await cli([...base, '--url', api.url], { stdin: Readable.from([]) });
    expect(back.code).toBe(0);
    expect(readdirSync(spool)).toEqual([]);
    expect(densities().north).toMatchObject({ users: 1 });
  });

  test('--from with a stream that is stopped posts what was counted', async () => {
    const stdin = new PassThrough();
    const stop = new AbortController();
    const running = cli(['report', 'density', '--probe', 'dp-both', '--from', 'pmacct', ...there()], {
      stdin,
      signal: stop.signal,
    });
    stdin.write('{"event_type":"purge","ip_src":"203.0.113.200","ip_dst":"198.18.0.1","bytes":77}\n');
    await eventually('the line is read', () => stdin.readableLength === 0);
    stop.abort();
    expect((await running).code).toBe(0);
    expect(densities().south).toMatchObject({ users: 1 });
  });

  test('a report that is refused for good does not block the others', async () => {
    const lines = ['203.0.113.5', '203.0.113.200'].map(
      (address, i) =>
        `{"bytes":6,"src_addr":"${address}","dst_addr":"198.18.0.1","time_received":${1_795_341_600 + 60 * i}}\n`,
    );
    api.clock.now = Date.parse('2026-11-22T10:02:00Z');
    const args = ['report', 'density', '--probe', 'dp-north', '--from', 'goflow2', ...there('north-token')];
    const outcome = await cli(args, { stdin: Readable.from(lines) });
    expect(outcome.err).toContain('does not report for the sub-domain "south"');
    expect(Object.keys(densities())).toEqual(['north']);
    expect(readdirSync(join(directory, 'data', 'spool', 'dp-north'))).toEqual([expect.stringContaining('.refused')]);
  });
});

describe('report capability', () => {
  test('of this machine, measured', async () => {
    const outcome = await cli([
      'report',
      'capability',
      '--line-bps',
      '50000000',
      '--interface',
      'lo',
      '--url',
      api.url,
      '--json',
    ]);
    expect(outcome.code).toBe(0);
    const reading = api.service.capabilityReadings(api.clock.now).get('127.0.0.1')!;
    expect(reading.availableUplinkBps).toBeLessThanOrEqual(50_000_000);
    expect(reading.cpuUtilisation).toBeGreaterThanOrEqual(0);
    expect(reading.memoryUtilisation).toBeGreaterThan(0);
  });

  test('of another node, by an operator’s token only', async () => {
    const args = [
      'report',
      'capability',
      '--address',
      '203.0.113.10',
      '--uplink',
      '20000000',
      '--cpu',
      '0.2',
      '--role',
      'cache',
    ];
    expect(await cli([...args, '--url', api.url])).toMatchObject({ code: 1, err: expect.stringContaining('address') });
    expect(await cli([...args, ...there('control-token')])).toMatchObject({ code: 0 });
    expect(api.service.capabilityReadings(api.clock.now).get('203.0.113.10')).toMatchObject({
      availableUplinkBps: 20_000_000,
      cpuUtilisation: 0.2,
      role: 'cache',
    });
  });

  test('--every goes on until it is stopped', async () => {
    const stop = new AbortController();
    const args = ['report', 'capability', '--cpu', '0.5', '--every', '1', '--url', api.url];
    const running = cli(args, { signal: stop.signal });
    await eventually('the report', () => api.service.capabilityReadings(api.clock.now).size === 1);
    stop.abort();
    expect((await running).code).toBe(0);
  });
});

describe('token', () => {
  test('new, list, revoke', async () => {
    const made = await cli(['token', 'new', '--probe', 'dp-new', '--subdomains', 'north,south']);
    expect(made.code).toBe(0);
    const secret = made.out.trim();
    expect(secret).toMatch(/^[\w-]{43}$/);
    const list = await cli(['token', 'list', '--json']);
    const { tokens } = JSON.parse(list.out) as { tokens: { id: string }[] };
    expect(tokens).toMatchObject([{ kind: 'probe', subject: 'dp-new', subdomains: ['north', 'south'], revoked: null }]);
    expect(list.out).not.toContain(secret);
    expect((await cli(['token', 'revoke', tokens[0]!.id])).code).toBe(0);
    expect((await cli(['token', 'revoke', tokens[0]!.id])).code).toBe(1);
    expect((await cli(['token', 'list'])).out).not.toContain('dp-new');
    expect((await cli(['token', 'list', '--all'])).out).toContain('dp-new');
    expect(existsSync(join(directory, 'data', 'alias-tracker.sqlite'))).toBe(true);
  });

  test.each([
    ['nobody', ['token', 'new'], 'name the owner of the token'],
    ['two', ['token', 'new', '--probe', 'a', '--control', 'b'], 'name the owner of the token'],
    ['a probe without sub-domains', ['token', 'new', '--probe', 'a'], '--subdomains'],
    ['an unknown sub-domain', ['token', 'new', '--probe', 'a', '--subdomains', 'east'], 'east'],
  ])('for %s is refused', async (_what, args, text) => {
    expect(await cli(args)).toMatchObject({ code: 2, err: expect.stringContaining(text) });
  });
});

describe('explain', () => {
  const hash = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

  test('shows the tracker’s own answer as tables', async () => {
    await api.stop();
    const candidates = [
      { address: '203.0.113.7', tier: 0, densityLevel: 3, chosen: true, why: 'same AS' },
      { address: '198.18.0.1', tier: 2, ratePerGigabyte: 0.02, chosen: false, why: 'enough inner peers' },
    ];
    const explain = async () => ({ infoHash: hash, requester: { asn: 64500, group: 'north' }, candidates });
    const tracker = { explain, swarms: async () => ({ total: 0, swarms: [] }), swarm: async () => undefined };
    api = await startFixture({ tracker });
    const args = ['explain', '--info-hash', hash, '--ip', '203.0.113.5', ...there('control-token')];
    const shown = await cli(args);
    expect(shown.code).toBe(0);
    expect(shown.out.split('\n')).toEqual([
      'info hash        c12fe1c06bba254a9dc9f519b335aa7c1367a88a',
      'requester asn    64500',
      'requester group  north',
      '',
      'candidates: 2',
      'address      tier  density level  chosen  why                 rate per gigabyte',
      '───────────  ────  ─────────────  ──────  ──────────────────  ─────────────────',
      '203.0.113.7     0  3              yes     same AS             -',
      '198.18.0.1      2  -              no      enough inner peers  0.02',
      '',
    ]);
    expect(JSON.parse((await cli([...args, '--json'])).out)).toMatchObject({ candidates });
  });

  test('says what is wrong with its arguments', async () => {
    const outcome = await cli(['explain', '--info-hash', 'xyz', '--ip', '203.0.113.5', ...there()]);
    expect(outcome).toMatchObject({ code: 2, err: expect.stringContaining('40 hexadecimal digits') });
  });
});
