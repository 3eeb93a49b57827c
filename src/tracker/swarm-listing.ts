/**
 * The largest swarms for the operator's list, found in slices between batches: a store of a million swarms is walked over
 * some hundred turns without holding up an answer. Then the peers of each swarm in the list are counted by network.
 */
import { infoHashToBytes, parseInfoHash } from '../domain/info-hash.js';
import type { ListedSwarm, SwarmsQuery } from './data-plane-messages.js';
import { MAX_LISTED_SWARMS } from './limits.js';
import type { SwarmStore, SwarmSummary } from './swarm/swarm-store.js';
import { NOTHING_TALLIED } from './swarm/swarm-tally.js';

/** Swarms looked at in one slice. */
const SLICE_SWARMS = 512;

function measureOf(swarm: SwarmSummary, sort: SwarmsQuery['sort']): number {
  return sort === 'peers' ? swarm.seeds + swarm.leechers : swarm[sort];
}

/** As the query asks, from the parts of several workers. */
export function largestFirst<Swarm extends SwarmSummary>(
  swarms: readonly Swarm[],
  { sort, limit }: SwarmsQuery,
): Swarm[] {
  return [...swarms].sort((a, b) => measureOf(b, sort) - measureOf(a, sort)).slice(0, Math.max(0, limit));
}

export class SwarmListing {
  readonly limit: number;
  readonly sort: SwarmsQuery['sort'];
  private cursor = 0;
  private best: SwarmSummary[] = [];
  private readonly listed: ListedSwarm[] = [];

  constructor(query: SwarmsQuery) {
    this.limit = Math.max(0, Math.min(Math.floor(query.limit), MAX_LISTED_SWARMS));
    this.sort = query.sort;
  }

  /** One slice. @returns the list once all is counted, and the steps that the slice took */
  next(store: SwarmStore): { readonly list: readonly ListedSwarm[] | null; readonly steps: number } {
    if (this.cursor >= 0) return { list: this.find(store), steps: SLICE_SWARMS };
    const summary = this.best[this.listed.length]!;
    const tally = store.tally(infoHashToBytes(parseInfoHash(summary.infoHash)));
    const { inner, foreign } = tally ?? NOTHING_TALLIED;
    this.listed.push({ ...summary, inner, foreign });
    return { list: this.listed.length === this.best.length ? this.listed : null, steps: tally?.steps ?? 1 };
  }

  private find(store: SwarmStore): readonly ListedSwarm[] | null {
    const { swarms, cursor } = store.listSwarms(this.cursor, SLICE_SWARMS);
    this.best = largestFirst([...this.best, ...swarms], this);
    this.cursor = cursor;
    return cursor < 0 && this.best.length === 0 ? [] : null;
  }
}
