/**
 * Server cookies of RFC 9018: a keyed hash of the client's cookie, the time and the client's address. A client that returns
 * one has received an answer at its address, which is therefore not forged. The secret stays in memory and is replaced daily
 * (RFC 7873 section 7.1). Cookies of the previous secret are accepted until they are too old (RFC 9018 section 5).
 */
import { SipHash } from '../../domain/siphash.js';
import type { RemoteAddress } from '../../transport/transport.js';
import type { DnsQuery } from '../wire/dns-query.js';

const VERSION = 1;
/** Client cookie, version and reserved bytes, time, hash. */
const WHOLE_BYTES = 24;
/** RFC 9018 section 4.3: an hour back, five minutes ahead. */
const MAX_AGE_SECONDS = 3_600;
const MAX_AHEAD_SECONDS = 300;
/** RFC 7873 section 7.1 recommends one day. */
const SECRET_LIFE_SECONDS = 86_400;

export class ServerCookies {
  readonly #newSecret: () => Uint8Array;
  #hash: SipHash;
  /** Undefined once all its cookies are too old. */
  #previous: SipHash | undefined;
  #sinceSeconds: number;
  readonly #nowSeconds: () => number;
  readonly #input = new Int32Array(8);
  readonly #bytes = new DataView(this.#input.buffer);

  /** @param newSecret makes 16 random bytes */
  constructor(newSecret: () => Uint8Array, nowSeconds: () => number) {
    this.#newSecret = newSecret;
    this.#hash = new SipHash(newSecret());
    this.#nowSeconds = nowSeconds;
    this.#sinceSeconds = nowSeconds();
  }

  /** Writes the client's cookie and a server cookie with the current time. */
  put(query: DnsQuery, client: RemoteAddress, output: Uint8Array, at: number): void {
    const nowSeconds = this.#nowSeconds();
    this.#replaceOldSecret(nowSeconds);
    this.#digest(this.#hash, query, client, nowSeconds >>> 0);
    for (let i = 0; i < 16; i++) output[at + i] = this.#bytes.getUint8(i);
    const { low, high } = this.#hash;
    for (let i = 0; i < 4; i++) {
      output[at + 16 + i] = low >>> (8 * i);
      output[at + 20 + i] = high >>> (8 * i);
    }
  }

  /** Whether the query has a server cookie that this server gave to this client within the last hour. */
  isProven(query: DnsQuery, client: RemoteAddress): boolean {
    if (query.cookieBytes !== WHOLE_BYTES) return false;
    const { bytes, cookieAt: at } = query;
    if (bytes[at + 8] !== VERSION) return false;
    const time = ((bytes[at + 12]! << 24) | (bytes[at + 13]! << 16) | (bytes[at + 14]! << 8) | bytes[at + 15]!) >>> 0;
    // Serial arithmetic of RFC 1982, as RFC 9018 asks.
    const nowSeconds = this.#nowSeconds();
    const age = ((nowSeconds >>> 0) - time) | 0;
    if (age > MAX_AGE_SECONDS || age < -MAX_AHEAD_SECONDS) return false;
    this.#replaceOldSecret(nowSeconds);
    if (this.#matches(this.#hash, query, client, time)) return true;
    return this.#previous !== undefined && this.#matches(this.#previous, query, client, time);
  }

  #replaceOldSecret(nowSeconds: number): void {
    const age = nowSeconds - this.#sinceSeconds;
    if (age >= SECRET_LIFE_SECONDS) {
      this.#previous = this.#hash;
      this.#hash = new SipHash(this.#newSecret());
      this.#sinceSeconds = nowSeconds;
    } else if (age > MAX_AGE_SECONDS) this.#previous = undefined;
  }

  #matches(hash: SipHash, query: DnsQuery, client: RemoteAddress, time: number): boolean {
    const { bytes, cookieAt: at } = query;
    this.#digest(hash, query, client, time);
    const { low, high } = hash;
    let difference = 0;
    for (let i = 0; i < 4; i++) {
      difference |= bytes[at + 16 + i]! ^ ((low >>> (8 * i)) & 255);
      difference |= bytes[at + 20 + i]! ^ ((high >>> (8 * i)) & 255);
    }
    return difference === 0;
  }

  #digest(hash: SipHash, query: DnsQuery, client: RemoteAddress, time: number): void {
    const input = this.#bytes;
    for (let i = 0; i < 8; i++) input.setUint8(i, query.bytes[query.cookieAt + i]!);
    input.setUint32(8, VERSION << 24);
    input.setUint32(12, time);
    input.setUint32(16, client.word0);
    if (client.family === 6) {
      input.setUint32(20, client.word1);
      input.setUint32(24, client.word2);
      input.setUint32(28, client.word3);
    }
    hash.hash(this.#input, client.family === 4 ? 5 : 8);
  }
}
