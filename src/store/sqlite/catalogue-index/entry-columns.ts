/**
 * What lists of the catalogue are filtered and sorted by, as columns in memory: a list of 100,000 torrents is filtered and
 * sorted in a few milliseconds, which SQLite needs ten to a hundred times as long for. About 120 bytes an entry.
 * `catalogue_change` says what has changed since, whoever wrote it.
 */
import { TORRENT_KINDS, type TorrentKind } from '../../../domain/torrent-kind.js';
import type { SqliteDatabase } from '../database.js';
import { NameOrder } from './name-order.js';
import { SlotSet } from './slot-set.js';

interface EntryRow {
  readonly entry_id: number;
  readonly name: string;
  readonly category: string | null;
  readonly kind: TorrentKind | null;
  readonly total_bytes: number | null;
  readonly seeds: number | null;
  readonly leechers: number | null;
  readonly rank: number | null;
  readonly score: number;
  readonly first_seen_ms: number;
  readonly inside_seeds: number;
  readonly inside_leechers: number;
}

const COLUMNS =
  'name, category, kind, total_bytes, seeds, leechers, rank, score, first_seen_ms, inside_seeds, inside_leechers';
/** Rows read at once: a few milliseconds. */
const CHUNK = 2_000;
/** Where more has changed, everything is read again. */
const MAX_CHANGES = 20_000;

/** NaN stands for what is unknown. Index: slot. */
export interface Columns {
  readonly totalBytes: Float64Array;
  readonly seeds: Float64Array;
  readonly leechers: Float64Array;
  readonly rank: Float64Array;
  readonly score: Float64Array;
  readonly firstSeenMs: Float64Array;
  readonly insideSeeds: Float64Array;
  readonly inside: Float64Array;
}

const NAMES = [
  'totalBytes',
  'seeds',
  'leechers',
  'rank',
  'score',
  'firstSeenMs',
  'insideSeeds',
  'inside',
] as const satisfies readonly (keyof Columns)[];

