/**
 * Signed requests of the last minutes by their MAC, so that a recorded one cannot be sent again while its time is still
 * acceptable (RFC 8945 section 10.1). An honest client never signs the same bytes twice.
 */
import { MAX_SEEN_REQUESTS, TSIG_FUDGE_SECONDS } from './limits.js';

/** A request may be dated up to the fudge ahead, and is accepted until the fudge after its date. */
const REMEMBERED_SECONDS = 2 * TSIG_FUDGE_SECONDS;

export class SeenRequests {
  /** In the order of their arrival. */
  readonly #seconds = new Map<string, number>();

  isRepeated(mac: Buffer, nowSeconds: number): boolean {
    for (const [key, seconds] of this.#seconds) {
      if (nowSeconds - seconds <= REMEMBERED_SECONDS && this.#seconds.size < MAX_SEEN_REQUESTS) break;
      this.#seconds.delete(key);
    }
    const key = mac.toString('base64');
    if (this.#seconds.has(key)) return true;
    this.#seconds.set(key, nowSeconds);
    return false;
  }
}
