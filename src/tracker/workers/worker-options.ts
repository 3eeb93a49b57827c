/** The options of one worker, from those of the whole data plane: its part of what the limits allow. */
import type { DataPlaneLimits, DataPlaneOptions } from '../data-plane-options.js';
import {
  DEFAULT_ARENA_BYTES,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_PEERS_PER_ADDRESS,
  DEFAULT_MAX_PEERS_PER_SITE,
} from '../limits.js';
import type { WorkerShare } from './owner.js';
import { snapshotFileOf } from './snapshot-files.js';

/** Info-hashes are spread evenly but not exactly: room that a worker has above its part. */
const UNEVEN = 1.05;
/** A worker takes a few seeds, one for each purpose. */
const SEEDS_A_WORKER = 16;

/** @returns `options` unchanged for the only worker */
export function optionsOfWorker(options: DataPlaneOptions, share: WorkerShare): DataPlaneOptions {
  if (share.count === 1) return options;
  const { snapshotFile, seed } = options;
  return {
    ...options,
    share,
    limits: limitsOfWorker(options.limits ?? {}, share.count),
    ...(snapshotFile === undefined ? {} : { snapshotFile: snapshotFileOf(snapshotFile, share) }),
    // Two workers that draw the same numbers would give the same jitter.
    ...(seed === undefined ? {} : { seed: seed + SEEDS_A_WORKER * share.index }),
  };
}

/** Limits inside one swarm stay as they are, because a swarm belongs to one worker. */
function limitsOfWorker(limits: DataPlaneLimits, count: number): DataPlaneLimits {
  const { store, arenaBytes = DEFAULT_ARENA_BYTES } = limits;
  const part = (whole: number): number => Math.ceil(whole / count);
  const uneven = (whole: number): number => Math.min(whole, Math.ceil((UNEVEN * whole) / count));
  return {
    ...limits,
    maxPeersPerAddress: part(limits.maxPeersPerAddress ?? DEFAULT_MAX_PEERS_PER_ADDRESS),
    maxPeersPerSite: part(limits.maxPeersPerSite ?? DEFAULT_MAX_PEERS_PER_SITE),
    maxConnections: part(limits.maxConnections ?? DEFAULT_MAX_CONNECTIONS),
    ...(store === undefined
      ? {}
      : { store: { ...store, maxPeers: uneven(store.maxPeers), maxTorrents: uneven(store.maxTorrents) } }),
    arenaBytes: uneven(arenaBytes),
  };
}
