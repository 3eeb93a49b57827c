/**
 * The swarms that somebody of the operator's own networks is in, a page at a time, for a caller that follows all of them. A page
 * is counted in steps between batches, like {@link SwarmListing}.
 */
import { infoHashToBytes, parseInfoHash } from '../domain/info-hash.js';
import type { InnerSwarm, InnerSwarmsPage } from './data-plane-messages.js';
import type { SwarmStore, SwarmSummary } from './swarm/swarm-store.js';
import { NOTHING_TALLIED } from './swarm/swarm-tally.js';

/** Swarms of one page, more or less. */
const PAGE_SWARMS = 256;

export class InnerSwarmListing {
  private cursor: number;
  private counted = 0;
  private summaries: readonly SwarmSummary[] | null = null;
  private readonly found: InnerSwarm[] = [];

  /** @param cursor of the page before; 0: the first page */
  constructor(cursor: number) {
    this.cursor = Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0;
  }

  /** One slice. @returns the page once all of it is counted, and the steps that the slice took */
  next(store: SwarmStore): { readonly value?: InnerSwarmsPage; readonly steps: number } {
    if (this.summaries === null) {
      const { swarms, cursor } = store.listSwarms(this.cursor, PAGE_SWARMS);
      this.summaries = swarms;
      this.cursor = cursor;
      return { ...this.page(), steps: PAGE_SWARMS };
    }
    const { infoHash } = this.summaries[this.counted++]!;
    const tally = store.tally(infoHashToBytes(parseInfoHash(infoHash)));
    const { inner, caches } = tally ?? NOTHING_TALLIED;
    if (inner.seeds + inner.leechers > 0) this.found.push({ infoHash, ...inner, caches });
    return { ...this.page(), steps: tally?.steps ?? 1 };
  }

  private page(): { readonly value?: InnerSwarmsPage } {
    if (this.counted < this.summaries!.length) return {};
    return { value: { swarms: this.found, cursor: this.cursor < 0 ? undefined : this.cursor } };
  }
}
