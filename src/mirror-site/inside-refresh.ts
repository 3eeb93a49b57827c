/**
 * Follows how many peers of each torrent are inside the network, so that lists can be sorted by them, and samples them for plots.
 * Only torrents that somebody inside has, or had, cost anything, and counting takes a small share of a processor, however many
 * there are. While the tracker is down the counts stay as they are, and no sample is taken.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../domain/clock.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { MAX_SAMPLED, SWARM_SAMPLE_MS, type SwarmToSample } from '../store/sqlite/catalogue-history.js';
import type { InsideCounts, Swarm } from '../store/sqlite/catalogue-search.js';
import { countsByTorrent, hashesOf, type ReadSwarmCounts, type SwarmCounts } from './inner-counts.js';

/** Torrents that are read from the catalogue at once. */
const CHUNK = 100;
/** After each step, in units of the time that it took: counting takes about 3 % of a processor. */
const REST = 30;
/** The least and the longest rest. */
const MIN_REST_MS = 10;
const MAX_REST_MS = 5_000;
/** Between passes. */
const PAUSE_MS = 5_000;
/** Samples that one transaction writes: some 10 ms. */
const SAMPLE_SLICE = 2_000;
const NOBODY: SwarmCounts = { seeds: 0, leechers: 0 };

/** Swarms that somebody inside is in. */
export interface InnerSwarms {
  readonly swarms: readonly (SwarmCounts & { readonly infoHash: string })[];
  /** For the next ones; undefined: these were the last. */
  readonly cursor: number | undefined;
}

export interface InsideRefreshOptions {
  readonly catalogue: Pick<
    Catalogue,
    | 'swarmsAfter'
    | 'swarmsInsideAfter'
    | 'swarmsOf'
    | 'storeInsideCounts'
    | 'lastSwarmSampleMs'
    | 'lastSampledInside'
    | 'storeSwarmSamples'
    | 'forgetSwarmSamples'
  >;
  /** All swarms that somebody inside is in, a page at a time. Rejects while the tracker is down. @param cursor 0: the first page */
  readonly innerSwarms: (cursor: number) => Promise<InnerSwarms>;
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
  if (!(await countPresent(options, signal))) return;
  if (!(await countGone(options, signal))) return;
  const { catalogue, clock } = options;
  const nowMs = clock.nowMs();
  const lastMs = catalogue.lastSwarmSampleMs();
  if (lastMs === undefined || nowMs - lastMs >= SWARM_SAMPLE_MS) await sample(nowMs, options, signal);
}

/** Torrents that the tracker has peers inside for. @returns false if the tracker is down, or this was ended */
async function countPresent(options: InsideRefreshOptions, signal: AbortSignal): Promise<boolean> {
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const beganMs = performance.now();
    const page: InnerSwarms | undefined = await options.innerSwarms(cursor).catch(() => undefined);
    if (page === undefined || signal.aborted) return false;
    const counts = new Map(page.swarms.map(({ infoHash, ...swarm }) => [parseInfoHash(infoHash), swarm]));
    const swarms = counts.size === 0 ? [] : options.catalogue.swarmsOf([...counts.keys()]);
    if (!(await store(swarms, counts, options, signal))) return false;
    cursor = page.cursor;
    await rest(beganMs, signal);
  }
  return true;
}

/** Counts torrents with stored inner peers again, because the tracker no longer lists those whose inner peers have left. */
async function countGone(options: InsideRefreshOptions, signal: AbortSignal): Promise<boolean> {
  for (let after: InfoHash | '' = ''; ; ) {
    const beganMs = performance.now();
    const swarms = options.catalogue.swarmsInsideAfter(after, CHUNK);
    if (swarms.length === 0) return true;
    if (!(await store(swarms, new Map(), options, signal))) return false;
    after = swarms.at(-1)!.infoHash;
    await rest(beganMs, signal);
  }
}

/**
 * Stores the counts that have changed.
 * @param known by hash; the tracker is asked for the others
 * @returns false if the tracker is down, or this was ended
 */
async function store(
  swarms: readonly Swarm[],
  known: ReadonlyMap<InfoHash, SwarmCounts>,
  options: InsideRefreshOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const counts = await countsOf(swarms, known, options).catch(() => undefined);
  if (counts === undefined || signal.aborted) return false;
  const changed = swarms.flatMap(({ infoHash, inside }, i): [InfoHash, InsideCounts][] => {
    const { seeds, leechers, bps } = counts[i]!;
    const isSame = seeds === inside.seeds && leechers === inside.leechers && bps === inside.bps;
    return isSame ? [] : [[infoHash, { seeds, leechers, bps }]];
  });
  if (changed.length > 0) options.catalogue.storeInsideCounts(new Map(changed));
  return true;
}

/** In the order of the swarms. */
async function countsOf(
  swarms: readonly Swarm[],
  known: ReadonlyMap<InfoHash, SwarmCounts>,
  { read, supply }: Pick<InsideRefreshOptions, 'read' | 'supply'>,
): Promise<InsideCounts[]> {
  const unknown = hashesOf(swarms).filter((infoHash) => !known.has(infoHash));
  const asked = unknown.length === 0 ? [] : await read(unknown);
  const byTorrent = countsByTorrent(swarms, new Map([...known, ...asked]));
  return Promise.all(
    swarms.map(async (swarm) => {
      const { seeds, leechers } = byTorrent.get(swarm.infoHash) ?? NOBODY;
      return { seeds, leechers, bps: seeds === 0 ? undefined : await supply(swarm, { seeds, leechers }) };
    }),
  );
}

/** Samples what somebody inside has or had at the last sample, and what is popular. */
async function sample(nowMs: number, options: InsideRefreshOptions, signal: AbortSignal): Promise<void> {
  const { catalogue } = options;
  const sampledBefore = catalogue.lastSampledInside();
  const samples: Sample[] = [];
  for (let after: InfoHash | '' = ''; !signal.aborted; ) {
    const beganMs = performance.now();
    const swarms = catalogue.swarmsAfter(after, CHUNK);
    if (swarms.length === 0) return storeSamples(samples, nowMs, options, signal);
    for (const { entryId, outsideSeeds, rank, inside } of swarms) {
      const hasAnybody = inside.seeds + inside.leechers > 0 || sampledBefore.has(entryId);
      if (!hasAnybody && rank === undefined) continue;
      samples.push({ entryId, outsideSeeds, rank, insideSeeds: inside.seeds, insideLeechers: inside.leechers });
    }
    after = swarms.at(-1)!.infoHash;
    await rest(beganMs, signal);
  }
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
    const beganMs = performance.now();
    catalogue.storeSwarmSamples(chosen.slice(from, from + SAMPLE_SLICE), nowMs);
    await rest(beganMs, signal);
  }
  for (let beganMs = performance.now(); !signal.aborted && catalogue.forgetSwarmSamples(nowMs); ) {
    await rest(beganMs, signal);
    beganMs = performance.now();
  }
}

/** @param beganMs when the step began */
function rest(beganMs: number, signal: AbortSignal): Promise<void> {
  const restMs = REST * (performance.now() - beganMs);
  return pause(Math.min(MAX_REST_MS, Math.max(MIN_REST_MS, restMs)), signal);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
