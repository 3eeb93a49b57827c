/**
 * What a swarm remembers of its inner peers, by family: how well they are supplied, and who the gateways are. A small block
 * of the arena, made when it is first needed.
 *
 *   +0  capacity (8) | gateways (8) | unused (5) | generation of the evidence (11, never 0)
 *   +1  seeds that have shown that they serve in this generation
 *   +2  leechers that came back empty-handed
 *   +3  second of the last progress of a leecher
 *   +4  second of the last progress of a leecher of another host than that
 *   +5  the hosts of both: 16 bits of a hash each
 *   +6  second until which seeds are distrusted
 *   then for each gateway: port (16) | rank (8) | places taken (8), four address words, downloaded in units of 64 KiB, second of the last progress, places taken over its other family
 *
 * Gateways are known by address, so a record may move without anybody telling. The decisions are in selection/gateways
 * and selection/supply; the evidence is kept by {@link SupplyEvidence}.
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

  /** Seeds that have shown that they serve, one for each host. */
  servingSeeds(ref: number): number {
    return ref === 0 ? 0 : this.arena.words[ref + BLOCK_SERVING]!;
  }

  /** Leechers that came back empty-handed, one for each host. */
  starvedLeechers(ref: number): number {
    return ref === 0 ? 0 : this.arena.words[ref + BLOCK_STARVED]!;
  }

  /** What seeds have shown counts while it is of this generation. */
  generation(ref: number): number {
    return this.arena.words[ref]! & GENERATION_MASK;
  }

  /** Seeds have been found out: progress that foreign peers may explain is not evidence for them. */
  isDistrustful(ref: number, nowSeconds: number): boolean {
    return nowSeconds < this.arena.words[ref + DISTRUSTED_UNTIL]!;
  }

  /** Nothing that seeds have shown so far counts any more. */
  startGeneration(ref: number, distrustedUntilSeconds: number): void {
    const { words } = this.arena;
    const next = ((words[ref]! & GENERATION_MASK) % GENERATION_MASK) + 1;
    words[ref] = (words[ref]! & ~GENERATION_MASK) | next;
    words[ref + BLOCK_SERVING] = 0;
    words[ref + BLOCK_LAST_PROGRESS] = 0;
    words[ref + BLOCK_OTHER_PROGRESS] = 0;
    words[ref + DISTRUSTED_UNTIL] = distrustedUntilSeconds;
  }

  /** What {@link surveyGateways} found: an endpoint's number and the weakest gateway's, −1 for none, and the highest rank. */
  foundGateway = -1;
  weakestGateway = -1;
  greatestRank = -1;

  /** Looks for an endpoint and at all ranks in one walk. */
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

  /** The caller has made sure that there is room. */
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

  /** Places taken by the foreign peers that it was given when it last asked, and by those that it was shown to since. */
  usedQuota(ref: number, index: number): number {
    return this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS]! & 0xff;
  }

  setUsedQuota(ref: number, index: number, places: number): void {
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    this.arena.words[at] = (this.arena.words[at]! & 0xffffff00) | Math.min(places, 0xff);
  }

  /** As {@link usedQuota}, by foreign peers of the family that the gateway's host announces over as well. */
  usedByOtherFamily(ref: number, index: number): number {
    return this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS + 7]!;
  }

  setUsedByOtherFamily(ref: number, index: number, places: number): void {
    this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS + 7] = places;
  }

  /**
   * The first gateway from a number on with more free places than `most`, −1 if there is none.
   * @param places of a gateway. @param cachePlaces of one that ranks at least `cacheRank`
   */
  nextWithQuotaLeft(
    ref: number,
    from: number,
    most: number,
    places: number,
    cacheRank: number,
    cachePlaces: number,
  ): number {
    const words = this.arena.words;
    const count = this.gatewayCount(ref);
    for (let i = from, at = ref + HEADER_WORDS + from * GATEWAY_WORDS; i < count; i++, at += GATEWAY_WORDS) {
      const head = words[at]!;
      const all = ((head >>> 8) & 0xff) >= cacheRank ? cachePlaces : places;
      if (all - (head & 0xff) - words[at + 7]! > most) return i;
    }
    return -1;
  }

  /** Moves a gateway to another block, in which there is room, under another endpoint of its host. */
  moveGateway(from: number, index: number, to: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = from + HEADER_WORDS + index * GATEWAY_WORDS;
    const number = this.gatewayCount(to);
    this.addGateway(to, endpoint, this.rankOfGateway(from, index), words[at + 5]!, words[at + 6]!);
    this.setUsedByOtherFamily(to, number, this.usedQuota(from, index));
    this.removeGateway(from, index);
  }

  /** Notes how far a gateway has come. @returns seconds since it last received anything */
  noteProgress(ref: number, index: number, downloadedUnits: number, nowSeconds: number): number {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    if (words[at + 5] !== downloadedUnits) {
      words[at + 5] = downloadedUnits;
      words[at + 6] = nowSeconds;
    }
    return nowSeconds - words[at + 6]!;
  }

  /** Points an endpoint of the family at a gateway. */
  readEndpoint(ref: number, index: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    endpoint.setAddress(family, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at]! >>> 16);
  }
}
