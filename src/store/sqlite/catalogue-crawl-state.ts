/**
 * The crawler's state between runs: documents with their validators for conditional requests, the position in each
 * access log, and the number of requests for each torrent by day. Personal keys in URLs are never stored: a document that
 * holds one is not stored, and requests are counted without it.
 */
import { createHash } from 'node:crypto';
import { hasUrlSecrets, maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import type { SqliteDatabase } from './database.js';

export interface StoredDocument {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export interface LogPosition {
  readonly inode: number;
  /** Bytes. */
  readonly offset: number;
}

export interface CrawlState {
  document(url: string): StoredDocument | undefined;
  storeDocument(url: string, document: StoredDocument, nowMs: number): void;
  logPosition(file: string): LogPosition | undefined;
  /** Adds counts and moves the position in one transaction, so that a crash neither repeats nor loses a count. */
  addRequests(
    source: string,
    file: string,
    position: LogPosition,
    counts: ReadonlyMap<string, number>,
    nowMs: number,
  ): void;
  /** Requests of a source by target, starting at the day of `sinceMs`. */
  requests(source: string, sinceMs: number): Map<string, number>;
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
  const upsertPosition = database.prepare('INSERT OR REPLACE INTO crawler_log_position VALUES (?, ?, ?)');
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
        .prepare<[string], LogPosition>('SELECT inode, offset FROM crawler_log_position WHERE file = ?')
        .get(file),
    addRequests: database.transaction((source, file, position, counts, nowMs) => {
      for (const [target, count] of counts) upsertCount.run(source, maskUrlSecrets(target), dayOf(nowMs), count);
      upsertPosition.run(file, position.inode, position.offset);
    }),
    requests: (source, sinceMs) => {
      const rows = database
        .prepare<[string, number], { target: string; count: number }>(
          'SELECT target, sum(count) AS count FROM crawler_request_count WHERE source = ? AND day >= ? GROUP BY target',
        )
        .all(source, dayOf(sinceMs));
      return new Map(rows.map(({ target, count }) => [target, count]));
    },
    forgetBefore: database.transaction((beforeMs) => {
      database.prepare('DELETE FROM crawler_request_count WHERE day < ?').run(dayOf(beforeMs));
      database.prepare('DELETE FROM crawler_document WHERE fetched_ms < ?').run(beforeMs);
    }),
  };
}

/** Two keys of one address are two documents: a site shows each user their own. */
function documentKey(url: string): string {
  const masked = maskUrlSecrets(url);
  return masked === url ? url : `${masked}#${createHash('sha256').update(url).digest('hex')}`;
}
