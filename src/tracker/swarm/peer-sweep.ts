/**
 * Removes peers that have been silent too long, peers with a denied address, peers of torrents that are no longer served, and
 * imported peers that nobody could use or that the rules no longer permit. A sweep visits all swarms, a bounded number of peers
 * and table slots at a time, so that it never delays answers for long.
 */
import type { NetworkSet } from '../../domain/network-set.js';
import type { GroupTally } from './group-tally.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import { isUselessImport } from './memory/imported-peer.js';
import {
  addressWordsOf,
  ageSeconds,
  FLAG_SEED,
  FLAG_UPSTREAM,
  flagsOf,
  groupOf,
  isCounted,
  portOf,
} from './memory/peer-record.js';
import { refWordOf, type TorrentTable, writeInfoHash } from './memory/torrent-table.js';
import { PEER_EXPIRED, PEER_REMOVED } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';

const NO_MORE_PEERS = 0;
const KEPT = 1;
const REMOVED = 2;
/** Removing a peer costs about as much as checking this many, because it changes indexes and may move other peers. */
const REMOVAL_COST = 4;

/** @param infoHash 20 bytes, valid during the call */
export type IsTorrentRefused = (infoHash: Uint8Array) => boolean;

/** Whether an address may not be imported by the rules now in force. */
export type IsImportRefused = (
  family: 4 | 6,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  port: number,
) => boolean;

export class PeerSweep {
  private segment = 0;
  private tableSlot = 0;
  private family: 4 | 6 = 4;
  private peerSlot = 0;
  /** Peers with these addresses are removed. */
  private denied: NetworkSet | null = null;
  /** All peers of these torrents are removed. */
  private isRefused: IsTorrentRefused | null = null;
  /** These imported peers are removed. */
  private isImportRefused: IsImportRefused | null = null;
  private roundEnded = true;
  /** How much longer peers that announce may be silent. */
  graceSeconds = 0;
  private readonly infoHash = new Uint8Array(20);

