/**
 * The exchange with original trackers: torrents whose inner leecher has no inner seed, on real opentracker and bittorrent-tracker
 * servers. How long the first foreign peer takes to reach the swarm, how often each original is asked, and what hostile
 * originals do to the announces of clients.
 *
 *     npm run bench -- original-trackers [--torrents N] [--originals N] [--spread SECONDS] [--observe SECONDS] [--json]
 *
 * With `--spread 0` all torrents come to be in need at once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCatalogue } from '../src/store/sqlite/catalogue.js';
import { openDatabase } from '../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../test/support/catalogue-entries.js';
import { freePort } from '../test/support/free-port.js';
import { type CpuSeconds, cpuSeconds, residentBytes } from './process-usage.js';
import { describeMachine } from './report.js';
import { UdpPeer } from './udp-peer.js';

const here = dirname(fileURLToPath(import.meta.url));
const CLI = join(here, '../../../dist/cli/main.js');
const NODE_SERVERS = join(here, 'servers', 'recorded-originals.js');
const HOSTILE_SERVERS = join(here, 'servers', 'hostile-originals.js');
/** What bittorrent-tracker's servers state. opentracker states about 30 minutes. */
const INTERVAL_SECONDS = 60;
const LEECHERS = 100;
const FOREIGN = '127.9.0.1';
const POLL_MS = 50;
const LONGEST_POLL_MS = 1_000;
/** Beyond this a torrent counts as not served. */
const GIVE_UP_MS = 120_000;
const HOSTILE_TORRENTS = 1_000;
const PROBE_EVERY_MS = 5;
const PROBE_SECONDS = 15;

interface Options {
  readonly torrents: number;
  readonly originals: number;
  readonly spreadSeconds: number;
  readonly observeSeconds: number;
  readonly json: boolean;
}

interface Original {
  readonly kind: 'opentracker' | 'bittorrent-tracker';
  readonly port: number;
  readonly url: string;
  readonly torrents: number[];
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      torrents: { type: 'string', default: '10000' },
      originals: { type: 'string', default: '20' },
      spread: { type: 'string', default: '60' },
      observe: { type: 'string', default: '90' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^\d{1,5}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`);
    return Number(text);
  };
  return {
    torrents: whole('torrents', values.torrents),
    originals: whole('originals', values.originals),
    spreadSeconds: whole('spread', values.spread),
    observeSeconds: whole('observe', values.observe),
    json: values.json,
  };
}

const children: ChildProcess[] = [];
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-originals-'));

/** One after the other opentracker and bittorrent-tracker, each over UDP and HTTP in turn. */
async function planOriginals({ originals, torrents }: Options): Promise<Original[]> {
  const plan: Original[] = [];
  for (let i = 0; i < originals; i++) {
    const port = await freePort();
    const protocol = i % 4 < 2 ? 'udp' : 'http';
    const kind = i % 2 === 0 ? 'opentracker' : 'bittorrent-tracker';
    plan.push({ kind, port, url: `${protocol}://127.0.0.1:${port}/announce`, torrents: [] });
  }
  for (let n = 1; n <= torrents; n++) plan[n % originals]!.torrents.push(n);
  return plan;
}

/** Debian's build serves only a list; its root directory holds it. `-A` lets this machine read its statistics. */
function startOpentracker({ port, torrents }: Original): void {
  const root = join(directory, `opentracker-${port}`);
  mkdirSync(root);
  chmodSync(root, 0o755);
  writeFileSync(join(root, 'whitelist'), `${torrents.map(hashOf).join('\n')}\n`, { mode: 0o644 });
  const listen = ['-i', '127.0.0.1', '-p', String(port), '-P', String(port), '-A', '127.0.0.1'];
  const args = [...listen, '-d', root, '-u', 'nobody', '-w', '/whitelist'];
  children.push(spawn('opentracker', args, { stdio: 'ignore' }));
}

/** A script that prints `ready`, and one line of JSON for each line that it reads. */
async function startScript(script: string, parameters: object) {
  const child = spawn(process.execPath, [script, JSON.stringify(parameters)], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    pid: child.pid!,
    ask: async (): Promise<unknown> => {
      child.stdin.write('report\n');
      const { value } = await lines.next();
      return JSON.parse(value as string);
    },
  };
}

