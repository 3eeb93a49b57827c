/**
 * Searches, filters, sorts and pages the catalogue. Every term of the text must be in the name, in what a site calls it, or
 * in a file's path. Lists read the narrow rows of `catalogue_entry`; only the torrents of the page are read whole.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { siteName } from '../../domain/site-address.js';
import type { TorrentKind } from '../../domain/torrent-kind.js';
import { readSearchTerms, type SearchTerms } from './catalogue-search-text.js';
import { nearestWord } from './catalogue-spelling.js';
import { type CatalogueSummary, SUMMARY_COLUMNS, type SummaryRow, summaryOfRow } from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

/** `best`: most seeds inside the network first, then by rank. */
export type CatalogueSort = 'best' | 'rank' | 'name' | 'size' | 'seeds' | 'leechers' | 'added' | 'inside';

export interface CatalogueFilter {
  /** See {@link readSearchTerms}; hexadecimal digits also find the info-hashes that begin with them. */
  readonly text?: string | undefined;
  /** Only torrents found on this site or a subdomain of it: host without port. */
  readonly site?: string | undefined;
  readonly category?: string | undefined;
  readonly kind?: TorrentKind | undefined;
  /** Only torrents that a site puts into one of these categories, or of these kinds in a category that says nothing. */
  readonly standard?: StandardFilter | undefined;
  readonly minBytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Only torrents with a seed inside the network. */
  readonly seededInside?: boolean | undefined;
}

/** What stands for a category of another naming system. */
export interface StandardFilter {
  /** As sites name them. */
  readonly categories: readonly string[];
  readonly kinds: readonly TorrentKind[];
  /** Categories that say nothing, besides that a site names none. */
  readonly silent: readonly string[];
}

export interface CatalogueQuery extends CatalogueFilter {
  /** Default: by rank. */
  readonly sort?: CatalogueSort | undefined;
  /** Reverses the usual order of the column (rank and name ascend, the others descend). */
  readonly reverse?: boolean | undefined;
  /** From 1. */
  readonly page?: number | undefined;
  readonly pageSize?: number | undefined;
  /** Torrents before the first one; default: those of the pages before. */
  readonly offset?: number | undefined;
  /** Counts to the end, also beyond {@link MAX_COUNTED}. */
  readonly countsAll?: boolean | undefined;
}

export interface InsideCounts {
  readonly seeds: number;
  readonly leechers: number;
  /** What they may send to one more, in bits per second; undefined: unknown. */
  readonly bps?: number | undefined;
}

export interface Swarm {
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  readonly inside: InsideCounts;
  readonly entryId: number;
  /** As the original trackers last said. */
  readonly outsideSeeds: number | undefined;
  readonly rank: number | undefined;
}

export interface ListedTorrent extends CatalogueSummary {
  /** Peers inside the network, as last stored. */
  readonly inside: InsideCounts;
  readonly kind: TorrentKind | undefined;
}

export interface CatalogueResult {
  /** Never more than {@link MAX_COUNTED} for a text that more torrents have, unless the query wants all. */
  readonly total: number;
  /** There are more than `total`. */
  readonly isMore: boolean;
  readonly torrents: readonly ListedTorrent[];
  /** What was searched for in place of misspelt words. */
  readonly corrected?: string | undefined;
}

export interface Facets {
  readonly categories: readonly { readonly name: string; readonly count: number }[];
  readonly sites: readonly string[];
  /** Those that there are. */
  readonly kinds: readonly TorrentKind[];
}

export interface CatalogueSearch {
  search(query: CatalogueQuery): CatalogueResult;
  /** What the list can be filtered by: the largest categories, and the sites. */
  facets(): Facets;
  /** Every category, as sites name them. */
  categories(): readonly string[];
  /** Up to `limit` torrents in the order of their info-hashes, with the counts that are stored. @param after `''`: the first */
  swarmsAfter(after: InfoHash | '', limit: number): readonly Swarm[];
  /** Torrents without an entry here keep their counts. */
  storeInsideCounts(counts: ReadonlyMap<InfoHash, InsideCounts>): void;
}

/** A text that more torrents have is not counted to the end: counting takes longer than finding a page. */
export const MAX_COUNTED = 5_000;
const MAX_PAGE_SIZE = 500;
const DEFAULT_PAGE_SIZE = 50;
const MAX_FACETS = 50;
/** The tokens of the index have three characters. */
const MIN_INDEXED_CHARACTERS = 3;
const SHORT_HASH = /^[0-9a-f]{6,40}$/;

const ORDERS: Record<CatalogueSort, readonly [forward: string, backward: string]> = {
  best: ['inside_seeds DESC, rank IS NULL, rank, score DESC', 'inside_seeds, rank IS NOT NULL, rank DESC, score'],
  rank: ['rank IS NULL, rank, score DESC', 'rank IS NOT NULL, rank DESC, score'],
  name: ['name COLLATE NOCASE', 'name COLLATE NOCASE DESC'],
  size: ['total_bytes DESC', 'total_bytes'],
  seeds: ['seeds DESC', 'seeds'],
  leechers: ['leechers DESC', 'leechers'],
  added: ['first_seen_ms DESC', 'first_seen_ms'],
  inside: ['inside_seeds + inside_leechers DESC', 'inside_seeds + inside_leechers'],
};

