/**
 * Remembers which client completed which torrent lately, so that a client that restarts, or announces over both families,
 * counts as one download. A fixed table: a completion replaces the oldest of the four entries that its hash selects. A client
 * with a new peer id at each start counts again.
 */
import { scramble } from '../../domain/address-hash.js';
import type { Endpoint } from './memory/endpoint-key.js';

/** A completion of the same client within this time is a repetition. */
const REMEMBER_SECONDS = 24 * 3600;
/** 131,072 completions in 1 MiB: a tracker with more a day forgets the oldest earlier. */
const SETS_BITS = 15;
const ENTRIES_PER_SET = 4;
const ENTRY_WORDS = 2;

export class RecentCompletions {
  /** Each entry: a hash of torrent and client, never 0, and the second of the completion. */
  private readonly entries = new Uint32Array((ENTRIES_PER_SET * ENTRY_WORDS) << SETS_BITS);

  /**
   * @param torrentHash a keyed hash of the info-hash
   * @param client its identity must be set
   * @returns whether this is the first completion within {@link REMEMBER_SECONDS}; it is remembered from now on
   */
  noteCompletion(torrentHash: number, client: Endpoint, nowSeconds: number): boolean {
    const { entries } = this;
    const set = scramble(torrentHash ^ client.identityHash) >>> (32 - SETS_BITS);
    const hash = scramble(torrentHash + Math.imul(client.identityHash, 0x9e3779b1)) >>> 0 || 1;
    const from = set * ENTRIES_PER_SET * ENTRY_WORDS;
    let oldest = from;
    for (let at = from; at < from + ENTRIES_PER_SET * ENTRY_WORDS; at += ENTRY_WORDS) {
      const isValid = entries[at] !== 0 && nowSeconds - entries[at + 1]! < REMEMBER_SECONDS;
      if (isValid && entries[at] === hash) return false;
      if (!isValid) entries[at] = 0;
      if (entries[at] === 0 || (entries[oldest] !== 0 && entries[at + 1]! < entries[oldest + 1]!)) oldest = at;
    }
    entries[oldest] = hash;
    entries[oldest + 1] = nowSeconds;
    return true;
  }
}
