/** The orders in which lists of the catalogue are shown, made when one is asked for and kept until an entry changes. */
import type { Columns, EntryColumns } from './entry-columns.js';
import { orderBy, type SortKey } from './radix-order.js';

/** `best`: most seeds inside the network first, then by rank. */
export type EntrySort = 'best' | 'rank' | 'name' | 'size' | 'seeds' | 'leechers' | 'added' | 'inside';

const KEYS: Readonly<Record<Exclude<EntrySort, 'name'>, (columns: Columns) => SortKey[]>> = {
  best: ({ insideSeeds, rank, score }) => [
    { of: insideSeeds, descending: true },
    { of: rank },
    { of: score, descending: true },
  ],
  rank: ({ rank, score }) => [{ of: rank }, { of: score, descending: true }],
  size: ({ totalBytes }) => [{ of: totalBytes, descending: true }],
  seeds: ({ seeds }) => [{ of: seeds, descending: true }],
  leechers: ({ leechers }) => [{ of: leechers, descending: true }],
  added: ({ firstSeenMs }) => [{ of: firstSeenMs, descending: true }],
  inside: ({ inside }) => [{ of: inside, descending: true }],
};

const SORTS: readonly EntrySort[] = ['best', 'rank', 'name', 'size', 'seeds', 'leechers', 'added', 'inside'];
/** To make an order of this many entries takes milliseconds, while the counts of peers change many times a second. */
const LARGE = 10_000;
/** The longest time for which a large order may be out of date. */
const STALE_MS = 2_000;

interface Order {
  readonly slots: Uint32Array;
  readonly version: number;
  readonly madeMs: number;
}

export class EntryOrders {
  readonly #entries: EntryColumns;
  readonly #orders = new Map<EntrySort, Order>();

  constructor(entries: EntryColumns) {
    this.#entries = entries;
  }

  /** Makes all orders, one after another: the first ones take longest. */
  async warmUp(pause: () => Promise<unknown>): Promise<void> {
    for (const sort of SORTS) {
      this.by(sort);
      await pause();
    }
  }

  /** Slots in this order; equal ones in the order in which they were added. Slots of entries that have been deleted since may be among them. */
  by(sort: EntrySort): Uint32Array {
    const { version, count, columns } = this.#entries;
    const known = this.#orders.get(sort);
    const nowMs = performance.now();
    if (known?.version === version) return known.slots;
    if (known !== undefined && count >= LARGE && nowMs - known.madeMs < STALE_MS) return known.slots;
    const slots = sort === 'name' ? this.#entries.slotsByName : orderBy(this.#entries.slots, KEYS[sort](columns));
    this.#orders.set(sort, { slots, version, madeMs: nowMs });
    return slots;
  }
}
