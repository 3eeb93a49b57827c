/**
 * What localisation does to real, unmodified clients: three AS in network namespaces, one rate-limited border link each,
 * one swarm with seeds outside, and a tracker that is either opentracker (random choice) or the alias tracker.
 * Counted is what crosses the home AS's border; timed is how long its clients need, and those of the other two AS, whose
 * swarm must not become slower. DHT, PEX and LSD are off.
 * The set-up follows the field's usual question (Bindal 2006, Le Blond 2011): how many copies of the content enter an AS.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../domain/errors.js';
import { createRandom } from '../domain/random.js';
import { clientCommand, type ExperimentClient } from './experiment-clients.js';
import { NetworkLab } from './network-namespaces.js';

export interface ExperimentOptions {
  readonly tracker: 'opentracker' | 'alias-tracker';
  readonly client: ExperimentClient;
  readonly clientsPerAs: number;
  /** Clients in each of the other two AS, where it is not as many. */
  readonly foreignClientsPerAs?: number;
  /** Seeds outside, all in the second AS. */
  readonly foreignSeeds: number;
  /** Inner seeds that have announced that they have everything, and are switched off. */
  readonly silentSeeds: number;
  /** Inner seeds that nobody can connect to. */
  readonly firewalledSeeds: number;
  readonly contentBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly connections: number;
  /** Adds one inner cache node with this upload rate to the home AS; 0 for none. */
  readonly cacheBytesPerSecond: number;
  readonly borderBps: number;
  /** The keys under `selection:` in the alias tracker's configuration. */
  readonly selection: Readonly<Record<string, number | string>>;
  readonly timeoutSeconds: number;
  readonly onProgress: (line: string) => void;
  /** Ends the round early; the namespaces are removed anyway. */
  readonly signal?: AbortSignal;
}

export interface ExperimentResult {
  readonly tracker: string;
  readonly homeClients: number;
  readonly completed: number;
  /** Copies of the content that entered the home AS: border bytes inward ÷ content. */
  readonly copiesIn: number;
  /** The same divided by what the home clients downloaded. */
  readonly externalShare: number;
  /** Home clients, in seconds from the start of all. */
  readonly medianSeconds: number;
  readonly slowestSeconds: number;
  /** Clients of the other two AS. */
  readonly foreignMedianSeconds: number;
  /** CPU load of the machine, 0 … 1. Near 1 the times measure the processor rather than the swarm. */
  readonly busyShare: number;
}

const TRACKER_ADDRESS = '10.254.0.1';
const TRACKER_PORT = 6969;
const AS_NAMES = ['home', 'as2', 'as3'] as const;
const HOME_ASN = 64500;
const PIECE_BYTES = 262_144;
/** Enough time to announce. */
const CACHE_AHEAD_MS = 1_000;
const cliPath = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'main.js');

/** Hosts from here on are seeds, in whichever AS. */
const FIRST_SEED_HOST = 200;
const PEER_PORT = 6881;

const addressOf = (network: number, host: number): string => `10.${network + 1}.0.${host + 1}`;

const CONTENT_NAME = 'content.bin';
const announceUrl = `http://${TRACKER_ADDRESS}:${TRACKER_PORT}/announce`;

/** What a seed says that is switched off right afterwards: run with the tracker's URL, the info-hash and its address. */
const ANNOUNCE_SEED = `
const [url, hash, address] = process.argv.slice(1);
const query = '?info_hash=' + hash.replace(/../g, '%$&') + '&peer_id=' + ('-OF0001-' + address).padEnd(20, '-') +
  '&port=${PEER_PORT}&uploaded=0&downloaded=0&left=0&event=started&compact=1';
require('http').get(url + query, { localAddress: address }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));
`;

function clientsOf(options: ExperimentOptions, network: number): number {
  return network === 0 ? options.clientsPerAs : (options.foreignClientsPerAs ?? options.clientsPerAs);
}

