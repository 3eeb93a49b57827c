/** Counts the imported peers of a swarm by who named them: for people, never for an answer. */
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { ImportOrigins } from './memory/import-origins.js';
import { failuresOf, originNumberOf } from './memory/imported-peer.js';
import { addressWordsOf, ageSeconds, FLAG_UPSTREAM, flagsOf } from './memory/peer-record.js';
import { ENTRY_UPSTREAM, refWordOf } from './memory/torrent-table.js';

/** Peers that are looked at in a swarm, a millisecond or two. In a larger one the counts are of a part of it. */
const MAX_STEPS = 100_000;

export interface ImportedFrom {
  /** An original tracker without its path, `pushed by NAME`, or the DHT; null: not known. */
  readonly origin: string | null;
  readonly peers: number;
  /** Of these, peers that a gateway was given and received nothing. */
  readonly failed: number;
  /** When the last of them expires. */
  readonly expiresInSeconds: number;
}

export interface ImportedTally {
  /** The largest first. */
  readonly imported: readonly ImportedFrom[];
  readonly steps: number;
}

export class ImportedPeers {
  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly origins: ImportOrigins,
    private readonly maxAgeSeconds: number,
  ) {}

  count(entry: number, nowSeconds: number): ImportedTally {
    const { words } = this.arena;
    const found = new Map<number, { origin: string | null; peers: number; failed: number; expiresInSeconds: number }>();
    let left = words[entry + ENTRY_UPSTREAM]!;
    let steps = 1;
    for (const family of [4, 6] as const) {
      const ref = words[refWordOf(entry, family)]!;
      const addressWords = addressWordsOf(family);
      let slot = left === 0 ? -1 : this.swarms.nextUsedSlot(ref, 0, addressWords);
      for (; slot >= 0 && left > 0 && steps < MAX_STEPS; steps++) {
        const meta = this.swarms.recordInSlot(ref, slot, addressWords) + addressWords;
        slot = this.swarms.nextUsedSlot(ref, slot + 1, addressWords);
        if ((flagsOf(words, meta) & FLAG_UPSTREAM) === 0) continue;
        left--;
        const number = originNumberOf(words, meta);
        const counts = found.get(number) ?? { origin: this.originOf(meta), peers: 0, failed: 0, expiresInSeconds: 0 };
        found.set(number, counts);
        counts.peers++;
        if (failuresOf(words, meta) > 0) counts.failed++;
        const expires = Math.max(0, this.maxAgeSeconds - ageSeconds(words, meta, nowSeconds));
        counts.expiresInSeconds = Math.max(counts.expiresInSeconds, expires);
      }
    }
    return { imported: [...found.values()].sort((a, b) => b.peers - a.peers), steps };
  }

  /** @param meta of an imported peer's record. @returns null if it is not known */
  originOf(meta: number): string | null {
    return this.origins.textOf(originNumberOf(this.arena.words, meta)) ?? null;
  }
}
