/**
 * Which torrents and magnet links that pass are rewritten, and what is remembered of them. A client with a rewritten torrent
 * asks the alias tracker alone, so only those are rewritten whose foreign peers it can learn of: it must serve the torrent,
 * and the exchange must be able to ask one of its original trackers. Those of the catalogue are known; those that pass are
 * remembered here, with nothing about who has asked for them.
 */
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { hasUrlSecrets } from '../../domain/mask-url-secrets.js';

export interface Localisable {
  readonly infoHash: InfoHash;
  /** The second hash of a hybrid torrent. */
  readonly hybridInfoHash: InfoHash | undefined;
  readonly trackers: readonly string[];
}

/** About 30 MB. A torrent that is forgotten has the peers that the tracker knows, until somebody asks for it again. */
const MAX_REMEMBERED = 50_000;
/** A decision of the operator takes effect this much later. In ms. */
const SERVED_MS = 2_000;
/** Of one torrent: the exchange asks a few. */
const MAX_TRACKERS = 10;
/** Protocols of the exchange with original trackers. */
const ASKABLE = /^(?:udp|https?):/i;

export class LocalisedTorrents {
  readonly #isServed: (infoHash: InfoHash) => boolean;
  readonly #onAdmitted: (infoHash: InfoHash) => void;
  /** Remembered for a moment: a page may have a hundred links, and each question reads the database. */
  #served = new Map<InfoHash, boolean>();
  #servedUntilMs = 0;
  readonly #trackers = new Map<InfoHash, readonly string[]>();

  /**
   * @param isServed whether the alias tracker serves the torrent, and the operator has not denied it
   * @param onAdmitted called for each torrent that may be rewritten
   */
  constructor(isServed: (infoHash: InfoHash) => boolean, onAdmitted: (infoHash: InfoHash) => void = () => {}) {
    this.#isServed = isServed;
    this.#onAdmitted = onAdmitted;
  }

  /** Whether it may be rewritten; if so, its trackers are remembered. */
  admit({ infoHash, hybridInfoHash, trackers }: Localisable): boolean {
    if (!this.#isServedNow(infoHash)) return false;
    // A personal key in its announce URL: it is a private tracker's, whatever the torrent says.
    if (trackers.some(hasUrlSecrets)) return false;
    const askable = trackers.filter((url) => ASKABLE.test(url));
    if (askable.length === 0) return trackers.length === 0;
    for (const hash of hybridInfoHash === undefined ? [infoHash] : [infoHash, hybridInfoHash]) {
      this.#trackers.delete(hash);
      this.#trackers.set(hash, askable.slice(0, MAX_TRACKERS));
      this.#onAdmitted(hash);
    }
    forgetOldest(this.#trackers, MAX_REMEMBERED);
    return true;
  }

  #isServedNow(infoHash: InfoHash): boolean {
    const nowMs = performance.now();
    if (nowMs > this.#servedUntilMs || this.#served.size > MAX_REMEMBERED) {
      this.#served = new Map();
      this.#servedUntilMs = nowMs + SERVED_MS;
    }
    let isServed = this.#served.get(infoHash);
    if (isServed === undefined) {
      isServed = this.#isServed(infoHash);
      this.#served.set(infoHash, isServed);
    }
    return isServed;
  }

  /** Of a torrent that has passed; empty if it is unknown. */
  trackersOf(infoHash: InfoHash): readonly string[] {
    return this.#trackers.get(infoHash) ?? [];
  }
}