export class EntryColumns {
  readonly #database: SqliteDatabase;
  #columns = columnsOf(0);
  #entryIds = new Float64Array(0);
  #categoryNumbers = new Uint32Array(0);
  /** Place in TORRENT_KINDS, from 1; 0: unknown. */
  #kinds = new Uint8Array(0);
  /** Tells that a name has changed. */
  #nameHashes = new Uint32Array(0);
  /** By entry id, one more than the slot; 0: there is none. Ids are numbered from 1 without large gaps. */
  #slotOf = new Uint32Array(0);
  #count = 0;
  /** Made when they are asked for. */
  #slots: Uint32Array | undefined;
  #freeSlots: number[] = [];
  #used = 0;
  #sites = new Map<string, SlotSet>();
  /** Sites that offer torrents; the others have only addresses of them. */
  readonly #offerSites = new Set<string>();
  readonly #categories = new Map<string, number>();
  readonly #names: NameOrder;
  /** Of the last change that is in the columns; undefined: nothing is loaded. */
  #sequence: number | undefined;
  #version = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#names = new NameOrder(database);
  }

  /** Changes whenever an entry does. */
  get version(): number {
    return this.#version;
  }

  get columns(): Columns {
    return this.#columns;
  }

  get count(): number {
    return this.#count;
  }

  /** One above the highest slot in use. */
  get used(): number {
    return this.#used;
  }

  /** Of all entries, in the order of their ids. */
  get slots(): Uint32Array {
    if (this.#slots === undefined) {
      const slots = new Uint32Array(this.#count);
      let count = 0;
      for (const place of this.#slotOf) if (place > 0) slots[count++] = place - 1;
      this.#slots = slots;
    }
    return this.#slots;
  }

  /** By name, without regard to case. */
  get slotsByName(): Uint32Array {
    return this.slotsOf(this.#names.order());
  }

  entryAt(slot: number): number {
    return this.#entryIds[slot]!;
  }

  /** False for a slot whose entry was deleted. */
  isInUse(slot: number): boolean {
    return this.#slotOf[this.#entryIds[slot]!] === slot + 1;
  }

  /** Of those entries that still exist. */
  slotsOf(entryIds: ArrayLike<number>): Uint32Array {
    const slots = new Uint32Array(entryIds.length);
    let count = 0;
    for (let i = 0; i < entryIds.length; i++) {
      const place = this.#slotOf[entryIds[i]!];
      if (place !== undefined && place > 0) slots[count++] = place - 1;
    }
    return slots.subarray(0, count);
  }

  /** @returns 0 for a category that no entry has; compare with {@link categoryAt} */
  categoryNumber(name: string): number {
    return this.#categories.get(name) ?? 0;
  }

  categoryAt(slot: number): number {
    return this.#categoryNumbers[slot]!;
  }

  kindAt(slot: number): TorrentKind | undefined {
    return TORRENT_KINDS[this.#kinds[slot]! - 1];
  }

  /** How many entries are of each kind. */
  kindCounts(): Map<TorrentKind, number> {
    const counts = new Uint32Array(TORRENT_KINDS.length + 1);
    for (const slot of this.slots) counts[this.#kinds[slot]!]!++;
    return new Map(TORRENT_KINDS.map((kind, i) => [kind, counts[i + 1]!]));
  }

  /** How many entries each category has. */
  categoryCounts(): Map<string, number> {
    const counts = new Uint32Array(this.#categories.size + 1);
    for (const slot of this.slots) counts[this.#categoryNumbers[slot]!]!++;
    return new Map([...this.#categories].map(([name, number]) => [name, counts[number]!]));
  }

  /** Where torrents are offered, in alphabetical order. */
  offerSites(): string[] {
    return [...this.#offerSites].sort();
  }

  /** Of entries on this site or a subdomain of it. */
  onSite(name: string): SlotSet {
    const found = new SlotSet(this.#used);
    for (const [host, slots] of this.#sites) if (host === name || host.endsWith(`.${name}`)) found.addAll(slots);
    return found;
  }

  /** Takes what has changed since the last time; everything at the first time. */
  refresh(): void {
    const newest = this.#newest();
    if (newest === this.#sequence) return;
    const changed =
      this.#sequence === undefined
        ? undefined
        : this.#database
            .prepare<[number, number], number>(
              'SELECT entry_id FROM catalogue_change WHERE sequence > ? ORDER BY sequence LIMIT ?',
            )
            .pluck()
            .all(this.#sequence, MAX_CHANGES);
    // A transaction that is not committed may be rolled back: then everything is read again.
    const isFinal = !this.#database.inTransaction;
    if (changed === undefined || changed.length === MAX_CHANGES || newest < this.#sequence!) {
      for (const _chunk of this.#loadAll()) void _chunk;
    } else this.#take(changed);
    this.#sequence = isFinal ? newest : undefined;
    this.#version++;
  }

  /** Loads everything in steps of a few milliseconds, for a large catalogue; what changes meanwhile is taken later. */
  async warmUp(pause: () => Promise<unknown>): Promise<void> {
    if (this.#sequence !== undefined) return;
    const newest = this.#newest();
    for (const _chunk of this.#loadAll()) await pause();
    // A search came in between and has loaded everything itself.
    this.#sequence ??= newest;
    this.#version++;
  }

  #newest(): number {
    return this.#database.prepare<[], number>('SELECT max(sequence) FROM catalogue_change').pluck().get() ?? 0;
  }

  *#loadAll(): Generator<undefined> {
    this.#reset();
    const { highest } = this.#database
      .prepare<[], { highest: number | null }>('SELECT max(entry_id) AS highest FROM catalogue_entry')
      .get()!;
    const rows = this.#database.prepare<[number, number], EntryRow>(
      `SELECT entry_id, ${COLUMNS} FROM catalogue_entry WHERE entry_id > ? ORDER BY entry_id LIMIT ?`,
    );
    for (let after = 0; after < (highest ?? 0); ) {
      const chunk = rows.all(after, CHUNK);
      if (chunk.length === 0) break;
      for (const row of chunk) this.#put(row);
      const last = chunk.at(-1)!.entry_id;
      this.#putSites(after, last);
      after = last;
      yield;
    }
    for (const _chunk of this.#names.loadAll()) yield;
  }

  #reset(): void {
    this.#columns = columnsOf(0);
    this.#entryIds = new Float64Array(0);
    this.#categoryNumbers = new Uint32Array(0);
    this.#kinds = new Uint8Array(0);
    this.#nameHashes = new Uint32Array(0);
    this.#slotOf = new Uint32Array(0);
    this.#count = 0;
    this.#slots = undefined;
    this.#freeSlots = [];
    this.#used = 0;
    this.#sites = new Map();
  }

  #take(entryIds: readonly number[]): void {
    const select = this.#database.prepare<[number], EntryRow>(
      `SELECT entry_id, ${COLUMNS} FROM catalogue_entry WHERE entry_id = ?`,
    );
    const renamed: number[] = [];
    for (const id of entryIds) {
      const row = select.get(id);
      const [slot] = this.slotsOf([id]);
      if (row === undefined || slot === undefined || hashOf(row.name) !== this.#nameHashes[slot]) renamed.push(id);
      if (row === undefined) this.#remove(id);
      else {
        for (const slots of this.#sites.values()) if (slot !== undefined) slots.delete(slot);
        this.#put(row);
        this.#putSites(id - 1, id);
      }
    }
    this.#names.take(renamed);
  }

  /** @returns its slot */
  #put(row: EntryRow): number {
    const slot = this.slotsOf([row.entry_id])[0] ?? this.#newSlot(row.entry_id);
    const { totalBytes, seeds, leechers, rank, score, firstSeenMs, insideSeeds, inside } = this.#columns;
    totalBytes[slot] = row.total_bytes ?? Number.NaN;
    seeds[slot] = row.seeds ?? Number.NaN;
    leechers[slot] = row.leechers ?? Number.NaN;
    rank[slot] = row.rank ?? Number.NaN;
    score[slot] = row.score;
    firstSeenMs[slot] = row.first_seen_ms;
    insideSeeds[slot] = row.inside_seeds;
    inside[slot] = row.inside_seeds + row.inside_leechers;
    this.#nameHashes[slot] = hashOf(row.name);
    this.#kinds[slot] = row.kind === null ? 0 : TORRENT_KINDS.indexOf(row.kind) + 1;
    this.#categoryNumbers[slot] = row.category === null ? 0 : this.#numberOf(row.category);
    return slot;
  }

  #numberOf(category: string): number {
    const number = this.#categories.get(category) ?? this.#categories.size + 1;
    this.#categories.set(category, number);
    return number;
  }

  #newSlot(entryId: number): number {
    const slot = this.#freeSlots.pop() ?? this.#used++;
    if (slot >= this.#entryIds.length) this.#grow(Math.max(64, 2 * slot));
    if (entryId >= this.#slotOf.length) {
      const grown = new Uint32Array(2 * entryId + 1);
      grown.set(this.#slotOf);
      this.#slotOf = grown;
    }
    this.#slotOf[entryId] = slot + 1;
    this.#count++;
    this.#slots = undefined;
    this.#entryIds[slot] = entryId;
    return slot;
  }

  #grow(capacity: number): void {
    const grown = columnsOf(capacity);
    for (const name of NAMES) grown[name].set(this.#columns[name]);
    const entryIds = new Float64Array(capacity);
    entryIds.set(this.#entryIds);
    const categories = new Uint32Array(capacity);
    categories.set(this.#categoryNumbers);
    const kinds = new Uint8Array(capacity);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    const nameHashes = new Uint32Array(capacity);
    nameHashes.set(this.#nameHashes);
    this.#nameHashes = nameHashes;
    this.#columns = grown;
    this.#entryIds = entryIds;
    this.#categoryNumbers = categories;
  }

  #remove(entryId: number): void {
    const [slot] = this.slotsOf([entryId]);
    if (slot === undefined) return;
    this.#slotOf[entryId] = 0;
    this.#count--;
    this.#slots = undefined;
    this.#freeSlots.push(slot);
    for (const slots of this.#sites.values()) slots.delete(slot);
  }

  /** Of entries above `after` up to `last`. */
  #putSites(after: number, last: number): void {
    const rows = this.#database
      .prepare<[number, number, number, number], [id: number, site: string, isOffer: 0 | 1]>(
        `SELECT entry_id, host, 0 FROM catalogue_entry JOIN catalogue_origin USING (info_hash)
         WHERE entry_id > ? AND entry_id <= ?
         UNION SELECT entry_id, site, 1 FROM catalogue_entry JOIN catalogue_offer USING (info_hash)
         WHERE entry_id > ? AND entry_id <= ? AND site <> ''`,
      )
      .raw()
      .all(after, last, after, last);
    for (const [id, site, isOffer] of rows) {
      if (isOffer === 1) this.#offerSites.add(site);
      const slots = this.#sites.get(site) ?? new SlotSet(this.#entryIds.length);
      this.#sites.set(site, slots);
      slots.add(this.#slotOf[id]! - 1);
    }
  }
}

function columnsOf(capacity: number): Columns {
  const column = (): Float64Array => new Float64Array(capacity);
  return {
    totalBytes: column(),
    seeds: column(),
    leechers: column(),
    rank: column(),
    score: column(),
    firstSeenMs: column(),
    insideSeeds: column(),
    inside: column(),
  };
}

/** FNV-1a over the UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}
