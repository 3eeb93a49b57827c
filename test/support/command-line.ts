/** Runs one command of the command line in this process, with its output caught. */
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import type { CliContext } from '../../src/cli/cli-context.js';
import { loadConfig } from '../../src/config/parse-config.js';
import type { Clock } from '../../src/domain/clock.js';

export interface CommandRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** What the command threw; undefined if it was done. */
  readonly thrown: unknown;
}

export async function runCommand(
  register: (program: Command, context: CliContext) => void,
  args: readonly string[],
  clock: Clock = { nowMs: () => Date.UTC(2026, 10, 22) },
  input: Uint8Array = Buffer.alloc(0),
): Promise<CommandRun> {
  const out = new PassThrough();
  const err = new PassThrough();
  const program = new Command('alias-tracker').exitOverride();
  register(program, {
    env: {},
    stdin: new PassThrough().end(input),
    stdout: out,
    stderr: err,
    clock,
    signal: new AbortController().signal,
    onHangUp: () => undefined,
    onUncaughtError: () => undefined,
    loadConfig: (file) => loadConfig(file ?? 'alias-tracker.yaml', {}),
    configFile: (file) => file ?? 'alias-tracker.yaml',
  });
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
  let thrown: unknown;
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    thrown = error;
  }
  const bytes = (stream: PassThrough): Buffer => (stream.read() as Buffer | null) ?? Buffer.alloc(0);
  return { stdout: bytes(out), stderr: bytes(err).toString(), thrown };
}
