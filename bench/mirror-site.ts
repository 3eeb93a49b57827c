/**
 * What the mirror site serves with 100,000 torrents in its catalogue: searches in this process, then `serve` on one core and
 * wrk on another, asking for pages and torrent files; and the memory of `serve` with a thousand clients that read nothing and
 * a thousand that send their header sections a byte at a time.
 *
 *     npm run bench -- mirror-site [--torrents N] [--seconds N] [--rounds N] [--directory DIRECTORY] [--json]
 *
 * With a directory, the catalogue that was made there is used again: making it takes minutes.
 * Processor time is given beside the time on the clock: on a machine that does other work, only the first one is ours.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCatalogue } from '../src/store/sqlite/catalogue.js';
import { openDatabase } from '../src/store/sqlite/database.js';
import { freePort } from '../test/support/free-port.js';
import { fillCatalogue, LARGE_FILES } from './mirror-site/fill-catalogue.js';
import { QUERIES } from './mirror-site/queries.js';
import { cpuSeconds, residentBytes } from './process-usage.js';
import { describeMachine } from './report.js';

const CLI = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/cli/main.js');
const SLOW_CLIENTS = 1_000;
/** For how long the slow clients stay. */
const SLOW_MS = 15_000;
const CONNECTIONS = 32;
/** In two seconds. */
const SETTLED_CPU_SECONDS = 0.3;
const MIB = 2 ** 20;

interface Options {
  readonly torrents: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly directory: string | undefined;
  readonly json: boolean;
}

interface Times {
  readonly query: string;
  readonly total: number;
  /** Of the slowest round, in ms. */
  readonly wallMs: number;
  readonly cpuMs: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      torrents: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '10' },
      directory: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'torrents' | 'seconds' | 'rounds'): number => {
    const text = values[name];
    if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`);
    return Number(text);
  };
  const { directory, json } = values;
  return { torrents: whole('torrents'), seconds: whole('seconds'), rounds: whole('rounds'), directory, json };
}

/** Each query in turn, so that no query finds what the one before it has left in caches. */
async function measureSearches(file: string, rounds: number) {
  const database = openDatabase(file);
  const catalogue = createCatalogue(database);
  const startedMs = performance.now();
  await catalogue.warmUpSearch();
  const warmUpMs = performance.now() - startedMs;
  const slowest = new Map<string, Times>();
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const query of QUERIES) {
      const before = process.cpuUsage();
      const fromMs = performance.now();
      const { total } = catalogue.search(query);
      const wallMs = performance.now() - fromMs;
      const { user, system } = process.cpuUsage(before);
      const cpuMs = (user + system) / 1_000;
      wall.push(wallMs);
      cpu.push(cpuMs);
      const name = JSON.stringify(query).slice(0, 80);
      const known = slowest.get(name);
      if (known === undefined || known.cpuMs < cpuMs) slowest.set(name, { query: name, total, wallMs, cpuMs });
    }
  }
  database.close();
  const five = [...slowest.values()].sort((a, b) => b.cpuMs - a.cpuMs).slice(0, 5);
  return { warmUpMs, wall: quantiles(wall), cpu: quantiles(cpu), slowest: five };
}

function quantiles(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}

async function startServe(directory: string, port: number): Promise<ChildProcess> {
  const config = {
    operator: { name: 'Bench', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
    tracker: { listen: ['udp://127.0.0.1:0'], announceUrls: ['udp://alias.example.net:6969/announce'] },
    crawler: { sources: [] },
    upstream: { exchange: false },
    mirrorSite: { listen: `http://127.0.0.1:${port}`, limits: { connectionsPerAddress: 10_000 } },
    storage: { directory: '.' },
    logging: { level: 'warn' },
    lab: true,
  };
  const file = join(directory, 'bench.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn('taskset', ['-c', '0', process.execPath, CLI, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of child.stdout!) if (String(chunk).includes('Ctrl-C stops it.')) break;
  child.stdout!.resume();
  await settled(child);
  return child;
}

/** At first the site counts the peers inside of every torrent, which changes the catalogue all the time. */
async function settled(child: ChildProcess): Promise<void> {
  const used = (): number => cpuSeconds(child.pid!).user + cpuSeconds(child.pid!).system;
  for (let last = Number.NEGATIVE_INFINITY, now = used(); now - last > SETTLED_CPU_SECONDS; now = used()) {
    last = now;
    await wait(2_000);
  }
}

/** @param paths asked for one after another, again and again */
function measureLoad(child: ChildProcess, port: number, paths: readonly string[], seconds: number, headers = '') {
  const script = join(mkdtempSync(join(tmpdir(), 'alias-tracker-wrk-')), 'paths.lua');
  writeFileSync(
    script,
    `local paths = { ${paths.map((path) => `"${path}"`).join(', ')} }
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at]${headers === '' ? '' : `, { ["Accept-Encoding"] = "${headers}", Host = "x.example" }`})
end
`,
  );
  const before = cpuSeconds(child.pid!);
  const output = execFileSync(
    'taskset',
    [
      '-c',
      '1',
      'wrk',
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${seconds}s`,
      '-s',
      script,
      '--latency',
      `http://127.0.0.1:${port}`,
    ],
    { encoding: 'utf8' },
  );
  const after = cpuSeconds(child.pid!);
  rmSync(dirname(script), { recursive: true, force: true });
  const answers = Number(/(\d+) requests in/.exec(output)![1]);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
  const usedSeconds = after.user + after.system - before.user - before.system;
  return {
    perSecond: Number(/Requests\/sec:\s*([\d.]+)/.exec(output)![1]),
    perCpuSecond: answers / usedSeconds,
    p99: /99%\s+(\S+)/.exec(output)![1]!,
    failed,
  };
}

