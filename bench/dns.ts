/**
 * The redirection against the resolvers that operators run, by dnsperf on loopback: redirected names against dnsmasq with the
 * same 10,000 names, forwarded answers from the cache against Unbound, and a burst of 1,000 questions within 40 ms. Each
 * server has core 0, dnsperf and the upstream resolver core 1; servers take turns.
 *
 *     npm run bench -- dns [--rounds N] [--seconds N]
 *
 * Needs dnsmasq, unbound, dnsperf and taskset (Debian: dnsmasq-base, unbound, dnsperf, util-linux).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { cpuSeconds } from './process-usage.js';
import { describeMachine, median } from './report.js';

const NAMES = 10_000;
const BURST = { questions: 1_000, milliseconds: 40, slices: 8 };
const SERVER_CORE = '0';
const LOAD_CORE = '1';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' } } });
const rounds = Number(values.rounds ?? 5);
const seconds = Number(values.seconds ?? 3);
const directory = mkdtempSync(join(tmpdir(), 'bench-dns-'));
const running: ChildProcess[] = [];

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

function start(core: string, program: string, words: readonly string[]): ChildProcess {
  const child = spawn('taskset', ['-c', core, program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  return child;
}

async function startOurs(upstreamPort: number): Promise<Server> {
  const script = new URL('./servers/dns-redirect-server.js', import.meta.url).pathname;
  const child = start(SERVER_CORE, process.execPath, [script, String(NAMES), String(upstreamPort)]);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { name: 'alias-tracker', pid: child.pid!, port: Number(line) };
}

async function startDnsmasq(port: number): Promise<Server> {
  const lines = [`port=${port}`, 'listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts', 'pid-file='];
  lines.push('local-ttl=3600', 'user=root');
  for (let i = 0; i < NAMES; i++)
    lines.push(`host-record=listed${i}.example,203.0.113.21`, `local=/listed${i}.example/`);
  writeFileSync(join(directory, 'dnsmasq.conf'), `${lines.join('\n')}\n`);
  const child = start(SERVER_CORE, 'dnsmasq', ['-k', '-C', join(directory, 'dnsmasq.conf')]);
  await answers(port, 'listed0.example');
  return { name: 'dnsmasq', pid: child.pid!, port };
}

/** @param upstreamPort forwards there; undefined: it stands for the Internet, and has one address for every name */
async function startUnbound(core: string, port: number, upstreamPort?: number): Promise<Server> {
  const source =
    upstreamPort === undefined
      ? '  local-zone: "example." redirect\n  local-data: "example. 3600 A 203.0.113.21"'
      : `forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@${upstreamPort}`;
  const file = join(directory, `unbound-${port}.conf`);
  writeFileSync(
    file,
    `server:
  interface: 127.0.0.1@${port}
  directory: "${directory}"
  username: ""
  chroot: ""
  pidfile: ""
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  msg-cache-size: 64m
  rrset-cache-size: 64m
  so-rcvbuf: 4m
${source}
remote-control:
  control-enable: no
`,
  );
  const child = start(core, 'unbound', ['-d', '-c', file]);
  await answers(port, 'cached0.example');
  return { name: 'unbound', pid: child.pid!, port };
}

async function answers(port: number, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { stdout } = await promisify(execFile)('dig', [
      '@127.0.0.1',
      '-p',
      String(port),
      '+short',
      '+tries=1',
      '+time=1',
      name,
    ]).catch(() => ({ stdout: '' }));
    if (stdout.trim() === '203.0.113.21') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers ${name} on port ${port}`);
}

interface Round {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly lost: number;
}

/** @param bound `-l SECONDS`, or `-n PASSES` through the questions */
async function measure({ pid, port }: Server, questions: string, ...bound: string[]): Promise<Round> {
  const before = cpuSeconds(pid);
  const words = ['-c', LOAD_CORE, 'dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', questions];
  const { stdout } = await promisify(execFile)('taskset', [...words, ...bound, '-c', '20', '-q', '400']);
  const after = cpuSeconds(pid);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const completed = number(/Queries completed:\s+(\d+)/);
  const used = after.user + after.system - before.user - before.system;
  return {
    perCpuSecond: completed / used,
    perSecond: number(/Queries per second:\s+([\d.]+)/),
    lost: number(/Queries lost:\s+(\d+)/),
  };
}

/** @returns how many of the questions of a burst were answered */
async function burst(port: number, prefix: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 * 1024 * 1024);
  let answered = 0;
  socket.on('message', () => {
    answered++;
  });
  for (let slice = 0; slice < BURST.slices; slice++) {
    for (let i = 0; i < BURST.questions / BURST.slices; i++) {
      const label = `${prefix}${slice * 1_000 + i}`;
      const head = Buffer.from([slice, i & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      const name = Buffer.from(`${String.fromCharCode(label.length)}${label}\x07example\0`, 'latin1');
      socket.send(Buffer.concat([head, name, Buffer.from([0, 1, 0, 1])]), port, '127.0.0.1');
    }
    await new Promise((resolve) => setTimeout(resolve, BURST.milliseconds / BURST.slices));
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  socket.close();
  return answered;
}

async function compare(title: string, prefix: string, servers: readonly Server[]): Promise<string[]> {
  const questions = join(directory, `${prefix}.txt`);
  writeFileSync(questions, Array.from({ length: NAMES }, (_, i) => `${prefix}${i}.example A\n`).join(''));
  const results = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  // Fills the caches, and lets the compiler see the load.
  for (const server of servers) await measure(server, questions, '-n', '3');
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) results.get(server)!.push(await measure(server, questions, '-l', String(seconds)));
  }
  const [first] = servers;
  return [
    `### ${title}`,
    '',
    '| server | answers per CPU-second | answers per second | lost | ours ÷ this |',
    '|---|---:|---:|---:|---:|',
    ...servers.map((server) => {
      const own = results.get(server)!;
      const ratio = median(own.map((each, i) => results.get(first!)![i]!.perCpuSecond / each.perCpuSecond));
      const [perCpuSecond, perSecond] = [
        median(own.map((each) => each.perCpuSecond)),
        median(own.map((each) => each.perSecond)),
      ];
      const lost = own.reduce((sum, each) => sum + each.lost, 0);
      return `| ${server.name} | ${format(perCpuSecond)} | ${format(perSecond)} | ${lost} | ${ratio.toFixed(2)} |`;
    }),
    '',
  ];
}

function format(value: number): string {
  return Math.round(value).toLocaleString('en');
}

try {
  const base = 21_000;
  const internet = await startUnbound(LOAD_CORE, base);
  const ours = await startOurs(internet.port);
  const dnsmasq = await startDnsmasq(base + 1);
  const unbound = await startUnbound(SERVER_CORE, base + 2, internet.port);
  const lines = [
    `Machine: ${describeMachine()}. ${rounds} rounds of ${seconds} s, medians.`,
    '',
    ...(await compare(`Redirected: ${NAMES} names`, 'listed', [ours, dnsmasq])),
    ...(await compare(`Forwarded and cached: ${NAMES} names`, 'cached', [ours, unbound])),
    `### Burst of ${BURST.questions} questions in ${BURST.milliseconds} ms`,
    '',
    `Answered: ${await burst(ours.port, 'listed')} redirected, ${await burst(ours.port, 'cached')} cached, ${await burst(ours.port, 'nocache')} forwarded.`,
  ];
  console.log(lines.join('\n'));
} finally {
  for (const child of running) child.kill('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
}
