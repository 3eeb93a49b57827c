/**
 * The candidates of a swarm of any layout, for selection: the swarm's own sorted list or buckets. A small swarm, or one asked for a
 * requester whose group has overrides, is sorted by pair keys for each answer.
 */
import type { Random } from '../../../domain/random.js';
import type { Candidates } from '../../../selection/candidates.js';
import { FlatCandidates } from '../../../selection/choose-flat.js';
import { sortedWord } from '../../../selection/sorted-word.js';
import { FOREIGN_KEY, type StandingKeys } from '../../../selection/standing-key.js';
import { type FamilySwarms, KIND_BUCKETED, KIND_SMALL, kindOf, offsetOf } from '../layouts/family-swarm.js';
import { entryWordsOf } from '../layouts/ranked-indexes.js';
import { MAX_RANKED_PEERS } from '../layouts/ranked-swarm.js';
import type { Arena } from '../memory/arena.js';
import {
  flagsOf,
  groupOf,
  LIST_LEECHERS,
  LIST_NONE,
  levelOf,
  listOfFlags,
  portOf,
  recordWordsOf,
} from '../memory/peer-record.js';
import { BucketedCandidates } from './bucketed-candidates.js';

const INSERTION_SORT_UP_TO = 24;

export class SwarmCandidates {
  /** The candidates of {@link candidatesOf} are ranked by pair keys: own tier 0, the operator's others 1. */
  isByPair = false;
  private readonly flat: FlatCandidates;
  private readonly bucketed: BucketedCandidates;
  private readonly scratch = new Uint32Array(MAX_RANKED_PEERS + 4096);

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    random: Random,
  ) {
    this.flat = new FlatCandidates(random);
    this.bucketed = new BucketedCandidates(random, keys);
  }

  /** @param group the requester's locality group. @param partition its partition */
  candidatesOf(ref: number, addressWords: 1 | 4, group: number, partition: number): Candidates {
    const kind = kindOf(ref);
    this.isByPair = kind === KIND_SMALL || this.keys.hasOverrides(group);
    return this.open(ref, addressWords, group, partition, this.isByPair);
  }

  /** For a draw from all of them: overrides do not matter. A small swarm has no other list. */
  candidatesForDraw(ref: number, addressWords: 1 | 4, group: number, partition: number): Candidates {
    return this.open(ref, addressWords, group, partition, kindOf(ref) === KIND_SMALL);
  }

  private open(ref: number, addressWords: 1 | 4, group: number, partition: number, pair: boolean): Candidates {
    const kind = kindOf(ref);
    if (kind === KIND_BUCKETED) {
      const swarm = this.swarms.bucketed.swarmOf(offsetOf(ref));
      if (pair) this.bucketed.setSwarmForPairs(swarm, group, partition);
      else this.bucketed.setSwarm(swarm);
      return this.bucketed;
    }
    if (pair) this.rankPairs(ref, addressWords, group, partition);
    else {
      const ranked = this.swarms.ranked;
      const block = offsetOf(ref);
      const stride = recordWordsOf(addressWords);
      ranked.ensureSorted(block, addressWords);
      const capacity = ranked.capacity(block);
      this.flat.setLists(
        this.arena.words,
        ranked.listStart(block, stride),
        entryWordsOf(stride),
        ranked.leechersListed(block),
        capacity - ranked.servingListed(block),
        capacity,
        ranked.recordInSlot(block, 0, stride),
        stride,
        ranked.innerLeechersListed(block),
        ranked.innerServingListed(block),
      );
    }
    return this.flat;
  }

  /** Sorts a small swarm, or a ranked one for a requester with overrides, by pair keys. */
  private rankPairs(ref: number, addressWords: 1 | 4, requesterGroup: number, partition: number): void {
    const { scratch, keys } = this;
    const words = this.arena.words;
    const stride = recordWordsOf(addressWords);
    const small = kindOf(ref) === KIND_SMALL;
    const block = offsetOf(ref);
    const slots = small ? this.swarms.small.size(block) : this.swarms.ranked.slotsUsed(block);
    const first = small
      ? this.swarms.small.recordInSlot(block, 0, stride)
      : this.swarms.ranked.recordInSlot(block, 0, stride);
    let front = 0;
    let back = scratch.length;
    let innerLeechers = 0;
    let innerServing = 0;
    for (let slot = 0; slot < slots; slot++) {
      const record = first + slot * stride;
      const meta = record + addressWords;
      if (portOf(words, meta) === 0) continue;
      const list = listOfFlags(flagsOf(words, meta));
      if (list === LIST_NONE) continue;
      const key = keys.pairKey(requesterGroup, partition, groupOf(words, meta), levelOf(words, meta));
      const word = sortedWord(key, slot);
      if (list === LIST_LEECHERS) {
        scratch[front++] = word;
        if (key < FOREIGN_KEY) innerLeechers++;
      } else {
        scratch[--back] = word;
        if (key < FOREIGN_KEY) innerServing++;
      }
    }
    sortWords(scratch, 0, front);
    sortWords(scratch, back, scratch.length);
    this.flat.setLists(scratch, 0, 1, front, back, scratch.length, first, stride, innerLeechers, innerServing);
  }
}

function sortWords(words: Uint32Array, from: number, to: number): void {
  if (to - from > INSERTION_SORT_UP_TO) {
    words.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const word = words[i]!;
    let at = i;
    while (at > from && words[at - 1]! > word) {
      words[at] = words[at - 1]!;
      at--;
    }
    words[at] = word;
  }
}
