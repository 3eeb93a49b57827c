#!/usr/bin/env node
/** The process: its streams, signals and exit code. Everything else is in `run` and the commands. */
import { readFileSync } from 'node:fs';
import { loadConfig } from '../config/parse-config.js';
import { systemClock } from '../domain/clock.js';
import type { CliContext } from './cli-context.js';
import { run } from './run.js';

const DEFAULT_CONFIG_FILE = 'alias-tracker.yaml';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal is a person who does not want to wait.
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping.abort();
  });
}
// A reader that closed early (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

// The log has nowhere to go (a closed pipe, a full disk): peers are answered all the same.
process.stderr.on('error', () => {});

const configFile = (file: string | undefined): string =>
  file ?? process.env.ALIAS_TRACKER_CONFIG ?? DEFAULT_CONFIG_FILE;

const context: CliContext = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: stopping.signal,
  onHangUp: (listener) => void process.on('SIGHUP', listener),
  loadConfig: (file) => loadConfig(configFile(file), process.env),
  configFile,
};

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await run(process.argv.slice(2), context, version);
// Nothing may keep a finished command alive: not an idle keep-alive socket, not a native library's thread.
const flush = (stream: NodeJS.WriteStream): Promise<void> => new Promise((done) => void stream.write('', () => done()));
await Promise.all([flush(process.stdout), flush(process.stderr)]);
process.exit();
