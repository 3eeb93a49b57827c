/** `alias-tracker serve` as a process of its own, for what only a whole process shows: that it lives on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, PATIENCE_MS } from './eventually.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

export interface ServedOptions {
  /** A shell command that runs the rest of its arguments: `ulimit -n 64; exec "$@"`. */
  readonly shell?: string;
  /** In a network namespace that ends with it. Needs root. */
  readonly ownNetwork?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export class Served {
  readonly process: ChildProcess;
  readonly #directory: string;
  #stdout = '';
  #stderr = '';

  private constructor(process: ChildProcess, directory: string) {
    this.process = process;
    this.#directory = directory;
    process.stdout!.on('data', (chunk: Buffer) => {
      this.#stdout += chunk;
    });
    process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr += chunk;
    });
  }

  /** @param yaml the configuration; relative paths in it lie in a directory of this process alone */
  static async start(yaml: string, options: ServedOptions = {}): Promise<Served> {
    const { shell = 'exec "$@"', ownNetwork = false, env = {} } = options;
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-served-'));
    const file = join(directory, 'config.yaml');
    writeFileSync(file, yaml);
    const command = [process.execPath, MAIN, 'serve', '--json', '--config', file];
    const inShell = ['sh', '-c', shell, 'sh', ...command];
    const [program, ...args] = ownNetwork ? ['unshare', '--net', ...inShell] : inShell;
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const served = new Served(child, directory);
    await served.until('it listens', () => served.#stdout.includes('\n'));
    return served;
  }

  /** The file that it reads again at a reload. */
  get configFile(): string {
    return join(this.#directory, 'config.yaml');
  }

  get isAlive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Where it listens, as URLs. */
  get addresses(): string[] {
    const { addresses } = JSON.parse(this.#stdout) as { addresses: { url: string }[] };
    return addresses.map(({ url }) => url);
  }

  /** The log, one object a line. */
  get log(): { readonly level: string; readonly msg: string; readonly [key: string]: unknown }[] {
    const whole = this.#stderr.slice(0, this.#stderr.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(what, holds, { possible: () => this.isAlive, found: () => `stderr: ${this.#stderr}` });
  }

  /** @returns the exit code; null if it did not end by itself and was killed */
  async stop(): Promise<number | null> {
    if (this.isAlive) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      const timer = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.#directory, { recursive: true, force: true });
    return this.process.exitCode;
  }
}