  /**
   * @param maxAgeSeconds peers that have been silent for at least this long are removed; Infinity: none
   * @param tally counts the peers that stay; null: nobody does
   */
  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    private readonly membership: SwarmMembership,
    private readonly maxAgeSeconds: number,
    private readonly tally: GroupTally | null = null,
  ) {}

  /** Starts a round that removes the peers of these addresses. */
  denyAddresses(denied: NetworkSet): void {
    this.denied = denied.isEmpty ? null : denied;
    this.startRound(!denied.isEmpty);
  }

  /** Starts a round that removes the peers of refused torrents. @param isRefused null: no torrent is refused */
  refuseTorrents(isRefused: IsTorrentRefused | null): void {
    this.isRefused = isRefused;
    this.startRound(isRefused !== null);
  }

  /** Starts a round that removes imported peers by rules that have changed. */
  reviewImports(isRefused: IsImportRefused): void {
    this.isImportRefused = isRefused;
    this.startRound(true);
  }

  private startRound(isNeeded: boolean): void {
    this.segment = 0;
    this.startTableSlot(0);
    this.roundEnded = !isNeeded;
  }

  /** Whether all swarms have been visited since the last round was started. */
  get isRoundEnded(): boolean {
    return this.roundEnded;
  }

  /** @returns how many peers were removed */
  sweepSlice(nowSeconds: number, budgetSlots: number): number {
    const { table } = this;
    let removed = 0;
    let budget = budgetSlots;
    // At most one round, however large the budget.
    let segmentsLeft = table.segmentCount + 1;
    while (budget > 0 && segmentsLeft > 0) {
      if (this.tableSlot >= table.tableSlotsOf(this.segment)) {
        this.segment = (this.segment + 1) % table.segmentCount;
        if (this.segment === 0) this.endRound();
        this.startTableSlot(0);
        segmentsLeft--;
        continue;
      }
      budget--;
      const entry = table.entryInTableSlot(this.segment, this.tableSlot);
      const removesAll = entry !== 0 && this.isTorrentRefused(entry);
      if (entry === 0 || (!removesAll && !this.checksPeers)) {
        this.startTableSlot(this.tableSlot + 1);
        continue;
      }
      let step = KEPT;
      while (budget > 0 && step !== NO_MORE_PEERS) {
        step = this.checkPeer(entry, removesAll, nowSeconds);
        budget--;
        if (step !== REMOVED) continue;
        removed++;
        budget -= REMOVAL_COST - 1;
      }
      if (step !== NO_MORE_PEERS) break;
      // Removing an entry may move another one into its slot: visit the slot again.
      this.startTableSlot(this.membership.removeTorrentIfEmpty(entry) ? this.tableSlot : this.tableSlot + 1);
    }
    return removed;
  }

  private endRound(): void {
    this.roundEnded = true;
    this.tally?.endPass();
  }

  private count(tally: GroupTally, meta: number): void {
    const { words } = this.arena;
    const flags = flagsOf(words, meta);
    if ((flags & FLAG_UPSTREAM) !== 0 || !isCounted(words, meta, this.family)) return;
    tally.note(groupOf(words, meta), (flags & FLAG_SEED) !== 0);
  }

  private get checksPeers(): boolean {
    return this.denied !== null || this.isImportRefused !== null || this.maxAgeSeconds < Number.POSITIVE_INFINITY;
  }

  private isTorrentRefused(entry: number): boolean {
    if (this.isRefused === null) return false;
    writeInfoHash(this.arena.words, entry, this.infoHash);
    return this.isRefused(this.infoHash);
  }

  private checkPeer(entry: number, removesAll: boolean, nowSeconds: number): number {
    const words = this.arena.words;
    for (;;) {
      const addressWords = addressWordsOf(this.family);
      const ref = words[refWordOf(entry, this.family)]!;
      const slot = this.swarms.nextUsedSlot(ref, this.peerSlot, addressWords);
      if (slot < 0) {
        if (this.family === 6) return NO_MORE_PEERS;
        this.family = 6;
        this.peerSlot = 0;
        continue;
      }
      const record = this.swarms.recordInSlot(ref, slot, addressWords);
      this.peerSlot = slot + 1;
      const meta = record + addressWords;
      const hasExpired = this.hasExpired(meta, nowSeconds) || isUselessImport(words, meta);
      const isExcluded = removesAll || this.isDenied(record) || this.refusesImported(record, meta);
      if (!hasExpired && !isExcluded) {
        if (this.tally !== null) this.count(this.tally, meta);
        return KEPT;
      }
      this.membership.removePeer(entry, this.family, record, hasExpired ? PEER_EXPIRED : PEER_REMOVED, nowSeconds);
      // Another peer may be in this slot now. If the swarm has moved, all its peers have other slots.
      this.peerSlot = this.swarms.ref === ref ? slot : 0;
      return REMOVED;
    }
  }

  private hasExpired(meta: number, nowSeconds: number): boolean {
    const { words } = this.arena;
    // No answer has asked an imported peer to return: it is handed out for its time to live, and no longer.
    const grace = (flagsOf(words, meta) & FLAG_UPSTREAM) === 0 ? this.graceSeconds : 0;
    return ageSeconds(words, meta, nowSeconds) >= this.maxAgeSeconds + grace;
  }

  private isDenied(record: number): boolean {
    if (this.denied === null) return false;
    const words = this.arena.words;
    return this.family === 4
      ? this.denied.has(4, words[record]!, 0, 0, 0)
      : this.denied.has(6, words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!);
  }

  private refusesImported(record: number, meta: number): boolean {
    const { words } = this.arena;
    if (this.isImportRefused === null || (flagsOf(words, meta) & FLAG_UPSTREAM) === 0) return false;
    const port = portOf(words, meta);
    if (this.family === 4) return this.isImportRefused(4, words[record]!, 0, 0, 0, port);
    return this.isImportRefused(6, words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!, port);
  }

  private startTableSlot(slot: number): void {
    this.tableSlot = slot;
    this.family = 4;
    this.peerSlot = 0;
  }
}