/** Clients that ask for the largest torrents and read nothing, or send a byte of their header section each second. */
async function measureSlowClients(child: ChildProcess, port: number, path: (n: number) => string) {
  const before = residentBytes(child.pid!);
  const sockets: Socket[] = [];
  for (let n = 0; n < SLOW_CLIENTS; n++) {
    const reader = createConnection({ host: '127.0.0.1', port }).on('error', () => {});
    reader.pause();
    reader.write(`GET ${path(n)} HTTP/1.1\r\nHost: x.example\r\n\r\n`.repeat(50));
    const sender = createConnection({ host: '127.0.0.1', port }).on('error', () => {});
    sender.write('GET / HTTP/1.1\r\nHost: x.example\r\nX-A: ');
    sockets.push(reader, sender);
  }
  let most = before;
  for (const endMs = performance.now() + SLOW_MS; performance.now() < endMs; ) {
    await wait(1_000);
    for (let i = 1; i < sockets.length; i += 2) if (sockets[i]!.writable) sockets[i]!.write('a');
    most = Math.max(most, residentBytes(child.pid!));
  }
  for (const socket of sockets) socket.destroy();
  return { beforeMib: before / MIB, mostMib: most / MIB };
}

async function main(): Promise<void> {
  const options = readOptions();
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'alias-tracker-bench-site-'));
  try {
    const file = join(directory, 'alias-tracker.sqlite');
    const database = openDatabase(file);
    if (createCatalogue(database).count() === 0) {
      console.error(`filling a catalogue with ${options.torrents} torrents`);
      fillCatalogue(database, options.torrents);
    }
    const hashes = createCatalogue(database)
      .ranked()
      .map(({ infoHash }) => infoHash);
    database.close();
    console.error('searching');
    const searches = await measureSearches(file, options.rounds);
    console.error('serving');
    const port = await freePort();
    const child = await startServe(directory, port);
    const files = hashes.slice(0, LARGE_FILES).map((hash) => `/torrent/${hash}.torrent`);
    const torrentPages = hashes.slice(0, 500).map((hash) => `/torrent/${hash}`);
    const load = (paths: readonly string[], headers?: string) =>
      measureLoad(child, port, paths, options.seconds, headers);
    const figures = {
      'front page': load(['/']),
      'front page, br': load(['/'], 'br'),
      'a hundred pages of the list': load(Array.from({ length: 100 }, (_, i) => `/?page=${i + 1}`)),
      'pages of 500 torrents': load(torrentPages),
      'torrent files, the 100 most popular': load(files.slice(0, 100)),
      [`torrent files, ${files.length} in turn`]: load(files),
    };
    const memory = await measureSlowClients(child, port, (n) => files[n % files.length]!);
    child.kill('SIGTERM');
    await once(child, 'exit');
    if (options.json) console.log(JSON.stringify({ machine: describeMachine(), searches, figures, memory }, null, 2));
    else report(searches, figures, memory);
  } finally {
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

function report(
  searches: Awaited<ReturnType<typeof measureSearches>>,
  figures: Readonly<Record<string, ReturnType<typeof measureLoad>>>,
  memory: Awaited<ReturnType<typeof measureSlowClients>>,
): void {
  const ms = (value: number): string => value.toFixed(1);
  console.log(`${describeMachine()}\n`);
  console.log(`| searches (${QUERIES.length} queries) | p50 | p99 | max |\n|---|---:|---:|---:|`);
  for (const [name, { p50, p99, max }] of Object.entries({ 'processor time': searches.cpu, clock: searches.wall })) {
    console.log(`| ms, ${name} | ${ms(p50)} | ${ms(p99)} | ${ms(max)} |`);
  }
  for (const { query, cpuMs, total } of searches.slowest)
    console.log(`slow: ${ms(cpuMs)} ms, ${total} found: ${query}`);
  console.log(`loading the columns took ${ms(searches.warmUpMs)} ms\n`);
  console.log('| asked for | answers a CPU-second | answers/s | p99 | failed |\n|---|---:|---:|---:|---:|');
  for (const [name, { perCpuSecond, perSecond, p99, failed }] of Object.entries(figures)) {
    console.log(`| ${name} | ${Math.round(perCpuSecond)} | ${Math.round(perSecond)} | ${p99} | ${failed} |`);
  }
  console.log(
    `\nmemory of serve: ${ms(memory.beforeMib)} MiB, at most ${ms(memory.mostMib)} MiB with ${SLOW_CLIENTS} slow readers and ${SLOW_CLIENTS} slow senders`,
  );
}

await main();
