/**
 * One ISP and the rest of the world, with real, unmodified clients: opentracker is the original tracker of a torrent, and
 * everybody outside asks it. Clients inside have the torrent of the mirror site, so they ask the alias tracker, which knows
 * nobody outside but by its exchange with the original.
 *
 * Without hours the only seed is outside. With hours a day is compressed into a minute or two: the border is open in a window in
 * which a cache fills under a rate cap, and closed when the users come.
 */
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../domain/errors.js';
import { BorderMeter } from './border-meter.js';
import { CACHE_RPC_PORT, startCache } from './experiment-cache.js';
import { clientCommand } from './experiment-clients.js';
import { CONTENT_NAME, type ExperimentContent, writeContent } from './experiment-content.js';
import { measureLoad, medianOf, type RunningClient, secondsOf, waitForAll } from './experiment-progress.js';
import { type SimulatedDay, startAliasTrackerAt, startOpentracker, TRACKER_PORT } from './experiment-trackers.js';
import { NetworkLab } from './network-namespaces.js';

export interface OriginExperimentOptions {
  /** Inside; aria2c, as all clients here. */
  readonly clients: number;
  /** Outside, besides the one seed. */
  readonly foreignClients: number;
  readonly contentBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly connections: number;
  readonly borderBps: number;
  readonly hours?: ExperimentHours;
  readonly timeoutSeconds: number;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ExperimentHours {
  /** How long the border is open, at most: it closes when the cache is complete. */
  readonly windowSeconds: number;
  /** What the cache may take of the border while it fills, headers included. */
  readonly capBytesPerSecond: number;
  /** By day, clients start spread over this time. */
  readonly arrivalSeconds: number;
}

export interface OriginExperimentResult {
  readonly clients: number;
  readonly completed: number;
  /** Bytes that entered over the border, headers included, divided by the size of the content. */
  readonly copiesIn: number;
  /** From the start of each client. */
  readonly medianSeconds: number;
  readonly slowestSeconds: number;
  /** CPU load of the machine, 0 … 1. */
  readonly busyShare: number;
  readonly hours?: HoursFigures;
}

export interface HoursFigures {
  /** From the opening until the cache was complete; undefined if it was not when the window closed. */
  readonly fillSeconds: number | undefined;
  /** Of the bytes that entered over the border, the share that did so in the window. */
  readonly insideWindowShare: number;
  /** What entered by day, as a share of what the clients downloaded. */
  readonly dayShare: number;
  readonly capBytesPerSecond: number;
  /** The highest means over one second and over five, headers included. */
  readonly peakBytesPerSecond: number;
  readonly peakOfFiveSeconds: number;
}

const ISP = '10.254.0.1';
const ORIGINAL = '10.2.0.250';
const SITE_PORT = 8181;
const HOME = 0;
const OUTSIDE = 1;
const NETWORK_NAMES = ['home', 'outside'] as const;
const CACHE_HOST = 0;
const SEED_HOST = 200;
const HOME_ASN = 64500;
/** Of the clients outside, each so many-th has the content from the start, so that the cap limits the cache, not the supply. */
const SEED_EVERY = 4;
/**
 * What waits in the receive buffers of the cache has crossed the border, whatever its rate cap. The cap is as much smaller than
 * a real one as the day is shorter, and so are the buffers (tcp(7), tcp_rmem: least, usual and most bytes).
 */
const RECEIVE_BUFFERS = '4096 16384 65536';
/** Of what the alias tracker is to do by itself: crawl, and plan what a cache holds. */
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 250;
/** A client's own limit counts no headers, which are about 4 % of what crosses the border. */
const PAYLOAD_SHARE = 0.95;
/** A cache holds what is expected to be downloaded at least twice a day. */
const EVENING_USERS = 3;
/** Two announces of a client, and the answer of the original tracker between them. */
const EVENING_MS = 5_000;
/** How long before a border the clock is set, so that the alias tracker crosses it by itself. */
const AHEAD_MS = 100;
const DAY_MS = Date.UTC(2024, 0, 8);
const HOUR_MS = 3_600_000;
const OPENS_MS = DAY_MS + HOUR_MS;
const CLOSES_MS = DAY_MS + 7 * HOUR_MS;

const addressOf = (network: number, host: number): string => `10.${network + 1}.0.${host + 1}`;

/** Run with a URL and a file. Writes the file if the answer is 200. */
const FETCH = `
const [url, file] = process.argv.slice(1);
fetch(url).then(async (answer) => {
  if (answer.status === 200) require('fs').writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
}, () => {});
`;
/** Run with a URL. Prints the answer. */
const ASK = `fetch(process.argv[1]).then(async (answer) => process.stdout.write(await answer.text()));`;

/** Runs one swarm to its end. @throws OperatorError if namespaces or programs are missing */
export async function runOriginExperiment(options: OriginExperimentOptions): Promise<OriginExperimentResult> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-experiment-'));
  const lab = new NetworkLab('ato');
  let meter: BorderMeter | undefined;
  try {
    const world = await startWorld(lab, directory, options);
    meter = new BorderMeter(lab, 'home');
    const before = meter.inwardBytes();
    const loadSince = measureLoad();
    const { hours } = options;
    if (hours) await spendEvening(world);
    const night = hours && (await fillCache(world, hours.windowSeconds, meter));
    const users = await startUsers(world, hours?.arrivalSeconds ?? 0);
    await waitForAll(users, Date.now(), options);
    const after = meter.inwardBytes();
    const seconds = secondsOf(users, ({ startedMs }) => startedMs);
    return {
      clients: users.length,
      completed: seconds.length,
      copiesIn: (after - before) / options.contentBytes,
      medianSeconds: medianOf(seconds),
      slowestSeconds: seconds.at(-1) ?? Number.NaN,
      busyShare: loadSince(),
      ...(night && {
        hours: {
          fillSeconds: night.fillSeconds,
          insideWindowShare: (night.inwardBytes - before) / (after - before),
          dayShare: (after - night.inwardBytes) / (options.contentBytes * users.length),
          capBytesPerSecond: hours!.capBytesPerSecond,
          peakBytesPerSecond: meter.peakBytesPerSecond(1),
          peakOfFiveSeconds: meter.peakBytesPerSecond(5),
        },
      }),
    };
  } finally {
    meter?.stop();
    lab.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

type Role = 'user' | 'evening' | 'seed' | 'foreign';

interface World {
  readonly lab: NetworkLab;
  readonly options: OriginExperimentOptions;
  readonly day: SimulatedDay;
  /** Runs with hours only. */
  readonly cache: RunningClient | undefined;
  readonly content: ExperimentContent;
  start(role: Role, host: number): RunningClient;
}

/** The original tracker and site, the seed and the other clients outside, and the alias tracker with its catalogue. */
async function startWorld(lab: NetworkLab, directory: string, options: OriginExperimentOptions): Promise<World> {
  const hosts = (network: number, count: number): string[] =>
    Array.from({ length: count + 1 }, (_, host) => addressOf(network, host));
  lab.addNetwork({ name: 'isp', addresses: [ISP] });
  lab.addNetwork({ name: 'home', addresses: hosts(HOME, options.clients + EVENING_USERS), linkBps: options.borderBps });
  const outside = [...hosts(OUTSIDE, options.foreignClients), addressOf(OUTSIDE, SEED_HOST), ORIGINAL];
  lab.addNetwork({ name: 'outside', addresses: outside });

  if (options.hours) lab.exec('home', ['sysctl', '-qw', `net.ipv4.tcp_rmem=${RECEIVE_BUFFERS}`]);
  const content = writeContent(directory, options.contentBytes, `http://${ORIGINAL}:${TRACKER_PORT}/announce`);
  await startOpentracker({ lab, network: 'outside', address: ORIGINAL, directory }, content.infoHash);
  const site = join(dirname(fileURLToPath(import.meta.url)), 'experiment-site.js');
  lab.spawn('outside', process.execPath, [site, ORIGINAL, String(SITE_PORT), content.torrentFile]);
  const start = clientStarter(lab, directory, content, options);
  start('seed', SEED_HOST);
  const place = { lab, network: 'isp', address: ISP, directory };
  const clockMs = options.hours ? OPENS_MS - HOUR_MS / 2 : Date.now();
  const cache = options.hours && startCache(cacheOptions(lab, directory, content, options));
  const day = await startAliasTrackerAt(place, configOf(directory, options.hours), clockMs);
  await mirroredTorrent(lab, directory, content.infoHash);
  for (let host = 1; host <= options.foreignClients; host++) start(host % SEED_EVERY === 0 ? 'seed' : 'foreign', host);
  options.onProgress('opentracker, the seed outside and the alias tracker run');
  return { lab, options, day, cache, content, start };
}

function cacheOptions(
  lab: NetworkLab,
  directory: string,
  content: ExperimentContent,
  { connections }: OriginExperimentOptions,
) {
  const address = addressOf(HOME, CACHE_HOST);
  const folder = join(directory, 'cache');
  return { lab, network: 'home', address, folder, hookFile: content.hookFile, connections: 4 * connections };
}

const mirroredFile = (directory: string): string => join(directory, 'mirrored.torrent');

/** The torrent as the mirror site offers it, once the crawler has found it. */
async function mirroredTorrent(lab: NetworkLab, directory: string, infoHash: string): Promise<void> {
  const url = `http://${ISP}:8080/torrent/${infoHash}.torrent`;
  await until(`the mirror site offers ${url}`, () => {
    lab.exec('isp', [process.execPath, '-e', FETCH, url, mirroredFile(directory)]);
    return existsSync(mirroredFile(directory));
  });
}

function clientStarter(
  lab: NetworkLab,
  directory: string,
  content: ExperimentContent,
  options: OriginExperimentOptions,
): World['start'] {
  return (role, host) => {
    const network = role === 'user' || role === 'evening' ? HOME : OUTSIDE;
    const folder = join(directory, `${role}-${host}`);
    mkdirSync(folder);
    if (role === 'seed') copyFileSync(join(directory, CONTENT_NAME), join(folder, CONTENT_NAME));
    const { command, args } = clientCommand('aria2c', {
      address: addressOf(network, host),
      torrentFile: network === HOME ? mirroredFile(directory) : content.torrentFile,
      folder,
      hookFile: content.hookFile,
      uploadBytesPerSecond: options.uploadBytesPerSecond,
      connections: options.connections,
      seed: role === 'seed',
    });
    const startedMs = Date.now();
    const child = lab.spawn(NETWORK_NAMES[network], command, args, { stdio: 'ignore' });
    return { network, child, startedMs, doneFile: join(folder, 'done') };
  };
}

/**
 * Users of the evening wait in vain and leave. So the alias tracker has asked the original tracker, and the controller of the
 * cache knows that the torrent is wanted. @throws OperatorError if it does not want it
 */
async function spendEvening({ lab, day, content, start, options }: World): Promise<void> {
  const users = Array.from({ length: EVENING_USERS }, (_, user) => start('evening', options.clients + 1 + user));
  await sleep(EVENING_MS, undefined, options.signal ? { signal: options.signal } : {});
  // The controller counts who asks for what once a minute.
  await day.set(OPENS_MS - HOUR_MS / 4);
  const url = `http://127.0.0.1:8090/api/v1/caches/torrents?infoHash=${content.infoHash}`;
  const wanted = (): boolean =>
    lab.exec('isp', [process.execPath, '-e', ASK, url]).includes('waits for the fill window');
  await until('the cache wants the torrent', wanted);
  for (const { child } of users) {
    const left = once(child, 'exit');
    child.kill('SIGTERM');
    await left;
  }
}

/** @throws OperatorError if it does not come true in time */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (!condition()) {
    if (Date.now() > deadlineMs)
      throw new OperatorError(`the experiment waited in vain until ${what}`, { code: 'failed' });
    await sleep(POLL_MS);
  }
}

/** The night: the border opens, the cache fills, the border closes. @returns what had entered when it closed */
async function fillCache({ options, day, cache }: World, timeoutSeconds: number, meter: BorderMeter) {
  await day.set(OPENS_MS - AHEAD_MS);
  const openedMs = Date.now() + AHEAD_MS;
  options.onProgress('the border opens, and the cache fills');
  await waitForAll([cache!], openedMs, { ...options, timeoutSeconds });
  await day.set(CLOSES_MS - AHEAD_MS);
  await sleep(2 * AHEAD_MS);
  options.onProgress('the border is closed; the users come');
  return { fillSeconds: secondsOf([cache!], openedMs)[0], inwardBytes: meter.inwardBytes() };
}

async function startUsers({ options, start }: World, arrivalSeconds: number): Promise<RunningClient[]> {
  const users: RunningClient[] = [];
  for (let host = 1; host <= options.clients; host++) {
    users.push(start('user', host));
    await sleep((1000 * arrivalSeconds) / options.clients, undefined, options.signal ? { signal: options.signal } : {});
  }
  return users;
}

/** A border that opens at night and is closed by day, and a cache. Limits do not ramp: minutes are seconds here. */
function hoursConfig({ capBytesPerSecond }: ExperimentHours): string {
  const address = addressOf(HOME, CACHE_HOST);
  return `billing:
  rampFor: 0s
  schedule:
    - { name: night, from: "01:00", to: "07:00", rateFactor: 0.2 }
    - { name: day, from: "07:00", to: "01:00", foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0 }
caches:
  - name: home
    address: ${address}
    client: transmission
    url: "http://${address}:${CACHE_RPC_PORT}/transmission/rpc"
    quota: 10GB
    allow: { sources: [original] }
    fillRate: ${Math.floor((PAYLOAD_SHARE * capBytesPerSecond) / 1000)}KB/s
`;
}

function configOf(directory: string, hours: ExperimentHours | undefined): string {
  return `operator:
  name: Home
  networks: [{ asn: ${HOME_ASN}, prefixes: [10.1.0.0/16] }]
${hours === undefined ? '' : hoursConfig(hours)}tracker:
  listen: ["udp://${ISP}:${TRACKER_PORT}", "http://${ISP}:${TRACKER_PORT}"]
  announceUrls: ["http://${ISP}:${TRACKER_PORT}/announce"]
  minInterval: 2s
mirrorSite: { listen: "http://${ISP}:8080" }
control: { listen: "http://127.0.0.1:8090" }
crawler: { delayPerSite: 0ms, sources: [{ name: original, type: feed, url: "http://${ORIGINAL}:${SITE_PORT}/feed.xml" }] }
upstream: { exchange: true, every: 1s }
storage: { directory: ${join(directory, 'data')} }
lab: true
`;
}
