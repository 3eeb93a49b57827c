/**
 * Counts the peers inside the network of every torrent of the catalogue, again and again, so that lists can be sorted by
 * them, and samples them for plots. While the tracker is down the counts stay as they are, and no sample is taken.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { MAX_SAMPLED, SWARM_SAMPLE_MS, type SwarmToSample } from '../store/sqlite/catalogue-history.js';
import type { InsideCounts, Swarm } from '../store/sqlite/catalogue-search.js';
import { countsByTorrent, hashesOf, type ReadSwarmCounts, type SwarmCounts } from './inner-counts.js';

/** Torrents that the tracker is asked for at once. */
const CHUNK = 100;
/** Between chunks, so that neither thread is busy with counting alone. */
const CHUNK_PAUSE_MS = 10;
/** Between passes over the catalogue. */
const PAUSE_MS = 5_000;
/** Samples that one transaction writes: some 10 ms. */
const SAMPLE_SLICE = 2_000;
const NOBODY: SwarmCounts = { seeds: 0, leechers: 0 };

export interface InsideRefreshOptions {
  readonly catalogue: Pick<
    Catalogue,
    'swarmsAfter' | 'storeInsideCounts' | 'lastSwarmSampleMs' | 'storeSwarmSamples' | 'forgetSwarmSamples'
  >;
  /** Rejects while the tracker is down. */
  readonly read: ReadSwarmCounts;
  /** What the peers inside may send to one more, in bits per second; undefined: unknown. Rejects while the tracker is down. */
  readonly supply: (swarm: Swarm, counts: SwarmCounts) => Promise<number | undefined>;
  readonly clock: Clock;
  /** Called for a defect: the counts could not be stored. */
  readonly onError: (thrown: unknown) => void;
  readonly pauseMs?: number;
}

/** A torrent that may be sampled. */
type Sample = SwarmToSample & Pick<Swarm, 'rank'>;

/** @returns a function that ends it */
export function refreshInsideCounts(options: InsideRefreshOptions): () => Promise<void> {
  const { onError, pauseMs = PAUSE_MS } = options;
  const ended = new AbortController();
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await refreshOnce(options, ended.signal).catch(onError);
      await pause(pauseMs, ended.signal);
    }
  };
  const running = run();
  return () => {
    ended.abort();
    return running;
  };
}

async function refreshOnce(options: InsideRefreshOptions, signal: AbortSignal): Promise<void> {
  const { catalogue, clock } = options;
  const nowMs = clock.nowMs();
  const lastMs = catalogue.lastSwarmSampleMs();
  const isDue = lastMs === undefined || nowMs - lastMs >= SWARM_SAMPLE_MS;
  const samples: Sample[] = [];
  for (let after: InfoHash | '' = ''; !signal.aborted; ) {
    const swarms = catalogue.swarmsAfter(after, CHUNK);
    if (swarms.length === 0) {
      if (isDue) await storeSamples(samples, nowMs, options, signal);
      return;
    }
    const counts = await countsOf(swarms, options).catch(() => undefined);
    if (counts === undefined || signal.aborted) return;
    const changed = swarms.flatMap(({ infoHash, inside }, i): [InfoHash, InsideCounts][] => {
      const { seeds, leechers, bps } = counts[i]!;
      const isSame = seeds === inside.seeds && leechers === inside.leechers && bps === inside.bps;
      return isSame ? [] : [[infoHash, { seeds, leechers, bps }]];
    });
    if (changed.length > 0) catalogue.storeInsideCounts(new Map(changed));
    if (isDue) samples.push(...swarms.flatMap((swarm, i) => sampleOf(swarm, counts[i]!)));
    after = swarms.at(-1)!.infoHash;
    await pause(CHUNK_PAUSE_MS, signal);
  }
}

/** In the order of the swarms. */
async function countsOf(
  swarms: readonly Swarm[],
  { read, supply }: Pick<InsideRefreshOptions, 'read' | 'supply'>,
): Promise<InsideCounts[]> {
  const known = countsByTorrent(swarms, await read(hashesOf(swarms)));
  return Promise.all(
    swarms.map(async (swarm) => {
      const { seeds, leechers } = known.get(swarm.infoHash) ?? NOBODY;
      return { seeds, leechers, bps: seeds === 0 ? undefined : await supply(swarm, { seeds, leechers }) };
    }),
  );
}

/** Nothing for a torrent that nobody inside has and that is not popular. */
function sampleOf({ entryId, outsideSeeds, rank, inside }: Swarm, { seeds, leechers }: InsideCounts): Sample[] {
  const hasAnybody = seeds + leechers + inside.seeds + inside.leechers > 0;
  if (!hasAnybody && rank === undefined) return [];
  return [{ entryId, outsideSeeds, rank, insideSeeds: seeds, insideLeechers: leechers }];
}

/** Those with most people inside first, then by rank, as many as are kept. */
async function storeSamples(
  samples: readonly Sample[],
  nowMs: number,
  { catalogue }: InsideRefreshOptions,
  signal: AbortSignal,
): Promise<void> {
  const peers = ({ insideSeeds, insideLeechers }: Sample): number => insideSeeds + insideLeechers;
  const rankOf = ({ rank = Number.MAX_SAFE_INTEGER }: Sample): number => rank;
  const chosen = [...samples].sort((a, b) => peers(b) - peers(a) || rankOf(a) - rankOf(b)).slice(0, MAX_SAMPLED);
  for (let from = 0; from < chosen.length && !signal.aborted; from += SAMPLE_SLICE) {
    catalogue.storeSwarmSamples(chosen.slice(from, from + SAMPLE_SLICE), nowMs);
    await pause(CHUNK_PAUSE_MS, signal);
  }
  while (!signal.aborted && catalogue.forgetSwarmSamples(nowMs)) await pause(CHUNK_PAUSE_MS, signal);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
