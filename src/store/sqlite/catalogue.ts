/**
 * The catalogue of torrents in SQLite: the crawler writes it, the mirror site reads it. Torrents are stored as found
 * and never rewritten here. Searching is in catalogue-search.ts, the crawler's state of fetches and counts in
 * catalogue-crawl-state.ts.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { type CatalogueDecisions, catalogueDecisions } from './catalogue-decisions.js';
import { type CatalogueLog, catalogueLog } from './catalogue-log.js';
import { type CatalogueOrigins, catalogueOrigins } from './catalogue-origins.js';
import { type CataloguePopularity, cataloguePopularity } from './catalogue-popularity.js';
import { type CataloguePushes, cataloguePushes } from './catalogue-pushes.js';
import { type CatalogueReader, catalogueReader } from './catalogue-reader.js';
import { type CatalogueSearch, catalogueSearch } from './catalogue-search.js';
import { type CatalogueSummary, SUMMARY_COLUMNS, type SummaryRow, summaryOfRow } from './catalogue-torrent.js';
import { type CatalogueWriter, catalogueWriter } from './catalogue-writer.js';
import type { SqliteDatabase } from './database.js';

export interface Catalogue
  extends CatalogueReader,
    CatalogueWriter,
    CatalogueOrigins,
    CatalogueDecisions,
    CatalogueLog,
    CataloguePopularity,
    CataloguePushes,
    CatalogueSearch {
  /** Makes all changes of this work, or none. */
  atomically<T>(work: () => T): T;
  /** The current top, by rank. */
  ranked(): CatalogueSummary[];
  /** Removes the rank of all other torrents. @returns how many lost it */
  keepRanksOf(infoHashes: readonly InfoHash[]): number;
  /** Deletes torrents without rank that were last in the top before this time. @returns the deleted ones */
  deleteDropped(lastSeenBeforeMs: number): { readonly infoHash: InfoHash; readonly name: string }[];
  /** Every hash that clients may announce; hybrid torrents have two. */
  allInfoHashes(): InfoHash[];
  /** The original trackers of all torrents, each URL once. */
  allTrackers(): string[];
  count(): number;
}

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
    deleteDropped: (lastSeenBeforeMs) =>
      database
        .prepare<[number], { infoHash: InfoHash; name: string }>(
          `DELETE FROM catalogue_torrent WHERE rank IS NULL AND last_seen_ms < ? RETURNING info_hash AS infoHash, name`,
        )
        .all(lastSeenBeforeMs),
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
    count: () => database.prepare<[], number>('SELECT count(*) FROM catalogue_torrent').pluck().get() ?? 0,
  };
}
