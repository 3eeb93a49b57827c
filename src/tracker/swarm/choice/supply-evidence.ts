/**
 * The evidence of who serves inside: which inner leechers progress, which announce again without progress (they starve), and
 * which seeds have shown that they serve. Compares each announce of an inner peer with its last one. The rules that use the
 * counts are in selection/supply. One host counts once, however many peers it has.
 */
import { FOREIGN_PARTITION } from '../../../selection/cost-table.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import { DISTRUST_SECONDS, PROGRESS_SECONDS, seedsFail } from '../../../selection/supply.js';
import { type AnnounceRequest, EVENT_STARTED } from '../../announce-request.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import { HostScan } from '../layouts/host-scan.js';
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import type { GatewayBlocks } from '../memory/gateway-blocks.js';
import {
  FLAG_CACHE,
  FLAG_SEED,
  FLAG_SHARED_HOST,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  hasEvidence,
  historyOf,
  isLeecher,
  setEvidence,
  setHistory,
  uploadedOf,
} from '../memory/peer-record.js';
import { evidenceWordOf, refWordOf } from '../memory/torrent-table.js';

/** In a leecher's history: it was given foreign peers. */
const GIVEN_FOREIGN = 1;
/** The unit of progress: the block that clients ask each other for (BEP 3). */
const PROGRESS_SHIFT = 14;

