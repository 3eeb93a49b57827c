/**
 * The catalogue of torrents in SQLite: the crawler writes it, the mirror site reads it. Torrents are stored as found
 * and never rewritten here. Searching is in catalogue-search.ts, the crawler's state of fetches and counts in
 * catalogue-crawl-state.ts.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { type CatalogueQuery, type CatalogueResult, searchCatalogue, searchTextOf } from './catalogue-search.js';
import {
  type CatalogueFile,
  type CatalogueSummary,
  type CatalogueTorrent,
  type Listing,
  type OriginPath,
  type Popularity,
  type StoreOutcome,
  SUMMARY_COLUMNS,
  type SummaryRow,
  summaryOfRow,
  type TorrentToStore,
} from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export interface Catalogue {
  /** Also finds the second hash of a hybrid torrent. */
  get(infoHash: InfoHash): CatalogueTorrent | undefined;
  /** Identifies the stored file without reading it; also finds the second hash of a hybrid torrent. */
  torrentFile(infoHash: InfoHash): StoredTorrentFile | undefined;
  /** The original file; also finds the second hash of a hybrid torrent. */
  torrentBytes(infoHash: InfoHash): Uint8Array | undefined;
  search(query: CatalogueQuery): CatalogueResult;
  /**
   * Idempotent: storing the same torrent again only changes its times. Origins are added, or moved to this torrent; a
   * page never replaces a file.
   */
  store(torrent: TorrentToStore, nowMs: number): StoreOutcome;
  /** Updates the numbers of a stored torrent and adds origins. @returns undefined if it is not stored */
  touch(
    infoHash: InfoHash,
    popularity: Popularity,
    origins: readonly OriginPath[],
    nowMs: number,
  ): StoreOutcome | undefined;
  /** The current top, by rank. */
  ranked(): CatalogueSummary[];
  /** Removes the rank of all other torrents. @returns how many lost it */
  keepRanksOf(infoHashes: readonly InfoHash[]): number;
  /** Deletes torrents without rank that were last in the top before this time. @returns how many */
  deleteDropped(lastSeenBeforeMs: number): number;
  /** Finds the torrent at an address of an original site; `host` without port. */
  findOrigin(host: string, path: string): { infoHash: InfoHash; kind: 'torrent' | 'page' } | undefined;
  recordListing(listing: Listing): void;
  findListing(host: string, path: string): Listing | undefined;
  /** Every hash that clients may announce; hybrid torrents have two. */
  allInfoHashes(): InfoHash[];
  /** The original trackers of all torrents, each URL once. */
  allTrackers(): string[];
  count(): number;
}

export interface StoredTorrentFile {
  /** The first hash of a hybrid torrent. */
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Changes whenever the file is stored, even if it is the same. */
  readonly version: string;
}

interface TorrentRow extends SummaryRow {
  files_json: string;
  tracker_tiers_json: string;
}

