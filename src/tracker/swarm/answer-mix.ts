/**
 * How many peers of an answer were foreign and how many inner, in the 8 bits that a peer's record has for it, and the share of foreign
 * bytes that follows. A client that joins early is given few inner peers, but is given to those that join after it. So its share is
 * the mean of the share in its answer and of the share that its foreign peers have among all inner peers of the swarm now.
 *
 *   1 (1) | foreign peers (3) | inner peers, in steps (4)      few of both
 *   0 (1) | foreign share in parts of 127 (7)                  a random answer, or one with many peers, which is a fair sample of them
 */

import { type AnnounceOutcome, TRAFFIC_COUNTED } from './announce-outcome.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import { addressWordsOf, FLAG_UPSTREAM, flagsOf, groupOf, isCounted } from './memory/peer-record.js';
import type { StoreRoom } from './memory/store-room.js';
import { refWordOf } from './memory/torrent-table.js';

const COUNTED = 0x80;
const SHARE_PARTS = 0x7f;
const MAX_FOREIGN = 7;
const FOREIGN_SHIFT = 4;
const INNER_MASK = 0xf;
/** Between two steps the smaller one is stored. */
const INNER_STEPS = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33);
/** A client is connected to no more than about this many peers. */
const MOST_NEIGHBOURS = 50;
/** Records of a family that are visited at most. */
const MOST_VISITED = 256;

/** @param foreign of `given` peers; not whole in a large swarm, where it is estimated. @param isFair the answer is a random draw */
export function answerMixOf(given: number, foreign: number, isFair: boolean): number {
  const inner = given - foreign;
  const last = INNER_STEPS[INNER_MASK]!;
  if (isFair || foreign > MAX_FOREIGN || inner > last || !Number.isInteger(foreign)) {
    return Math.round((SHARE_PARTS * foreign) / given);
  }
  let step = INNER_MASK;
  while (INNER_STEPS[step]! > inner) step--;
  return COUNTED | (foreign << FOREIGN_SHIFT) | step;
}

/** Foreign peers of the answer, if those that joined later matter; 0 if the share of the answer holds. */
export function foreignOfMix(mix: number): number {
  return (mix & COUNTED) === 0 ? 0 : (mix >>> FOREIGN_SHIFT) & MAX_FOREIGN;
}

/** @param innerNow other inner peers of the swarm */
export function foreignShareOfMix(mix: number, innerNow: number): number {
  if ((mix & COUNTED) === 0) return mix / SHARE_PARTS;
  const foreign = foreignOfMix(mix);
  if (foreign === 0) return 0;
  const inner = INNER_STEPS[mix & INNER_MASK]!;
  return (foreign / (foreign + inner) + foreign / (foreign + Math.max(inner, innerNow))) / 2;
}

/** Counts the inner peers that a client may be connected to. */
export class InnerNeighbours {
  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly room: Pick<StoreRoom, 'isInner'>,
  ) {}

  /** Sets the share of a client's growth that is counted as foreign. The client is still in the swarm. */
  noteShare(outcome: AnnounceOutcome, entry: number): void {
    const { traffic, answerMix } = outcome;
    if (traffic !== TRAFFIC_COUNTED) return;
    // Few clients have foreign peers, and those that do not download any more need no count.
    const isNeeded = outcome.downloadedBytes > 0 && foreignOfMix(answerMix) > 0;
    outcome.foreignShare = foreignShareOfMix(answerMix, isNeeded ? this.count(entry) - 1 : 0);
  }

  /** In a large swarm too few, which changes nothing: its answers have many peers. */
  private count(entry: number): number {
    return Math.min(MOST_NEIGHBOURS, this.countFamily(entry, 4) + this.countFamily(entry, 6));
  }

  private countFamily(entry: number, family: 4 | 6): number {
    const { words } = this.arena;
    const addressWords = addressWordsOf(family);
    const ref = words[refWordOf(entry, family)]!;
    let found = 0;
    let slot = -1;
    for (let visited = 0; visited < MOST_VISITED && found < MOST_NEIGHBOURS; visited++) {
      slot = this.swarms.nextUsedSlot(ref, slot + 1, addressWords);
      if (slot < 0) break;
      const meta = this.swarms.recordInSlot(ref, slot, addressWords) + addressWords;
      if ((flagsOf(words, meta) & FLAG_UPSTREAM) !== 0 || !isCounted(words, meta, family)) continue;
      if (this.room.isInner(groupOf(words, meta))) found++;
    }
    return found;
  }
}
