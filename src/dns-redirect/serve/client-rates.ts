/**
 * How many queries each client may ask a second: a token bucket for each prefix of clients, in a table of fixed size. If the
 * table is full, the bucket with the most tokens is replaced, because its client asked least. That client gets a full bucket
 * with its next query, so a flood with forged addresses does not slow down clients that ask little.
 */
import { HalfSipHash, randomHashKey } from '../../domain/half-sip-hash.js';
import {
  formatPrefix,
  ipv4FromWord,
  ipv6FromWords,
  maskWord,
  type Prefix,
  prefixContains,
} from '../../domain/ip-address.js';
import { NetworkSet } from '../../domain/network-set.js';
import type { RemoteAddress } from '../../transport/transport.js';
import { PROVEN_RATE_FACTOR } from '../limits.js';
import { addressOf } from './subscriber.js';

export interface RateRules {
  readonly queriesPerSecond: number;
  /** Clients in one prefix of this length share a bucket. */
  readonly ipv4PrefixLength: number;
  readonly ipv6PrefixLength: number;
  /** Other rates for clients in these prefixes; the longest prefix counts. */
  readonly rateLimits: readonly { readonly prefix: Prefix; readonly queriesPerSecond: number }[];
  /** Resolvers that ask for many users. They have no limit. */
  readonly trustedResolvers: readonly Prefix[];
}

/** Clients that asked more often than their rate. */
export interface LimitedPrefix {
  readonly prefix: string;
  /** Queries over TCP, or with a valid server cookie: the address is not forged. */
  readonly proven: boolean;
  /** Questions over the rate since the prefix was seen first. */
  readonly questions: number;
}

const SETS = 8_192;
const WAYS = 4;
/** Family and the two words that a prefix of at most /64 has. */
const KEY_WORDS = 3;
/** A flag in the key, beside the family: packets with a forged address must not use up the tokens of the real client. */
const PROVEN_KEY = 0x100;
/** A client may ask for the names of a few pages at once. */
const BURST_SECONDS = 2;

export class ClientRates {
  #rules: RateRules;
  #trusted: NetworkSet;
  readonly #keys = new Uint32Array(SETS * WAYS * KEY_WORDS);
  readonly #tokens = new Float64Array(SETS * WAYS);
  readonly #atMs = new Float64Array(SETS * WAYS);
  readonly #limited = new Float64Array(SETS * WAYS);
  readonly #hash = new HalfSipHash(randomHashKey(2));
  readonly #words = new Uint32Array(KEY_WORDS);

  constructor(rules: RateRules) {
    this.#rules = rules;
    this.#trusted = new NetworkSet(rules.trustedResolvers);
  }

  /** All buckets are full again if the rules have changed. */
  setRules(rules: RateRules): void {
    if (JSON.stringify(rules) === JSON.stringify(this.#rules)) return;
    this.#keys.fill(0);
    this.#limited.fill(0);
    this.#rules = rules;
    this.#trusted = new NetworkSet(rules.trustedResolvers);
  }

  isTrusted(client: RemoteAddress): boolean {
    return (
      !this.#trusted.isEmpty && this.#trusted.has(client.family, client.word0, client.word1, client.word2, client.word3)
    );
  }

  /**
   * Takes one token.
   * @param isProven the address is not forged: the query has a rate and tokens apart from those of packets that may be forged
   * @returns 0 if the client had a token, otherwise the milliseconds until it has one
   */
  take(client: RemoteAddress, nowMs: number, isProven = false): number {
    if (this.isTrusted(client)) return 0;
    const perSecond = this.#rateOf(client) * (isProven ? PROVEN_RATE_FACTOR : 1);
    const burst = perSecond * BURST_SECONDS;
    const slot = this.#slotOf(client, isProven, burst, nowMs);
    const elapsedMs = Math.max(0, nowMs - this.#atMs[slot]!);
    const tokens = Math.min(burst, this.#tokens[slot]! + (elapsedMs * perSecond) / 1_000);
    this.#atMs[slot] = nowMs;
    this.#tokens[slot] = tokens >= 1 ? tokens - 1 : tokens;
    if (tokens >= 1) return 0;
    this.#limited[slot]!++;
    return Math.ceil(((1 - tokens) * 1_000) / perSecond);
  }

  /** @param most the length of the list; prefixes with the most questions over their rate come first */
  limited(most: number): LimitedPrefix[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#limited.length; slot++) if (this.#limited[slot]! > 0) slots.push(slot);
    slots.sort((a, b) => this.#limited[b]! - this.#limited[a]!);
    return slots.slice(0, most).map((slot) => ({ ...this.#prefixAt(slot), questions: this.#limited[slot]! }));
  }

  #prefixAt(slot: number): Pick<LimitedPrefix, 'prefix' | 'proven'> {
    const [family = 0, word0 = 0, word1 = 0] = this.#keys.subarray(slot * KEY_WORDS, (slot + 1) * KEY_WORDS);
    const isIpv4 = (family & ~PROVEN_KEY) === 4;
    const address = isIpv4 ? ipv4FromWord(word0) : ipv6FromWords(word0, word1, 0, 0);
    const length = isIpv4 ? this.#rules.ipv4PrefixLength : this.#rules.ipv6PrefixLength;
    return { prefix: formatPrefix({ address, length }), proven: (family & PROVEN_KEY) !== 0 };
  }

  #rateOf(client: RemoteAddress): number {
    const { rateLimits, queriesPerSecond } = this.#rules;
    if (rateLimits.length === 0) return queriesPerSecond;
    const address = addressOf(client);
    let longest = -1;
    let rate = queriesPerSecond;
    for (const { prefix, queriesPerSecond: own } of rateLimits) {
      if (prefix.length > longest && prefixContains(prefix, address)) {
        longest = prefix.length;
        rate = own;
      }
    }
    return rate;
  }

  /** The client's bucket; a new one is full. */
  #slotOf(client: RemoteAddress, isProven: boolean, burst: number, nowMs: number): number {
    const words = this.#words;
    const { ipv4PrefixLength, ipv6PrefixLength } = this.#rules;
    const length = client.family === 4 ? ipv4PrefixLength : ipv6PrefixLength;
    words[0] = client.family | (isProven ? PROVEN_KEY : 0);
    words[1] = client.word0 & maskWord(length);
    words[2] = client.family === 4 ? 0 : client.word1 & maskWord(length - 32);
    const first = (this.#hash.hash(words, 0, KEY_WORDS) & (SETS - 1)) * WAYS;
    let fullest = first;
    let most = -1;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#isOf(slot, words)) return slot;
      // Without regard to its rate, because the client that was silent for longest is to be replaced.
      const tokens = this.#tokens[slot]! + Math.max(0, nowMs - this.#atMs[slot]!);
      if (tokens > most) {
        most = tokens;
        fullest = slot;
      }
    }
    this.#keys.set(words, fullest * KEY_WORDS);
    this.#tokens[fullest] = burst;
    this.#limited[fullest] = 0;
    this.#atMs[fullest] = nowMs;
    return fullest;
  }

  #isOf(slot: number, words: Uint32Array): boolean {
    const at = slot * KEY_WORDS;
    const keys = this.#keys;
    return keys[at] === words[0] && keys[at + 1] === words[1] && keys[at + 2] === words[2];
  }
}
