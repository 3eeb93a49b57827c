/**
 * The mirror site in an original's place beside nginx as a plain reverse proxy: the same original (another nginx), the same
 * load (wrk), in turns. The proxy has core 0; original and load share core 1. Then a thousand readers who take a few bytes a
 * second, and what they cost in memory.
 *
 *     npm run bench -- pass-through [--rounds N] [--seconds N] [--readers N] [--json]
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type DnsMessage, decode, encode } from 'dns-packet';
import { freePort } from '../test/support/free-port.js';
import { cpuSeconds, residentBytes } from './process-usage.js';
import { describeMachine, median } from './report.js';

const SITE = 'forum.example';
const ORIGINAL = '127.0.0.2';
const CONNECTIONS = 32;
/** Not the synchronous one, which would stop the resolver of this process. */
const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const CLI = join(here, '../../../dist/cli/main.js');
/** Subscribers of the slow readers: each has as many requests as one may have. */
const READERS_PER_ADDRESS = 50;
const SLOW_SECONDS = 20;
const BIG_BYTES = 20_000_000;
/** V8 compiles the whole path after some ten thousand requests. */
const WARM_REQUESTS = 20_000;
const MAX_WARM_TURNS = 5;

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly readers: number;
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      readers: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^\d{1,5}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`);
    return Number(text);
  };
  return {
    rounds: whole('rounds', values.rounds),
    seconds: whole('seconds', values.seconds),
    readers: whole('readers', values.readers),
    json: values.json,
  };
}

/** What the original has, by path. */
const DOCUMENTS: Readonly<Record<string, { readonly about: string; readonly body: Buffer }>> = {
  '/small.css': { about: '1 kB of style', body: Buffer.alloc(1_000, 'a') },
  '/picture.png': { about: '16 kB picture', body: Buffer.alloc(16_384, 7) },
  '/video.mp4': { about: '1 MB of video', body: Buffer.alloc(1_000_000, 7) },
  '/plain.html': { about: '16 kB page without torrents', body: page(0) },
  '/torrents.html': { about: '16 kB page with 20 magnet links', body: page(20) },
};

/** A page of about 16 kB. */
function page(links: number): Buffer {
  const rows: string[] = [];
  for (let n = 0; n < links; n++) {
    const magnet = `magnet:?xt=urn:btih:${n.toString(16).padStart(40, '0')}&amp;dn=Film+${n}&amp;tr=udp%3A%2F%2Ftracker.example%3A6969`;
    rows.push(`<tr class="row"><td><a href="/t/${n}">Film ${n}</a></td><td><a href="${magnet}">Magnet</a></td></tr>`);
  }
  const filler = '<li class="entry"><a href="/topic/12345" title="A topic">A topic of the forum</a> by somebody</li>\n';
  const head = '<!doctype html><html><head><title>Forum</title></head><body><table>';
  const text = `${head}${rows.join('\n')}</table>`;
  return Buffer.from(`${text}${filler.repeat(Math.ceil((16_384 - text.length) / filler.length))}</body></html>`);
}

function pinned(core: number, program: string, args: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(core), program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function startNginx(directory: string, name: string, core: number, server: string): Promise<ChildProcess> {
  const file = join(directory, `${name}.conf`);
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; worker_processes 1; pid ${directory}/${name}.pid; error_log ${directory}/${name}.log;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000; sendfile on; tcp_nopush on; types { text/html html; text/css css; image/png png; video/mp4 mp4; application/octet-stream bin; }
  client_body_temp_path ${directory}/${name}-body; proxy_temp_path ${directory}/${name}-proxy;
  fastcgi_temp_path ${directory}/${name}-f; uwsgi_temp_path ${directory}/${name}-u; scgi_temp_path ${directory}/${name}-s;
  ${server}
}
`,
  );
  return pinned(core, 'nginx', ['-e', `${directory}/${name}.log`, '-c', file]);
}

async function startResolver(): Promise<{ readonly port: number; close(): void }> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    const answers: DnsMessage['answers'] =
      question?.type === 'A' ? [{ name: question.name, type: 'A', ttl: 300, data: ORIGINAL }] : [];
    const answer = encode({
      id: query.id ?? 0,
      type: 'response',
      flags: 0x180,
      questions: query.questions ?? [],
      answers,
    });
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => socket.close() };
}

async function startMirror(directory: string, port: number, resolver: number): Promise<ChildProcess> {
  const file = join(directory, 'mirror.yaml');
  const tracker = await freePort('127.0.0.1');
  writeFileSync(
    file,
    `operator: { name: Bench, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["udp://127.0.0.1:${tracker}"], announceUrls: ["udp://127.0.0.1:${tracker}/announce"] }
mirrorSite: { listen: "http://127.0.0.1:${port}" }
dnsRedirect: { listen: ["127.0.0.1:${await freePort('127.0.0.1')}"], upstreamResolvers: ["127.0.0.1:${resolver}"], mirrorAddresses: [127.0.0.1], sites: [${SITE}] }
storage: { directory: ${directory}/data }
lab: true
logging: { level: error }
`,
  );
  const child = pinned(0, process.execPath, [CLI, 'serve', '--config', file]);
  child.stdout?.resume();
  child.stderr?.on('data', (chunk) => process.stderr.write(chunk));
  return child;
}

