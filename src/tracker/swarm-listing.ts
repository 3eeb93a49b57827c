/**
 * The greatest swarms for the operator's list, found in slices between batches: a store of a million swarms is walked
 * over some hundred turns without holding up an answer.
 */
import type { SwarmsQuery } from './data-plane-messages.js';
import { MAX_LISTED_SWARMS } from './limits.js';
import type { SwarmStore, SwarmSummary } from './swarm/swarm-store.js';

/** Swarms looked at in one slice. */
const SLICE_SWARMS = 512;

function measureOf(swarm: SwarmSummary, sort: SwarmsQuery['sort']): number {
  return sort === 'peers' ? swarm.seeds + swarm.leechers : swarm[sort];
}

export class SwarmListing {
  readonly #limit: number;
  readonly #sort: SwarmsQuery['sort'];
  #cursor = 0;
  #best: SwarmSummary[] = [];

  constructor(query: SwarmsQuery) {
    this.#limit = Math.max(0, Math.min(Math.floor(query.limit), MAX_LISTED_SWARMS));
    this.#sort = query.sort;
  }

  /** @returns the list once the whole store was seen, else null: call again */
  next(store: SwarmStore): SwarmSummary[] | null {
    const { swarms, cursor } = store.listSwarms(this.#cursor, SLICE_SWARMS);
    this.#best = [...this.#best, ...swarms]
      .sort((a, b) => measureOf(b, this.#sort) - measureOf(a, this.#sort))
      .slice(0, this.#limit);
    this.#cursor = cursor;
    return cursor < 0 ? this.#best : null;
  }
}
