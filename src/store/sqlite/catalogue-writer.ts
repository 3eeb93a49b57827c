/** Writes torrents to the catalogue, and says what that has changed. */
import type { InfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import { torrentKind } from '../../domain/torrent-kind.js';
import { offerWriter } from './catalogue-offers.js';
import type { AddOrigins } from './catalogue-origins.js';
import type { CatalogueReader } from './catalogue-reader.js';
import type {
  CatalogueSummary,
  Offer,
  OriginPath,
  Popularity,
  StoreOutcome,
  TorrentToStore,
} from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export interface CatalogueWriter {
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
    offers?: readonly Offer[],
  ): StoreOutcome | undefined;
  remove(infoHashes: readonly InfoHash[]): void;
  /** Lets the next crawl fetch the torrent again. */
  expire(infoHash: InfoHash): void;
  /** Forgets places where a torrent was last offered before this time. */
  forgetOffersBefore(beforeMs: number): void;
}

export function catalogueWriter(
  database: SqliteDatabase,
  torrents: CatalogueReader,
  addOrigins: AddOrigins,
): CatalogueWriter {
  const upsert = database.prepare(`
    INSERT INTO catalogue_torrent (info_hash, hybrid_info_hash, info_hash_v2, name, total_bytes, piece_bytes, files_json,
      file_count, tracker_tiers_json, torrent_bytes, magnet, source, page_url, torrent_url, seeds, leechers, score, rank,
      first_seen_ms, last_seen_ms, fetched_ms, search_text, title, category, published_ms) VALUES (:infoHash, :hybridInfoHash, :infoHashV2, :name, :totalBytes, :pieceBytes,
      :filesJson, :fileCount, :trackerTiersJson, :torrentBytes, :magnet, :source, :pageUrl, :torrentUrl, :seeds,
      :leechers, :score, :rank, :nowMs, :nowMs, :nowMs, '', :title,
      :category, :publishedMs)
    ON CONFLICT (info_hash) DO UPDATE SET
      hybrid_info_hash = excluded.hybrid_info_hash, info_hash_v2 = excluded.info_hash_v2, name = excluded.name,
      total_bytes = excluded.total_bytes, piece_bytes = excluded.piece_bytes, files_json = excluded.files_json,
      file_count = excluded.file_count, tracker_tiers_json = excluded.tracker_tiers_json,
      torrent_bytes = excluded.torrent_bytes, magnet = excluded.magnet, source = excluded.source,
      page_url = excluded.page_url, torrent_url = excluded.torrent_url, seeds = excluded.seeds,
      leechers = excluded.leechers, score = excluded.score, rank = excluded.rank,
      last_seen_ms = excluded.last_seen_ms, fetched_ms = excluded.fetched_ms, title = coalesce(excluded.title, title),
      category = coalesce(excluded.category, category), published_ms = coalesce(excluded.published_ms, published_ms)`);
  const updatePopularity = database.prepare(`
    UPDATE catalogue_torrent SET seeds = :seeds, leechers = :leechers, score = :score, rank = :rank,
      last_seen_ms = :nowMs WHERE info_hash = :infoHash`);

  const describe = database.prepare(
    'UPDATE catalogue_entry SET kind = :kind, untracked_bytes = :untrackedBytes WHERE info_hash = :infoHash',
  );
  const addOffers = offerWriter(database);

  return {
    store: database.transaction((torrent: TorrentToStore, nowMs: number): StoreOutcome => {
      const before = torrents.get(torrent.infoHash);
      const bytesBefore = before === undefined ? undefined : torrents.torrentBytes(torrent.infoHash);
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
        pageUrl: withoutKeys(facts.pageUrl),
        torrentUrl: withoutKeys(facts.torrentUrl),
        seeds: torrent.seeds ?? null,
        leechers: torrent.leechers ?? null,
        score: torrent.score,
        rank: torrent.rank ?? null,
        nowMs,
        title: torrent.title ?? null,
        category: torrent.category ?? null,
        publishedMs: torrent.publishedMs ?? null,
      });
      if (!keepsFile) {
        const { infoHash, kind = torrentKind(torrent.name, torrent.files), untrackedBytes = null } = torrent;
        describe.run({ infoHash, kind, untrackedBytes });
      }
      addOrigins(torrent.infoHash, torrent.origins);
      addOffers(facts, torrent.offers ?? [], nowMs);
      if (before === undefined) return 'new';
      const sameFile = Buffer.compare(bytesBefore ?? Buffer.alloc(0), bytes ?? Buffer.alloc(0)) === 0;
      const same = sameFile && before.magnet === facts.magnet && samePopularity(before, torrent);
      return same ? 'kept' : 'updated';
    }),
    touch: database.transaction((infoHash, popularity, origins, nowMs, offers = []): StoreOutcome | undefined => {
      const before = torrents.get(infoHash);
      if (before === undefined) return undefined;
      updatePopularity.run({
        infoHash: before.infoHash,
        seeds: popularity.seeds ?? null,
        leechers: popularity.leechers ?? null,
        score: popularity.score,
        rank: popularity.rank ?? null,
        nowMs,
      });
      addOrigins(before.infoHash, origins);
      addOffers(before, offers, nowMs);
      return samePopularity(before, popularity) ? 'kept' : 'updated';
    }),
    remove: (infoHashes) => {
      database
        .prepare('DELETE FROM catalogue_torrent WHERE info_hash IN (SELECT value FROM json_each(?))')
        .run(JSON.stringify(infoHashes));
    },
    expire: (infoHash) => {
      database.prepare('UPDATE catalogue_torrent SET fetched_ms = 0 WHERE info_hash = ?').run(infoHash);
    },
    forgetOffersBefore: (beforeMs) => {
      database.prepare('DELETE FROM catalogue_offer WHERE last_seen_ms < ?').run(beforeMs);
    },
  };
}

function popularityOf({ seeds, leechers, score, rank }: Popularity): Popularity {
  return { seeds, leechers, score, rank };
}

function samePopularity(a: CatalogueSummary, b: Popularity): boolean {
  return a.seeds === b.seeds && a.leechers === b.leechers && a.score === b.score && a.rank === b.rank;
}

function withoutKeys(url: string | undefined): string | null {
  return url === undefined ? null : maskUrlSecrets(url);
}
