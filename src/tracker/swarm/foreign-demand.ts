/**
 * Whether the operator's own clients in a swarm need peers from outside: there is an inner leecher, and no inner seed that may
 * be handed out, or an inner leecher starves although there is one. Foreign clients never count, because they have the original
 * tracker. Walks over a swarm, so it is asked of small ones only.
 */
import { FOREIGN_PARTITION } from '../../selection/cost-table.js';
import { HOUSEHOLD_LOCALISED } from '../../selection/household-groups.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { AnnounceRequest } from '../announce-request.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { GatewayBlocks } from './memory/gateway-blocks.js';
import type { InfoHashWords } from './memory/info-hash-words.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  FLAG_SEED,
  FLAG_UPSTREAM,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  isLeecher,
} from './memory/peer-record.js';
import {
  ENTRY_ASK_DUE,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  ENTRY_UPSTREAM,
  evidenceWordOf,
  refWordOf,
} from './memory/torrent-table.js';
import type { OperatorCaches } from './operator-caches.js';
import type { SwarmStoreOptions } from './swarm-store-options.js';

/** Where inner clients need no foreign peers, the swarm is judged again after this long. */
const JUDGE_EVERY_SECONDS = 30;
const DEFAULT_ASK_EVERY_SECONDS = 900;
/** A random answer is drawn from at least as many imported peers, if the originals know them: what most answers hold. */
const RANDOM_WANTS_IMPORTED = 50;

export interface ForeignDemandParts {
  readonly arena: Arena;
  /** Of the current torrent. */
  readonly infoHash: InfoHashWords;
  readonly swarms: FamilySwarms;
  readonly keys: StandingKeys;
  readonly blocks: Pick<GatewayBlocks, 'starvedLeechers'>;
  readonly caches: Pick<OperatorCaches, 'isOut' | 'mayCross'>;
}

export class ForeignDemand {
  /** A swarm with as many peers of all kinds needs no more. 0: none does. */
  wantedBelow: number;
  private readonly askEverySeconds: number;

  constructor(
    private readonly parts: ForeignDemandParts,
    options: Pick<SwarmStoreOptions, 'upstreamWantedBelow' | 'upstreamAskEverySeconds'>,
  ) {
    this.wantedBelow = options.upstreamWantedBelow ?? 0;
    this.askEverySeconds = options.upstreamAskEverySeconds ?? DEFAULT_ASK_EVERY_SECONDS;
  }

  /**
   * At an announce: whether original trackers are to be asked now, at most once in the period. Announces of
   * foreign clients do not count, so that they do not put off the judgement of a swarm that an inner leecher joins.
   * @param entry of the torrent
   */
  isReported(entry: number, { group, nowSeconds, household, seed }: AnnounceRequest): boolean {
    // An answer at random should hold what an original tracker would give, however many inner peers there are.
    const isRandom = household !== HOUSEHOLD_LOCALISED && !seed;
    const { arena, keys } = this.parts;
    const { words } = arena;
    const wants = this.hasFewPeers(entry) || (isRandom && this.hasFewImported(entry));
    if (!wants || keys.partitionOf(group) === FOREIGN_PARTITION) return false;
    if (nowSeconds < words[entry + ENTRY_ASK_DUE]!) return false;
    const isNeeded = isRandom || this.isNeeded(entry);
    words[entry + ENTRY_ASK_DUE] = nowSeconds + (isNeeded ? this.askEverySeconds : JUDGE_EVERY_SECONDS);
    return isNeeded;
  }

  /** Whether a swarm needs foreign peers, whenever original trackers were last asked. @param offset of its info-hash */
  isStillNeeded(bytes: Uint8Array, offset: number): boolean {
    const { infoHash } = this.parts;
    infoHash.readInfoHash(bytes, offset);
    const entry = infoHash.findTorrent();
    return entry !== 0 && this.hasFewPeers(entry) && this.isNeeded(entry);
  }

  private hasFewPeers(entry: number): boolean {
    const { words } = this.parts.arena;
    const peers = words[entry + ENTRY_SEEDS]! + words[entry + ENTRY_LEECHERS]! + words[entry + ENTRY_UPSTREAM]!;
    return peers < this.wantedBelow;
  }

  /** For random answers. False if nothing imports peers. */
  private hasFewImported(entry: number): boolean {
    return this.wantedBelow > 0 && this.parts.arena.words[entry + ENTRY_UPSTREAM]! < RANDOM_WANTS_IMPORTED;
  }

  private isNeeded(entry: number): boolean {
    const { arena, swarms, keys } = this.parts;
    const { words } = arena;
    let leechers = 0;
    let seeds = 0;
    for (let family: 4 | 6 = 4; ; family = 6) {
      const addressWords = addressWordsOf(family);
      const ref = words[refWordOf(entry, family)]!;
      for (let slot = 0; ; slot++) {
        slot = swarms.nextUsedSlot(ref, slot, addressWords);
        if (slot < 0) break;
        const record = swarms.recordInSlot(ref, slot, addressWords);
        const meta = record + addressWords;
        const flags = flagsOf(words, meta);
        if ((flags & FLAG_UPSTREAM) !== 0 || keys.partitionOf(groupOf(words, meta)) === FOREIGN_PARTITION) continue;
        if (isLeecher(flags)) {
          if ((flags & FLAG_CACHE) === 0 || this.mayFetch(record, addressWords)) leechers++;
        } else if ((flags & (FLAG_SEED | FLAG_WITHHELD)) === FLAG_SEED) seeds++;
      }
      if (family === 6) break;
    }
    return leechers > 0 && (seeds === 0 || this.leecherStarves(entry));
  }

  /** Whether a cache would be given foreign peers. */
  private mayFetch(record: number, addressWords: 1 | 4): boolean {
    const { arena, caches, infoHash } = this.parts;
    if (caches.isOut(arena.words, record, addressWords)) return false;
    return caches.mayCross(arena.words, record, addressWords, infoHash.words);
  }

  private leecherStarves(entry: number): boolean {
    const { arena, blocks } = this.parts;
    const starvedIn = (family: 4 | 6): boolean =>
      blocks.starvedLeechers(arena.words[evidenceWordOf(entry, family)]!) > 0;
    return starvedIn(4) || starvedIn(6);
  }
}