interface Conditions {
  readonly sql: string[];
  readonly values: (string | number)[];
}

interface InsideRow {
  inside_seeds: number;
  inside_leechers: number;
  inside_bps: number | null;
}
type Row = SummaryRow & InsideRow & { kind: TorrentKind | null };
type SwarmRow = InsideRow &
  Pick<SummaryRow, 'info_hash' | 'hybrid_info_hash' | 'seeds' | 'rank'> & { entry_id: number };

export function catalogueSearch(database: SqliteDatabase): CatalogueSearch {
  return {
    search: (query) => {
      const terms = readSearchTerms(query.text ?? '');
      const found = searchTerms(database, query, terms);
      if (found.total > 0 || terms.included.length === 0) return found;
      const included = terms.included.map((term) => spelt(database, term));
      if (included.every((term, i) => term === terms.included[i])) return found;
      const again = searchTerms(database, query, { ...terms, included });
      return again.total === 0 ? found : { ...again, corrected: included.join(' ') };
    },
    facets: () => ({
      categories: database
        .prepare<[number], { name: string; count: number }>(
          `SELECT category AS name, count(*) AS count FROM catalogue_entry WHERE category IS NOT NULL
           GROUP BY category ORDER BY count(*) DESC, category LIMIT ?`,
        )
        .all(MAX_FACETS),
      sites: database
        .prepare<[number], string>(`SELECT DISTINCT site FROM catalogue_offer WHERE site <> '' ORDER BY site LIMIT ?`)
        .pluck()
        .all(MAX_FACETS),
      kinds: database
        .prepare<[], TorrentKind>(
          'SELECT kind FROM catalogue_entry WHERE kind IS NOT NULL GROUP BY kind ORDER BY count(*) DESC',
        )
        .pluck()
        .all(),
    }),
    categories: () =>
      database
        .prepare<[], string>('SELECT DISTINCT category FROM catalogue_entry WHERE category IS NOT NULL')
        .pluck()
        .all(),
    swarmsAfter: (after, limit) =>
      database
        .prepare<[string, number], SwarmRow>(
          `SELECT entry.info_hash, hybrid_info_hash, inside_seeds, inside_leechers, inside_bps, entry_id, entry.seeds,
             entry.rank FROM catalogue_entry AS entry
           JOIN catalogue_torrent USING (info_hash) WHERE entry.info_hash > ? ORDER BY entry.info_hash LIMIT ?`,
        )
        .all(after, limit)
        .map((row) => ({
          infoHash: row.info_hash,
          hybridInfoHash: row.hybrid_info_hash ?? undefined,
          inside: insideOf(row),
          entryId: row.entry_id,
          outsideSeeds: row.seeds ?? undefined,
          rank: row.rank ?? undefined,
        })),
    storeInsideCounts: database.transaction((counts: ReadonlyMap<InfoHash, InsideCounts>) => {
      const update = database.prepare<{ infoHash: InfoHash; seeds: number; leechers: number; bps: number | null }>(
        `UPDATE catalogue_entry SET inside_seeds = :seeds, inside_leechers = :leechers, inside_bps = :bps
         WHERE info_hash = :infoHash
           AND (inside_seeds <> :seeds OR inside_leechers <> :leechers OR inside_bps IS NOT :bps)`,
      );
      for (const [infoHash, { seeds, leechers, bps = null }] of counts) {
        update.run({ infoHash, seeds, leechers, bps });
      }
    }),
  };
}

/** The term itself if any torrent has it. */
function spelt(database: SqliteDatabase, term: string): string {
  const isKnown = idsOf(database, { included: [term], excluded: [] }, 1).length > 0;
  return isKnown ? term : (nearestWord(database, term) ?? term);
}

