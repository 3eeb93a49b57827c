/**
 * Swarms of a snapshot back into a store, before it serves anybody; ages count on by the wall clock. The rules may have
 * changed meanwhile: peers are withheld by those now in force, and foreign peers that they refuse stay behind.
 */
import { OwnAddresses, type OwnEndpoint } from '../domain/own-addresses.js';
import type { Announcer } from './announcer.js';
import { importRefusal, isWithheld } from './peer-rules.js';
import { FLAG_UPSTREAM, FLAG_WITHHELD } from './swarm/memory/peer-record.js';
import { decodeSnapshot, SnapshotDamagedError } from './swarm/snapshot/snapshot-codec.js';
import { type FlagsNow, LEFT_BEHIND } from './swarm/snapshot/swarm-transfer.js';
import type { SwarmStore } from './swarm/swarm-store.js';

export interface Restored {
  readonly peers: number;
  readonly swarms: number;
  /** What is wrong with the file, null if nothing is; what stood before the damage was restored. */
  readonly damage: string | null;
}

/** What became of several files, in their order. */
export interface RestoredFiles {
  readonly peers: number;
  readonly swarms: number;
  /** As in {@link Restored}, of each file. */
  readonly damages: readonly (string | null)[];
}

/** Where a peer belongs by the topology now in force, and what it may be by the rules. */
export interface RestoreRules {
  readonly groupOf: (family: 4 | 6, word0: number, word1: number, word2: number, word3: number) => number;
  /** Default: as they were. */
  readonly flagsNow?: FlagsNow;
}

/**
 * @param nowMs wall clock
 * @param nowSeconds the store's clock
 */
export function restoreSwarms(
  store: SwarmStore,
  bytes: Uint8Array,
  { groupOf, flagsNow }: RestoreRules,
  nowMs: number,
  nowSeconds: number,
): Restored {
  let damage: string | null = null;
  try {
    const snapshot = decodeSnapshot(bytes);
    const elapsedSeconds = Math.max(0, (nowMs - snapshot.takenAtMs) / 1_000);
    for (const frame of snapshot.frames()) {
      store.importFrame(frame, snapshot, nowSeconds, elapsedSeconds, groupOf, flagsNow);
    }
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error;
    damage = error.message;
  }
  const { peers, swarms } = store.stats;
  return { peers, swarms, damage };
}

/** Those of a tracker. @param own addresses of this installation */
export function restoreRules(announcer: Announcer, own: readonly OwnEndpoint[]): RestoreRules {
  const { settings } = announcer;
  const ownAddresses = new OwnAddresses(own);
  const flagsNow: FlagsNow = (family, word0, word1, word2, word3, port, flags, group) => {
    const isInner = announcer.isInner(group);
    if ((flags & FLAG_UPSTREAM) !== 0) {
      if (importRefusal(settings, family, word0, word1, word2, word3, port, isInner) !== undefined) return LEFT_BEHIND;
      const words = family === 4 ? [word0] : [word0, word1, word2, word3];
      return ownAddresses.has({ family, words }, port) ? LEFT_BEHIND : flags;
    }
    return isWithheld(settings, family, word0, word1, word2, word3, port, isInner)
      ? flags | FLAG_WITHHELD
      : flags & ~FLAG_WITHHELD;
  };
  return {
    groupOf: (family, word0, word1, word2, word3) => announcer.groupOf(family, word0, word1, word2, word3),
    flagsNow,
  };
}
