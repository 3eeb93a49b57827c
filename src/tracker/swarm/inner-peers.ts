/**
 * Lists some peers of the operator's own networks in a swarm, with their addresses, to fetch the description of a torrent that
 * only they have (BEP 9); never for an answer. Skips peers that are not handed out, and peers of original trackers, because they
 * have not announced here.
 */
import { FOREIGN_PARTITION } from '../../selection/cost-table.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import {
  addressWordsOf,
  FLAG_SEED,
  FLAG_UPSTREAM,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  portOf,
} from './memory/peer-record.js';
import { refWordOf } from './memory/torrent-table.js';

export interface InnerPeer {
  readonly family: 4 | 6;
  /** One or four words, most significant first. */
  readonly words: readonly number[];
  readonly port: number;
  readonly seed: boolean;
}

/** Records looked at in one swarm and family: some hundred microseconds. */
const MAX_RECORDS = 4_096;

/** @param entry of the torrent @param limit of the result @returns seeds first, which certainly have the description */
export function innerPeers(
  arena: Arena,
  swarms: FamilySwarms,
  keys: StandingKeys,
  entry: number,
  limit: number,
): InnerPeer[] {
  const { words } = arena;
  const seeds: InnerPeer[] = [];
  const leechers: InnerPeer[] = [];
  for (const family of [4, 6] as const) {
    const addressWords = addressWordsOf(family);
    const ref = words[refWordOf(entry, family)]!;
    let place = swarms.nextUsedSlot(ref, 0, addressWords);
    for (let looked = 0; place >= 0 && looked < MAX_RECORDS && seeds.length < limit; looked++) {
      const record = swarms.recordInSlot(ref, place, addressWords);
      place = swarms.nextUsedSlot(ref, place + 1, addressWords);
      const meta = record + addressWords;
      const flags = flagsOf(words, meta);
      if ((flags & (FLAG_UPSTREAM | FLAG_WITHHELD)) !== 0) continue;
      if (keys.partitionOf(groupOf(words, meta)) === FOREIGN_PARTITION) continue;
      const seed = (flags & FLAG_SEED) !== 0;
      const found = seed ? seeds : leechers;
      const address = [...words.subarray(record, record + addressWords)];
      if (found.length < limit) found.push({ family, words: address, port: portOf(words, meta), seed });
    }
  }
  return [...seeds, ...leechers].slice(0, limit);
}