function searchTerms(database: SqliteDatabase, query: CatalogueQuery, terms: SearchTerms): CatalogueResult {
  const where = filterConditions(query);
  let from = 'catalogue_entry';
  let isMore = false;
  if (terms.included.length > 0) {
    const ids = idsOf(database, terms, MAX_COUNTED + 1);
    isMore = ids.length > MAX_COUNTED;
    if (!isMore) {
      where.sql.push('entry_id IN (SELECT value FROM json_each(?))');
      where.values.push(JSON.stringify(ids));
    }
  }
  if (isMore || (terms.included.length === 0 && terms.excluded.length > 0)) {
    // Many torrents match, so that walking in the order of the list soon finds a page of them.
    from = 'catalogue_entry CROSS JOIN (SELECT rowid AS text_id, text FROM catalogue_text) ON text_id = entry_id';
    addInstr(where, terms);
  }
  const clause = where.sql.length === 0 ? '' : `WHERE ${where.sql.join(' AND ')}`;
  const order = `${ORDERS[query.sort ?? 'rank'][query.reverse ? 1 : 0]}, info_hash`;
  const pageSize = Math.min(Math.max(1, query.pageSize ?? DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE);
  const offset = query.offset ?? (Math.max(1, query.page ?? 1) - 1) * pageSize;
  const total =
    database
      .prepare<(string | number)[], number>(
        `SELECT count(*) FROM (SELECT 1 FROM ${from} ${clause} ${isMore && !query.countsAll ? `LIMIT ${MAX_COUNTED}` : ''})`,
      )
      .pluck()
      .get(...where.values) ?? 0;
  const ids = database
    .prepare<(string | number)[], number>(`SELECT entry_id FROM ${from} ${clause} ORDER BY ${order} LIMIT ? OFFSET ?`)
    .pluck()
    .all(...where.values, pageSize, offset);
  return { total, isMore: isMore && !query.countsAll && total === MAX_COUNTED, torrents: readTorrents(database, ids) };
}

/** In this order. */
function readTorrents(database: SqliteDatabase, ids: readonly number[]): ListedTorrent[] {
  const columns = SUMMARY_COLUMNS.split(',').map((column) => `torrent.${column.trim()}`);
  return database
    .prepare<[string], Row>(
      `SELECT ${columns.join(', ')}, inside_seeds, inside_leechers, inside_bps, kind
       FROM json_each(?) AS id JOIN catalogue_entry AS entry ON entry.entry_id = id.value
       JOIN catalogue_torrent AS torrent ON torrent.info_hash = entry.info_hash ORDER BY id.key`,
    )
    .all(JSON.stringify(ids))
    .map((row) => ({
      ...summaryOfRow(row),
      inside: insideOf(row),
      kind: row.kind ?? undefined,
    }));
}

function insideOf(row: InsideRow): InsideCounts {
  return { seeds: row.inside_seeds, leechers: row.inside_leechers, bps: row.inside_bps ?? undefined };
}

/** Of torrents that have the terms, or whose info-hash begins with the only one; any of them if there are more. */
function idsOf(database: SqliteDatabase, { included, excluded }: SearchTerms, limit: number): number[] {
  const where: Conditions = { sql: [], values: [] };
  const indexed = included.filter((term) => [...term].length >= MIN_INDEXED_CHARACTERS);
  if (indexed.length > 0) {
    where.sql.push('catalogue_text MATCH ?');
    where.values.push(indexed.map((term) => `"${term.replaceAll('"', '""')}"`).join(' AND '));
  }
  addInstr(where, { included: included.filter((term) => !indexed.includes(term)), excluded });
  const ids = database
    .prepare<(string | number)[], number>(`SELECT rowid FROM catalogue_text WHERE ${where.sql.join(' AND ')} LIMIT ?`)
    .pluck()
    .all(...where.values, limit);
  const [term] = included;
  if (included.length !== 1 || !SHORT_HASH.test(term!)) return ids;
  const byHash = database
    .prepare<[string, string, string, number], number>(
      `SELECT entry_id FROM catalogue_entry WHERE info_hash >= ? AND info_hash < ? OR info_hash IN (
         SELECT info_hash FROM catalogue_torrent WHERE hybrid_info_hash = ?) LIMIT ?`,
    )
    .pluck()
    .all(term!, `${term}g`, term!, limit);
  return [...new Set([...byHash, ...ids])].slice(0, limit);
}

function addInstr({ sql, values }: Conditions, { included, excluded }: SearchTerms): void {
  for (const term of included) {
    sql.push('instr(text, ?) > 0');
    values.push(term);
  }
  for (const term of excluded) {
    sql.push('instr(text, ?) = 0');
    values.push(term);
  }
}

function filterConditions({
  site,
  category,
  kind,
  standard,
  minBytes,
  maxBytes,
  seededInside,
}: CatalogueFilter): Conditions {
  const sql: string[] = [];
  const values: (string | number)[] = [];
  if (site !== undefined) {
    sql.push(
      `info_hash IN (SELECT info_hash FROM catalogue_origin WHERE host = ? OR substr(host, -length(?)) = ?
        UNION SELECT info_hash FROM catalogue_offer WHERE site = ? OR substr(site, -length(?)) = ?)`,
    );
    const name = siteName(site);
    const below = `.${name}`;
    values.push(name, below, below, name, below, below);
  }
  const compare = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    sql.push(condition);
    values.push(value);
  };
  compare('category = ?', category);
  compare('kind = ?', kind);
  if (standard !== undefined) {
    const among = (column: string): string => `${column} IN (SELECT value FROM json_each(?))`;
    sql.push(
      `(${among('category')} OR (${among("coalesce(kind, 'other')")} AND (category IS NULL OR ${among('category')})))`,
    );
    values.push(...[standard.categories, standard.kinds, standard.silent].map((list) => JSON.stringify(list)));
  }
  compare('total_bytes >= ?', minBytes);
  compare('total_bytes < ?', maxBytes);
  if (seededInside) sql.push('inside_seeds > 0');
  return { sql, values };
}
