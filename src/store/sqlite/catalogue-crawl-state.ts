/**
 * The crawler's state between runs: documents with their validators for conditional requests, the position in each
 * access log, and the number of requests for each torrent by day. Personal keys in URLs are never stored: a document that
 * holds one is not stored, and requests are counted without it.
 */
import { createHash } from 'node:crypto';
import type { InfoHash } from '../../domain/info-hash.js';
import { hasUrlSecrets, maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import type { SqliteDatabase } from './database.js';

export interface StoredDocument {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export interface KnownFile {
  readonly infoHash: InfoHash;
  readonly trackers: readonly string[];
}

export interface LogPosition {
  readonly inode: number;
  /** Bytes of its content, unpacked if it is compressed. */
  readonly offset: number;
  /** The SHA-256 of its first `headBytes` bytes, which stay the same when it grows, is renamed or copied. */
  readonly head: string;
  readonly headBytes: number;
  /** When the file had last changed. */
  readonly modifiedMs: number;
}

export interface CrawlState {
  document(url: string): StoredDocument | undefined;
  storeDocument(url: string, document: StoredDocument, nowMs: number): void;
  logPosition(file: string): LogPosition | undefined;
  /**
   * Adds counts and moves the position in one transaction, so that a crash neither repeats nor loses a count.
   * @param byDay requests by day since the Unix epoch, then by target
   * @param position undefined if they are not from a file
   */
  addRequests(
    source: string,
    byDay: ReadonlyMap<number, ReadonlyMap<string, number>>,
    position: (LogPosition & { readonly file: string }) | undefined,
  ): void;
  /** Requests of a source by target, starting at the day of `sinceMs`. */
  requests(source: string, sinceMs: number): Map<string, number>;
  /** Until when a site asked to be left alone; undefined if it did not, or that time is over. */
  hostHeld(host: string, nowMs: number): { readonly untilMs: number; readonly reason: string } | undefined;
  holdHost(host: string, untilMs: number, reason: string): void;
  /** Which torrent was at an address ({@link addressKey}) when its file was fetched, for those that are not in the catalogue. */
  knownFiles(): Map<string, KnownFile>;
  rememberFile(address: string, file: KnownFile, nowMs: number): void;
  /** Deletes counts of earlier days, and documents last fetched earlier. */
  forgetBefore(beforeMs: number): void;
}

const DAY_MS = 86_400_000;

export function createCrawlState(database: SqliteDatabase): CrawlState {
  const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);
  const selectDocument = database.prepare<
    [string],
    { etag: string | null; last_modified: string | null; content_type: string | null; body: Buffer }
  >('SELECT etag, last_modified, content_type, body FROM crawler_document WHERE url = ?');
  const upsertDocument = database.prepare('INSERT OR REPLACE INTO crawler_document VALUES (?, ?, ?, ?, ?, ?)');
  const upsertPosition = database.prepare(
    'INSERT OR REPLACE INTO crawler_log_position VALUES (:file, :inode, :offset, :head, :headBytes, :modifiedMs)',
  );
  const upsertCount = database.prepare(`
    INSERT INTO crawler_request_count VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count`);

  return {
    document: (url) => {
      const row = selectDocument.get(documentKey(url));
      if (row === undefined) return undefined;
      return {
        etag: row.etag ?? undefined,
        lastModified: row.last_modified ?? undefined,
        contentType: row.content_type ?? undefined,
        body: row.body,
      };
    },
    storeDocument: (url, { etag, lastModified, contentType, body }, nowMs) => {
      if (hasUrlSecrets(Buffer.from(body).toString('latin1'))) return;
      upsertDocument.run(documentKey(url), etag ?? null, lastModified ?? null, contentType ?? null, body, nowMs);
    },
    logPosition: (file) =>
      database
        .prepare<[string], LogPosition>(
          `SELECT inode, offset, head, head_bytes AS headBytes, modified_ms AS modifiedMs
           FROM crawler_log_position WHERE file = ?`,
        )
        .get(file),
    addRequests: database.transaction((source, byDay, position) => {
      for (const [day, counts] of byDay) {
        for (const [target, count] of counts) upsertCount.run(source, maskUrlSecrets(target), day, count);
      }
      if (position !== undefined) upsertPosition.run(position);
    }),
    requests: (source, sinceMs) => {
      const rows = database
        .prepare<[string, number], { target: string; count: number }>(
          'SELECT target, sum(count) AS count FROM crawler_request_count WHERE source = ? AND day >= ? GROUP BY target',
        )
        .all(source, dayOf(sinceMs));
      return new Map(rows.map(({ target, count }) => [target, count]));
    },
    hostHeld: (host, nowMs) =>
      database
        .prepare<[string, number], { untilMs: number; reason: string }>(
          'SELECT until_ms AS untilMs, reason FROM crawler_host WHERE host = ? AND until_ms > ?',
        )
        .get(host, nowMs),
    holdHost: (host, untilMs, reason) => {
      database.prepare('INSERT OR REPLACE INTO crawler_host VALUES (?, ?, ?)').run(host, untilMs, reason);
    },
    knownFiles: () => {
      const rows = database
        .prepare<[], { address: string; info_hash: InfoHash; trackers: string }>(
          'SELECT address, info_hash, trackers FROM crawler_known_file',
        )
        .all();
      return new Map(
        rows.map((row) => [row.address, { infoHash: row.info_hash, trackers: JSON.parse(row.trackers) as string[] }]),
      );
    },
    rememberFile: (address, { infoHash, trackers }, nowMs) => {
      database
        .prepare('INSERT OR REPLACE INTO crawler_known_file VALUES (?, ?, ?, ?)')
        .run(address, infoHash, JSON.stringify(trackers), nowMs);
    },
    forgetBefore: database.transaction((beforeMs) => {
      database.prepare('DELETE FROM crawler_request_count WHERE day < ?').run(dayOf(beforeMs));
      database.prepare('DELETE FROM crawler_document WHERE fetched_ms < ?').run(beforeMs);
      database.prepare('DELETE FROM crawler_host WHERE until_ms < ?').run(beforeMs);
      database.prepare('DELETE FROM crawler_known_file WHERE seen_ms < ?').run(beforeMs);
    }),
  };
}

/** Two keys of one address are two documents: a site shows each user their own. */
function documentKey(url: string): string {
  const masked = maskUrlSecrets(url);
  return masked === url ? url : `${masked}#${createHash('sha256').update(url).digest('hex')}`;
}
