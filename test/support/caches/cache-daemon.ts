/** The real programs that caches run, each in a directory of its own on loopback, for the contract that all of them keep. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheClient } from '../../../src/caches/cache-client.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { eventually } from '../eventually.js';

export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly secret?: string;
}

/** One kind of client as the contract uses it. */
export interface CacheDaemon {
  /** What `CacheState.client` begins with. */
  readonly program: string;
  readonly url: string;
  /** Where it stores the content of a torrent that is added through its client. */
  contentDirectory(infoHash: InfoHash): string;
  readonly peerPort: number;
  start(): Promise<void>;
  /** As an administrator does it: it saves what it knows. */
  stop(): Promise<void>;
  /** `SIGSTOP`: it accepts connections and never answers, until `SIGCONT`. */
  signal(signal: NodeJS.Signals): void;
  /** Undoes the `ulimit` that it was started with. */
  liftLimit(): void;
  /** @param wrong in place of the right ones */
  client(wrong?: Credentials): CacheClient;
  /** What somebody does at its own user interface. */
  addByHand(metainfo: Uint8Array, infoHash: InfoHash): Promise<void>;
  removeByHand(infoHash: InfoHash): Promise<void>;
  /** Of all torrents, whoever added them. */
  holds(infoHash: InfoHash): Promise<boolean>;
  /** Of the whole client, in bytes per second; 0: none. */
  downloadLimit(): Promise<number>;
}

/** A program that runs until it is stopped. */
export class Daemon {
  #process: ChildProcess | undefined;
  output = '';

  async start(
    program: string,
    args: readonly string[],
    shell = 'exec "$@"',
    env: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    this.output = '';
    const child = spawn('sh', ['-c', shell, 'sh', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const keep = (chunk: Buffer): void => {
      this.output = `${this.output}${chunk}`.slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      this.output += String(error);
    });
    this.#process = child;
  }

  get isAlive(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const quiet = (): Promise<boolean> => condition().catch(() => false);
    await eventually(what, quiet, { possible: () => this.isAlive, found: () => this.output });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  liftLimit(): void {
    spawnSync('prlimit', ['--pid', String(this.#process!.pid), '--fsize=unlimited']);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.isAlive) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

export function directories(base: string): { readonly config: string; readonly downloads: string } {
  const made = { config: join(base, 'config'), downloads: join(base, 'downloads') };
  for (const directory of Object.values(made)) mkdirSync(directory, { recursive: true });
  return made;
}
