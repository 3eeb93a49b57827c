/** Reads single torrents of the catalogue. Every look-up also finds the second hash of a hybrid torrent. */
import type { InfoHash } from '../../domain/info-hash.js';
import type { TorrentKind } from '../../domain/torrent-kind.js';
import {
  type CatalogueFile,
  type CatalogueTorrent,
  type Offer,
  SUMMARY_COLUMNS,
  type SummaryRow,
  summaryOfRow,
} from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export interface CatalogueReader {
  get(infoHash: InfoHash): CatalogueTorrent | undefined;
  /** Of those that are in the catalogue. */
  namesOf(infoHashes: readonly InfoHash[]): ReadonlyMap<InfoHash, string>;
  /** Identifies the stored file without reading it. */
  torrentFile(infoHash: InfoHash): StoredTorrentFile | undefined;
  /** By its files; undefined if it is not stored. */
  kindOf(infoHash: InfoHash): TorrentKind | undefined;
  /** Every place where it is offered, by source. */
  offers(infoHash: InfoHash): Offer[];
  /** The original trackers, without the rest of the torrent; empty if it is not stored. */
  trackerTiers(infoHash: InfoHash): readonly (readonly string[])[];
  /** The original trackers of all torrents, in the order of the info-hashes. @param after '' for the first ones */
  trackersAfter(
    after: string,
    limit: number,
  ): { readonly infoHash: InfoHash; readonly trackerTiers: readonly (readonly string[])[] }[];
  /** The original file. */
  torrentBytes(infoHash: InfoHash): Uint8Array | undefined;
}

export interface StoredTorrentFile {
  /** The first hash of a hybrid torrent. */
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Name of the crawler's source. */
  readonly source: string;
  /** Changes whenever the file is stored, even if it is the same. */
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly fetchedMs: number;
  /** See `untrackedLength`; null if an earlier version of this program has stored it. */
  readonly untrackedBytes: number | null;
}

interface TorrentRow extends SummaryRow {
  files_json: string;
  tracker_tiers_json: string;
}

interface OfferRow {
  source: string;
  site: string;
  torrent_url: string | null;
  page_url: string | null;
  title: string | null;
}

export function catalogueReader(database: SqliteDatabase): CatalogueReader {
  const byHash = 'info_hash = :infoHash OR hybrid_info_hash = :infoHash';
  const selectTorrent = database.prepare<{ infoHash: string }, TorrentRow>(
    `SELECT ${SUMMARY_COLUMNS}, files_json, tracker_tiers_json FROM catalogue_torrent WHERE ${byHash}`,
  );
  const selectBytes = database.prepare<{ infoHash: string }, { torrent_bytes: Buffer | null }>(
    `SELECT torrent_bytes FROM catalogue_torrent WHERE ${byHash}`,
  );
  const selectTiers = database
    .prepare<{ infoHash: string }, string>(`SELECT tracker_tiers_json FROM catalogue_torrent WHERE ${byHash}`)
    .pluck();
  const selectFile = database.prepare<{ infoHash: string }, StoredTorrentFile>(
    // The length of a BLOB is in its row: SQLite does not read the file for it.
    `SELECT info_hash AS infoHash, name, source, fetched_ms || ' ' || length(torrent_bytes) AS version, fetched_ms AS fetchedMs,
       (SELECT untracked_bytes FROM catalogue_entry AS entry WHERE entry.info_hash = catalogue_torrent.info_hash)
         AS untrackedBytes
     FROM catalogue_torrent WHERE (${byHash}) AND torrent_bytes IS NOT NULL`,
  );
  return {
    get: (infoHash) => {
      const row = selectTorrent.get({ infoHash });
      if (row === undefined) return undefined;
      return {
        ...summaryOfRow(row),
        files: JSON.parse(row.files_json) as CatalogueFile[],
        trackerTiers: JSON.parse(row.tracker_tiers_json) as string[][],
      };
    },
    namesOf: (infoHashes) => {
      const rows = database
        .prepare<[string], { hash: InfoHash; name: string }>(
          `WITH asked AS (SELECT value AS hash FROM json_each(?))
           SELECT hash, name FROM asked JOIN catalogue_torrent ON hybrid_info_hash = hash
           UNION ALL SELECT hash, name FROM asked JOIN catalogue_torrent ON info_hash = hash`,
        )
        .all(JSON.stringify(infoHashes));
      return new Map(rows.map(({ hash, name }) => [hash, name]));
    },
    trackersAfter: (after, limit) =>
      database
        .prepare<[string, number], Pick<TorrentRow, 'tracker_tiers_json'> & { info_hash: InfoHash }>(
          'SELECT info_hash, tracker_tiers_json FROM catalogue_torrent WHERE info_hash > ? ORDER BY info_hash LIMIT ?',
        )
        .all(after, limit)
        .map((row) => ({
          infoHash: row.info_hash,
          trackerTiers: JSON.parse(row.tracker_tiers_json) as string[][],
        })),
    kindOf: (infoHash) =>
      database
        .prepare<[string], TorrentKind | null>('SELECT kind FROM catalogue_entry WHERE info_hash = ?')
        .pluck()
        .get(infoHash) ?? undefined,
    offers: (infoHash) =>
      database
        .prepare<[string], OfferRow>(
          `SELECT source, site, torrent_url, page_url, title FROM catalogue_offer WHERE info_hash = ? ORDER BY source, site`,
        )
        .all(infoHash)
        .map(({ source, site, torrent_url, page_url, title }) => ({
          source,
          site,
          torrentUrl: torrent_url ?? undefined,
          pageUrl: page_url ?? undefined,
          title: title ?? undefined,
        })),
    trackerTiers: (infoHash) => JSON.parse(selectTiers.get({ infoHash }) ?? '[]') as string[][],
    torrentFile: (infoHash) => selectFile.get({ infoHash }),
    torrentBytes: (infoHash) => selectBytes.get({ infoHash })?.torrent_bytes ?? undefined,
  };
}
