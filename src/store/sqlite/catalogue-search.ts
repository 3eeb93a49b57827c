/** Searches, sorts and pages the catalogue. Every word of the text must be in the name, in what a site calls it, or in a file's path. */
import { siteName } from '../../domain/site-address.js';
import { type CatalogueSummary, SUMMARY_COLUMNS, type SummaryRow, summaryOfRow } from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export type CatalogueSort = 'rank' | 'name' | 'size' | 'seeds' | 'leechers' | 'added';

export interface CatalogueQuery {
  readonly text?: string | undefined;
  /** Only torrents found on this site or a subdomain of it: host without port. */
  readonly site?: string | undefined;
  readonly sort?: CatalogueSort | undefined;
  /** Reverses the usual order of the column (rank and name ascend, the others descend). */
  readonly reverse?: boolean | undefined;
  /** From 1. */
  readonly page?: number | undefined;
  readonly pageSize?: number | undefined;
}

export interface CatalogueResult {
  readonly total: number;
  readonly torrents: readonly CatalogueSummary[];
}

/** Enough for a search box; each word costs a pass over the names. */
const MAX_WORDS = 8;
/** Characters of each torrent that a search reads, so that it stays fast with 100,000 torrents. */
const MAX_SEARCH_CHARACTERS = 1_000;
const MAX_PAGE_SIZE = 500;
const DEFAULT_PAGE_SIZE = 50;

const ORDERS: Record<CatalogueSort, readonly [forward: string, backward: string]> = {
  rank: ['rank IS NULL, rank, score DESC', 'rank IS NOT NULL, rank DESC, score'],
  name: ['name COLLATE NOCASE', 'name COLLATE NOCASE DESC'],
  size: ['total_bytes DESC', 'total_bytes'],
  seeds: ['seeds DESC', 'seeds'],
  leechers: ['leechers DESC', 'leechers'],
  added: ['first_seen_ms DESC', 'first_seen_ms'],
};

/** The text in which a search looks for the torrent: its name, what sites call it, its file list. */
export function searchTextOf(torrent: {
  readonly name: string;
  readonly titles: readonly string[];
  readonly files: readonly { readonly path: string }[];
}): string {
  let text = [torrent.name, ...torrent.titles].join('\n');
  for (const { path } of torrent.files) {
    if (text.length > MAX_SEARCH_CHARACTERS) break;
    text += `\n${path}`;
  }
  return fold(text.slice(0, MAX_SEARCH_CHARACTERS));
}

/** Folds case and Unicode composition. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

export function searchCatalogue(database: SqliteDatabase, query: CatalogueQuery): CatalogueResult {
  const conditions: string[] = [];
  const values: string[] = [];
  for (const word of (query.text ?? '').split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)) {
    conditions.push('(instr(search_text, ?) > 0 OR info_hash = ?)');
    values.push(fold(word), word.toLowerCase());
  }
  if (query.site !== undefined) {
    conditions.push(
      `info_hash IN (SELECT info_hash FROM catalogue_origin WHERE host = ? OR substr(host, -length(?)) = ?
        UNION SELECT info_hash FROM catalogue_offer WHERE site = ? OR substr(site, -length(?)) = ?)`,
    );
    const site = siteName(query.site);
    const below = `.${site}`;
    values.push(site, below, below, site, below, below);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const order = ORDERS[query.sort ?? 'rank'][query.reverse ? 1 : 0];
  const pageSize = Math.min(Math.max(1, query.pageSize ?? DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE);
  const offset = (Math.max(1, query.page ?? 1) - 1) * pageSize;
  const total =
    database
      .prepare<string[], number>(`SELECT count(*) FROM catalogue_torrent ${where}`)
      .pluck()
      .get(...values) ?? 0;
  const rows = database
    .prepare<(string | number)[], SummaryRow>(
      `SELECT ${SUMMARY_COLUMNS} FROM catalogue_torrent ${where} ORDER BY ${order}, info_hash LIMIT ? OFFSET ?`,
    )
    .all(...values, pageSize, offset);
  return { total, torrents: rows.map(summaryOfRow) };
}
