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
 *   then for each gateway: port (16) | rank (8) | used quota (8)
 *     | four address words | downloaded, in units of 64 KiB | second of the last progress | quota used over its other family
 *
 * Gateways are stored by address, so this block stays valid when a record moves. The rules are in selection/gateways and
 * selection/supply; {@link SupplyEvidence} writes the evidence.
 */
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { HISTORY_MASK } from '../memory/peer-record.js';

export const BLOCK_SERVING = 1;
export const BLOCK_STARVED = 2;
export const BLOCK_LAST_PROGRESS = 3;
export const BLOCK_OTHER_PROGRESS = 4;
export const BLOCK_PROGRESS_HOSTS = 5;
const DISTRUSTED_UNTIL = 6;
const HEADER_WORDS = 7;
const GENERATION_MASK = HISTORY_MASK;
const GATEWAY_WORDS = 8;

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
    const used = this.gatewayCount(from) * GATEWAY_WORDS;
    for (let i = 1; i < HEADER_WORDS + used; i++) words[to + i] = words[from + i]!;
    words[to] = (words[to]! & 0xff000000) | (words[from]! & 0x00ffffff);
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
    const end = ref + HEADER_WORDS + this.gatewayCount(ref) * GATEWAY_WORDS;
    let weakestRank = 0x100;
    this.foundGateway = -1;
    this.weakestGateway = -1;
    this.greatestRank = -1;
    for (let at = ref + HEADER_WORDS, i = 0; at < end; at += GATEWAY_WORDS, i++) {
      const rank = (words[at]! >>> 8) & 0xff;
      if (rank < weakestRank) {
        weakestRank = rank;
        this.weakestGateway = i;
      }
      if (rank > this.greatestRank) this.greatestRank = rank;
      if (words[at]! >>> 16 === endpoint.port && this.isAt(at, endpoint)) this.foundGateway = i;
    }
  }

  /** @returns the gateway's number, −1 if the endpoint is not a gateway */
  findGateway(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    for (let i = 0; i < count; i++) {
      const at = ref + HEADER_WORDS + i * GATEWAY_WORDS;
      if (words[at]! >>> 16 === endpoint.port && this.isAt(at, endpoint)) return i;
    }
    return -1;
  }

  private isAt(at: number, endpoint: Endpoint): boolean {
    const words = this.arena.words;
    if ((words[at + 1]! | 0) !== endpoint.word0) return false;
    if (endpoint.addressWords === 1) return true;
    return (
      (words[at + 2]! | 0) === endpoint.word1 &&
      (words[at + 3]! | 0) === endpoint.word2 &&
      (words[at + 4]! | 0) === endpoint.word3
    );
  }

  /** The block must have room. */
  addGateway(ref: number, endpoint: Endpoint, rank: number, downloadedUnits: number, nowSeconds: number): void {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + this.gatewayCount(ref) * GATEWAY_WORDS;
    words[at] = (endpoint.port << 16) | (rank << 8);
    words[at + 1] = endpoint.word0;
    words[at + 2] = endpoint.word1;
    words[at + 3] = endpoint.word2;
    words[at + 4] = endpoint.word3;
    words[at + 5] = downloadedUnits;
    words[at + 6] = nowSeconds;
    words[at + 7] = 0;
    words[ref] = words[ref]! + 0x10000;
  }

  removeGateway(ref: number, index: number): void {
    const words = this.arena.words;
    const last = ref + HEADER_WORDS + (this.gatewayCount(ref) - 1) * GATEWAY_WORDS;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    for (let i = 0; i < GATEWAY_WORDS; i++) words[at + i] = words[last + i]!;
    words[ref] = words[ref]! - 0x10000;
  }

  rankOfGateway(ref: number, index: number): number {
    return (this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS]! >>> 8) & 0xff;
  }

  setRankOfGateway(ref: number, index: number, rank: number): void {
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    this.arena.words[at] = (this.arena.words[at]! & 0xffff00ff) | (rank << 8);
  }

  /** Quota used by the foreign peers that it got at its last announce, and by those that it has been offered to since. */
  usedQuota(ref: number, index: number): number {
    return this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS]! & 0xff;
  }

  setUsedQuota(ref: number, index: number, quota: number): void {
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    this.arena.words[at] = (this.arena.words[at]! & 0xffffff00) | Math.min(quota, 0xff);
  }

  /** As {@link usedQuota}, over the other family of a gateway with both. */
  usedByOtherFamily(ref: number, index: number): number {
    return this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS + 7]!;
  }

  setUsedByOtherFamily(ref: number, index: number, quota: number): void {
    this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS + 7] = quota;
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
    for (let i = from, at = ref + HEADER_WORDS + from * GATEWAY_WORDS; i < count; i++, at += GATEWAY_WORDS) {
      const head = words[at]!;
      const all = ((head >>> 8) & 0xff) >= cacheRank ? cacheQuota : quota;
      if (all - (head & 0xff) - words[at + 7]! > most) return i;
    }
    return -1;
  }

  /** Moves a gateway to another block, which must have room, under another endpoint of its host. */
  moveGateway(from: number, index: number, to: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = from + HEADER_WORDS + index * GATEWAY_WORDS;
    const number = this.gatewayCount(to);
    this.addGateway(to, endpoint, this.rankOfGateway(from, index), words[at + 5]!, words[at + 6]!);
    this.setUsedByOtherFamily(to, number, this.usedQuota(from, index));
    this.removeGateway(from, index);
  }

  /** Records how much a gateway has downloaded. @returns seconds since that last changed */
  noteProgress(ref: number, index: number, downloadedUnits: number, nowSeconds: number): number {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    if (words[at + 5] !== downloadedUnits) {
      words[at + 5] = downloadedUnits;
      words[at + 6] = nowSeconds;
    }
    return nowSeconds - words[at + 6]!;
  }

  /** Reads the endpoint of a gateway. */
  readEndpoint(ref: number, index: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    endpoint.setAddress(family, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at]! >>> 16);
  }
}
