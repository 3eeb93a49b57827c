/**
 * Who the gateways of a swarm and family are: a small block of the arena, made when the first one is appointed.
 *
 *   +0  capacity (8) | gateways (8) | starved (8)
 *   then for each: port (16) | rank (8) | places taken (8), four address words, downloaded in units of 64 KiB, second of the last progress
 *
 * Gateways are known by address, so a record may move without anybody telling. The decisions are in selection/gateways.
 */
import { MAX_STARVED } from '../../selection/gateways.js';
import type { Arena } from './arena.js';
import type { Endpoint } from './endpoint-key.js';

const HEADER_WORDS = 1;
const GATEWAY_WORDS = 7;

export class GatewayBlocks {
  constructor(private readonly arena: Arena) {}

  create(capacity: number): number {
    const ref = this.arena.allocate(HEADER_WORDS + capacity * GATEWAY_WORDS);
    this.arena.words[ref] = capacity << 24;
    return ref;
  }

  free(ref: number): void {
    if (ref !== 0) this.arena.free(ref, HEADER_WORDS + this.capacity(ref) * GATEWAY_WORDS);
  }

  /** Fills a fresh block from another one, or leaves it empty where that is 0. */
  copy(from: number, to: number): void {
    if (from === 0) return;
    const words = this.arena.words;
    const used = this.count(from) * GATEWAY_WORDS;
    for (let i = 1; i < HEADER_WORDS + used; i++) words[to + i] = words[from + i]!;
    words[to] = ((words[to]! & 0xff000000) | (words[from]! & 0x00ffffff)) >>> 0;
  }

  capacity(ref: number): number {
    return this.arena.words[ref]! >>> 24;
  }

  count(ref: number): number {
    return ref === 0 ? 0 : (this.arena.words[ref]! >>> 16) & 0xff;
  }

  starved(ref: number): number {
    return ref === 0 ? 0 : (this.arena.words[ref]! >>> 8) & 0xff;
  }

  setStarved(ref: number, starved: number): void {
    const clamped = Math.max(0, Math.min(MAX_STARVED, starved));
    this.arena.words[ref] = (this.arena.words[ref]! & 0xffff00ff) | (clamped << 8);
  }

  /** @returns the gateway's number, −1 where the endpoint is none */
  find(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const count = this.count(ref);
    for (let i = 0; i < count; i++) {
      const at = ref + HEADER_WORDS + i * GATEWAY_WORDS;
      if (words[at]! >>> 16 !== endpoint.port || (words[at + 1]! | 0) !== endpoint.word0) continue;
      if (endpoint.addressWords === 1) return i;
      if (
        (words[at + 2]! | 0) === endpoint.word1 &&
        (words[at + 3]! | 0) === endpoint.word2 &&
        (words[at + 4]! | 0) === endpoint.word3
      ) {
        return i;
      }
    }
    return -1;
  }

  /** The caller has made sure that there is room. */
  add(ref: number, endpoint: Endpoint, rank: number, downloadedUnits: number, nowSeconds: number): void {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + this.count(ref) * GATEWAY_WORDS;
    words[at] = (endpoint.port << 16) | (rank << 8);
    words[at + 1] = endpoint.word0;
    words[at + 2] = endpoint.word1;
    words[at + 3] = endpoint.word2;
    words[at + 4] = endpoint.word3;
    words[at + 5] = downloadedUnits;
    words[at + 6] = nowSeconds;
    words[ref] = words[ref]! + 0x10000;
  }

  removeAt(ref: number, index: number): void {
    const words = this.arena.words;
    const last = ref + HEADER_WORDS + (this.count(ref) - 1) * GATEWAY_WORDS;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    for (let i = 0; i < GATEWAY_WORDS; i++) words[at + i] = words[last + i]!;
    words[ref] = words[ref]! - 0x10000;
  }

  rank(ref: number, index: number): number {
    return (this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS]! >>> 8) & 0xff;
  }

  setRank(ref: number, index: number, rank: number): void {
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    this.arena.words[at] = (this.arena.words[at]! & 0xffff00ff) | (rank << 8);
  }

  /** Places taken by the foreign peers that it was given when it last asked, and by those that it was shown to since. */
  taken(ref: number, index: number): number {
    return this.arena.words[ref + HEADER_WORDS + index * GATEWAY_WORDS]! & 0xff;
  }

  setTaken(ref: number, index: number, places: number): void {
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    this.arena.words[at] = (this.arena.words[at]! & 0xffffff00) | Math.min(places, 0xff);
  }

  /** The least capable gateway's number, −1 where there is none. */
  weakest(ref: number): number {
    let weakest = -1;
    const count = this.count(ref);
    for (let i = 0; i < count; i++) {
      if (weakest < 0 || this.rank(ref, i) < this.rank(ref, weakest)) weakest = i;
    }
    return weakest;
  }

  greatestRank(ref: number): number {
    let rank = -1;
    const count = this.count(ref);
    for (let i = 0; i < count; i++) rank = Math.max(rank, this.rank(ref, i));
    return rank;
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
  load(ref: number, index: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = ref + HEADER_WORDS + index * GATEWAY_WORDS;
    endpoint.set(family, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at]! >>> 16);
  }
}
