/**
 * Where torrents and lists of them are on the original sites: addresses of files, of pages and of lists. Every spelling of
 * an address finds the same torrent (src/domain/site-address.ts).
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { siteAddress } from '../../domain/site-address.js';
import type { Listing, OriginPath } from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export interface CatalogueOrigins {
  readonly addOrigins: AddOrigins;
  /** Finds the torrent at an address of an original site; `host` without port. */
  findOrigin(host: string, path: string): { infoHash: InfoHash; kind: 'torrent' | 'page' } | undefined;
  /** Info-hashes of all torrent files, by {@link addressKey} of where they were fetched from. */
  fileAddresses(): Map<string, InfoHash>;
  recordListing(listing: Listing): void;
  findListing(host: string, path: string): Listing | undefined;
}

/** Adds addresses, or moves them to this torrent. A page never replaces a file. */
export type AddOrigins = (infoHash: InfoHash, origins: readonly OriginPath[]) => void;

export function catalogueOrigins(database: SqliteDatabase): CatalogueOrigins {
  const upsertOrigin = database.prepare(`
    INSERT INTO catalogue_origin VALUES (:host, :path, :kind, :infoHash)
    ON CONFLICT DO UPDATE SET kind = excluded.kind, info_hash = excluded.info_hash
    WHERE excluded.kind = 'torrent' OR kind = 'page'`);
  const upsertListing = database.prepare(`
    INSERT INTO catalogue_listing VALUES (:host, :path, :kind, :source)
    ON CONFLICT DO UPDATE SET kind = excluded.kind, source = excluded.source`);
  return {
    addOrigins: (infoHash, origins) => {
      for (const { host, path, kind } of origins) upsertOrigin.run({ ...siteAddress(host, path), kind, infoHash });
    },
    findOrigin: (atHost, atPath) => {
      const { host, path } = siteAddress(atHost, atPath);
      return database
        .prepare<[string, string], { infoHash: InfoHash; kind: 'torrent' | 'page' }>(
          'SELECT info_hash AS infoHash, kind FROM catalogue_origin WHERE host = ? AND path = ?',
        )
        .get(host, path);
    },
    fileAddresses: () => {
      const rows = database
        .prepare<[], { key: string; infoHash: InfoHash }>(
          `SELECT host || path AS key, info_hash AS infoHash FROM catalogue_origin WHERE kind = 'torrent'`,
        )
        .all();
      return new Map(rows.map(({ key, infoHash }) => [key, infoHash]));
    },
    recordListing: (listing) => {
      upsertListing.run({ ...listing, ...siteAddress(listing.host, listing.path) });
    },
    findListing: (atHost, atPath) => {
      const { host, path } = siteAddress(atHost, atPath);
      return database
        .prepare<[string, string], Listing>('SELECT * FROM catalogue_listing WHERE host = ? AND path = ?')
        .get(host, path);
    },
  };
}
