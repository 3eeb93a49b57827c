/**
 * How a whole `serve` crawls the local world of test/support/world: thirty sites with 50,000 torrents and the faults of real
 * sites. Measures the time of the crawl, the memory of the process and, meanwhile, how long its DNS answers take. Says whether
 * the top is the one that the plan of the world demands, and what the sites saw of the crawler's manners.
 *
 *     npm run bench -- crawl [--torrents N] [--seed N] [--delay MS] [--json]
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decode, encode } from 'dns-packet';
import { freePort } from '../test/support/free-port.js';
import type { StartedWorld, WorldCommand, WorldFigures } from './crawl-world-process.js';
import { describeMachine } from './report.js';

const TOP = 100;
/** Between two DNS questions, in ms. */
const ASK_EVERY_MS = 5;
/** How long DNS is asked once more after the crawl, to compare with. */
const IDLE_MS = 5_000;
const CONTROL_TOKEN = 'a-token-of-the-benchmark';
const REDIRECTED = 'popular.world.test';
const TIME_LIMIT_MS = 600_000;
const here = dirname(fileURLToPath(import.meta.url));
const CLI = join(here, '../../../dist/cli/main.js');

interface Options {
  readonly torrents: number;
  readonly seed: number;
  readonly delayMs: number;
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      torrents: { type: 'string', default: '50000' },
      seed: { type: 'string', default: '1' },
      delay: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^\d{1,7}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`);
    return Number(text);
  };
  return {
    torrents: whole('torrents', values.torrents),
    seed: whole('seed', values.seed),
    delayMs: whole('delay', values.delay),
    json: values.json,
  };
}

async function askWorld<Answer>(child: ChildProcess, command: WorldCommand): Promise<Answer> {
  child.send(command);
  const [answer] = await once(child, 'message');
  return answer as Answer;
}

interface DnsTimes {
  /** In ms. */
  readonly answered: readonly number[];
  readonly lost: number;
}

/** Asks the redirection again and again until it is stopped. @returns the times of the answers, in ms */
function askDns(port: number): { stop(): DnsTimes } {
  const socket = createSocket('udp4');
  const sentAt = new Map<number, number>();
  const answered: number[] = [];
  let id = 0;
  socket.on('message', (message) => {
    const now = performance.now();
    const { id: answeredId = -1, answers } = decode(message);
    const begun = sentAt.get(answeredId);
    if (begun === undefined || answers?.length !== 1) return;
    sentAt.delete(answeredId);
    answered.push(now - begun);
  });
  const timer = setInterval(() => {
    id = (id + 1) % 65_536;
    sentAt.set(id, performance.now());
    socket.send(encode({ type: 'query', id, questions: [{ type: 'A', name: REDIRECTED }] }), port, '127.0.0.1');
  }, ASK_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      socket.close();
      // A question of the last moments may still be on its way.
      return { answered, lost: [...sentAt.values()].filter((at) => performance.now() - at > 1_000).length };
    },
  };
}

function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
}

/** Waits for the line of the log that a crawl ends with. */
async function untilCrawled(serve: ChildProcess): Promise<string> {
  const timer = setTimeout(() => serve.kill('SIGKILL'), TIME_LIMIT_MS);
  try {
    for await (const line of createInterface({ input: serve.stderr! })) {
      if (line.includes('crawled:')) return (JSON.parse(line) as { msg: string }).msg;
      if (line.includes('crawl failed')) throw new Error(line);
    }
    throw new Error(`serve ended with ${serve.exitCode ?? serve.signalCode}`);
  } finally {
    clearTimeout(timer);
  }
}

async function topOf(port: number): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/torrents?limit=${TOP}`, {
    headers: { authorization: `Bearer ${CONTROL_TOKEN}` },
  });
  const { torrents } = (await response.json()) as { torrents: { infoHash: string; rank?: number }[] };
  return torrents
    .filter(({ rank }) => rank !== undefined)
    .sort((a, b) => a.rank! - b.rank!)
    .map(({ infoHash }) => infoHash);
}

function times({ answered, lost }: DnsTimes): Record<string, number> {
  const sorted = [...answered].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { answers: sorted.length, lost, medianMs: at(0.5), p99Ms: at(0.99), longestMs: sorted.at(-1) ?? Number.NaN };
}

async function measure({ torrents, seed, delayMs }: Options, directory: string, children: ChildProcess[]) {
  const world = fork(join(here, 'crawl-world-process.js'));
  children.push(world);
  const started = await askWorld<StartedWorld>(world, { what: 'start', seed, torrents, top: TOP, directory });
  const [dns, control, mirror] = [await freePort(), await freePort(), await freePort()];
  const config = {
    ...started.config,
    crawler: {
      ...(started.config.crawler as object),
      top: TOP,
      every: '30d',
      delayPerSite: `${delayMs}ms`,
      timeout: '5s',
    },
    mirrorSite: { listen: `http://127.0.0.1:${mirror}` },
    control: { listen: `http://127.0.0.1:${control}`, token: CONTROL_TOKEN },
    dnsRedirect: {
      listen: [`127.0.0.1:${dns}`],
      upstreamResolvers: (started.config.upstream as { resolvers: string[] }).resolvers,
      mirrorAddresses: ['127.0.0.1'],
      sites: [REDIRECTED],
    },
  };
  const file = join(directory, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const begun = performance.now();
  const serve = spawn(process.execPath, [CLI, 'serve', '--json', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(serve);
  await once(serve.stdout!, 'data');
  const asking = askDns(dns);
  const crawled = await untilCrawled(serve);
  const seconds = (performance.now() - begun) / 1_000;
  const during = asking.stop();
  const found = await topOf(control);
  const figures = await askWorld<WorldFigures>(world, { what: 'figures' });
  const idle = askDns(dns);
  await new Promise((done) => setTimeout(done, IDLE_MS));
  return {
    sites: started.sites,
    listed: started.listed,
    crawled,
    seconds,
    listedPerSecond: started.listed / seconds,
    filesPerSecond: figures.filesSent / seconds,
    peakMegabytes: peakBytes(serve.pid!) / 1e6,
    top: { expected: started.expected.length, right: found.filter((hash, i) => hash === started.expected[i]).length },
    dns: times(during),
    dnsAfterwards: times(idle.stop()),
    ...figures,
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-crawl-'));
  const children: ChildProcess[] = [];
  try {
    const figures = await measure(options, directory, children);
    if (options.json) console.log(JSON.stringify({ machine: describeMachine(), options, figures }, null, 2));
    else for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(16)} ${show(value)}`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

function show(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 1 });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${show(each)}`)
    .join(', ');
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
