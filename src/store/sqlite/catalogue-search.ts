/**
 * Searches, filters, sorts and pages the catalogue. Every term of the text must be in the name, in what a site calls it, or
 * in a file's path. The full-text indexes say which entries have the terms; filters and orders are columns in memory; only
 * the torrents of the page are read whole. So no search among 100,000 torrents takes longer than some ten milliseconds
 * (docs/benchmarks.md), which matters because it runs on the main thread.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import { siteName } from '../../domain/site-address.js';
import type { TorrentKind } from '../../domain/torrent-kind.js';
import { EntryColumns } from './catalogue-index/entry-columns.js';
import { EntryOrders, type EntrySort } from './catalogue-index/entry-orders.js';
import { type EntryIds, MAX_VERIFIED, TextIndex } from './catalogue-index/text-index.js';
import { readSearchTerms, type SearchTerms } from './catalogue-search-text.js';
import { Spelling } from './catalogue-spelling.js';
import { type CatalogueSummary, SUMMARY_COLUMNS, type SummaryRow, summaryOfRow } from './catalogue-torrent.js';
import type { SqliteDatabase } from './database.js';

export type CatalogueSort = EntrySort;

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
  /** Completed downloads, as last reported. */
  readonly completed: number | undefined;
}

export interface CatalogueResult {
  readonly total: number;
  readonly torrents: readonly ListedTorrent[];
  /** What was searched for in place of misspelt words. */
  readonly corrected?: string | undefined;
}

export interface Facets {
  readonly categories: readonly { readonly name: string; readonly count: number }[];
  readonly sites: readonly string[];
  readonly kinds: readonly { readonly name: TorrentKind; readonly count: number }[];
}

export interface CatalogueSearch {
  search(query: CatalogueQuery): CatalogueResult;
  /** What the list can be filtered by: the largest categories, and the sites. */
  facets(): Facets;
  /** Every category, as sites name them. */
  categories(): readonly string[];
  /** Up to `limit` torrents in the order of their info-hashes, with the counts that are stored. @param after `''`: the first */
  swarmsAfter(after: InfoHash | '', limit: number): readonly Swarm[];
  /** Those with peers inside by the counts that are stored, in the same order. @param after `''`: the first */
  swarmsInsideAfter(after: InfoHash | '', limit: number): readonly Swarm[];
  /** Those with one of these hashes, each once. */
  swarmsOf(infoHashes: readonly InfoHash[]): readonly Swarm[];
  /** Torrents without an entry here keep their counts. */
  storeInsideCounts(counts: ReadonlyMap<InfoHash, InsideCounts>): void;
  /** Changes with every entry but for its counts of peers inside, and with every decision on what is published. */
  publishedVersion(): string;
  /** Loads what searches hold in memory, a few milliseconds at a time. Without it the first search does, all at once. */
  warmUpSearch(): Promise<void>;
}

const MAX_PAGE_SIZE = 500;
const DEFAULT_PAGE_SIZE = 50;
const MAX_FACETS = 50;
/** Words of one search that are looked up in the vocabulary. */
const MAX_CORRECTED = 4;
const SHORT_HASH = /^[0-9a-f]{6,40}$/;

interface InsideRow {
  inside_seeds: number;
  inside_leechers: number;
  inside_bps: number | null;
}
type Row = SummaryRow & InsideRow & { kind: TorrentKind | null; completed: number | null };
type SwarmRow = InsideRow &
  Pick<SummaryRow, 'info_hash' | 'hybrid_info_hash' | 'seeds' | 'rank'> & { entry_id: number };

const SELECT_SWARM = `
  SELECT entry.info_hash, hybrid_info_hash, inside_seeds, inside_leechers, inside_bps, entry_id, entry.seeds, entry.rank
  FROM catalogue_entry AS entry JOIN catalogue_torrent USING (info_hash)`;

interface Index {
  readonly database: SqliteDatabase;
  readonly entries: EntryColumns;
  readonly orders: EntryOrders;
  readonly texts: TextIndex;
}

