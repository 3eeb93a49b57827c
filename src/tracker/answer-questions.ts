/**
 * Questions of the control plane, answered by the worker between batches. Short ones at once; the list of swarms in
 * slices, one a turn, so that answers to peers do not wait for a person's page.
 */
import { messageOf } from '../domain/errors.js';
import type { ExplainQuery, FromWorker, Question } from './data-plane-messages.js';
import type { SwarmStore } from './swarm/swarm-store.js';
import { SwarmListing } from './swarm-listing.js';

export class AnswerQuestions {
  readonly #store: SwarmStore;
  readonly #reloadCertificates: () => Promise<void>;
  readonly #groupOf: (query: ExplainQuery) => number;
  readonly #post: (message: FromWorker) => void;
  readonly #listings: { id: number; listing: SwarmListing }[] = [];

  constructor(
    store: SwarmStore,
    reloadCertificates: () => Promise<void>,
    groupOf: (query: ExplainQuery) => number,
    post: (message: FromWorker) => void,
  ) {
    this.#groupOf = groupOf;
    this.#store = store;
    this.#reloadCertificates = reloadCertificates;
    this.#post = post;
  }

  take(id: number, question: Question): void {
    try {
      switch (question.ask) {
        case 'swarms':
          this.#listings.push({ id, listing: new SwarmListing(question.query) });
          return;
        case 'swarm':
          this.#answer(id, this.#store.swarm(question.infoHash) ?? null);
          return;
        case 'explain': {
          const { numWant, ...query } = question.query;
          const explained = this.#store.explain({ ...query, group: this.#groupOf(question.query) }, numWant);
          this.#answer(id, explained);
          return;
        }
        case 'settled':
          this.#answer(id, null);
          return;
        case 'reload-certificates':
          this.#reloadCertificates().then(
            () => this.#answer(id, null),
            (error: unknown) => this.#post({ type: 'refused', id, message: messageOf(error) }),
          );
          return;
      }
    } catch (error) {
      this.#post({ type: 'refused', id, message: messageOf(error) });
    }
  }

  /** One slice of the oldest listing, if there is one. */
  work(): void {
    const first = this.#listings[0];
    if (first === undefined) return;
    const list = first.listing.next(this.#store);
    if (list === null) return;
    this.#listings.shift();
    this.#answer(first.id, list);
  }

  #answer(id: number, value: unknown): void {
    this.#post({ type: 'answer', id, value });
  }
}
