/**
 * How many reports one core takes: `npm run bench -- reports [seconds a phase]`. The server is a process of its own with the
 * real API and a real database file, pinned to one core; its CPU time is read from /proc.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { cpuSeconds } from './process-usage.js';

const PHASE_SECONDS = Number(process.argv[2] ?? 6);
const SUBDOMAINS = 2_000;
const NODES = 50_000;

/** Sends reports. @returns the milliseconds until they were answered */
type Send = () => Promise<number>;

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
const script = fileURLToPath(new URL('../../../test/e2e/reports-server.mjs', import.meta.url));
const pin = process.platform === 'linux' && cpus().length > 1 ? ['taskset', '-c', '0'] : [];
const [command, ...args] = [...pin, process.execPath, script, join(directory, 'bench.sqlite')];
const server = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const port = await new Promise<string>((resolve) => createInterface({ input: server.stdout }).once('line', resolve));
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 });
  let sequence = 0;
  const density = (): object => {
    const number = ++sequence;
    const i = number % SUBDOMAINS;
    return {
      probe: `p${i}`,
      sequence: number,
      periodStart: new Date(Date.now() - 10_000).toISOString(),
      periodSeconds: 10,
      subdomains: [{ id: `s${i}`, bytes: 5e8 + number, users: 4_000 }],
    };
  };
  let node = 0;
  const capability = (): object => {
    const i = node++ % NODES;
    const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    return { address, port: 51413, cpuUtilisation: 0.2, memoryUtilisation: 0.4, availableUplinkBps: 2e7, role: 'peer' };
  };
  const many = (count: number, make: () => object): object[] => Array.from({ length: count }, make);
  const post = async (path: string, json: object): Promise<number> => {
    const begun = performance.now();
    const { statusCode, body } = await pool.request({
      path,
      method: 'POST',
      headers: { authorization: 'Bearer control', 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
    await body.dump();
    if (statusCode !== 202) throw new Error(`${path}: ${statusCode}`);
    return performance.now() - begun;
  };

  const phases: readonly (readonly [name: string, senders: number, reports: number, send: Send])[] = [
    ['density, one per request', 64, 1, () => post('/api/v1/density', density())],
    ['density, 100 per request', 8, 100, () => post('/api/v1/density', many(100, density))],
    ['capability, one per request', 64, 1, () => post('/api/v1/capability', capability())],
    ['capability, 500 per request', 8, 500, () => post('/api/v1/capability', many(500, capability))],
  ];
  console.log(`${cpus()[0]?.model}, Node.js ${process.version}; server on one core, database on ${directory}`);
  // The first second compiles.
  await saturate(64, phases[0]![3], 1);
  for (const [name, senders, reports, send] of phases) {
    const result = await saturate(senders, send);
    const perSecond = (result.calls * reports) / result.seconds;
    const perCpuSecond = (result.calls * reports) / result.cpuSeconds;
    print(name, `${round(perSecond)} reports/s, ${round(perCpuSecond)} per CPU-second`, result.latencies);
  }

  // What the largest operator sends: 2,000 sub-domains every 10 s, 50,000 nodes every minute, each in a call of its own.
  const rate = SUBDOMAINS / 10 + NODES / 60;
  const result = await pace(rate, (i) =>
    i % Math.round(rate / (SUBDOMAINS / 10)) === 0
      ? post('/api/v1/density', density())
      : post('/api/v1/capability', capability()),
  );
  const share = ((100 * result.cpuSeconds) / result.seconds).toFixed(0);
  print(
    '2,000 sub-domains / 10 s + 50,000 nodes / min',
    `${round(rate)} calls/s take ${share} % of a core`,
    result.latencies,
  );
  await pool.close();
} finally {
  server.kill();
  rmSync(directory, { recursive: true });
}

async function saturate(senders: number, send: Send, phaseSeconds = PHASE_SECONDS) {
  const latencies: number[] = [];
  const before = serverCpuSeconds();
  const begun = performance.now();
  const until = begun + phaseSeconds * 1000;
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (performance.now() < until) latencies.push(await send());
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  return { calls: latencies.length, seconds, cpuSeconds: serverCpuSeconds() - before, latencies };
}

async function pace(callsPerSecond: number, send: (call: number) => Promise<number>) {
  const latencies: number[] = [];
  const waiting: Promise<unknown>[] = [];
  const before = serverCpuSeconds();
  const begun = performance.now();
  const total = Math.round(callsPerSecond * PHASE_SECONDS);
  for (let i = 0; i < total; ) {
    const due = Math.min(total, Math.ceil(((performance.now() - begun) / 1000) * callsPerSecond));
    for (; i < due; i++) waiting.push(send(i).then((latency) => latencies.push(latency)));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(waiting);
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, cpuSeconds: serverCpuSeconds() - before, latencies };
}

function serverCpuSeconds(): number {
  const { user, system } = cpuSeconds(server.pid!);
  return user + system;
}

function print(name: string, figure: string, latencies: number[]): void {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  console.log(`${name.padEnd(48)} ${figure}; answered in ${at(0.5)} ms (median), ${at(0.99)} ms (p99)`);
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en');
}
