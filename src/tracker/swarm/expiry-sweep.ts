/** Drops peers that have been silent too long, a bounded number of peers and table slots at a time, round and round. */
import type { NetworkSet } from '../network-set.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import { ageSeconds } from './memory/peer-record.js';
import { ENTRY_REF4, ENTRY_REF6, type TorrentTable } from './memory/torrent-table.js';
import { PEER_EXPIRED, PEER_REMOVED } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';

const NO_MORE_PEERS = 0;
const KEPT = 1;
const DROPPED = 2;
/** Dropping a peer takes about as long as looking at this many: it leaves indices and may move others. */
const DROP_COST = 4;

export class ExpirySweep {
  private segment = 0;
  private tableSlot = 0;
  private family: 4 | 6 = 4;
  private peerSlot = 0;
  /** Peers at these addresses are dropped however lately they announced. */
  private denied: NetworkSet | undefined;
  private roundEnded = true;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    private readonly book: SwarmMembership,
    private readonly maxAgeSeconds: number,
  ) {}

  /** Begins a round that drops the peers of these addresses. */
  deny(denied: NetworkSet): void {
    this.denied = denied;
    this.segment = 0;
    this.startTableSlot(0);
    this.roundEnded = denied.isEmpty;
  }

  /** Whether all peers have been looked at since {@link deny}. */
  get isRoundEnded(): boolean {
    return this.roundEnded;
  }

  /** @returns how many were dropped */
  sweepSlice(nowSeconds: number, budgetSlots: number): number {
    const { table } = this;
    let dropped = 0;
    let budget = budgetSlots;
    // Never more than one round, however large the budget.
    let segmentsLeft = table.segmentCount + 1;
    while (budget > 0 && segmentsLeft > 0) {
      if (this.tableSlot >= table.tableSlotsOf(this.segment)) {
        this.segment = (this.segment + 1) % table.segmentCount;
        if (this.segment === 0) this.roundEnded = true;
        this.startTableSlot(0);
        segmentsLeft--;
        continue;
      }
      budget--;
      const entry = table.entryInTableSlot(this.segment, this.tableSlot);
      if (entry === 0) {
        this.startTableSlot(this.tableSlot + 1);
        continue;
      }
      let step = KEPT;
      while (budget > 0 && step !== NO_MORE_PEERS) {
        step = this.checkPeer(entry, nowSeconds);
        if (step === DROPPED) {
          dropped++;
          budget -= DROP_COST;
        } else budget--;
      }
      if (step !== NO_MORE_PEERS) break;
      // A dropped entry pulls others into its slot: look at the slot again.
      this.startTableSlot(this.book.removeTorrentIfEmpty(entry) ? this.tableSlot : this.tableSlot + 1);
    }
    return dropped;
  }

  private checkPeer(entry: number, nowSeconds: number): number {
    const words = this.arena.words;
    for (;;) {
      const addressWords = this.family === 4 ? 1 : 4;
      const ref = words[entry + (this.family === 4 ? ENTRY_REF4 : ENTRY_REF6)]!;
      const place = this.swarms.nextUsedSlot(ref, this.peerSlot, addressWords);
      if (place < 0) {
        if (this.family === 6) return NO_MORE_PEERS;
        this.family = 6;
        this.peerSlot = 0;
        continue;
      }
      const record = this.swarms.recordInSlot(ref, place, addressWords);
      this.peerSlot = place + 1;
      const isSilent = ageSeconds(words, record + addressWords, nowSeconds) >= this.maxAgeSeconds;
      if (!isSilent && !this.isDenied(record)) return KEPT;
      this.book.removePeer(entry, this.family, record, isSilent ? PEER_EXPIRED : PEER_REMOVED, nowSeconds);
      // Another peer may lie in this place now; and a swarm that was moved has all its peers in other places.
      this.peerSlot = this.swarms.ref === ref ? place : 0;
      return DROPPED;
    }
  }

  private isDenied(record: number): boolean {
    if (this.denied === undefined) return false;
    const words = this.arena.words;
    return this.family === 4
      ? this.denied.has(4, words[record]!, 0, 0, 0)
      : this.denied.has(6, words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!);
  }

  private startTableSlot(slot: number): void {
    this.tableSlot = slot;
    this.family = 4;
    this.peerSlot = 0;
  }
}
