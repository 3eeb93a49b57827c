/** Swarms of a snapshot back into a store, before it serves anybody; ages count on by the wall clock. */
import type { TopologyTable } from '../topology/topology-table.js';
import { decodeSnapshot, SnapshotDamagedError } from './swarm/snapshot-codec.js';
import type { SwarmStore } from './swarm/swarm-store.js';

export interface Restored {
  readonly peers: number;
  readonly swarms: number;
  /** What is wrong with the file, null where nothing is; what stood before the damage was restored. */
  readonly damage: string | null;
}

/** @param nowMs wall clock; @param nowSeconds the store's clock */
export function restoreSwarms(
  store: SwarmStore,
  bytes: Uint8Array,
  topology: TopologyTable,
  nowMs: number,
  nowSeconds: number,
): Restored {
  let damage: string | null = null;
  try {
    const snapshot = decodeSnapshot(bytes);
    const elapsedSeconds = Math.max(0, (nowMs - snapshot.takenAtMs) / 1_000);
    for (const frame of snapshot.frames()) {
      store.importFrame(frame, snapshot, nowSeconds, elapsedSeconds, (family, word0, word1, word2, word3) =>
        family === 4 ? topology.lookup4(word0) : topology.lookup6(word0, word1, word2, word3),
      );
    }
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error;
    damage = error.message;
  }
  const { peers, swarms } = store.stats;
  return { peers, swarms, damage };
}