/** The processes of a server: nginx has a worker. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
}

const cpuOf = (pid: number): number =>
  processesOf(pid).reduce((sum, each) => sum + cpuSeconds(each).user + cpuSeconds(each).system, 0);
const memoryOf = (pid: number): number => processesOf(pid).reduce((sum, each) => sum + residentBytes(each), 0);

interface Figure {
  readonly requests: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

async function load(port: number, host: string, path: string, seconds: number, pid: number): Promise<Figure> {
  const before = cpuOf(pid);
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    'wrk',
    '--timeout',
    '30s',
    '-t',
    '1',
    '-c',
    String(CONNECTIONS),
    '-d',
    `${seconds}s`,
    '-H',
    `Host: ${host}`,
    `http://127.0.0.1:${port}${path}`,
  ]);
  const cpu = cpuOf(pid) - before;
  const [, requests = '0'] = /(\d+) requests in/.exec(stdout) ?? [];
  if (/Non-2xx|Socket errors/.test(stdout) || requests === '0') throw new Error(`${path} at port ${port}: ${stdout}`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
  return { requests: Number(requests), perSecond, perCpuSecond: Number(requests) / cpu };
}

async function untilServed(port: number, host: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { stdout } = await run('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-H',
      `Host: ${host}`,
      `http://127.0.0.1:${port}/small.css`,
    ]).catch(() => ({ stdout: '' }));
    if (stdout === '200') return;
    await sleep(100);
  }
  throw new Error(`nothing is served at port ${port}`);
}

/** @returns memory in MB before, and once a few seconds while slow readers are connected */
async function slowReaders(port: number, host: string, count: number, pid: number): Promise<number[]> {
  const figures = [memoryOf(pid) / 1e6];
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const localAddress = `127.1.${Math.floor(n / READERS_PER_ADDRESS)}.1`;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    socket.write(`GET ${n % 2 === 0 ? '/big.bin' : '/big.html'} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    socket.pause();
    sockets.push(socket);
    if (n % 50 === 49) await sleep(50);
  }
  const reading = setInterval(() => {
    for (const socket of sockets) socket.read(512);
  }, 1_000);
  for (let second = 0; second < SLOW_SECONDS; second += 5) {
    await sleep(5_000);
    figures.push(memoryOf(pid) / 1e6);
  }
  clearInterval(reading);
  for (const socket of sockets) socket.destroy();
  return figures;
}

async function main(): Promise<void> {
  const options = readOptions();
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  const children: ChildProcess[] = [];
  const resolver = await startResolver();
  try {
    const files = join(directory, 'www');
    mkdirSync(files);
    for (const [path, { body }] of Object.entries(DOCUMENTS)) writeFileSync(join(files, path), body);
    writeFileSync(join(files, 'big.bin'), Buffer.alloc(BIG_BYTES));
    writeFileSync(join(files, 'big.html'), Buffer.alloc(BIG_BYTES, '<p class="a">text</p>\n'));
    const port = await freePort('127.0.0.1');
    const proxyPort = await freePort('127.0.0.1');
    const original = `server { listen ${ORIGINAL}:${port} backlog=4096; root ${files}; }`;
    const proxy = `upstream original { server ${ORIGINAL}:${port}; keepalive 128; }
  server { listen 127.0.0.1:${proxyPort} backlog=4096; location / { proxy_pass http://original; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; } }`;
    children.push(await startNginx(directory, 'original', 1, original));
    children.push(await startNginx(directory, 'proxy', 0, proxy));
    children.push(await startMirror(directory, port, resolver.port));
    const [, nginx, mirror] = children;
    const host = `${SITE}:${port}`;
    await untilServed(proxyPort, host);
    await untilServed(port, host);
    const rows = [];
    for (const [path, { about }] of Object.entries(DOCUMENTS)) {
      const figures = { nginx: [] as Figure[], mirror: [] as Figure[] };
      // Until the compiler has seen enough of them.
      for (let seen = 0, turns = 0; seen < WARM_REQUESTS && turns < MAX_WARM_TURNS; turns++) {
        seen += (await load(port, host, path, 2, mirror!.pid!)).requests;
      }
      for (let round = 0; round < options.rounds; round++) {
        figures.nginx.push(await load(proxyPort, host, path, options.seconds, nginx!.pid!));
        figures.mirror.push(await load(port, host, path, options.seconds, mirror!.pid!));
      }
      const of = (which: 'nginx' | 'mirror', what: keyof Figure): number =>
        Math.round(median(figures[which].map((each) => each[what])));
      rows.push({
        about,
        nginxPerSecond: of('nginx', 'perSecond'),
        mirrorPerSecond: of('mirror', 'perSecond'),
        nginxPerCpuSecond: of('nginx', 'perCpuSecond'),
        mirrorPerCpuSecond: of('mirror', 'perCpuSecond'),
      });
      console.error(`${about}: done`);
    }
    const memory = await slowReaders(port, host, options.readers, mirror!.pid!);
    const command = `npm run bench -- pass-through ${process.argv.slice(2).join(' ')}`.trim();
    if (options.json) console.log(JSON.stringify({ machine: describeMachine(), command, rows, memory }, null, 2));
    else {
      console.log(`${describeMachine()}\n${command}\n`);
      console.log('| answer | nginx /s | mirror site /s | ratio | nginx per CPU-s | mirror site per CPU-s | ratio |');
      console.log('|---|---|---|---|---|---|---|');
      for (const row of rows) {
        const ratio = (row.mirrorPerSecond / row.nginxPerSecond).toFixed(2);
        const cpuRatio = (row.mirrorPerCpuSecond / row.nginxPerCpuSecond).toFixed(2);
        console.log(
          `| ${row.about} | ${row.nginxPerSecond} | ${row.mirrorPerSecond} | ${ratio} | ${row.nginxPerCpuSecond} | ${row.mirrorPerCpuSecond} | ${cpuRatio} |`,
        );
      }
      console.log(
        `\nMemory with ${options.readers} slow readers, in MB: ${memory.map((each) => each.toFixed(0)).join(', ')} (before, then every 5 s)`,
      );
    }
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => (child.exitCode === null ? once(child, 'exit') : undefined)));
    resolver.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
