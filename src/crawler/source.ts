/** What the crawler asks other parts for. */
import type { InfoHash } from '../domain/info-hash.js';

/** A swarm that inner clients announced to the alias tracker. */
export interface AnnouncedSwarm {
  readonly infoHash: InfoHash;
  readonly seeds: number;
  readonly leechers: number;
}

/** The tracker's data for the source `announces`. */
export interface AnnouncedSwarms {
  /** The largest swarms of inner peers; the order does not matter. */
  announced(): Promise<readonly AnnouncedSwarm[]> | readonly AnnouncedSwarm[];
}

export interface ScrapedSwarm {
  readonly seeders: number;
  readonly leechers: number;
  /** How many clients have completed the torrent so far. */
  readonly completed?: number | undefined;
}

/** Asks original trackers for swarm sizes (BEP 48, BEP 15). */
export interface Scraper {
  /**
   * @param trackers asked in order, until one of them knows each torrent
   * @param infoHashes any number; the scraper splits them as the trackers allow
   * @returns the swarms that a tracker knows; others are omitted
   */
  scrape(trackers: readonly string[], infoHashes: readonly InfoHash[]): Promise<ReadonlyMap<InfoHash, ScrapedSwarm>>;
}
