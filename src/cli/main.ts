#!/usr/bin/env node
/** The process: its streams, signals and exit code. Everything else is in `run` and the commands. */
import { readFileSync } from 'node:fs';
import { loadConfig } from '../config/parse-config.js';
import { systemClock } from '../domain/clock.js';
import type { CliContext } from './cli-context.js';
import { withCredentials } from './environment.js';
import { exitOnBrokenOutput, stopOnSignals } from './process-streams.js';
import { EXIT_DONE, EXIT_FAILED, run } from './run.js';

const DEFAULT_CONFIG_FILE = 'alias-tracker.yaml';

const args = process.argv.slice(2);
const command = args.includes('--help') || args.includes('-h') ? 'help' : args[0];
const exit = (code: number): never => process.exit(code);
const stopping = stopOnSignals(process, () => performance.now(), exit);
const lostOutput = exitOnBrokenOutput(
  process.stdout,
  process.stderr,
  command,
  (line) => process.stderr.write(line),
  exit,
);

const configFile = (file: string | undefined): string =>
  file ?? process.env.ALIAS_TRACKER_CONFIG ?? DEFAULT_CONFIG_FILE;

const context: CliContext = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: stopping,
  onHangUp: (listener) => void process.on('SIGHUP', listener),
  onUncaughtError: (listener) => void process.on('uncaughtException', listener).on('unhandledRejection', listener),
  loadConfig: (file) => loadConfig(configFile(file), withCredentials(process.env)),
  configFile,
};

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const code = await run(args, context, version);
// A finished command must exit: neither an idle keep-alive socket nor a native library's thread may keep it alive.
const flush = (stream: NodeJS.WriteStream): Promise<void> => new Promise((done) => void stream.write('', () => done()));
await Promise.all([flush(process.stdout), flush(process.stderr)]);
// The tracker ran successfully; a lost table is not its failure.
process.exit(code === EXIT_DONE && lostOutput() && command !== 'serve' ? EXIT_FAILED : code);
