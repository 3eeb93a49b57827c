/**
 * Server cookies of RFC 9018: a keyed hash of the client's cookie, the time and the client's address. A client that returns
 * one has received an answer at its address, which is therefore not forged. The key is made at start and stays in memory.
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

export class ServerCookies {
  readonly #hash: SipHash;
  readonly #nowSeconds: () => number;
  readonly #input = new Int32Array(8);
  readonly #bytes = new DataView(this.#input.buffer);

  /** @param key 16 bytes */
  constructor(key: Uint8Array, nowSeconds: () => number) {
    this.#hash = new SipHash(key);
    this.#nowSeconds = nowSeconds;
  }

  /** Writes the client's cookie and a server cookie of now. */
  put(query: DnsQuery, client: RemoteAddress, output: Uint8Array, at: number): void {
    this.#digest(query, client, this.#nowSeconds() >>> 0);
    for (let i = 0; i < 16; i++) output[at + i] = this.#bytes.getUint8(i);
    const { low, high } = this.#hash;
    for (let i = 0; i < 4; i++) {
      output[at + 16 + i] = low >>> (8 * i);
      output[at + 20 + i] = high >>> (8 * i);
    }
  }

  /** Whether the query has a server cookie that this server gave to this client lately. */
  isProven(query: DnsQuery, client: RemoteAddress): boolean {
    if (query.cookieBytes !== WHOLE_BYTES) return false;
    const { bytes, cookieAt: at } = query;
    if (bytes[at + 8] !== VERSION) return false;
    const time = ((bytes[at + 12]! << 24) | (bytes[at + 13]! << 16) | (bytes[at + 14]! << 8) | bytes[at + 15]!) >>> 0;
    // Serial arithmetic of RFC 1982, as RFC 9018 asks.
    const age = ((this.#nowSeconds() >>> 0) - time) | 0;
    if (age > MAX_AGE_SECONDS || age < -MAX_AHEAD_SECONDS) return false;
    this.#digest(query, client, time);
    const { low, high } = this.#hash;
    let difference = 0;
    for (let i = 0; i < 4; i++) {
      difference |= bytes[at + 16 + i]! ^ ((low >>> (8 * i)) & 255);
      difference |= bytes[at + 20 + i]! ^ ((high >>> (8 * i)) & 255);
    }
    return difference === 0;
  }

  #digest(query: DnsQuery, client: RemoteAddress, time: number): void {
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
    this.#hash.hash(this.#input, client.family === 4 ? 5 : 8);
  }
}
