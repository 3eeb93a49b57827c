/** The kinds of source from which the crawler reads popular torrents, named as in the configuration. */
import type { InfoHash } from '../domain/info-hash.js';
import type { HtmlSelectors } from './html-source.js';

export type Source =
  | { readonly name: string; readonly type: 'feed'; readonly url: string }
  | ({ readonly name: string; readonly type: 'html'; readonly url: string } & HtmlSelectors)
  | { readonly name: string; readonly type: 'access-log'; readonly file: string }
  | { readonly name: string; readonly type: 'announces' };

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

/** Asks original trackers for swarm sizes (BEP 48, BEP 15). */
export interface Scraper {
  /**
   * @param trackers asked in order, until one of them knows each torrent
   * @param infoHashes any number; the scraper splits them as the trackers allow
   * @returns the swarms that a tracker knows; others are omitted
   */
  scrape(
    trackers: readonly string[],
    infoHashes: readonly InfoHash[],
  ): Promise<ReadonlyMap<InfoHash, { readonly seeders: number; readonly leechers: number }>>;
}
