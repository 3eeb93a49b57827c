/** With BIND on both sides: as the upstream resolver, and as the operator's resolver that forwards to us; asked by dig. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DnsRedirect } from '../../../src/dns-redirect/dns-redirect.js';
import { freePort } from '../../support/free-port.js';
import { requireProgram } from '../../support/real-program.js';
import { type Closing, startRedirect } from './running-redirect.js';

const dig = requireProgram('dig');
const named = requireProgram('named');

const ZONE = `$TTL 60
@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60
@ IN NS ns
ns IN A 192.0.2.53
other IN A 192.0.2.80
linuxtracker IN A 192.0.2.81
linuxtracker IN HTTPS 1 . port=8443 ipv4hint=192.0.2.81
big IN TXT ( ${Array.from({ length: 20 }, (_, i) => `"${String(i).padStart(2, '0').repeat(100)}"`).join(' ')} )
`;

/** @returns when it answers */
async function startNamed(closing: Closing[], port: number, zones: string, options: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'named-'));
  writeFileSync(join(directory, 'example.zone'), ZONE);
  writeFileSync(
    join(directory, 'named.conf'),
    `options {
      directory "${directory}"; pid-file none; session-keyfile none; listen-on port ${port} { 127.0.0.1; };
      listen-on-v6 { none; }; allow-query { any; }; dnssec-validation no; empty-zones-enable no; ${options}
    };
    controls {};
    ${zones}`,
  );
  const child: ChildProcess = spawn(named!, ['-g', '-c', join(directory, 'named.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  closing.push(async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true });
  });
  await new Promise<void>((resolve, reject) => {
    let log = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (/ running$/m.test(log)) resolve();
    });
    child.once('exit', () => reject(new Error(`named ended: ${log.slice(-2_000)}`)));
  });
}

async function ask(port: number, ...words: string[]): Promise<string> {
  const common = ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=5', '+nocookie'];
  const { stdout } = await promisify(execFile)(dig!, [...common, ...words]);
  return stdout;
}

describe.skipIf(dig === undefined || named === undefined)('between real resolvers', () => {
  const closing: Closing[] = [];
  let redirect: DnsRedirect;
  let ours = 0;
  let front = 0;

  beforeAll(async () => {
    const upstream = await freePort();
    await startNamed(closing, upstream, 'zone "example" { type primary; file "example.zone"; };', 'recursion no;');
    redirect = await startRedirect(closing, {
      upstreamResolvers: [{ host: '127.0.0.1', port: upstream }],
    });
    ours = redirect.addresses[0]!.port;
    front = await freePort();
    await startNamed(closing, front, '', `recursion yes; forward only; forwarders { 127.0.0.1 port ${ours}; };`);
  });
  afterAll(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test('dig reads a redirected answer without a complaint', async () => {
    const out = await ask(ours, 'LinuxTracker.example', 'A', '+dnssec');
    expect(out).toMatch(/status: NOERROR/);
    expect(out).toMatch(/flags: qr rd ra;/);
    expect(out).toMatch(/^LinuxTracker\.example\.\s+45\s+IN\s+A\s+203\.0\.113\.20$/m);
    expect(out).toMatch(/EDNS: version: 0, flags: do; udp: 1232/);
    expect(out).not.toMatch(/WARNING|malformed|bad/i);
  });

  test('the HTTPS record of the original is hidden, in a way dig understands', async () => {
    expect(await ask(ours, 'linuxtracker.example', 'TYPE65')).toMatch(
      /AUTHORITY: 1[\s\S]*SOA\s+alias-tracker\.invalid/,
    );
    expect(await ask(ours, 'www.linuxtracker.example', 'TYPE65', '+tcp')).toMatch(
      /^linuxtracker\.example\.\s+45\s+IN\s+SOA/m,
    );
  });

  test('other names come from the upstream resolver, over UDP and TCP', async () => {
    expect(await ask(ours, 'other.example', '+short')).toBe('192.0.2.80\n');
    expect(await ask(ours, 'other.example', '+short', '+tcp')).toBe('192.0.2.80\n');
    expect(await ask(ours, 'nothing.example')).toMatch(/status: NXDOMAIN/);
  });

  test('an answer that does not fit is fetched again over TCP', async () => {
    const before = redirect.counters().overTcp;
    const out = await ask(ours, 'big.example', 'TXT', '+noedns');
    expect(out).toMatch(/Truncated, retrying in TCP mode[\s\S]*"1919/);
    expect(redirect.counters().overTcp).toBe(before + 1);
  });

  test('several queries on one connection', async () => {
    const out = await ask(
      ours,
      '+tcp',
      '+keepopen',
      'other.example',
      'A',
      '+short',
      '+tcp',
      '+keepopen',
      'linuxtracker.example',
      'A',
      '+short',
    );
    expect(out).toBe('192.0.2.80\n203.0.113.20\n');
  });

  test('EDNS versions and operations of the future are answered as RFC 6891 and RFC 1035 say', async () => {
    expect(await ask(ours, 'linuxtracker.example', '+edns=1', '+noednsnegotiation')).toMatch(/status: BADVERS/);
    expect(await ask(ours, 'linuxtracker.example', '+opcode=notify')).toMatch(/status: NOTIMP/);
    expect(await ask(ours, 'linuxtracker.example', 'IXFR=1')).toMatch(/status: REFUSED|Transfer failed/);
  });

  test("behind the operator's own BIND, which forwards to us", async () => {
    expect(await ask(front, 'linuxtracker.example', '+short')).toBe('203.0.113.20\n');
    expect(await ask(front, 'www.linuxtracker.example', 'AAAA', '+short')).toBe('2001:db8:100::20\n');
    expect(await ask(front, 'linuxtracker.example', 'TYPE65')).toMatch(/status: NOERROR[\s\S]*ANSWER: 0/);
    expect(await ask(front, 'other.example', '+short')).toBe('192.0.2.80\n');
    expect(await ask(front, 'big.example', 'TXT', '+tcp')).toMatch(/"1919/);
  });
});
