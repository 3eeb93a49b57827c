/** The sweeps through a store, one for each reason to remove peers, so that none waits for another. All go in slices. */
import type { GroupTally } from './group-tally.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { StoreRoom } from './memory/store-room.js';
import type { TorrentTable } from './memory/torrent-table.js';
import { PeerSweep } from './peer-sweep.js';
import type { SwarmMembership } from './swarm-membership.js';

/** Slots of a table that is almost empty. */
const SMALLEST_SWEEP = 4_096;
/** A longer sweep takes more turns, not more of each turn. */
const LARGEST_SWEEP = 500_000;

export interface StoreSweepsParts {
  readonly arena: Arena;
  readonly table: TorrentTable;
  readonly swarms: FamilySwarms;
  readonly membership: SwarmMembership;
  readonly room: Pick<StoreRoom, 'records'>;
  /** Counts peers by locality group during the search for silent ones; null: nobody does. */
  readonly tally: GroupTally | null;
}

export class StoreSweeps {
  private readonly expiry: PeerSweep;
  /** Of peers with a denied address. */
  readonly denial: PeerSweep;
  /** Of torrents that are no longer served. */
  readonly refusal: PeerSweep;
  /** Of imported peers that the rules no longer permit. */
  readonly importReview: PeerSweep;

  /** @param maxAgeSeconds peers that have been silent for this long expire */
  constructor(
    private readonly parts: StoreSweepsParts,
    maxAgeSeconds: number,
  ) {
    const { arena, table, swarms, membership, tally } = parts;
    const sweepOf = (ageSeconds: number): PeerSweep => new PeerSweep(arena, table, swarms, membership, ageSeconds);
    this.expiry = new PeerSweep(arena, table, swarms, membership, maxAgeSeconds, tally);
    this.denial = sweepOf(Number.POSITIVE_INFINITY);
    this.refusal = sweepOf(Number.POSITIVE_INFINITY);
    this.importReview = sweepOf(Number.POSITIVE_INFINITY);
  }

  /**
   * Drops peers that have been silent for 1.5 intervals and `graceSeconds`. Continues where the last call ended and visits no more than
   * `budgetSlots` peers and table slots, so that no call takes long.
   * @returns how many were dropped
   */
  expire(nowSeconds: number, budgetSlots: number, graceSeconds = 0): number {
    this.expiry.graceSeconds = graceSeconds;
    return this.expiry.sweepSlice(nowSeconds, budgetSlots);
  }

  /** Continues the round of a sweep, if there is one. @param share of the work of a whole sweep */
  continueRound(sweep: PeerSweep, share: number, nowSeconds: number): void {
    if (sweep.isRoundEnded) return;
    sweep.sweepSlice(nowSeconds, Math.ceil(share * this.length));
  }

  /** The peers, the entries of swarms and the slots of the table, which is at most a few times as long; bounded. */
  get length(): number {
    const { room, table } = this.parts;
    return Math.min(LARGEST_SWEEP, room.records + 4 * table.torrentCount + SMALLEST_SWEEP);
  }
}
