/** `alias-tracker serve` as a process of its own, as an operator starts it, with what it has written. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, PATIENCE_MS } from './eventually.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

export interface ServeOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** The installed program. Default: that of the build. */
  readonly program?: string;
}

export class ServeProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'alias-tracker-serve-'));
  readonly configFile = join(this.directory, 'alias-tracker.yaml');
  readonly #environment: NodeJS.ProcessEnv;
  readonly #program: readonly [string, ...string[]];
  #child: ChildProcess | undefined;
  #stdout = '';
  #stderr = '';

  /** @param config without `storage`, which lies in {@link directory} */
  constructor(config: Readonly<Record<string, unknown>>, options: ServeOptions = {}) {
    this.#program = options.program === undefined ? [process.execPath, MAIN] : [options.program];
    this.#environment = { ...process.env, ...options.environment };
    this.configure(config);
    for (const [name, content] of Object.entries(options.files ?? {}))
      writeFileSync(join(this.directory, name), content);
  }

  /** Writes the configuration again; JSON is YAML. */
  configure(config: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.configFile, JSON.stringify({ storage: { directory: 'data' }, ...config }, null, 1));
  }

  /** Standard output and error so far. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** @throws Error with what it said if it does not get ready */
  async start(): Promise<void> {
    const [program, ...args] = this.#program;
    const child = spawn(program, [...args, 'serve', '--config', this.configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment,
      cwd: this.directory,
    });
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk;
    });
    await eventually('the start of serve', () => this.#stdout.includes('Ctrl-C stops it.'), {
      possible: () => child.exitCode === null,
      found: () => this.output,
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Ends it as an operator does. @returns its exit code */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
    child.kill('SIGTERM');
    try {
      const [code] = (await exited) as [number | null];
      return code;
    } catch {
      child.kill('SIGKILL');
      throw new Error(`serve did not end within ${PATIENCE_MS} ms: ${this.output.slice(-2_000)}`);
    }
  }

  /** Ends it, and removes all it has written. */
  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  /** Runs another command of the program with the same environment, to its end. */
  command(...parameters: string[]): { status: number | null; stdout: string; stderr: string } {
    const [program, ...args] = this.#program;
    const { status, stdout, stderr } = spawnSync(program, [...args, ...parameters], {
      encoding: 'utf8',
      env: this.#environment,
      cwd: this.directory,
      timeout: PATIENCE_MS,
    });
    return { status, stdout, stderr };
  }
}
