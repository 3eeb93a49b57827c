/**
 * A fixed sequence of requests of every kind, made from a seed: announces with all events and scrapes, over UDP and HTTP, from
 * IPv4 and IPv6. It makes one swarm of thousands of peers, some of hundreds, and many small ones.
 */
import { createRandom, type Random } from '../../src/domain/random.js';
import { INFO_HASH_BYTES } from '../workload.js';

export const LANE_UDP4 = 0;
export const LANE_UDP6 = 1;
/** The first of the HTTP connections. */
export const LANE_HTTP = 2;
export const HTTP_CONNECTIONS = 12;
/** The last ones of the HTTP connections are of IPv6. */
export const HTTP_IPV6_CONNECTIONS = 3;
/** IPv4 addresses that UDP requests come from. */
export const SOURCES = 200;

export interface MixedAnnounce {
  readonly kind: 'announce';
  /** Its position in the sequence. */
  readonly number: number;
  readonly lane: number;
  readonly swarms: readonly [number];
  readonly client: number;
  /** Of IPv4 over UDP: which address. */
  readonly source: number;
  readonly port: number;
  /** As BEP 15 numbers them; 4: `paused`, over HTTP only. */
  readonly event: number;
  readonly left: number;
  readonly uploaded: number;
  readonly downloaded: number;
}

export interface MixedScrape {
  readonly kind: 'scrape';
  readonly number: number;
  readonly lane: number;
  readonly swarms: readonly number[];
  readonly source: number;
}

export type MixedRequest = MixedAnnounce | MixedScrape;

export const EVENT_NONE = 0;
export const EVENT_COMPLETED = 1;
export const EVENT_STARTED = 2;
export const EVENT_STOPPED = 3;
export const EVENT_PAUSED = 4;

const REQUESTS_PER_SWARM = 25;
const MIN_SWARMS = 50;
const MIDDLE_SWARMS = 10;
/** As many as a UDP message of the load generator holds. */
const MAX_SCRAPED = 5;
const LARGEST_POOL = 20_000;
const MIDDLE_POOL = 500;
const SMALL_POOL = 30;
const FIRST_PORT = 1_024;
const PORTS = 60_000;
const UNIT_BYTES = 65_536;

export class MixedRequests {
  readonly count: number;
  readonly swarms: number;
  readonly infoHashes: Uint8Array;
  readonly #random: Random;
  /** Clients that have completed: each does it once, because a tracker remembers only the latest ones. */
  readonly #completed = new Set<number>();
  #next = 0;

  constructor(seed: number, count: number) {
    this.count = count;
    this.swarms = Math.max(MIN_SWARMS, Math.floor(count / REQUESTS_PER_SWARM));
    this.#random = createRandom(seed);
    const words = Uint32Array.from({ length: (this.swarms * INFO_HASH_BYTES) / 4 }, () => this.#random.nextUint32());
    this.infoHashes = new Uint8Array(words.buffer);
  }

  /** @returns null after the last one */
  next(): MixedRequest | null {
    if (this.#next === this.count) return null;
    const number = this.#next++;
    const lane = this.#lane();
    const source = this.#random.below(SOURCES);
    if (!this.#isOneOf(100, 15)) return this.#announce(number, lane, source);
    const scraped = this.#isOneOf(2, 1) ? 1 : 1 + this.#random.below(MAX_SCRAPED);
    return { kind: 'scrape', number, lane, source, swarms: Array.from({ length: scraped }, () => this.#swarm()) };
  }

  #announce(number: number, lane: number, source: number): MixedAnnounce {
    const random = this.#random;
    const swarm = this.#swarm();
    const client = random.below(swarm === 0 ? LARGEST_POOL : swarm <= MIDDLE_SWARMS ? MIDDLE_POOL : SMALL_POOL);
    const event = this.#event(swarm, client, lane);
    const isSeed = event === EVENT_COMPLETED || client % 4 === 0;
    return {
      kind: 'announce',
      number,
      lane,
      swarms: [swarm],
      client,
      // Most clients stay at their address; some announce from another one.
      source: this.#isOneOf(20, 1) ? source : (client * 7 + swarm) % SOURCES,
      port: FIRST_PORT + ((client * 13 + swarm) % PORTS),
      event,
      left: isSeed ? 0 : 1 + random.below(1_000_000),
      // It never grows: an upload rate changes the capability level, and depends on the time between two announces.
      uploaded: ((client * 37 + swarm) % 1_000) * UNIT_BYTES,
      downloaded: random.below(1_000) * UNIT_BYTES,
    };
  }

  #event(swarm: number, client: number, lane: number): number {
    const drawn = this.#random.below(100);
    if (drawn < 20) return EVENT_STARTED;
    if (drawn < 30) return EVENT_STOPPED;
    if (drawn >= 40) return EVENT_NONE;
    if (drawn >= 38) return lane >= LANE_HTTP ? EVENT_PAUSED : EVENT_NONE;
    const name = swarm * LARGEST_POOL + client;
    if (this.#completed.has(name)) return EVENT_NONE;
    this.#completed.add(name);
    return EVENT_COMPLETED;
  }

  /** Two of a hundred requests are HTTP, and every fifth of the others IPv6. */
  #lane(): number {
    if (this.#isOneOf(50, 1)) return LANE_HTTP + this.#random.below(HTTP_CONNECTIONS);
    return this.#isOneOf(5, 1) ? LANE_UDP6 : LANE_UDP4;
  }

  #swarm(): number {
    const drawn = this.#random.below(100);
    if (drawn < 3) return 0;
    if (drawn < 10) return 1 + this.#random.below(MIDDLE_SWARMS);
    return this.#random.below(this.swarms);
  }

  #isOneOf(of: number, chosen: number): boolean {
    return this.#random.below(of) < chosen;
  }
}
