/** Entries for a catalogue under test. */
import { type InfoHash, parseInfoHash } from '../../src/domain/info-hash.js';
import type { TorrentToStore } from '../../src/store/sqlite/catalogue-torrent.js';
import type { SqliteDatabase } from '../../src/store/sqlite/database.js';

export function hashOf(n: number): InfoHash {
  return parseInfoHash(n.toString(16).padStart(40, '0'));
}

/** The n-th torrent, found on site.example, with these facts instead of the usual ones. */
export function torrentToStore(n: number, facts: Partial<TorrentToStore> = {}): TorrentToStore {
  return {
    infoHash: hashOf(n),
    hybridInfoHash: undefined,
    infoHashV2: undefined,
    name: `Torrent ${n}`,
    totalBytes: 1_000_000 * n,
    pieceBytes: 16_384,
    files: [{ path: `file-${n}`, bytes: 1_000_000 * n }],
    fileCount: facts.files?.length ?? 1,
    trackerTiers: [],
    torrentBytes: Buffer.from(`torrent ${n}`),
    magnet: undefined,
    source: 'lab',
    pageUrl: `http://site.example/view?id=${n}`,
    torrentUrl: `http://site.example/${n}.torrent`,
    seeds: 10 * n,
    leechers: n,
    score: 12 * n,
    rank: n,
    origins: [
      { host: 'site.example', path: `/${n}.torrent`, kind: 'torrent' },
      { host: 'site.example', path: `/view?id=${n}`, kind: 'page' },
    ],
    ...facts,
  };
}

/** Stores torrents whose names are `word` and a number, faster than the crawler does. */
export function fillCatalogue(database: SqliteDatabase, from: number, below: number, word: string): void {
  database
    .prepare(
      `INSERT INTO catalogue_torrent (info_hash, name, total_bytes, files_json, file_count, tracker_tiers_json,
         torrent_bytes, source, seeds, leechers, score, rank, first_seen_ms, last_seen_ms, fetched_ms, search_text)
       SELECT printf('%040x', value), :word || ' ' || value, value, '[]', 1, '[]', x'00', 'lab', value, value, value, value,
         value, value, value, :word || ' ' || value
       FROM (WITH RECURSIVE number(value) AS (SELECT :from UNION ALL SELECT value + 1 FROM number LIMIT :below - :from)
         SELECT value FROM number)`,
    )
    .run({ from: BigInt(from), below: BigInt(below), word });
}
