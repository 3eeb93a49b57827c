/** How popular each torrent was at the latest crawls: what the crawler smooths, compares and explains. */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

export interface StoredPopularity {
  /** Smoothed. */
  readonly popularity: number;
  readonly updatedMs: number;
  /** Completed downloads since the torrent exists, as last reported, and when. */
  readonly downloads: number | undefined;
  readonly downloadsMs: number | undefined;
  readonly downloadsPerDay: number | undefined;
  /** What the latest crawl found; its shape is the crawler's own. */
  readonly numbers: unknown;
}

export interface CataloguePopularity {
  /** Of all torrents that are remembered. */
  popularities(): Map<InfoHash, StoredPopularity>;
  popularityOf(infoHash: InfoHash): StoredPopularity | undefined;
  storePopularities(entries: Iterable<readonly [InfoHash, StoredPopularity]>): void;
  forgetPopularityBefore(beforeMs: number): void;
}

interface Row {
  info_hash: InfoHash;
  popularity: number;
  updated_ms: number;
  downloads: number | null;
  downloads_ms: number | null;
  downloads_per_day: number | null;
  numbers: string;
}

export function cataloguePopularity(database: SqliteDatabase): CataloguePopularity {
  return {
    popularities: () => {
      const rows = database.prepare<[], Row>('SELECT * FROM catalogue_popularity').all();
      return new Map(rows.map((row) => [row.info_hash, storedOf(row)]));
    },
    popularityOf: (infoHash) => {
      const row = database
        .prepare<[string], Row>('SELECT * FROM catalogue_popularity WHERE info_hash = ?')
        .get(infoHash);
      return row && storedOf(row);
    },
    storePopularities: database.transaction((entries: Iterable<readonly [InfoHash, StoredPopularity]>) => {
      const upsert = database.prepare('INSERT OR REPLACE INTO catalogue_popularity VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const [infoHash, { popularity, updatedMs, downloads, downloadsMs, downloadsPerDay, numbers }] of entries) {
        upsert.run(
          infoHash,
          popularity,
          updatedMs,
          downloads ?? null,
          downloadsMs ?? null,
          downloadsPerDay ?? null,
          JSON.stringify(numbers),
        );
      }
    }),
    forgetPopularityBefore: (beforeMs) => {
      database.prepare('DELETE FROM catalogue_popularity WHERE updated_ms < ?').run(beforeMs);
    },
  };
}

function storedOf(row: Row): StoredPopularity {
  return {
    popularity: row.popularity,
    updatedMs: row.updated_ms,
    downloads: row.downloads ?? undefined,
    downloadsMs: row.downloads_ms ?? undefined,
    downloadsPerDay: row.downloads_per_day ?? undefined,
    numbers: JSON.parse(row.numbers),
  };
}
