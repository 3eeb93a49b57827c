/**
 * The evidence block of a swarm and family: how well its inner peers are supplied, and who its gateways are. A small block of
 * the arena, created when it is first needed.
 *
 *   +0  capacity (8) | gateways (8) | unused (5) | generation of the evidence (11, never 0)
 *   +1  seeds that have shown that they serve in this generation
 *   +2  leechers that starve: they announced again without progress
 *   +3  second of the last progress of a leecher
 *   +4  second of the last progress of a leecher of another host than that
 *   +5  the hosts of both: 16 bits of a hash each
 *   +6  second until which seeds are distrusted
 *   then for each gateway: port (16) | rank (8) | used quota (8), and a word for the quota used over its other family
 *   then for each gateway: four address words | downloaded, in units of 64 KiB | second of the last progress
 *
 * Every announce of an inner leecher reads all gateways of its swarm. What it reads of each is therefore contiguous, apart
 * from the address and the progress.
 *
 * Gateways are stored by address, so this block stays valid when a record moves. The rules are in selection/gateways and
 * selection/supply; {@link SupplyEvidence} writes the evidence.
 */
import type { Arena } from './arena.js';
import type { Endpoint } from './endpoint-key.js';
import { HISTORY_MASK } from './peer-record.js';

const BLOCK_SERVING = 1;
const BLOCK_STARVED = 2;
const BLOCK_LAST_PROGRESS = 3;
const BLOCK_OTHER_PROGRESS = 4;
const BLOCK_PROGRESS_HOSTS = 5;
const DISTRUSTED_UNTIL = 6;
const HEADER_WORDS = 7;
const GENERATION_MASK = HISTORY_MASK;
/** Of each gateway in the first list, and in the second. */
const HEAD_WORDS = 2;
const DETAIL_WORDS = 6;
const GATEWAY_WORDS = HEAD_WORDS + DETAIL_WORDS;

export class GatewayBlocks {
  constructor(private readonly arena: Arena) {}

  createBlock(capacity: number): number {
    const ref = this.arena.allocateBlock(HEADER_WORDS + capacity * GATEWAY_WORDS);
    const { words } = this.arena;
    words.fill(0, ref, ref + HEADER_WORDS);
    words[ref] = (capacity << 24) | 1;
    return ref;
  }

  freeBlock(ref: number): void {
    if (ref !== 0) this.arena.freeBlock(ref, HEADER_WORDS + this.capacity(ref) * GATEWAY_WORDS);
  }

  /** Fills a fresh block from another one, or leaves it empty if that is 0. */
  copyBlock(from: number, to: number): void {
    if (from === 0) return;
    const words = this.arena.words;
    const count = this.gatewayCount(from);
    for (let i = 1; i < HEADER_WORDS + count * HEAD_WORDS; i++) words[to + i] = words[from + i]!;
    const fromDetails = this.detailsOf(from, 0);
    const toDetails = this.detailsOf(to, 0);
    for (let i = 0; i < count * DETAIL_WORDS; i++) words[toDetails + i] = words[fromDetails + i]!;
    words[to] = (words[to]! & 0xff000000) | (words[from]! & 0x00ffffff);
  }

  private headOf(ref: number, index: number): number {
    return ref + HEADER_WORDS + index * HEAD_WORDS;
  }

  private detailsOf(ref: number, index: number): number {
    return ref + HEADER_WORDS + this.capacity(ref) * HEAD_WORDS + index * DETAIL_WORDS;
  }

  capacity(ref: number): number {
    return this.arena.words[ref]! >>> 24;
  }

  gatewayCount(ref: number): number {
    return ref === 0 ? 0 : (this.arena.words[ref]! >>> 16) & 0xff;
  }

  /** Seeds that have shown that they serve, one per host. */
  servingSeeds(ref: number): number {
    return ref === 0 ? 0 : this.arena.words[ref + BLOCK_SERVING]!;
  }

  /** Leechers that starve, one per host. */
  starvedLeechers(ref: number): number {
    return ref === 0 ? 0 : this.arena.words[ref + BLOCK_STARVED]!;
  }

  /** @param by 1 or −1 */
  addServing(ref: number, by: number): void {
    this.arena.words[ref + BLOCK_SERVING] = this.arena.words[ref + BLOCK_SERVING]! + by;
  }

