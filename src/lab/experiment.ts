/**
 * What localisation does to real, unmodified clients: three AS in network namespaces, one rate-limited border link each,
 * one swarm with seeds outside, and a tracker that is either opentracker (random choice) or the alias tracker.
 * Counted is what crosses the home AS's border; timed is how long its clients need, and those of the other two AS, whose
 * swarm must not become slower. DHT, PEX and LSD are off.
 * The set-up follows the field's usual question (Bindal 2006, Le Blond 2011): how many copies of the content enter an AS.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientCommand, type ExperimentClient } from './experiment-clients.js';
import { CONTENT_NAME, writeContent } from './experiment-content.js';
import { measureLoad, medianOf, type RunningClient, secondsOf, waitForAll } from './experiment-progress.js';
import { type AnnouncedTraffic, askTraffic, endClients, payloadInward } from './experiment-savings.js';
import { startAliasTracker, startOpentracker, TRACKER_PORT } from './experiment-trackers.js';
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
  /** The interval at which the alias tracker asks clients to announce. */
  readonly announceSeconds: number;
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
  /** What the border link of the home AS counted, inward, headers included. */
  readonly borderBytes: number;
  /** Payload of TCP among them. */
  readonly payloadBytes: number;
  /** What the alias tracker knows of it from announces; null: another tracker. */
  readonly announced: AnnouncedTraffic | null;
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
const CONTROL_PORT = 8090;
const CONTROL_TOKEN = 'experiment-control';
const AS_NAMES = ['home', 'as2', 'as3'] as const;
const HOME_ASN = 64500;
/** Enough time to announce. */
const CACHE_AHEAD_MS = 1_000;

/** Hosts from here on are seeds, in whichever AS. */
const FIRST_SEED_HOST = 200;
const PEER_PORT = 6881;

const addressOf = (network: number, host: number): string => `10.${network + 1}.0.${host + 1}`;

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
    const torrent = writeContent(directory, options.contentBytes, announceUrl);
    const place = { lab, network: 'tracker', address: TRACKER_ADDRESS, directory };
    if (options.tracker === 'opentracker') await startOpentracker(place, torrent.infoHash);
    else await startAliasTracker(place, aliasTrackerConfig(directory, options));
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
      const startedMs = Date.now();
      const child = lab.spawn(AS_NAMES[network]!, command, args, { stdio: 'ignore' });
      return { network, child, startedMs, doneFile: join(folder, 'done') };
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
    const before = lab.linkBytes('home');
    const caches = cacheCount > 0 ? [start(0, 0, 'cache')] : [];
    // An operator's cache runs before its users start.
    if (cacheCount > 0) await sleep(CACHE_AHEAD_MS);
    const startedMs = Date.now();
    const loadSince = measureLoad();
    const clients: RunningClient[] = [];
    for (let host = 1; host <= Math.max(options.clientsPerAs, clientsOf(options, 1)); host++) {
      for (let network = 0; network < AS_NAMES.length; network++) {
        if (host <= clientsOf(options, network)) clients.push(start(network, host, 'client'));
      }
    }
    await waitForAll([...caches, ...clients], startedMs, options);
    const busyShare = loadSince();
    const now = lab.linkBytes('home');
    const border = { inwardBytes: now.inward - before.inward, payloadBytes: payloadInward(before, now) };
    const summary = summarise(clients, startedMs, border, cacheCount, options);
    if (options.tracker === 'opentracker') return { ...summary, announced: null, busyShare };
    await endClients(options.client, [...caches, ...clients]);
    const url = `http://${TRACKER_ADDRESS}:${CONTROL_PORT}/api/v1/savings`;
    const announced = askTraffic({ lab, network: 'tracker', url, token: CONTROL_TOKEN });
    return { ...summary, announced, busyShare };
  } finally {
    lab.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

function summarise(
  clients: readonly RunningClient[],
  startedMs: number,
  { inwardBytes, payloadBytes }: { readonly inwardBytes: number; readonly payloadBytes: number },
  cacheCount: number,
  options: ExperimentOptions,
): Omit<ExperimentResult, 'busyShare' | 'announced'> {
  const home = clients.filter((client) => client.network === 0);
  const foreign = clients.filter((client) => client.network !== 0);
  const seconds = secondsOf(home, startedMs);
  const copiesIn = inwardBytes / options.contentBytes;
  return {
    tracker: options.tracker,
    homeClients: home.length,
    completed: seconds.length,
    copiesIn,
    borderBytes: inwardBytes,
    payloadBytes,
    externalShare: copiesIn / (home.length + cacheCount),
    medianSeconds: medianOf(seconds),
    slowestSeconds: seconds.at(-1) ?? Number.NaN,
    foreignMedianSeconds: medianOf(secondsOf(foreign, startedMs)),
  };
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
    `  interval: ${options.announceSeconds}s`,
    `  minInterval: ${Math.min(60, options.announceSeconds)}s`,
    ...(selection.length > 0 ? ['selection:', ...selection] : []),
    'upstream: { exchange: false }',
    `storage: { directory: ${join(directory, 'data')} }`,
    `control: { listen: "http://${TRACKER_ADDRESS}:${CONTROL_PORT}", token: ${CONTROL_TOKEN} }`,
    'lab: true',
    '',
  ].join('\n');
}
