/** The result and progress of a crawl. */
import type { InfoHash } from '../domain/info-hash.js';
import type { StoreOutcome } from '../store/sqlite/catalogue-torrent.js';

export type CrawlProgress =
  | { readonly step: 'source'; readonly source: string; readonly candidates: number }
  /** The source can be read, but not all of it. */
  | { readonly step: 'source-note'; readonly source: string; readonly note: string }
  | { readonly step: 'source-failed'; readonly source: string; readonly reason: string }
  | { readonly step: 'tracker-failed'; readonly tracker: string; readonly reason: string }
  | { readonly step: 'measured'; readonly torrents: number }
  | { readonly step: 'found'; readonly name: string; readonly source: string }
  | { readonly step: 'torrent'; readonly entry: CrawlEntry };

export interface CrawlEntry {
  /** From 1 for torrents in the catalogue's top; undefined for failed and skipped ones. */
  readonly rank: number | undefined;
  readonly infoHash: InfoHash | undefined;
  readonly name: string;
  readonly seeds: number | undefined;
  readonly leechers: number | undefined;
  readonly innerRequests: number;
  /** The popularity, smoothed over time. */
  readonly score: number;
  readonly source: string;
  readonly status: StoreOutcome | 'skipped' | 'failed';
  readonly reason: string | undefined;
}

export interface CrawlResult {
  /** By descending score. */
  readonly entries: readonly CrawlEntry[];
  readonly sources: readonly {
    readonly name: string;
    readonly candidates: number;
    readonly error: string | undefined;
  }[];
  /** Torrents that lost their rank in this crawl, and those deleted because their retention ended. */
  readonly dropped: number;
  readonly deleted: number;
  /** True: the time of the crawl was up before all candidates were tried. */
  readonly ended: boolean;
}
