/**
 * The catalogue of torrents in SQLite: the crawler writes it, the mirror site reads it. Torrents are stored as found
 * and never rewritten here. Searching is in catalogue-search.ts, the crawler's state of fetches and counts in
 * catalogue-crawl-state.ts.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { type CatalogueDecisions, catalogueDecisions } from './catalogue-decisions.js';
import { type CatalogueHistory, catalogueHistory } from './catalogue-history.js';
import { type CatalogueLog, catalogueLog } from './catalogue-log.js';
import { type CatalogueOrigins, catalogueOrigins } from './catalogue-origins.js';
import { type CataloguePopularity, cataloguePopularity } from './catalogue-popularity.js';
import { type CataloguePushes, cataloguePushes } from './catalogue-pushes.js';
import { type CatalogueReader, catalogueReader } from './catalogue-reader.js';
import { type CatalogueSearch, catalogueSearch } from './catalogue-search.js';
import { type CatalogueSummary, SUMMARY_COLUMNS, type SummaryRow, summaryOfRow } from './catalogue-torrent.js';
import { type CatalogueWriter, catalogueWriter } from './catalogue-writer.js';
import type { SqliteDatabase } from './database.js';

/** Which torrents without rank stay in the catalogue. */
export interface RetainedTorrents {
  /** Those that were in the top at this time or later. */
  readonly sinceMs: number;
  /** As many of these as fit, with their files; the last that were in the top come first. Default: all. */
  readonly maxBytes?: number | undefined;
}

export interface Catalogue
  extends CatalogueReader,
    CatalogueWriter,
    CatalogueOrigins,
    CatalogueDecisions,
    CatalogueLog,
    CataloguePopularity,
    CataloguePushes,
    CatalogueHistory,
    CatalogueSearch {
  /** Makes all changes of this work, or none. */
  atomically<T>(work: () => T): T;
  /** The current top, by rank. */
  ranked(): CatalogueSummary[];
  /** Removes the rank of all other torrents. @returns how many lost it */
  keepRanksOf(infoHashes: readonly InfoHash[]): number;
  /** Deletes torrents without rank that are not retained. Pinned ones stay. @returns the deleted ones */
  deleteDropped(retained: RetainedTorrents): { readonly infoHash: InfoHash; readonly name: string }[];
  /** Every hash that clients may announce; hybrid torrents have two. */
  allInfoHashes(): InfoHash[];
  /** The original trackers of all torrents, each URL once. */
  allTrackers(): string[];
  count(): number;
  /** Torrents that the mirror site lists. */
  publishedCount(): number;
}

/** What a torrent takes beside its file and list of files, in bytes: its row, entries of indexes, addresses. */
const BYTES_BESIDE_FILES = 4_096;

/**
 * Rank and score come from `catalogue_entry`, the time from its index, and `octet_length` reads only the header of a row:
 * SQLite would read the whole file of each torrent to get at a column behind it.
 */
const DELETE_DROPPED = `
  WITH dropped AS (
    SELECT torrent.info_hash, last_seen_ms,
      sum(coalesce(octet_length(torrent_bytes), 0) + octet_length(files_json) + :rowBytes)
        OVER (ORDER BY last_seen_ms DESC, entry.score DESC, torrent.info_hash) AS bytes
    FROM catalogue_entry AS entry JOIN catalogue_torrent AS torrent USING (info_hash)
    WHERE entry.rank IS NULL AND NOT EXISTS (
      SELECT 1 FROM catalogue_decision AS decided
      WHERE decision = 'pin' AND decided.info_hash IN (torrent.info_hash, torrent.hybrid_info_hash))
  )
  DELETE FROM catalogue_torrent
  WHERE info_hash IN (SELECT info_hash FROM dropped WHERE last_seen_ms < :sinceMs OR bytes > :maxBytes)
  RETURNING info_hash AS infoHash, name`;

/** @param database opened by `openDatabase`; the caller closes it */
export function createCatalogue(database: SqliteDatabase): Catalogue {
  const torrents = catalogueReader(database);
  const origins = catalogueOrigins(database);
  return {
    ...torrents,
    ...catalogueWriter(database, torrents, origins.addOrigins),
    ...origins,
    ...catalogueDecisions(database),
    ...catalogueLog(database),
    ...cataloguePopularity(database),
    ...cataloguePushes(database),
    ...catalogueHistory(database),
    ...catalogueSearch(database),
    atomically: (work) => database.transaction(work)(),
    ranked: () =>
      database
        .prepare<[], SummaryRow>(
          `SELECT ${SUMMARY_COLUMNS} FROM catalogue_torrent WHERE rank IS NOT NULL ORDER BY rank, info_hash`,
        )
        .all()
        .map(summaryOfRow),
    keepRanksOf: (infoHashes) =>
      database
        .prepare(
          `UPDATE catalogue_torrent SET rank = NULL
           WHERE rank IS NOT NULL AND info_hash NOT IN (SELECT value FROM json_each(?))`,
        )
        .run(JSON.stringify(infoHashes)).changes,
    deleteDropped: ({ sinceMs, maxBytes = Number.MAX_SAFE_INTEGER }) =>
      database
        .prepare<[object], { infoHash: InfoHash; name: string }>(DELETE_DROPPED)
        .all({ sinceMs, maxBytes, rowBytes: BYTES_BESIDE_FILES }),
    allInfoHashes: () =>
      database
        .prepare<[], InfoHash>(
          `SELECT info_hash FROM catalogue_torrent
           UNION SELECT hybrid_info_hash FROM catalogue_torrent WHERE hybrid_info_hash IS NOT NULL`,
        )
        .pluck()
        .all(),
    allTrackers: () =>
      database
        .prepare<[], string>(
          `SELECT DISTINCT url.value FROM catalogue_torrent AS torrent, json_each(torrent.tracker_tiers_json) AS tier,
             json_each(tier.value) AS url`,
        )
        .pluck()
        .all(),
    publishedCount: () => database.prepare<[], number>('SELECT count(*) FROM catalogue_entry').pluck().get() ?? 0,
    count: () => database.prepare<[], number>('SELECT count(*) FROM catalogue_torrent').pluck().get() ?? 0,
  };
}
