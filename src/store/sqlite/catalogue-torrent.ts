/** A torrent in the catalogue, and the rows that it is read from. */
import type { InfoHash } from '../../domain/info-hash.js';
import type { TorrentKind } from '../../domain/torrent-kind.js';

export interface CatalogueFile {
  readonly path: string;
  readonly bytes: number;
}

/** A torrent without its files and bytes, for lists. Times in milliseconds since the Unix epoch. */
export interface CatalogueSummary {
  readonly infoHash: InfoHash;
  /** The second hash under which clients of a hybrid torrent announce (BEP 52). */
  readonly hybridInfoHash: InfoHash | undefined;
  /** 64 hex digits. */
  readonly infoHashV2: string | undefined;
  readonly name: string;
  /** What its site calls it. */
  readonly title?: string | undefined;
  /** As its site names it. */
  readonly category?: string | undefined;
  readonly publishedMs?: number | undefined;
  /** Undefined for a magnet link without a size. */
  readonly totalBytes: number | undefined;
  readonly pieceBytes: number | undefined;
  readonly fileCount: number;
  /** The original link, if the original site has no torrent file. */
  readonly magnet: string | undefined;
  /** Name of the crawler's source. */
  readonly source: string;
  readonly pageUrl: string | undefined;
  readonly torrentUrl: string | undefined;
  readonly seeds: number | undefined;
  readonly leechers: number | undefined;
  readonly score: number;
  /** From 1; undefined after it has dropped out of the top. */
  readonly rank: number | undefined;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly fetchedMs: number;
}

export interface CatalogueTorrent extends CatalogueSummary {
  /** The first files; {@link CatalogueSummary.fileCount} counts all. */
  readonly files: readonly CatalogueFile[];
  readonly trackerTiers: readonly (readonly string[])[];
}

/** An address on an original site. `host` is lower case without port, `path` includes the query. */
export interface OriginPath {
  readonly host: string;
  readonly path: string;
  readonly kind: 'torrent' | 'page';
}

export interface Listing {
  readonly host: string;
  readonly path: string;
  readonly kind: 'feed' | 'html';
  readonly source: string;
}

/** One place where a torrent is offered. URLs are stored without personal keys. */
export interface Offer {
  readonly source: string;
  /** Host without port and `www.`; empty if the source names no site. */
  readonly site: string;
  readonly torrentUrl?: string | undefined;
  readonly pageUrl?: string | undefined;
  /** What it is called there. */
  readonly title?: string | undefined;
}

export interface TorrentToStore extends Omit<CatalogueTorrent, 'firstSeenMs' | 'lastSeenMs' | 'fetchedMs' | 'rank'> {
  /** The original file; undefined only with a magnet link. */
  readonly torrentBytes: Uint8Array | undefined;
  readonly rank: number | undefined;
  readonly origins: readonly OriginPath[];
  readonly offers?: readonly Offer[] | undefined;
  /** By all of its files; default: by those that are stored. */
  readonly kind?: TorrentKind | undefined;
  /** Of its file without the announce keys; see `untrackedLength`. */
  readonly untrackedBytes?: number | undefined;
}

/** `kept`: it was stored already and has not changed. */
export type StoreOutcome = 'new' | 'updated' | 'kept';

export interface Popularity {
  readonly seeds: number | undefined;
  readonly leechers: number | undefined;
  readonly score: number;
  readonly rank: number | undefined;
}

export const SUMMARY_COLUMNS = `info_hash, hybrid_info_hash, info_hash_v2, name, total_bytes, piece_bytes, file_count,
  magnet, source, page_url, torrent_url, seeds, leechers, score, rank, first_seen_ms, last_seen_ms, fetched_ms,
  title, category, published_ms`;

export interface SummaryRow {
  info_hash: InfoHash;
  hybrid_info_hash: InfoHash | null;
  info_hash_v2: string | null;
  name: string;
  total_bytes: number | null;
  piece_bytes: number | null;
  file_count: number;
  magnet: string | null;
  source: string;
  page_url: string | null;
  torrent_url: string | null;
  seeds: number | null;
  leechers: number | null;
  score: number;
  rank: number | null;
  first_seen_ms: number;
  last_seen_ms: number;
  fetched_ms: number;
  title: string | null;
  category: string | null;
  published_ms: number | null;
}

export function summaryOfRow(row: SummaryRow): CatalogueSummary {
  return {
    infoHash: row.info_hash,
    hybridInfoHash: row.hybrid_info_hash ?? undefined,
    infoHashV2: row.info_hash_v2 ?? undefined,
    name: row.name,
    totalBytes: row.total_bytes ?? undefined,
    pieceBytes: row.piece_bytes ?? undefined,
    fileCount: row.file_count,
    magnet: row.magnet ?? undefined,
    source: row.source,
    pageUrl: row.page_url ?? undefined,
    torrentUrl: row.torrent_url ?? undefined,
    seeds: row.seeds ?? undefined,
    leechers: row.leechers ?? undefined,
    score: row.score,
    rank: row.rank ?? undefined,
    firstSeenMs: row.first_seen_ms,
    lastSeenMs: row.last_seen_ms,
    fetchedMs: row.fetched_ms,
    title: row.title ?? undefined,
    category: row.category ?? undefined,
    publishedMs: row.published_ms ?? undefined,
  };
}
