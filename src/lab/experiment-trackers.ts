/** Starts the trackers of an experiment inside a network, and waits until they listen. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../domain/errors.js';
import type { NetworkLab } from './network-namespaces.js';

export const TRACKER_PORT = 6969;
const here = dirname(fileURLToPath(import.meta.url));
const cliPath = join(here, '..', 'cli', 'main.js');
const POLL_MS = 100;
const START_TIMEOUT_MS = 60_000;

export interface TrackerPlace {
  readonly lab: NetworkLab;
  readonly network: string;
  readonly address: string;
  /** For its files. */
  readonly directory: string;
}

/** Random choice, UDP and HTTP, for one torrent. @throws OperatorError if it does not listen */
export async function startOpentracker(place: TrackerPlace, infoHash: string): Promise<void> {
  const { lab, network, address, directory } = place;
  // Debian's build serves only its whitelist and never runs as root; it reads the whitelist inside its chroot.
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'whitelist'), `${infoHash}\n`);
  const endpoint = ['-i', address, '-p', String(TRACKER_PORT), '-P', String(TRACKER_PORT)];
  const files = ['-d', directory, '-u', 'nobody', '-w', '/whitelist'];
  const child = lab.spawn(network, 'opentracker', [...endpoint, ...files], { stdio: 'ignore' });
  await untilListening('opentracker', place, child);
}

/** `serve` with a configuration. @throws OperatorError with the end of its log if it does not listen */
export async function startAliasTracker(place: TrackerPlace, config: string): Promise<void> {
  await start(place, config, [cliPath, 'serve', '--config']);
}

export interface SimulatedDay {
  /** Sets the clock of the alias tracker. */
  set(instantMs: number): Promise<void>;
}

/** The same with a clock of its own. @param startMs where its clock begins */
export async function startAliasTrackerAt(place: TrackerPlace, config: string, startMs: number): Promise<SimulatedDay> {
  const child = await start(place, config, [join(here, 'experiment-tracker.js')], [String(startMs)]);
  child.stdin!.on('error', () => {}); // it has ended, which `ended` says
  const ended = once(child, 'exit').then(() => {
    throw new OperatorError('the alias tracker of the experiment has ended', { code: 'failed' });
  });
  ended.catch(() => {}); // when nobody waits, the experiment is over
  return {
    async set(instantMs) {
      child.stdin!.write(`${instantMs}\n`);
      await Promise.race([once(child.stdout!, 'data'), ended]);
    },
  };
}

async function start(
  place: TrackerPlace,
  config: string,
  program: readonly string[],
  more: readonly string[] = [],
): Promise<ChildProcess> {
  const configFile = join(place.directory, 'alias-tracker.yaml');
  writeFileSync(configFile, config);
  const logFile = join(place.directory, 'tracker.log');
  const log = openSync(logFile, 'w');
  const child = place.lab.spawn(place.network, process.execPath, [...program, configFile, ...more], {
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  child.stdout!.on('data', () => {}); // nobody reads what it says at its start
  await untilListening('alias-tracker', place, child, logFile);
  return child;
}

async function untilListening(
  name: string,
  { lab, network, address }: TrackerPlace,
  child: ChildProcess,
  logFile = '',
): Promise<void> {
  const port = TRACKER_PORT.toString(16).toUpperCase().padStart(4, '0');
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    if (lab.exec(network, ['cat', '/proc/net/tcp']).includes(`:${port} 00000000:0000 0A`)) return;
    await sleep(POLL_MS);
  }
  const log = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2_000) : '';
  throw new OperatorError(`${name} does not listen on ${address}:${TRACKER_PORT}\n${log}`, { code: 'failed' });
}