export class SupplyEvidence {
  private readonly scan = new HostScan();

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: GatewayBlocks,
  ) {}

  /**
   * To be called once a peer is stored. An operator's cache that is a seed is trusted; others have to show that they serve.
   * @param record with the flags that hold now
   */
  startEvidence(request: AnnounceRequest, entry: number, record: number, endpoint: Endpoint): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    const flags = flagsOf(words, meta);
    if (isLeecher(flags)) setHistory(words, meta, progressDigest(request) << 1);
    else this.trustCache(entry, request.family, record, endpoint);
  }

  /** An operator's cache that is a seed counts at once, if it is an inner peer and is handed out. */
  trustCache(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    const meta = record + endpoint.addressWords;
    const { words } = this.arena;
    const trusted = FLAG_CACHE | FLAG_SEED;
    if ((flagsOf(words, meta) & (trusted | FLAG_WITHHELD)) !== trusted || hasEvidence(words, meta)) return;
    if (this.keys.partitionOf(groupOf(words, meta)) !== FOREIGN_PARTITION)
      this.trustSeed(family, entry, record, endpoint);
  }

  /**
   * To be called when a known peer announces on time or with an event. Its record must still hold the values of the last
   * announce, but the new flags.
   * @param oldFlags those of the last announce
   * @param ageSeconds since then
   */
  reviewPeer(
    request: AnnounceRequest,
    entry: number,
    record: number,
    endpoint: Endpoint,
    oldFlags: number,
    ageSeconds: number,
    uploadedUnits: number,
  ): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    const flags = flagsOf(words, meta);
    if (!this.isInner(request)) {
      this.withdrawEvidence(entry, request.family, record, endpoint);
      if (isLeecher(flags)) setHistory(words, meta, progressDigest(request) << 1);
      return;
    }
    // A client that has been restarted counts from zero.
    const comparable = request.event !== EVENT_STARTED;
    if (isLeecher(oldFlags)) this.reviewLeecher(request, entry, record, endpoint, comparable, ageSeconds, flags);
    if ((flags & FLAG_SEED) !== 0 && comparable) {
      this.reviewSeed(request, entry, record, endpoint, ageSeconds, uploadedUnits !== uploadedOf(words, meta));
    } else if (isLeecher(flags) && !isLeecher(oldFlags)) setHistory(words, meta, progressDigest(request) << 1);
  }

  /** Stops counting a peer that leaves, changes its role or is no longer inner. Call before its flags change. */
  withdrawEvidence(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    if (!hasEvidence(words, meta)) return;
    setEvidence(words, meta, false);
    const block = words[evidenceWordOf(entry, family)]!;
    if (isLeecher(flagsOf(words, meta))) this.blocks.addStarved(block, -1);
    else if (historyOf(words, meta) === this.blocks.generation(block)) this.blocks.addServing(block, -1);
  }

  /** Records that an inner leecher gets foreign peers, which may explain its progress. */
  noteForeignGiven(record: number, addressWords: 1 | 4): void {
    const { words } = this.arena;
    const meta = record + addressWords;
    if (isLeecher(flagsOf(words, meta))) setHistory(words, meta, historyOf(words, meta) | GIVEN_FOREIGN);
  }

  /** If too many leechers starve, all seeds have to show again that they serve. */
  judgeSeeds(block: number, innerLeechers: number, nowSeconds: number): void {
    const { blocks } = this;
    if (blocks.servingSeeds(block) === 0 || !seedsFail(innerLeechers, blocks.starvedLeechers(block))) return;
    blocks.startGeneration(block, nowSeconds + DISTRUST_SECONDS);
  }

  /** Whether an inner seed has shown that it serves. */
  isServing(entry: number, family: 4 | 6, record: number, addressWords: 1 | 4): boolean {
    const { words } = this.arena;
    const block = words[evidenceWordOf(entry, family)]!;
    const meta = record + addressWords;
    return block !== 0 && hasEvidence(words, meta) && historyOf(words, meta) === this.blocks.generation(block);
  }

  private reviewLeecher(
    request: AnnounceRequest,
    entry: number,
    record: number,
    endpoint: Endpoint,
    comparable: boolean,
    ageSeconds: number,
    flags: number,
  ): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    const before = historyOf(words, meta);
    const digest = progressDigest(request);
    const progressed = comparable && before >>> 1 !== digest;
    if (progressed) {
      this.noteProgress(request, entry, endpoint, (before & GIVEN_FOREIGN) !== 0);
      if (isLeecher(flags)) this.withdrawEvidence(entry, request.family, record, endpoint);
    } else if (comparable && isLeecher(flags) && ageSeconds >= PROGRESS_SECONDS) {
      this.markStarved(request, entry, record, endpoint);
    }
    setHistory(words, meta, isLeecher(flags) ? (digest << 1) | (before & GIVEN_FOREIGN) : 0);
  }

  private reviewSeed(
    request: AnnounceRequest,
    entry: number,
    record: number,
    endpoint: Endpoint,
    ageSeconds: number,
    uploads: boolean,
  ): void {
    const { words } = this.arena;
    const block = words[evidenceWordOf(entry, request.family)]!;
    if (block === 0) return;
    const trusted = this.isServing(entry, request.family, record, endpoint.addressWords);
    if (
      uploads &&
      !trusted &&
      this.blocks.hasOtherProgressed(block, hostTagOf(endpoint), request.nowSeconds - ageSeconds)
    ) {
      this.trustSeed(request.family, entry, record, endpoint);
    } else if (trusted && !uploads && ageSeconds >= PROGRESS_SECONDS && this.blocks.starvedLeechers(block) > 0) {
      this.withdrawEvidence(entry, request.family, record, endpoint);
    }
  }

  private noteProgress(request: AnnounceRequest, entry: number, endpoint: Endpoint, givenForeign: boolean): void {
    const block = this.blockOf(entry, request.family);
    if (block === 0 || (givenForeign && this.blocks.isDistrustful(block, request.nowSeconds))) return;
    this.blocks.noteLeecherProgress(block, hostTagOf(endpoint), request.nowSeconds);
  }

  private markStarved(request: AnnounceRequest, entry: number, record: number, endpoint: Endpoint): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    if (hasEvidence(words, meta) || this.isHostCounted(request.family, entry, record, endpoint, true)) return;
    const block = this.blockOf(entry, request.family);
    if (block === 0) return;
    setEvidence(words, meta, true);
    this.blocks.addStarved(block, 1);
  }

  private trustSeed(family: 4 | 6, entry: number, record: number, endpoint: Endpoint): void {
    const { words } = this.arena;
    const meta = record + endpoint.addressWords;
    if ((flagsOf(words, meta) & FLAG_WITHHELD) !== 0 || this.isHostCounted(family, entry, record, endpoint, false))
      return;
    const block = this.blockOf(entry, family);
    if (block === 0) return;
    setEvidence(words, meta, true);
    setHistory(words, meta, this.blocks.generation(block));
    this.blocks.addServing(block, 1);
  }

  /** Whether another peer of the same host and role is counted already. */
  private isHostCounted(family: 4 | 6, entry: number, record: number, endpoint: Endpoint, leechers: boolean): boolean {
    const { words } = this.arena;
    const { addressWords } = endpoint;
    if ((flagsOf(words, record + addressWords) & FLAG_SHARED_HOST) === 0) return false;
    const { scan } = this;
    this.swarms.scanHost(words[refWordOf(entry, family)]!, endpoint, scan);
    for (let i = 0; i < scan.listedCount; i++) {
      const other = scan.records[i]!;
      const meta = other + addressWords;
      if (other === record || isLeecher(flagsOf(words, meta)) !== leechers || !hasEvidence(words, meta)) continue;
      if (leechers || this.isServing(entry, family, other, addressWords)) return true;
    }
    return false;
  }

  private isInner(request: AnnounceRequest): boolean {
    return this.keys.partitionOf(request.group) !== FOREIGN_PARTITION;
  }

  /** The evidence block of a swarm and family, created if needed; 0 if the arena is full. */
  private blockOf(entry: number, family: 4 | 6): number {
    const { words } = this.arena;
    const at = evidenceWordOf(entry, family);
    if (words[at] === 0 && this.arena.hasRoomForPeers()) words[at] = this.blocks.createBlock(0);
    return words[at]!;
  }
}

function hostTagOf(endpoint: Endpoint): number {
  return endpoint.hostHash >>> 16;
}

/** Ten bits that change when the client's downloaded or left bytes change by a block. */
function progressDigest(request: AnnounceRequest): number {
  const downloaded = (request.downloadedHigh << (32 - PROGRESS_SHIFT)) | (request.downloadedLow >>> PROGRESS_SHIFT);
  const left = (request.leftHigh << (32 - PROGRESS_SHIFT)) | (request.leftLow >>> PROGRESS_SHIFT);
  const mixed = Math.imul(downloaded ^ Math.imul(left, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 22;
}
