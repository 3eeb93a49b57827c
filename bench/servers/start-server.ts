/** Starts one server of the benchmark, pinned to the servers' core, and waits until it listens. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INFO_HASH_BYTES, infoHashesOf } from '../workload.js';
import { READY, type ServerOptions } from './server-options.js';

export const LOAD_CORE = 1;
const START_LIMIT_MS = 60_000;
const OPENTRACKER = 'opentracker';

/** `unranked` is ours without a policy: every peer as good as another, a random choice. */
export type ServerKind =
  | 'alias-tracker'
  | '2-workers'
  | '3-workers'
  | '4-workers'
  | 'unranked'
  | 'echo'
  | 'opentracker'
  | 'opentracker-2-workers'
  | 'bittorrent-tracker'
  | 'node:http';

type Opentracker = 'opentracker' | 'opentracker-2-workers';
type Options = Omit<ServerOptions, 'ranking' | 'workers'>;

export interface RunningServer {
  readonly kind: ServerKind;
  readonly pid: number;
  stop(): Promise<void>;
}

const here = dirname(fileURLToPath(import.meta.url));
const SCRIPTS: Readonly<Record<Exclude<ServerKind, Opentracker>, string>> = {
  'alias-tracker': join(here, 'tracker-server.js'),
  '2-workers': join(here, 'tracker-server.js'),
  '3-workers': join(here, 'tracker-server.js'),
  '4-workers': join(here, 'tracker-server.js'),
  unranked: join(here, 'tracker-server.js'),
  echo: join(here, 'echo-server.js'),
  'node:http': join(here, 'node-http-server.js'),
  'bittorrent-tracker': join(here, 'bittorrent-tracker-server.js'),
};

export function isInstalled(program: string): boolean {
  const [flag] = program === OPENTRACKER ? ['-h'] : ['--version'];
  return spawnSync(program, [flag], { stdio: 'ignore' }).error === undefined;
}

/** How many threads answer. */
export function workersOf(kind: ServerKind): number {
  return Number(/(\d)-workers$/.exec(kind)?.[1] ?? 1);
}

/** One for each worker, as far as the machine has them without that of the load generator. */
function coresFor(workers: number): string {
  const others = Array.from({ length: availableParallelism() }, (_, core) => core).filter((core) => core !== LOAD_CORE);
  return others.slice(0, workers).join(',');
}

export async function startServer(kind: ServerKind, options: Options): Promise<RunningServer> {
  return kind === 'opentracker' || kind === 'opentracker-2-workers'
    ? startOpentracker(kind, options)
    : startScript(kind, options);
}

async function startScript(kind: Exclude<ServerKind, Opentracker>, options: Options): Promise<RunningServer> {
  const workers = workersOf(kind);
  const served: ServerOptions = { ...options, ranking: kind !== 'unranked', workers };
  const child = spawn('taskset', ['-c', coresFor(workers), process.execPath, SCRIPTS[kind], JSON.stringify(served)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${kind} did not start`)), START_LIMIT_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      if (!chunk.toString().includes(READY)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => reject(new Error(`${kind} ended with ${code}`)));
  });
  return running(kind, child, () => {});
}

/** Debian's build serves only hashes of a list; it lies in a directory that opentracker makes its root. */
async function startOpentracker(kind: Opentracker, options: Options): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  chmodSync(directory, 0o755);
  const hashes = Buffer.from(infoHashesOf(options.shape).buffer).toString('hex');
  const lines: string[] = [];
  for (let i = 0; i < hashes.length; i += 2 * INFO_HASH_BYTES) lines.push(hashes.slice(i, i + 2 * INFO_HASH_BYTES));
  writeFileSync(join(directory, 'whitelist'), `${lines.join('\n')}\n`, { mode: 0o644 });
  const workers = workersOf(kind);
  const config = join(directory, 'opentracker.conf');
  // Threads that read the UDP socket exist only in a configuration file. Without them the main thread reads it.
  const threads = workers === 1 ? [] : [`listen.udp.workers ${workers}`];
  const listen = `listen.tcp_udp ${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
  const root = ['access.whitelist /whitelist', `tracker.rootdir ${directory}`, 'tracker.user nobody'];
  writeFileSync(config, `${[...threads, listen, ...root].join('\n')}\n`, { mode: 0o644 });
  const child = spawn('taskset', ['-c', coresFor(workers), OPENTRACKER, '-f', config], { stdio: 'ignore' });
  await answersConnect(options.host, options.port, child);
  return running(kind, child, () => rmSync(directory, { recursive: true, force: true }));
}

/** BEP 15 connect, again and again until it is answered. */
async function answersConnect(host: string, port: number, child: ChildProcess): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const connect = Buffer.from('00000417271019800000000001020304', 'hex');
  try {
    await new Promise<void>((resolve, reject) => {
      const again = setInterval(() => socket.send(connect, port, host), 100);
      const limit = setTimeout(() => reject(new Error('opentracker did not start')), START_LIMIT_MS);
      socket.once('message', () => resolve());
      socket.once('error', reject);
      child.once('exit', (code) => reject(new Error(`opentracker ended with ${code}`)));
      socket.once('close', () => {
        clearInterval(again);
        clearTimeout(limit);
      });
    });
  } finally {
    socket.close();
  }
}

function running(kind: ServerKind, child: ChildProcess, cleanUp: () => void): RunningServer {
  return {
    kind,
    pid: child.pid!,
    stop: async () => {
      const ended = new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once('exit', () => resolve());
      });
      child.kill('SIGKILL');
      await ended;
      cleanUp();
    },
  };
}
