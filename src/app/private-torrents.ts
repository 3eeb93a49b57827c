/**
 * Torrents that are known to be private (BEP 27): their peers must come from their own tracker, so nobody is asked for peers of them,
 * and nobody may name any. Neither the catalogue nor the mirror site stores anything else of them. In memory only: after a restart
 * a torrent is private again once its file is seen again.
 */
import { forgetOldest } from '../domain/forget-oldest.js';
import type { InfoHash } from '../domain/info-hash.js';

/** About 10 MB. */
const MAX_REMEMBERED = 100_000;

export class PrivateTorrents {
  readonly #infoHashes = new Set<InfoHash>();
  readonly #onFound: (infoHash: InfoHash) => void;

  /** @param onFound called once for each */
  constructor(onFound: (infoHash: InfoHash) => void) {
    this.#onFound = onFound;
  }

  add(infoHash: InfoHash): void {
    if (this.#infoHashes.has(infoHash)) return;
    this.#infoHashes.add(infoHash);
    forgetOldest(this.#infoHashes, MAX_REMEMBERED);
    this.#onFound(infoHash);
  }

  has(infoHash: InfoHash): boolean {
    return this.#infoHashes.has(infoHash);
  }
}
