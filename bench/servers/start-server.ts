/** Starts one server of the benchmark, pinned to the servers' core, and waits until it listens. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INFO_HASH_BYTES, infoHashesOf } from '../workload.js';
import { READY, type ServerOptions } from './server-options.js';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const START_LIMIT_MS = 60_000;
const OPENTRACKER = 'opentracker';

/** `unranked` is ours without a policy: every peer as good as another, a random choice. */
export type ServerKind = 'alias-tracker' | 'unranked' | 'echo' | 'opentracker' | 'bittorrent-tracker' | 'node:http';

export interface RunningServer {
  readonly kind: ServerKind;
  readonly pid: number;
  stop(): Promise<void>;
}

const here = dirname(fileURLToPath(import.meta.url));
const SCRIPTS: Readonly<Record<Exclude<ServerKind, 'opentracker'>, string>> = {
  'alias-tracker': join(here, 'tracker-server.js'),
  unranked: join(here, 'tracker-server.js'),
  echo: join(here, 'echo-server.js'),
  'node:http': join(here, 'node-http-server.js'),
  'bittorrent-tracker': join(here, 'bittorrent-tracker-server.js'),
};

export function isInstalled(program: string): boolean {
  const [flag] = program === OPENTRACKER ? ['-h'] : ['--version'];
  return spawnSync(program, [flag], { stdio: 'ignore' }).error === undefined;
}

export async function startServer(kind: ServerKind, options: Omit<ServerOptions, 'ranking'>): Promise<RunningServer> {
  return kind === 'opentracker' ? startOpentracker(options) : startScript(kind, options);
}

async function startScript(
  kind: Exclude<ServerKind, 'opentracker'>,
  options: Omit<ServerOptions, 'ranking'>,
): Promise<RunningServer> {
  const served: ServerOptions = { ...options, ranking: kind !== 'unranked' };
  const child = spawn('taskset', ['-c', String(SERVER_CORE), process.execPath, SCRIPTS[kind], JSON.stringify(served)], {
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
async function startOpentracker(options: Omit<ServerOptions, 'ranking'>): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  chmodSync(directory, 0o755);
  const hashes = Buffer.from(infoHashesOf(options.shape).buffer).toString('hex');
  const lines: string[] = [];
  for (let i = 0; i < hashes.length; i += 2 * INFO_HASH_BYTES) lines.push(hashes.slice(i, i + 2 * INFO_HASH_BYTES));
  writeFileSync(join(directory, 'whitelist'), `${lines.join('\n')}\n`, { mode: 0o644 });
  const port = String(options.port);
  const args = ['-i', options.host, '-p', port, '-P', port, '-d', directory, '-u', 'nobody', '-w', '/whitelist'];
  const child = spawn('taskset', ['-c', String(SERVER_CORE), OPENTRACKER, ...args], { stdio: 'ignore' });
  await answersConnect(options.host, options.port, child);
  return running('opentracker', child, () => rmSync(directory, { recursive: true, force: true }));
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
