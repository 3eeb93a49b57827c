/**
 * Whether the operator's own clients in a swarm need peers from outside: there is an inner leecher, and no inner seed that may
 * be handed out, or an inner leecher starves although there is one. Foreign clients never count, because they have the original
 * tracker. Walks over a swarm, so it is asked of small ones only.
 */
import { FOREIGN_PARTITION } from '../../selection/cost-table.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { GatewayBlocks } from './memory/gateway-blocks.js';
import {
  addressWordsOf,
  FLAG_SEED,
  FLAG_UPSTREAM,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  isLeecher,
} from './memory/peer-record.js';
import { evidenceWordOf, refWordOf } from './memory/torrent-table.js';

export class ForeignDemand {
  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: Pick<GatewayBlocks, 'starvedLeechers'>,
  ) {}

  /** @param entry of the torrent */
  isNeeded(entry: number): boolean {
    const { words } = this.arena;
    let leechers = 0;
    let seeds = 0;
    for (let family: 4 | 6 = 4; ; family = 6) {
      const addressWords = addressWordsOf(family);
      const ref = words[refWordOf(entry, family)]!;
      for (let slot = 0; ; slot++) {
        slot = this.swarms.nextUsedSlot(ref, slot, addressWords);
        if (slot < 0) break;
        const meta = this.swarms.recordInSlot(ref, slot, addressWords) + addressWords;
        const flags = flagsOf(words, meta);
        if ((flags & FLAG_UPSTREAM) !== 0 || this.keys.partitionOf(groupOf(words, meta)) === FOREIGN_PARTITION)
          continue;
        if (isLeecher(flags)) leechers++;
        else if ((flags & (FLAG_SEED | FLAG_WITHHELD)) === FLAG_SEED) seeds++;
      }
      if (family === 6) break;
    }
    return leechers > 0 && (seeds === 0 || this.leecherStarves(entry));
  }

  private leecherStarves(entry: number): boolean {
    const { words } = this.arena;
    return (
      this.blocks.starvedLeechers(words[evidenceWordOf(entry, 4)]!) > 0 ||
      this.blocks.starvedLeechers(words[evidenceWordOf(entry, 6)]!) > 0
    );
  }
}
