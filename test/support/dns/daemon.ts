/** Starting real DNS programs, and asking servers with dig. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { eventually } from '../eventually.js';

export type Closing = () => Promise<unknown>;

export interface DaemonOptions {
  readonly isReady: () => Promise<boolean>;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** @returns when it is ready. @throws Error with what it wrote if it never is */
export async function startDaemon(
  closing: Closing[],
  program: string,
  words: readonly string[],
  { isReady, directory, env }: DaemonOptions,
): Promise<void> {
  const child: ChildProcess = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: directory,
    env: { ...process.env, ...env },
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4_000);
  };
  child.stdout!.on('data', hear);
  child.stderr!.on('data', hear);
  child.on('error', (error) => hear(Buffer.from(error.message)));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  closing.push(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await eventually(`${program} answers`, isReady, {
    found: () => said,
    possible: () => child.exitCode === null && child.signalCode === null,
  });
}

/** The output of dig for one question, without retries. */
export async function dig({ host, port }: Endpoint, ...words: string[]): Promise<string> {
  const common = [`@${host}`, '-p', String(port), '+tries=1', '+time=10'];
  try {
    const { stdout } = await promisify(execFile)('dig', [...common, ...words]);
    return stdout;
  } catch (thrown) {
    // It ends with 9 if nobody answers, and says so on standard output.
    return String((thrown as { stdout?: unknown }).stdout ?? '');
  }
}

export async function digShort(server: Endpoint, ...words: string[]): Promise<string> {
  return (await dig(server, '+short', ...words)).trim();
}

/** What dig says of an answer: its response code and the data of its records, sorted; with `ad` if it is validated. */
export async function answerOf(server: Endpoint, ...words: string[]): Promise<string> {
  const out = await dig(server, ...words);
  const status = /status: (\w+)/.exec(out)?.[1] ?? 'silence';
  const section = /;; ANSWER SECTION:\n([\s\S]*?)\n\n/.exec(out)?.[1] ?? '';
  const data = section
    .split('\n')
    .filter((line) => line !== '' && !/\sRRSIG\s/.test(line))
    .map((line) => line.split(/\s+/).slice(3).join(' '))
    .sort();
  const validated = / ad[ ;]/.test(/flags:([^\n]*)/.exec(out)?.[1] ?? '') ? ' ad' : '';
  return `${status}${validated}${data.length > 0 ? `: ${data.join(', ')}` : ''}`;
}