/** Runs one swarm to its end. @throws OperatorError if namespaces or programs are missing */
export async function runExperiment(options: ExperimentOptions): Promise<ExperimentResult> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-experiment-'));
  const lab = new NetworkLab('atx');
  try {
    lab.addNetwork({ name: 'tracker', addresses: [TRACKER_ADDRESS] });
    const cacheCount = options.cacheBytesPerSecond > 0 ? 1 : 0;
    AS_NAMES.forEach((name, network) => {
      // Host 0 is the cache's (home); clients follow, and seeds from a number of their own on.
      const seeds =
        network === 0 ? options.silentSeeds + options.firewalledSeeds : network === 1 ? options.foreignSeeds : 0;
      const addresses = [
        ...Array.from({ length: clientsOf(options, network) + 1 }, (_, host) => addressOf(network, host)),
        ...Array.from({ length: seeds }, (_, seed) => addressOf(network, FIRST_SEED_HOST + seed)),
      ];
      lab.addNetwork({ name, addresses, linkBps: options.borderBps });
    });
    const torrent = writeContent(directory, options.contentBytes);
    await startTracker(lab, directory, torrent.infoHash, options);
    options.onProgress(`${options.tracker} runs; starting the seeds`);

    const start = (network: number, host: number, role: 'seed' | 'client' | 'cache'): RunningClient => {
      const folder = join(directory, `${AS_NAMES[network]}-${host}`);
      mkdirSync(folder);
      // Seeds check what is there; a copy each, because clients write beside it.
      if (role === 'seed') copyFileSync(join(directory, CONTENT_NAME), join(folder, CONTENT_NAME));
      const rate = role === 'cache' ? options.cacheBytesPerSecond : options.uploadBytesPerSecond;
      const { command, args } = clientCommand(options.client, {
        address: addressOf(network, host),
        torrentFile: torrent.torrentFile,
        folder,
        hookFile: torrent.hookFile,
        uploadBytesPerSecond: rate,
        connections: role === 'cache' ? 4 * options.connections : options.connections,
        seed: role === 'seed',
      });
      const child = lab.spawn(AS_NAMES[network]!, command, args, { stdio: 'ignore' });
      return { network, child, doneFile: join(folder, 'done') };
    };
    for (let seed = 0; seed < options.foreignSeeds; seed++) start(1, FIRST_SEED_HOST + seed, 'seed');
    for (let seed = 0; seed < options.firewalledSeeds; seed++) {
      lab.closeInbound('home', addressOf(0, FIRST_SEED_HOST + seed), PEER_PORT);
      start(0, FIRST_SEED_HOST + seed, 'seed');
    }
    for (let seed = 0; seed < options.silentSeeds; seed++) {
      const address = addressOf(0, FIRST_SEED_HOST + options.firewalledSeeds + seed);
      lab.exec('home', [process.execPath, '-e', ANNOUNCE_SEED, announceUrl, torrent.infoHash, address]);
    }
    await sleep(3_000);
    const before = lab.linkBytes('home').inward;
    const caches = cacheCount > 0 ? [start(0, 0, 'cache')] : [];
    // An operator's cache runs before its users start.
    if (cacheCount > 0) await sleep(CACHE_AHEAD_MS);
    const startedMs = Date.now();
    const ticksBefore = cpuTicks();
    const clients: RunningClient[] = [];
    for (let host = 1; host <= Math.max(options.clientsPerAs, clientsOf(options, 1)); host++) {
      for (let network = 0; network < AS_NAMES.length; network++) {
        if (host <= clientsOf(options, network)) clients.push(start(network, host, 'client'));
      }
    }
    await waitForAll([...caches, ...clients], startedMs, options);
    const ticks = cpuTicks();
    const busyShare = (ticks.busy - ticksBefore.busy) / Math.max(1, ticks.all - ticksBefore.all);
    return { ...summarise(clients, startedMs, lab.linkBytes('home').inward - before, cacheCount, options), busyShare };
  } finally {
    lab.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface RunningClient {
  readonly network: number;
  readonly child: ChildProcess;
  readonly doneFile: string;
}

async function waitForAll(
  clients: readonly RunningClient[],
  startedMs: number,
  options: ExperimentOptions,
): Promise<void> {
  for (let second = 1; second <= options.timeoutSeconds; second++) {
    await sleep(1_000, undefined, options.signal ? { signal: options.signal } : {});
    const done = clients.filter((client) => existsSync(client.doneFile)).length;
    if (second % 10 === 0 || done === clients.length) {
      options.onProgress(`${Math.round((Date.now() - startedMs) / 1000)} s: ${done} of ${clients.length} complete`);
    }
    if (done === clients.length) return;
  }
}

/**
 * Ticks of all processors since the machine started (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq,
 * steal.
 */
function cpuTicks(): { busy: number; all: number } {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  return { busy: all - (fields[3] ?? 0) - (fields[4] ?? 0), all };
}

function secondsOf(clients: readonly RunningClient[], startedMs: number): number[] {
  return clients
    .filter((client) => existsSync(client.doneFile))
    .map((client) => (statSync(client.doneFile).mtimeMs - startedMs) / 1000)
    .sort((a, b) => a - b);
}

const medianOf = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

function summarise(
  clients: readonly RunningClient[],
  startedMs: number,
  inwardBytes: number,
  cacheCount: number,
  options: ExperimentOptions,
): Omit<ExperimentResult, 'busyShare'> {
  const home = clients.filter((client) => client.network === 0);
  const foreign = clients.filter((client) => client.network !== 0);
  const seconds = secondsOf(home, startedMs);
  const copiesIn = inwardBytes / options.contentBytes;
  return {
    tracker: options.tracker,
    homeClients: home.length,
    completed: seconds.length,
    copiesIn,
    externalShare: copiesIn / (home.length + cacheCount),
    medianSeconds: medianOf(seconds),
    slowestSeconds: seconds.at(-1) ?? Number.NaN,
    foreignMedianSeconds: medianOf(secondsOf(foreign, startedMs)),
  };
}

function writeContent(directory: string, bytes: number): { torrentFile: string; infoHash: string; hookFile: string } {
  const random = createRandom(20081023);
  const content = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) content.writeUInt32LE(random.nextUint32(), i);
  writeFileSync(join(directory, CONTENT_NAME), content);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    pieces.push(
      createHash('sha1')
        .update(content.subarray(at, at + PIECE_BYTES))
        .digest(),
    );
  }
  const hashes = Buffer.concat(pieces);
  const head = `d6:lengthi${bytes}e4:name${CONTENT_NAME.length}:${CONTENT_NAME}12:piece lengthi${PIECE_BYTES}e6:pieces${hashes.length}:`;
  const info = Buffer.concat([Buffer.from(head), hashes, Buffer.from('e')]);
  const torrentFile = join(directory, 'content.torrent');
  const outer = Buffer.from(`d8:announce${announceUrl.length}:${announceUrl}4:info`);
  writeFileSync(torrentFile, Buffer.concat([outer, info, Buffer.from('e')]));
  const infoHash = createHash('sha1').update(info).digest('hex');
  // Clients call it when their download is complete. It creates a file in the content's folder, whose time is the
  // result.
  const hookFile = join(directory, 'complete.sh');
  writeFileSync(hookFile, '#!/bin/sh\ntouch "$(dirname "$3")/done"\n');
  chmodSync(hookFile, 0o755);
  return { torrentFile, infoHash, hookFile };
}

