/** Sends the mixed requests to a tracker with a number of workers, stops it, and reads its swarms. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchmarkPolicy } from '../servers/benchmark-policy.js';
import { startDataPlane } from '../servers/start-data-plane.js';
import { MixedRequests } from './mixed-requests.js';
import { MixedSender } from './mixed-sender.js';
import { differencesOf, readSwarmRecords, type SwarmRecords } from './swarm-records.js';

const ARENA_BYTES = 1024 ** 3;
/** Only the last snapshot is wanted, which a stop writes. */
const SNAPSHOT_EVERY_SECONDS = 3_600;
/** Longer than a run: what an announce changes depends on whether this time has passed since the last one. */
const INTERVAL_SECONDS = 7_200;

export interface MixOutcome {
  readonly workers: number;
  readonly swarms: SwarmRecords;
  /** For each request, a number made of the counts in its answer. */
  readonly answers: Uint32Array;
  /** Questions and requests that one worker sent to another. */
  readonly passed: number;
}

export async function runMix(
  seed: number,
  packets: number,
  workers: number,
  onProgress: (answered: number) => void = () => {},
): Promise<MixOutcome> {
  const directory = await mkdtemp(join(tmpdir(), 'alias-tracker-mix-'));
  const snapshotFile = join(directory, 'swarms.snapshot');
  try {
    const plane = await startDataPlane({
      workers,
      transport: 'linux',
      listen: [
        { protocol: 'udp', host: '127.0.0.1', port: 0 },
        { protocol: 'udp', host: '::1', port: 0 },
        { protocol: 'http', host: '127.0.0.1', port: 0 },
        { protocol: 'http', host: '::1', port: 0 },
      ],
      ...benchmarkPolicy(),
      lab: true,
      intervalSeconds: INTERVAL_SECONDS,
      minIntervalSeconds: INTERVAL_SECONDS,
      // Of the addresses of this machine there are few.
      // A limit that several workers divide is met at another request than with one.
      limits: {
        maxPeersPerAddressInSwarm: 0,
        maxPeersPerAddress: 0,
        maxPeersPerSiteInSwarm: 0,
        maxPeersPerSite: 0,
        arenaBytes: ARENA_BYTES,
      },
      snapshotFile,
      snapshotEverySeconds: SNAPSHOT_EVERY_SECONDS,
      seed,
    });
    let sender: MixedSender | undefined;
    try {
      const [udp4, udp6, http4, http6] = plane.addresses.map(({ port }) => port);
      sender = await MixedSender.open(new MixedRequests(seed, packets), {
        udp4: udp4!,
        udp6: udp6!,
        http4: http4!,
        http6: http6!,
      });
      await sender.run(onProgress);
    } finally {
      sender?.close();
      await plane.stop();
    }
    const { passedToWorkers: passed } = plane.counters();
    return { workers, answers: sender.answers, passed, swarms: await readSwarmRecords(snapshotFile, workers) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns what differs, a line each; empty: the same swarms and the same counts in every answer */
export function compareOutcomes(one: MixOutcome, other: MixOutcome): string[] {
  const different = one.answers.findIndex((answer, number) => answer !== other.answers[number]);
  const answers = different < 0 ? [] : [`request ${different} is the first with other counts in its answer`];
  return [...answers, ...differencesOf(one.swarms, other.swarms)];
}