export function catalogueSearch(database: SqliteDatabase): CatalogueSearch {
  const entries = new EntryColumns(database);
  const index = { database, entries, orders: new EntryOrders(entries), texts: new TextIndex(database) };
  const spelling = new Spelling(database);
  /** Each is one more `sequence`: with these left out, the version of what is published does not change by counting. */
  let countsStored = 0;
  const storeCounts = countsWriter(database);
  return {
    search: (query) => {
      entries.refresh();
      const terms = readSearchTerms(query.text ?? '');
      const found = searchTerms(index, query, terms);
      if (found.total > 0 || terms.included.length === 0) return found;
      const unknown = terms.included.filter((term) => !index.texts.isKnown(term)).slice(0, MAX_CORRECTED);
      const corrections = spelling.corrections(unknown);
      if (corrections.size === 0) return found;
      const included = terms.included.map((term) => corrections.get(term) ?? term);
      const again = searchTerms(index, query, { ...terms, included });
      return again.total === 0 ? found : { ...again, corrected: included.join(' ') };
    },
    facets: () => {
      entries.refresh();
      return {
        categories: byCount(entries.categoryCounts()).slice(0, MAX_FACETS),
        sites: entries.offerSites().slice(0, MAX_FACETS),
        kinds: byCount(entries.kindCounts()),
      };
    },
    categories: () => {
      entries.refresh();
      return byCount(entries.categoryCounts()).map(({ name }) => name);
    },
    publishedVersion: () =>
      database
        .prepare<[number], string>(
          `SELECT (coalesce((SELECT max(sequence) FROM catalogue_change), 0) - ?) || ' '
             || coalesce((SELECT max(log_id) FROM catalogue_log), 0)`,
        )
        .pluck()
        .get(countsStored) ?? '',
    warmUpSearch: async () => {
      const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      await entries.warmUp(pause);
      await index.orders.warmUp(pause);
    },
    swarmsAfter: (after, limit) =>
      database
        .prepare<[string, number], SwarmRow>(
          `${SELECT_SWARM} WHERE entry.info_hash > ? ORDER BY entry.info_hash LIMIT ?`,
        )
        .all(after, limit)
        .map(swarmOfRow),
    swarmsInsideAfter: (after, limit) =>
      database
        .prepare<[string, number], SwarmRow>(
          `${SELECT_SWARM} WHERE inside_seeds + inside_leechers > 0 AND entry.info_hash > ?
           ORDER BY entry.info_hash LIMIT ?`,
        )
        .all(after, limit)
        .map(swarmOfRow),
    swarmsOf: (infoHashes) =>
      database
        .prepare<{ infoHashes: string }, SwarmRow>(
          `${SELECT_SWARM} WHERE entry.info_hash IN (
             SELECT value FROM json_each(:infoHashes)
             UNION SELECT info_hash FROM catalogue_torrent
               WHERE hybrid_info_hash IN (SELECT value FROM json_each(:infoHashes)))`,
        )
        .all({ infoHashes: JSON.stringify(infoHashes) })
        .map(swarmOfRow),
    storeInsideCounts: (counts) => {
      countsStored += storeCounts(counts);
    },
  };
}

/** @returns a function that stores counts and returns how many entries that has changed */
function countsWriter(database: SqliteDatabase): (counts: ReadonlyMap<InfoHash, InsideCounts>) => number {
  const update = database.prepare<{ infoHash: InfoHash; seeds: number; leechers: number; bps: number | null }>(
    `UPDATE catalogue_entry SET inside_seeds = :seeds, inside_leechers = :leechers, inside_bps = :bps
     WHERE info_hash = :infoHash
       AND (inside_seeds <> :seeds OR inside_leechers <> :leechers OR inside_bps IS NOT :bps)`,
  );
  return database.transaction((counts: ReadonlyMap<InfoHash, InsideCounts>): number => {
    let changed = 0;
    for (const [infoHash, { seeds, leechers, bps = null }] of counts) {
      changed += update.run({ infoHash, seeds, leechers, bps }).changes;
    }
    return changed;
  });
}

