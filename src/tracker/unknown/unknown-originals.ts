/**
 * The original trackers of torrents that nobody here knows, as their clients named them (`unknownTorrents: exchange`). Kept in
 * memory only: clients name them again after a restart.
 */
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { InfoHash } from '../../domain/info-hash.js';

/** About 10 MB. A torrent that is forgotten is named again by its next new client. */
const MAX_TORRENTS = 50_000;
/** Of one torrent, the latest. The exchange asks a few. */
const MAX_ORIGINALS = 4;

export class UnknownOriginals {
  readonly #originals = new Map<InfoHash, readonly string[]>();

  /** @param url the announce URL of an original tracker */
  add(infoHash: InfoHash, url: string): void {
    const known = this.of(infoHash);
    if (known[0] === url) return;
    this.#originals.delete(infoHash);
    this.#originals.set(infoHash, [url, ...known.filter((each) => each !== url)].slice(0, MAX_ORIGINALS));
    forgetOldest(this.#originals, MAX_TORRENTS);
  }

  /** The latest first; empty if no client has named one. */
  of(infoHash: InfoHash): readonly string[] {
    return this.#originals.get(infoHash) ?? [];
  }
}
