/** Torrents that cooperating sites have pushed, until they withdraw them or push them no longer. */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

export interface PushedTorrent {
  readonly infoHash: InfoHash;
  /** Its shape is the crawler's own. */
  readonly candidate: unknown;
}

export interface CataloguePushes {
  /** Pushing a torrent again replaces what was said of it. */
  push(source: string, torrents: readonly PushedTorrent[], nowMs: number): void;
  /** @returns how many were pushed before */
  withdrawPushed(source: string, infoHashes: readonly InfoHash[]): number;
  /** Those that came in after this time. */
  pushed(source: string, sinceMs: number): PushedTorrent[];
  /** @returns how many the source has pushed now */
  countPushed(source: string): number;
  forgetPushedBefore(beforeMs: number): void;
}

export function cataloguePushes(database: SqliteDatabase): CataloguePushes {
  return {
    push: database.transaction((source: string, torrents: readonly PushedTorrent[], nowMs: number) => {
      const upsert = database.prepare('INSERT OR REPLACE INTO catalogue_push VALUES (?, ?, ?, ?)');
      for (const { infoHash, candidate } of torrents) upsert.run(source, infoHash, JSON.stringify(candidate), nowMs);
    }),
    withdrawPushed: (source, infoHashes) =>
      database
        .prepare('DELETE FROM catalogue_push WHERE source = ? AND info_hash IN (SELECT value FROM json_each(?))')
        .run(source, JSON.stringify(infoHashes)).changes,
    pushed: (source, sinceMs) =>
      database
        .prepare<[string, number], { info_hash: InfoHash; candidate: string }>(
          'SELECT info_hash, candidate FROM catalogue_push WHERE source = ? AND received_ms > ?',
        )
        .all(source, sinceMs)
        .map((row) => ({ infoHash: row.info_hash, candidate: JSON.parse(row.candidate) })),
    countPushed: (source) =>
      database.prepare<[string], number>('SELECT count(*) FROM catalogue_push WHERE source = ?').pluck().get(source) ??
      0,
    forgetPushedBefore: (beforeMs) => {
      database.prepare('DELETE FROM catalogue_push WHERE received_ms < ?').run(beforeMs);
    },
  };
}