/** A tracker with the catalogue. @param trackersOf the announce URL of each torrent */
async function startServe(trackersOf: ReadonlyMap<number, string>, every: string) {
  const home = mkdtempSync(join(directory, 'serve-'));
  const database = openDatabase(join(home, 'data/alias-tracker.sqlite'));
  const catalogue = createCatalogue(database);
  database.transaction(() => {
    for (const [n, url] of trackersOf) catalogue.store(torrentToStore(n, { trackerTiers: [[url]] }), Date.now());
  })();
  database.close();
  const [port, controlPort] = [await freePort(), await freePort()];
  const config = {
    operator: { name: 'N', networks: [{ asn: 64_500, prefixes: ['127.1.0.0/16'] }] },
    tracker: { listen: [`udp://127.0.0.1:${port}`], minInterval: '1s' },
    upstream: { resolvers: ['127.0.0.1:9'], every },
    control: { listen: `http://127.0.0.1:${controlPort}`, token: 'bench-control-token' },
    storage: { directory: 'data' },
    logging: { level: 'error' },
    lab: true,
  };
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(config));
  const child = spawn(process.execPath, [CLI, 'serve', '--config', 'config.yaml'], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) if (chunk.includes('Ctrl-C')) break;
  child.stdout.resume();
  return { port, controlPort, pid: child.pid!, child };
}

type Serve = Awaited<ReturnType<typeof startServe>>;

async function counters({ controlPort }: Serve): Promise<Record<string, number>> {
  const headers = { authorization: 'Bearer bench-control-token' };
  const text = await (await fetch(`http://127.0.0.1:${controlPort}/metrics`, { headers })).text();
  const found = [...text.matchAll(/^alias_tracker_upstream_total\{what="(\w+)"\} (\d+)/gm)];
  return Object.fromEntries(found.map(([, what, count]) => [what, Number(count)]));
}

async function openPeers(count: number, prefix: string, port: number): Promise<UdpPeer[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => UdpPeer.open(`${prefix}${i + 1}`, { host: '127.0.0.1', port })),
  );
}

/** One foreign peer of each torrent. */
async function fillOriginals(originals: readonly Original[]): Promise<void> {
  for (const { port, torrents } of originals) {
    const peer = await UdpPeer.open(FOREIGN, { host: '127.0.0.1', port });
    for (const n of torrents) await peer.announce(hashOf(n));
    peer.close();
  }
}

/** Announces torrents in need, and waits for the foreign peer of each. @returns milliseconds, in no order */
async function serveNeeds(leechers: readonly UdpPeer[], { torrents, spreadSeconds }: Options): Promise<number[]> {
  const delays: number[] = [];
  const beginMs = performance.now();
  const one = async (n: number): Promise<void> => {
    const peer = leechers[n % leechers.length]!;
    const startMs = performance.now();
    await peer.announce(hashOf(n));
    for (let pollMs = POLL_MS; ; pollMs = Math.min(LONGEST_POLL_MS, 1.5 * pollMs)) {
      await sleep(pollMs);
      const isServed = (await peer.announce(hashOf(n))).includes(FOREIGN);
      const passedMs = performance.now() - startMs;
      if (isServed || passedMs > GIVE_UP_MS) return void delays.push(isServed ? passedMs : Number.POSITIVE_INFINITY);
    }
  };
  const running: Promise<void>[] = [];
  for (let n = 1; n <= torrents; n++) {
    const dueMs = beginMs + ((n - 1) / torrents) * spreadSeconds * 1_000;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    running.push(one(n));
  }
  await Promise.all(running);
  return delays;
}

