/**
 * The entries of the catalogue in the order of their names. Names stay in the database: a changed one is put at its place
 * by a binary search.
 */
import type { SqliteDatabase } from '../database.js';

/** Rows read at once: a few milliseconds. */
const CHUNK = 5_000;
/** Where more has changed, the order is read again: an insertion reads about 17 names. */
const MAX_INSERTED = 300;

interface Named {
  readonly entry_id: number;
  readonly name: string;
  readonly info_hash: string;
}

export class NameOrder {
  readonly #database: SqliteDatabase;
  #order = new Float64Array(0);
  #isLoaded = false;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Entry ids. Those that were deleted since may still be among them. */
  order(): Float64Array {
    if (!this.#isLoaded) for (const _chunk of this.loadAll()) void _chunk;
    return this.#order;
  }

  /** Reads everything, in steps of a few milliseconds. */
  *loadAll(): Generator<undefined> {
    const first = this.#database.prepare<[number], Named>(
      'SELECT entry_id, name, info_hash FROM catalogue_entry ORDER BY name COLLATE NOCASE, info_hash LIMIT ?',
    );
    const next = this.#database.prepare<[string, string, number], Named>(
      `SELECT entry_id, name, info_hash FROM catalogue_entry WHERE (name COLLATE NOCASE, info_hash) > (?, ?)
       ORDER BY name COLLATE NOCASE, info_hash LIMIT ?`,
    );
    const ids: number[] = [];
    for (let chunk = first.all(CHUNK); chunk.length > 0; ) {
      for (const { entry_id } of chunk) ids.push(entry_id);
      const last = chunk.at(-1)!;
      yield;
      chunk = next.all(last.name, last.info_hash, CHUNK);
    }
    this.#order = Float64Array.from(ids);
    this.#isLoaded = true;
  }

  /** Moves entries that were added, renamed or deleted. */
  take(entryIds: readonly number[]): void {
    if (!this.#isLoaded) return;
    if (entryIds.length > MAX_INSERTED) {
      this.#isLoaded = false;
      return;
    }
    const changed = new Set(entryIds);
    const rest = this.#order.filter((id) => !changed.has(id));
    const added = [...changed].flatMap((id) => this.#read(id) ?? []).sort(compareNames);
    const places = added.map((entry) => this.#placeOf(entry, rest));
    const order = new Float64Array(rest.length + added.length);
    let from = 0;
    added.forEach(({ entry_id }, i) => {
      const to = places[i]!;
      order.set(rest.subarray(from, to), from + i);
      order[to + i] = entry_id;
      from = to;
    });
    order.set(rest.subarray(from), from + added.length);
    this.#order = order;
  }

  #read(id: number): Named | undefined {
    return this.#database
      .prepare<[number], Named>('SELECT entry_id, name, info_hash FROM catalogue_entry WHERE entry_id = ?')
      .get(id);
  }

  #placeOf(entry: Named, order: Float64Array): number {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#read(order[middle]!);
      if (other === undefined || compareNames(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As SQLite's NOCASE does: by bytes, with ASCII letters in one case. */
function compareNames(a: Named, b: Named): number {
  const order = Buffer.compare(Buffer.from(foldAscii(a.name)), Buffer.from(foldAscii(b.name)));
  return order !== 0 ? order : a.info_hash < b.info_hash ? -1 : 1;
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
