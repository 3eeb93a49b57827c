/** Writes where a torrent is offered and what it is called there. A search finds it by all of its titles. */
import type { InfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import { searchPairsOf, searchTextOf } from './catalogue-search-text.js';
import type { CatalogueFile, Offer } from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

interface Named {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly files: readonly CatalogueFile[];
}

/** @returns a function that adds places to those of a stored torrent, or replaces what was said of them */
export function offerWriter(
  database: SqliteDatabase,
): (torrent: Named, offers: readonly Offer[], nowMs: number) => void {
  const upsertOffer = database.prepare(`
    INSERT INTO catalogue_offer VALUES (:infoHash, :source, :site, :torrentUrl, :pageUrl, :title, :nowMs)
    ON CONFLICT DO UPDATE SET torrent_url = coalesce(excluded.torrent_url, torrent_url),
      page_url = coalesce(excluded.page_url, page_url), title = coalesce(excluded.title, title),
      last_seen_ms = excluded.last_seen_ms`);
  const selectTitles = database
    .prepare<[string], string>(
      'SELECT DISTINCT title FROM catalogue_offer WHERE info_hash = ? AND title IS NOT NULL ORDER BY source, site',
    )
    .pluck();
  const updateSearchText = database.prepare(
    `UPDATE catalogue_torrent SET search_text = :text, search_pairs = :pairs
     WHERE info_hash = :infoHash AND (search_text <> :text OR search_pairs <> :pairs)`,
  );
  return (torrent, offers, nowMs) => {
    const { infoHash } = torrent;
    for (const { source, site, torrentUrl, pageUrl, title = null } of offers) {
      const urls = { torrentUrl: withoutKeys(torrentUrl), pageUrl: withoutKeys(pageUrl) };
      upsertOffer.run({ infoHash, source, site, ...urls, title, nowMs });
    }
    const text = searchTextOf({ ...torrent, titles: selectTitles.all(infoHash) });
    updateSearchText.run({ infoHash, text, pairs: searchPairsOf(text) });
  };
}

function withoutKeys(url: string | undefined): string | null {
  return url === undefined ? null : maskUrlSecrets(url);
}
