/**
 * Questions of the control plane, answered by the worker between batches. Short ones at once; those that walk over swarms
 * one after the other and a bounded number of steps a turn, so that answers to peers do not wait for a person's page.
 */
import { messageOf } from '../domain/errors.js';
import { INFO_HASH_BYTES } from '../domain/info-hash.js';
import { HOUSEHOLD_LOCALISED } from '../selection/household-groups.js';
import type { Announcer } from './announcer.js';
import type { FromWorker, Question, RemovalQuery, SwarmDetails } from './data-plane-messages.js';
import { importPeers } from './import-peers.js';
import { InnerSwarmListing } from './inner-swarm-listing.js';
import type { SwarmStore } from './swarm/swarm-store.js';
import type { RemovalCursor } from './swarm/upstream-removal.js';
import { SwarmListing } from './swarm-listing.js';

/** Peers, buckets or swarms looked at in a turn: some hundred microseconds. A swarm is walked whole, at most twice this. */
const STEPS_PER_SLICE = 8_192;

/** An answer in the making. */
type Walk = (store: SwarmStore) => { readonly value?: unknown; readonly steps: number };

export class AnswerQuestions {
  private readonly announcer: Announcer;
  private readonly post: (message: FromWorker) => void;
  private readonly walks: { readonly id: number; readonly next: Walk }[] = [];

  constructor(announcer: Announcer, post: (message: FromWorker) => void) {
    this.announcer = announcer;
    this.post = post;
  }

  take(id: number, question: Question): void {
    try {
      switch (question.ask) {
        case 'swarms': {
          const listing = new SwarmListing(question.query);
          this.walks.push({
            id,
            next: (store) => {
              const { list, steps } = listing.next(store);
              return list === null ? { steps } : { value: list, steps };
            },
          });
          return;
        }
        case 'swarm':
          this.walks.push({ id, next: (store) => detailsOf(store, question.infoHash, this.announcer.nowSeconds) });
          return;
        case 'inner-swarms': {
          const listing = new InnerSwarmListing(question.cursor);
          this.walks.push({ id, next: (store) => listing.next(store) });
          return;
        }
        case 'inner-peers':
          this.answer(id, this.announcer.store.innerPeers(question.infoHash, question.limit));
          return;
        case 'in-need':
          this.answer(id, this.stillInNeed(question.infoHashes));
          return;
        case 'explain': {
          const { numWant, ...query } = question.query;
          const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = query.words;
          const group = this.announcer.groupOf(query.family, word0, word1, word2, word3);
          const { households, store } = this.announcer;
          households.assign(query.family, word0, word1, group);
          const household = this.announcer.isInner(group) ? households.group : HOUSEHOLD_LOCALISED;
          this.answer(id, store.explain({ ...query, group, household }, numWant));
          return;
        }
        case 'import-peers':
          this.answer(id, importPeers(this.announcer, question.query));
          return;
        case 'remove-imported':
          this.remove(id, question.query);
          return;
        case 'flush':
          this.answer(id, null);
          return;
      }
    } catch (error) {
      this.post({ type: 'refused', id, message: messageOf(error) });
    }
  }

  private stillInNeed(infoHashes: Uint8Array): boolean[] {
    const { store } = this.announcer;
    return Array.from({ length: infoHashes.length / INFO_HASH_BYTES }, (_, i) =>
      store.foreignDemand.isStillNeeded(infoHashes, INFO_HASH_BYTES * i),
    );
  }

  /** Goes on with the oldest walks. */
  work(): void {
    for (let steps = 0; steps < STEPS_PER_SLICE && this.walks.length > 0; ) {
      const { id, next } = this.walks[0]!;
      try {
        const slice = next(this.announcer.store);
        steps += slice.steps;
        if (slice.value === undefined) continue;
        this.walks.shift();
        this.answer(id, slice.value);
      } catch (error) {
        this.walks.shift();
        this.post({ type: 'refused', id, message: messageOf(error) });
      }
    }
  }

  private remove(id: number, { infoHash, peers, origin }: RemovalQuery): void {
    const { announcer } = this;
    const { removal, origins } = announcer.store.upstream;
    const number = origin === null ? undefined : origins.findNumber(origin);
    if (origin !== null && number === undefined) {
      this.answer(id, 0);
      return;
    }
    const what = { infoHash, origin: number };
    if (peers !== null) {
      this.answer(id, removal.removeNamed(what, peers, announcer.nowSeconds));
      return;
    }
    const cursor: RemovalCursor = { family: 4, slot: 0, ref: 0, removed: 0, ended: false };
    this.walks.push({
      id,
      next: () => {
        const steps = removal.removeSlice(what, cursor, STEPS_PER_SLICE, announcer.nowSeconds);
        return cursor.ended ? { value: cursor.removed, steps } : { steps };
      },
    });
  }

  private answer(id: number, value: unknown): void {
    this.post({ type: 'answer', id, value });
  }
}

function detailsOf(
  store: SwarmStore,
  infoHash: Uint8Array,
  nowSeconds: number,
): { readonly value: SwarmDetails | null; readonly steps: number } {
  const summary = store.swarm(infoHash);
  const tally = store.tally(infoHash);
  if (summary === undefined || tally === undefined) return { value: null, steps: 1 };
  const { imported, steps } = store.upstream.importedOf(infoHash, nowSeconds);
  const { inner, foreign, groups } = tally;
  return { value: { ...summary, inner, foreign, groups, imported }, steps: tally.steps + steps };
}