  /** @param by 1 or −1 */
  addStarved(ref: number, by: number): void {
    this.arena.words[ref + BLOCK_STARVED] = this.arena.words[ref + BLOCK_STARVED]! + by;
  }

  /** Records that a leecher has progressed. @param host 16 bits of a hash of its host */
  noteLeecherProgress(ref: number, host: number, nowSeconds: number): void {
    const { words } = this.arena;
    const hosts = words[ref + BLOCK_PROGRESS_HOSTS]!;
    if (hosts >>> 16 !== host) {
      words[ref + BLOCK_OTHER_PROGRESS] = words[ref + BLOCK_LAST_PROGRESS]!;
      words[ref + BLOCK_PROGRESS_HOSTS] = (host << 16) | (hosts >>> 16);
    }
    words[ref + BLOCK_LAST_PROGRESS] = nowSeconds;
  }

  /** Whether a leecher of another host has progressed since. @param host 16 bits of a hash of the host */
  hasOtherProgressed(ref: number, host: number, sinceSeconds: number): boolean {
    const { words } = this.arena;
    const hosts = words[ref + BLOCK_PROGRESS_HOSTS]!;
    return (
      (hosts >>> 16 !== host && words[ref + BLOCK_LAST_PROGRESS]! > sinceSeconds) ||
      ((hosts & 0xffff) !== host && words[ref + BLOCK_OTHER_PROGRESS]! > sinceSeconds)
    );
  }

  /** The evidence of a seed counts while it has this generation. */
  generation(ref: number): number {
    return this.arena.words[ref]! & GENERATION_MASK;
  }

  /** Seeds failed lately: until then progress that foreign peers may explain is not evidence for a seed. */
  isDistrustful(ref: number, nowSeconds: number): boolean {
    return nowSeconds < this.arena.words[ref + DISTRUSTED_UNTIL]!;
  }

  /** Discards the evidence of all seeds. */
  startGeneration(ref: number, distrustedUntilSeconds: number): void {
    const { words } = this.arena;
    const next = ((words[ref]! & GENERATION_MASK) % GENERATION_MASK) + 1;
    words[ref] = (words[ref]! & ~GENERATION_MASK) | next;
    words[ref + BLOCK_SERVING] = 0;
    words[ref + BLOCK_LAST_PROGRESS] = 0;
    words[ref + BLOCK_OTHER_PROGRESS] = 0;
    words[ref + DISTRUSTED_UNTIL] = distrustedUntilSeconds;
  }

  /** Results of {@link surveyGateways}: the endpoint's number, the weakest gateway's (−1 for none), and the highest rank. */
  foundGateway = -1;
  weakestGateway = -1;
  greatestRank = -1;

  /** Finds an endpoint, the weakest gateway and the highest rank in one walk. */
  surveyGateways(ref: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    let weakestRank = 0x100;
    this.foundGateway = -1;
    this.weakestGateway = -1;
    this.greatestRank = -1;
    for (let i = 0, at = ref + HEADER_WORDS; i < count; i++, at += HEAD_WORDS) {
      const head = words[at]!;
      const rank = (head >>> 8) & 0xff;
      if (rank < weakestRank) {
        weakestRank = rank;
        this.weakestGateway = i;
      }
      if (rank > this.greatestRank) this.greatestRank = rank;
      if (head >>> 16 === endpoint.port && this.isAt(this.detailsOf(ref, i), endpoint)) this.foundGateway = i;
    }
  }

  /** @returns the gateway's number, −1 if the endpoint is not a gateway */
  findGateway(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    for (let i = 0, at = ref + HEADER_WORDS; i < count; i++, at += HEAD_WORDS) {
      if (words[at]! >>> 16 === endpoint.port && this.isAt(this.detailsOf(ref, i), endpoint)) return i;
    }
    return -1;
  }

  private isAt(details: number, endpoint: Endpoint): boolean {
    const words = this.arena.words;
    if ((words[details]! | 0) !== endpoint.word0) return false;
    if (endpoint.addressWords === 1) return true;
    return (
      (words[details + 1]! | 0) === endpoint.word1 &&
      (words[details + 2]! | 0) === endpoint.word2 &&
      (words[details + 3]! | 0) === endpoint.word3
    );
  }