async function startTracker(
  lab: NetworkLab,
  directory: string,
  infoHash: string,
  options: ExperimentOptions,
): Promise<void> {
  const listen = `${TRACKER_ADDRESS}:${TRACKER_PORT}`;
  const logFile = join(directory, 'tracker.log');
  let child: ChildProcess;
  if (options.tracker === 'opentracker') {
    // Debian's build serves only its whitelist and never runs as root; it reads the whitelist inside its chroot.
    chmodSync(directory, 0o755);
    writeFileSync(join(directory, 'whitelist'), `${infoHash}\n`);
    const endpoint = ['-i', TRACKER_ADDRESS, '-p', String(TRACKER_PORT), '-P', String(TRACKER_PORT)];
    child = lab.spawn('tracker', 'opentracker', [...endpoint, '-d', directory, '-u', 'nobody', '-w', '/whitelist'], {
      stdio: 'ignore',
    });
  } else {
    const configFile = join(directory, 'alias-tracker.yaml');
    writeFileSync(configFile, aliasTrackerConfig(directory, options));
    const command = `exec "$0" "$1" serve --config "$2" > "$3" 2>&1`;
    child = lab.spawn('tracker', 'sh', ['-c', command, process.execPath, cliPath, configFile, logFile], {
      stdio: 'ignore',
    });
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    await sleep(100);
    const listening = lab.exec('tracker', ['cat', '/proc/net/tcp']);
    if (listening.includes(`:${TRACKER_PORT.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`)) return;
    if (child.exitCode !== null) break;
  }
  const log = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2_000) : '';
  throw new OperatorError(`${options.tracker} does not listen on ${listen}\n${log}`, { code: 'failed' });
}

function aliasTrackerConfig(directory: string, options: ExperimentOptions): string {
  const caches = options.cacheBytesPerSecond > 0 ? `[{ address: ${addressOf(0, 0)} }]` : '[]';
  const selection = Object.entries(options.selection).map(([key, value]) => `  ${key}: ${value}`);
  return [
    'operator:',
    '  name: Home',
    `  networks: [{ asn: ${HOME_ASN}, prefixes: [10.1.0.0/16] }]`,
    `  caches: ${caches}`,
    'tracker:',
    `  listen: ["udp://${TRACKER_ADDRESS}:${TRACKER_PORT}", "http://${TRACKER_ADDRESS}:${TRACKER_PORT}"]`,
    ...(selection.length > 0 ? ['selection:', ...selection] : []),
    'upstream: { exchange: false }',
    `storage: { directory: ${join(directory, 'data')} }`,
    'lab: true',
    '',
  ].join('\n');
}
