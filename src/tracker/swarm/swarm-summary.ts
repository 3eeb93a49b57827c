/** Values that enter or leave the store: its totals, summaries of swarms, and peers of original trackers. */
import type { Arena } from './memory/arena.js';
import {
  ENTRY_COMPLETED,
  ENTRY_COMPLETED_INNER,
  ENTRY_FLAG_PINNED,
  ENTRY_FLAGS,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  ENTRY_UPSTREAM,
  infoHashText,
  type TorrentTable,
} from './memory/torrent-table.js';

export interface UpstreamPeer {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly port: number;
  readonly group: number;
  readonly seed: boolean;
}

/** How many peers of original trackers were stored. */
export interface UpstreamAdded {
  /** New ones. */
  readonly added: number;
  /** Not stored, because the swarm has enough peers of their address. */
  readonly addressLimit: number;
  /** Not stored, because the swarm has enough imported peers, and none of them expires sooner. */
  readonly swarmLimit: number;
  /** Not stored, because the store is full. */
  readonly noRoom: number;
}

export interface SwarmStats {
  readonly peers: number;
  readonly seeds: number;
  readonly leechers: number;
  readonly upstreamPeers: number;
  /** Stored peers of all kinds, which the limit of the store counts. */
  readonly records: number;
  readonly swarms: number;
  /** Bytes of the arena that hold something. */
  readonly usedBytes: number;
  /** Bytes of the arena ever touched. */
  readonly touchedBytes: number;
}

export interface SwarmSummary {
  readonly infoHash: string;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  /** Of these, by the operator's own clients. */
  readonly completedInner: number;
  readonly upstreamPeers: number;
  readonly kept: boolean;
}

export function summaryOf(words: Uint32Array, entry: number): SwarmSummary {
  return {
    infoHash: infoHashText(words, entry),
    seeds: words[entry + ENTRY_SEEDS]!,
    leechers: words[entry + ENTRY_LEECHERS]!,
    completed: words[entry + ENTRY_COMPLETED]!,
    completedInner: words[entry + ENTRY_COMPLETED_INNER]!,
    upstreamPeers: words[entry + ENTRY_UPSTREAM]!,
    kept: (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED) !== 0,
  };
}

/** See `SwarmStore.listSwarms`. */
export function listSwarms(
  arena: Arena,
  table: TorrentTable,
  cursor: number,
  limit: number,
): { swarms: SwarmSummary[]; cursor: number } {
  const swarms: SwarmSummary[] = [];
  for (let segment = cursor; segment < table.segmentCount; segment++) {
    if (swarms.length >= limit) return { swarms, cursor: segment };
    for (let slot = 0; slot < table.tableSlotsOf(segment); slot++) {
      const entry = table.entryInTableSlot(segment, slot);
      if (entry !== 0) swarms.push(summaryOf(arena.words, entry));
    }
  }
  return { swarms, cursor: -1 };
}