  /** The block must have room. */
  addGateway(ref: number, endpoint: Endpoint, rank: number, downloadedUnits: number, nowSeconds: number): void {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    const head = this.headOf(ref, count);
    const details = this.detailsOf(ref, count);
    words[head] = (endpoint.port << 16) | (rank << 8);
    words[head + 1] = 0;
    words[details] = endpoint.word0;
    words[details + 1] = endpoint.word1;
    words[details + 2] = endpoint.word2;
    words[details + 3] = endpoint.word3;
    words[details + 4] = downloadedUnits;
    words[details + 5] = nowSeconds;
    words[ref] = words[ref]! + 0x10000;
  }

  removeGateway(ref: number, index: number): void {
    const words = this.arena.words;
    const last = this.gatewayCount(ref) - 1;
    for (let i = 0; i < HEAD_WORDS; i++) words[this.headOf(ref, index) + i] = words[this.headOf(ref, last) + i]!;
    for (let i = 0; i < DETAIL_WORDS; i++)
      words[this.detailsOf(ref, index) + i] = words[this.detailsOf(ref, last) + i]!;
    words[ref] = words[ref]! - 0x10000;
  }

  /** Whether a gateway has this rank or a higher one. For people: an answer uses {@link surveyGateways}. */
  hasGatewayOfRank(ref: number, rank: number): boolean {
    for (let i = 0; i < this.gatewayCount(ref); i++) if (this.rankOfGateway(ref, i) >= rank) return true;
    return false;
  }

  rankOfGateway(ref: number, index: number): number {
    return (this.arena.words[this.headOf(ref, index)]! >>> 8) & 0xff;
  }

  setRankOfGateway(ref: number, index: number, rank: number): void {
    const head = this.headOf(ref, index);
    this.arena.words[head] = (this.arena.words[head]! & 0xffff00ff) | (rank << 8);
  }

  /** Quota used by the foreign peers that it got at its last announce, and by those that it has been offered to since. */
  usedQuota(ref: number, index: number): number {
    return this.arena.words[this.headOf(ref, index)]! & 0xff;
  }

  setUsedQuota(ref: number, index: number, quota: number): void {
    const head = this.headOf(ref, index);
    this.arena.words[head] = (this.arena.words[head]! & 0xffffff00) | Math.min(quota, 0xff);
  }

  /** As {@link usedQuota}, over the other family of a gateway with both. */
  usedByOtherFamily(ref: number, index: number): number {
    return this.arena.words[this.headOf(ref, index) + 1]!;
  }

  setUsedByOtherFamily(ref: number, index: number, quota: number): void {
    this.arena.words[this.headOf(ref, index) + 1] = quota;
  }

  /**
   * The first gateway from number `from` on with more quota left than `most`, −1 if there is none.
   * @param quota of a gateway. @param cacheQuota of one with at least `cacheRank`
   */
  nextWithQuotaLeft(
    ref: number,
    from: number,
    most: number,
    quota: number,
    cacheRank: number,
    cacheQuota: number,
  ): number {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    for (let i = from, at = this.headOf(ref, from); i < count; i++, at += HEAD_WORDS) {
      const head = words[at]!;
      const all = ((head >>> 8) & 0xff) >= cacheRank ? cacheQuota : quota;
      if (all - (head & 0xff) - words[at + 1]! > most) return i;
    }
    return -1;
  }

  /** Moves a gateway to another block, which must have room, under another endpoint of its host. */
  moveGateway(from: number, index: number, to: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const details = this.detailsOf(from, index);
    const number = this.gatewayCount(to);
    this.addGateway(to, endpoint, this.rankOfGateway(from, index), words[details + 4]!, words[details + 5]!);
    this.setUsedByOtherFamily(to, number, this.usedQuota(from, index));
    this.removeGateway(from, index);
  }

  /** Records how much a gateway has downloaded. @returns seconds since that last changed */
  noteProgress(ref: number, index: number, downloadedUnits: number, nowSeconds: number): number {
    const words = this.arena.words;
    const details = this.detailsOf(ref, index);
    if (words[details + 4] !== downloadedUnits) {
      words[details + 4] = downloadedUnits;
      words[details + 5] = nowSeconds;
    }
    return nowSeconds - words[details + 5]!;
  }

  /** Reads the endpoint of a gateway. */
  readEndpoint(ref: number, index: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const port = words[this.headOf(ref, index)]! >>> 16;
    const at = this.detailsOf(ref, index);
    endpoint.setAddress(family, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, port);
  }
}
