/** A real collector: pmacctd counts real datagrams on the loopback interface, and its output becomes density reports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CliContext } from '../../src/cli/cli-context.js';
import { run } from '../../src/cli/run.js';
import { loadConfig } from '../../src/config/parse-config.js';
import { eventually, gap } from '../support/eventually.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { type ControlApiFixture, startFixture } from '../unit/control-api/control-api-fixture.js';

const pmacctd = requireProgram('pmacctd');
const mayCapture = requireFacility('capturing on the loopback interface needs root', process.getuid?.() === 0);

const NORTH = '127.211.37.1';
const SOUTH = '127.211.37.129';
const DATAGRAMS = 60;
const PAYLOAD_BYTES = 1_000;
/** IPv4 and UDP headers are traffic too. */
const DATAGRAM_BYTES = PAYLOAD_BYTES + 28;

const CONFIG = `
operator:
  name: Loopback
  networks: [ { asn: 64500, prefixes: [127.0.0.0/8] } ]
  subdomains:
    - { id: north, prefixes: [127.211.37.0/25] }
    - { id: south, prefixes: [127.211.37.128/25] }
lab: true
storage: { directory: data }
`;
const PMACCT = `
daemonize: false
pcap_interface: lo
pcap_filter: udp and net 127.211.37.0/24
aggregate: src_host, dst_host
plugins: print
print_output: json
print_refresh_time: 1
print_cache_entries: 1021
`;

let directory: string;
let api: ControlApiFixture;
let collector: ChildProcess | undefined;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-pmacct-'));
  writeFileSync(join(directory, 'alias-tracker.yaml'), CONFIG);
  writeFileSync(join(directory, 'pmacctd.conf'), PMACCT);
  api = await startFixture();
  api.clock.nowMs = () => Date.now();
});
afterEach(async () => {
  if (collector?.exitCode === null) collector.kill('SIGKILL');
  await api.stop();
  rmSync(directory, { recursive: true });
});

async function sendTraffic(): Promise<void> {
  const receiver = createSocket('udp4');
  receiver.bind(0, SOUTH);
  await once(receiver, 'listening');
  const sender = createSocket('udp4');
  sender.bind(0, NORTH);
  await once(sender, 'listening');
  for (let i = 0; i < DATAGRAMS; i++) {
    sender.send(Buffer.alloc(PAYLOAD_BYTES), receiver.address().port, SOUTH);
    await gap(5);
  }
  sender.close();
  receiver.close();
}

test.skipIf(pmacctd === undefined || !mayCapture)('pmacctd → report density → the tracker', async () => {
  const running = spawn(pmacctd!, ['-f', join(directory, 'pmacctd.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
  collector = running;
  let log = '';
  running.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const configFile = join(directory, 'alias-tracker.yaml');
  const context: CliContext = {
    env: {},
    stdin: running.stdout,
    stdout,
    stderr,
    clock: api.clock,
    signal: new AbortController().signal,
    onHangUp: () => undefined,
    onUncaughtError: () => undefined,
    loadConfig: () => loadConfig(configFile, {}),
    configFile: () => configFile,
  };
  const args = [
    '--probe',
    'dp-both',
    '--from',
    'pmacct',
    '--every',
    '2',
    '--spool',
    join(directory, 'spool'),
    '--json',
  ];
  const reporting = run(['report', 'density', ...args, '--url', api.url, '--token', 'both-token'], context, '0');
  // pmacctd purges once a second from its start on: from then on it captures.
  await eventually('pmacctd captures', () => log.includes('Purging cache'), { found: () => log });
  await sendTraffic();
  await eventually('both densities', () => api.service.densities(Date.now()).size === 2);
  running.kill('SIGINT');
  expect(await reporting, String(stderr.read())).toBe(0);

  const reports = String(stdout.read())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { subdomains: { id: string; bytes: number; users: number }[] });
  for (const id of ['north', 'south']) {
    const values = reports.flatMap((report) => report.subdomains.filter((subdomain) => subdomain.id === id));
    expect(values.reduce((sum, value) => sum + value.bytes, 0)).toBe(DATAGRAMS * DATAGRAM_BYTES);
    expect(values.map((value) => value.users)).toEqual(values.map(() => 1));
  }
});