/** Announces that an opentracker has counted, of all kinds. */
async function announcesOf(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/stats?mode=everything`)).text();
  const counts = [...text.matchAll(/<announce>(\d+)<\/announce>/g)];
  if (counts.length === 0) throw new Error(`opentracker says: ${text.slice(0, 200)}`);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Round trips of a client's announces. @returns milliseconds */
async function probe(serve: Serve, seconds: number): Promise<number[]> {
  const peer = await UdpPeer.open('127.1.0.250', { host: '127.0.0.1', port: serve.port });
  const hash = hashOf(1_000_000);
  const times: number[] = [];
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await peer.announce(hash, 0);
    times.push(performance.now() - startMs);
    await sleep(PROBE_EVERY_MS);
  }
  peer.close();
  return times;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

async function measureNeeds(options: Options) {
  const originals = await planOriginals(options);
  for (const each of originals) if (each.kind === 'opentracker') startOpentracker(each);
  const nodePorts = originals.filter(({ kind }) => kind === 'bittorrent-tracker').map(({ port }) => port);
  const recorded = await startScript(NODE_SERVERS, { ports: nodePorts, intervalSeconds: INTERVAL_SECONDS });
  await fillOriginals(originals);
  const trackersOf = new Map(originals.flatMap(({ url, torrents }) => torrents.map((n) => [n, url] as const)));
  const serve = await startServe(trackersOf, '10s');
  const leechers = await openPeers(LEECHERS, '127.1.0.', serve.port);
  const secondsOf = ({ user, system }: CpuSeconds): number => user + system;
  const beforeSeconds = secondsOf(cpuSeconds(serve.pid));
  const delays = await serveNeeds(leechers, options);
  await sleep(options.observeSeconds * 1_000);
  const cpu = secondsOf(cpuSeconds(serve.pid)) - beforeSeconds;
  const counted = await counters(serve);
  const gaps = (await recorded.ask()) as { asked: number; again: number; leastGapSeconds: number };
  const open = originals.filter(({ kind }) => kind === 'opentracker');
  const announces = await Promise.all(open.map(({ port }) => announcesOf(port)));
  const openTorrents = open.reduce((sum, { torrents }) => sum + torrents.length, 0);
  for (const leecher of leechers) leecher.close();
  serve.child.kill('SIGTERM');
  await once(serve.child, 'exit');
  return {
    torrents: options.torrents,
    originals: options.originals,
    spreadSeconds: options.spreadSeconds,
    delaysMs: {
      median: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      longest: Math.max(...delays),
      withinTwoSeconds: delays.filter((ms) => ms <= 2_000).length / delays.length,
    },
    bittorrentTracker: { intervalSeconds: INTERVAL_SECONDS, ...gaps },
    /** Each torrent: the peer that was there, `started` and `stopped`. */
    opentracker: { torrents: openTorrents, announces: announces.reduce((sum, count) => sum + count, 0) },
    exchange: counted,
    cpuSeconds: cpu,
  };
}

async function measureHostile() {
  const hostile = await startScript(HOSTILE_SERVERS, {});
  const urls = (await hostile.ask()) as Record<string, string>;
  const kinds = Object.values(urls);
  const trackersOf = new Map(
    Array.from({ length: HOSTILE_TORRENTS }, (_, i) => [i + 1, kinds[i % kinds.length]!] as const),
  );
  const serve = await startServe(trackersOf, '10s');
  const quiet = await probe(serve, PROBE_SECONDS);
  const before = residentBytes(serve.pid);
  const leechers = await openPeers(10, '127.1.0.', serve.port);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(serve.pid));
  }, 100);
  for (let n = 1; n <= HOSTILE_TORRENTS; n++) await leechers[n % 10]!.announce(hashOf(n));
  const attacked = await probe(serve, PROBE_SECONDS);
  clearInterval(watch);
  const counted = await counters(serve);
  for (const leecher of leechers) leecher.close();
  serve.child.kill('SIGTERM');
  await once(serve.child, 'exit');
  const times = (values: readonly number[]) => ({ median: quantile(values, 0.5), p99: quantile(values, 0.99) });
  return {
    kinds: Object.keys(urls),
    torrents: HOSTILE_TORRENTS,
    quietMs: times(quiet),
    attackedMs: times(attacked),
    residentBefore: before,
    residentMost: most,
    exchange: counted,
  };
}

function show(
  needs: Awaited<ReturnType<typeof measureNeeds>>,
  hostile: Awaited<ReturnType<typeof measureHostile>>,
): string {
  const { delaysMs, bittorrentTracker, opentracker } = needs;
  const ms = (value: number): string => `${Math.round(value)} ms`;
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `Machine: ${describeMachine()}.

| what | figure |
|---|---|
| torrents in need, originals | ${needs.torrents} over ${needs.spreadSeconds} s, ${needs.originals} |
| first foreign peer in an answer: median, p99, longest | ${ms(delaysMs.median)}, ${ms(delaysMs.p99)}, ${ms(delaysMs.longest)} |
| within 2 s | ${(100 * delaysMs.withinTwoSeconds).toFixed(2)} % |
| bittorrent-tracker: asked, of these again, least time between two (interval ${bittorrentTracker.intervalSeconds} s) | ${bittorrentTracker.asked}, ${bittorrentTracker.again}, ${bittorrentTracker.leastGapSeconds.toFixed(1)} s |
| opentracker: announces for ${opentracker.torrents} torrents (peer, started, stopped: 3 for each) | ${opentracker.announces} |
| processor of the whole tracker | ${needs.cpuSeconds.toFixed(1)} s |
| hostile originals: ${hostile.kinds.join(', ')} | ${hostile.torrents} torrents |
| a client's announce without them: median, p99 | ${hostile.quietMs.median.toFixed(2)} ms, ${hostile.quietMs.p99.toFixed(2)} ms |
| with them | ${hostile.attackedMs.median.toFixed(2)} ms, ${hostile.attackedMs.p99.toFixed(2)} ms |
| resident memory before, at most | ${mib(hostile.residentBefore)}, ${mib(hostile.residentMost)} |
`;
}

try {
  const options = readOptions();
  const needs = await measureNeeds(options);
  const hostile = await measureHostile();
  console.log(
    options.json ? JSON.stringify({ machine: describeMachine(), needs, hostile }, null, 2) : show(needs, hostile),
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