/** @param database opened by `openDatabase`; the caller closes it */
export function createCatalogue(database: SqliteDatabase): Catalogue {
  const byHash = 'info_hash = :infoHash OR hybrid_info_hash = :infoHash';
  const selectTorrent = database.prepare<{ infoHash: string }, TorrentRow>(
    `SELECT ${SUMMARY_COLUMNS}, files_json, tracker_tiers_json FROM catalogue_torrent WHERE ${byHash}`,
  );
  const selectBytes = database.prepare<{ infoHash: string }, { torrent_bytes: Buffer | null }>(
    `SELECT torrent_bytes FROM catalogue_torrent WHERE ${byHash}`,
  );
  const selectFile = database.prepare<{ infoHash: string }, StoredTorrentFile>(
    // The length of a BLOB is in its row: SQLite does not read the file for it.
    `SELECT info_hash AS infoHash, name, fetched_ms || ' ' || length(torrent_bytes) AS version
     FROM catalogue_torrent WHERE (${byHash}) AND torrent_bytes IS NOT NULL`,
  );
  const upsert = database.prepare(`
    INSERT INTO catalogue_torrent VALUES (:infoHash, :hybridInfoHash, :infoHashV2, :name, :totalBytes, :pieceBytes,
      :filesJson, :fileCount, :trackerTiersJson, :torrentBytes, :magnet, :source, :pageUrl, :torrentUrl, :seeds,
      :leechers, :score, :rank, :nowMs, :nowMs, :nowMs, :searchText)
    ON CONFLICT (info_hash) DO UPDATE SET
      hybrid_info_hash = excluded.hybrid_info_hash, info_hash_v2 = excluded.info_hash_v2, name = excluded.name,
      total_bytes = excluded.total_bytes, piece_bytes = excluded.piece_bytes, files_json = excluded.files_json,
      file_count = excluded.file_count, tracker_tiers_json = excluded.tracker_tiers_json,
      torrent_bytes = excluded.torrent_bytes, magnet = excluded.magnet, source = excluded.source,
      page_url = excluded.page_url, torrent_url = excluded.torrent_url, seeds = excluded.seeds,
      leechers = excluded.leechers, score = excluded.score, rank = excluded.rank,
      last_seen_ms = excluded.last_seen_ms, fetched_ms = excluded.fetched_ms, search_text = excluded.search_text`);
  const updatePopularity = database.prepare(`
    UPDATE catalogue_torrent SET seeds = :seeds, leechers = :leechers, score = :score, rank = :rank,
      last_seen_ms = :nowMs WHERE info_hash = :infoHash`);
  const upsertOrigin = database.prepare(`
    INSERT INTO catalogue_origin VALUES (:host, :path, :kind, :infoHash)
    ON CONFLICT DO UPDATE SET kind = excluded.kind, info_hash = excluded.info_hash
    WHERE excluded.kind = 'torrent' OR kind = 'page'`);
  const upsertListing = database.prepare(`
    INSERT INTO catalogue_listing VALUES (:host, :path, :kind, :source)
    ON CONFLICT DO UPDATE SET kind = excluded.kind, source = excluded.source`);

  const addOrigins = (infoHash: InfoHash, origins: readonly OriginPath[]): void => {
    for (const { host, path, kind } of origins) upsertOrigin.run({ host, path, kind, infoHash });
  };
  const get = (infoHash: InfoHash): CatalogueTorrent | undefined => {
    const row = selectTorrent.get({ infoHash });
    if (row === undefined) return undefined;
    return {
      ...summaryOfRow(row),
      files: JSON.parse(row.files_json) as CatalogueFile[],
      trackerTiers: JSON.parse(row.tracker_tiers_json) as string[][],
    };
  };
  const torrentBytes = (infoHash: InfoHash): Uint8Array | undefined =>
    selectBytes.get({ infoHash })?.torrent_bytes ?? undefined;

  return {
    get,
    torrentFile: (infoHash) => selectFile.get({ infoHash }),
    torrentBytes,
    search: (query) => searchCatalogue(database, query),
    store: database.transaction((torrent: TorrentToStore, nowMs: number): StoreOutcome => {
      const before = get(torrent.infoHash);
      const bytesBefore = before === undefined ? undefined : torrentBytes(torrent.infoHash);
      // A site that has only a link must not remove the file that another site had.
      const bytes = torrent.torrentBytes ?? bytesBefore;
      const keepsFile = torrent.torrentBytes === undefined && bytesBefore !== undefined && before !== undefined;
      const facts = keepsFile ? { ...before, ...popularityOf(torrent) } : torrent;
      upsert.run({
        infoHash: torrent.infoHash,
        hybridInfoHash: facts.hybridInfoHash ?? null,
        infoHashV2: facts.infoHashV2 ?? null,
        name: facts.name,
        totalBytes: facts.totalBytes ?? null,
        pieceBytes: facts.pieceBytes ?? null,
        filesJson: JSON.stringify(facts.files),
        fileCount: facts.fileCount,
        trackerTiersJson: JSON.stringify(facts.trackerTiers),
        torrentBytes: bytes ?? null,
        magnet: facts.magnet ?? null,
        source: facts.source,
        pageUrl: facts.pageUrl ?? null,
        torrentUrl: facts.torrentUrl ?? null,
        seeds: torrent.seeds ?? null,
        leechers: torrent.leechers ?? null,
        score: torrent.score,
        rank: torrent.rank,
        nowMs,
        searchText: searchTextOf(facts),
      });
      addOrigins(torrent.infoHash, torrent.origins);
      if (before === undefined) return 'new';
      const sameFile = Buffer.compare(bytesBefore ?? Buffer.alloc(0), bytes ?? Buffer.alloc(0)) === 0;
      const same = sameFile && before.magnet === facts.magnet && samePopularity(before, torrent);
      return same ? 'kept' : 'updated';
    }),
    touch: database.transaction((infoHash, popularity, origins, nowMs): StoreOutcome | undefined => {
      const before = get(infoHash);
      if (before === undefined) return undefined;
      updatePopularity.run({
        infoHash: before.infoHash,
        seeds: popularity.seeds ?? null,
        leechers: popularity.leechers ?? null,
        score: popularity.score,
        rank: popularity.rank,
        nowMs,
      });
      addOrigins(before.infoHash, origins);
      return samePopularity(before, popularity) ? 'kept' : 'updated';
    }),
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
      database.prepare('DELETE FROM catalogue_torrent WHERE rank IS NULL AND last_seen_ms < ?').run(lastSeenBeforeMs)
        .changes,
    findOrigin: (host, path) =>
      database
        .prepare<[string, string], { infoHash: InfoHash; kind: 'torrent' | 'page' }>(
          'SELECT info_hash AS infoHash, kind FROM catalogue_origin WHERE host = ? AND path = ?',
        )
        .get(host, path),
    recordListing: (listing) => {
      upsertListing.run(listing);
    },
    findListing: (host, path) =>
      database
        .prepare<[string, string], Listing>('SELECT * FROM catalogue_listing WHERE host = ? AND path = ?')
        .get(host, path),
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

function popularityOf({ seeds, leechers, score, rank }: Popularity): Popularity {
  return { seeds, leechers, score, rank };
}

function samePopularity(a: CatalogueSummary, b: Popularity): boolean {
  return a.seeds === b.seeds && a.leechers === b.leechers && a.score === b.score && a.rank === b.rank;
}