/** Of what entries have, the most frequent first. */
function byCount<Name extends string>(counts: ReadonlyMap<Name, number>): { name: Name; count: number }[] {
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function searchTerms(index: Index, query: CatalogueQuery, terms: SearchTerms): CatalogueResult {
  const { database, entries, orders } = index;
  const matching = matchingSlots(index, query, terms);
  const isMatching = matching === entries.slots ? undefined : new Uint8Array(entries.used);
  // By index: iterators take several times as long, which a list of all torrents shows.
  if (isMatching !== undefined) for (let i = 0; i < matching.length; i++) isMatching[matching[i]!] = 1;
  const pageSize = Math.min(Math.max(1, query.pageSize ?? DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE);
  const first = query.offset ?? (Math.max(1, query.page ?? 1) - 1) * pageSize;
  const order = orders.by(query.sort ?? 'rank');
  const isBackward = query.reverse === true;
  const ids: number[] = [];
  for (let i = 0, place = 0; i < order.length && ids.length < pageSize; i++) {
    const slot = order[isBackward ? order.length - 1 - i : i]!;
    const isFound = isMatching === undefined ? entries.isInUse(slot) : isMatching[slot] === 1;
    if (isFound && place++ >= first) ids.push(entries.entryAt(slot));
  }
  return { total: matching.length, torrents: readTorrents(database, ids) };
}

/** The slots of entries that have the terms and pass the filters. */
function matchingSlots(index: Index, query: CatalogueQuery, { included, excluded }: SearchTerms): Uint32Array {
  const { entries, texts } = index;
  const passes = filterOf(entries, query);
  const matches = texts.withAll(included);
  const unwanted = excluded.length === 0 ? { lists: [], unverified: [] } : texts.withAny(excluded);
  const remaining = (ids: EntryIds | undefined): Uint32Array => {
    const all = ids === undefined ? entries.slots : entries.slotsOf(ids);
    return without(entries, passes === undefined ? all : all.filter(passes), unwanted.lists);
  };
  const rest = { included: matches.unverified, excluded: unwanted.unverified };
  let slots = remaining(matches.ids);
  if (rest.included.length + rest.excluded.length > 0) {
    if (slots.length <= MAX_VERIFIED) slots = slots.filter((slot) => texts.verify(entries.entryAt(slot), rest));
    else if (rest.included.length > 0 && matches.certain !== undefined) slots = remaining(matches.certain);
  }
  const byHash = entries.slotsOf(idsByHash(index, included));
  if (byHash.length === 0) return slots;
  return Uint32Array.from(new Set([...byHash.filter((slot) => passes?.(slot) ?? true), ...slots]));
}

function without(entries: EntryColumns, slots: Uint32Array, lists: readonly EntryIds[]): Uint32Array {
  if (lists.length === 0) return slots;
  const isRemoved = new Uint8Array(entries.used);
  for (const ids of lists) for (const slot of entries.slotsOf(ids)) isRemoved[slot] = 1;
  return slots.filter((slot) => isRemoved[slot] === 0);
}

/** Of torrents whose info-hash begins with the only term. */
function idsByHash({ database }: Index, included: readonly string[]): readonly number[] {
  const [term] = included;
  if (included.length !== 1 || !SHORT_HASH.test(term!)) return [];
  return database
    .prepare<[string, string, string, number], number>(
      `SELECT entry_id FROM catalogue_entry WHERE info_hash >= ? AND info_hash < ? OR info_hash IN (
         SELECT info_hash FROM catalogue_torrent WHERE hybrid_info_hash = ?) LIMIT ?`,
    )
    .pluck()
    .all(term!, `${term}g`, term!, MAX_PAGE_SIZE);
}

/** In this order. */
function readTorrents(database: SqliteDatabase, ids: readonly number[]): ListedTorrent[] {
  const columns = SUMMARY_COLUMNS.split(',').map((column) => `torrent.${column.trim()}`);
  return database
    .prepare<[string], Row>(
      `SELECT ${columns.join(', ')}, inside_seeds, inside_leechers, inside_bps, kind,
         (SELECT downloads FROM catalogue_popularity AS seen WHERE seen.info_hash = torrent.info_hash) AS completed
       FROM json_each(?) AS id JOIN catalogue_entry AS entry ON entry.entry_id = id.value
       JOIN catalogue_torrent AS torrent ON torrent.info_hash = entry.info_hash ORDER BY id.key`,
    )
    .all(JSON.stringify(ids))
    .map((row) => ({
      ...summaryOfRow(row),
      inside: insideOf(row),
      kind: row.kind ?? undefined,
      completed: row.completed ?? undefined,
    }));
}

function swarmOfRow(row: SwarmRow): Swarm {
  return {
    infoHash: row.info_hash,
    hybridInfoHash: row.hybrid_info_hash ?? undefined,
    inside: insideOf(row),
    entryId: row.entry_id,
    outsideSeeds: row.seeds ?? undefined,
    rank: row.rank ?? undefined,
  };
}

function insideOf(row: InsideRow): InsideCounts {
  return { seeds: row.inside_seeds, leechers: row.inside_leechers, bps: row.inside_bps ?? undefined };
}

/** @returns undefined if all pass */
function filterOf(entries: EntryColumns, filter: CatalogueFilter): ((slot: number) => boolean) | undefined {
  const { site, category, kind, standard, minBytes, maxBytes, seededInside } = filter;
  const { totalBytes, insideSeeds } = entries.columns;
  const tests: ((slot: number) => boolean)[] = [];
  if (seededInside) tests.push((slot) => insideSeeds[slot]! > 0);
  if (category !== undefined) {
    const number = entries.categoryNumber(category);
    tests.push((slot) => number !== 0 && entries.categoryAt(slot) === number);
  }
  if (kind !== undefined) tests.push((slot) => entries.kindAt(slot) === kind);
  if (minBytes !== undefined) tests.push((slot) => totalBytes[slot]! >= minBytes);
  if (maxBytes !== undefined) tests.push((slot) => totalBytes[slot]! < maxBytes);
  if (standard !== undefined) tests.push(standardTest(entries, standard));
  if (site !== undefined) {
    const onSite = entries.onSite(siteName(site));
    tests.push((slot) => onSite.has(slot));
  }
  return tests.length === 0 ? undefined : (slot) => tests.every((passes) => passes(slot));
}

function standardTest(entries: EntryColumns, standard: StandardFilter): (slot: number) => boolean {
  const numbersOf = (names: readonly string[]) => new Set(names.map((name) => entries.categoryNumber(name)));
  const categories = numbersOf(standard.categories);
  categories.delete(0);
  const silent = numbersOf(standard.silent).add(0);
  const kinds = new Set(standard.kinds);
  return (slot) => {
    const category = entries.categoryAt(slot);
    return categories.has(category) || (silent.has(category) && kinds.has(entries.kindAt(slot) ?? 'other'));
  };
}
