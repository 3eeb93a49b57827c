/**
 * Keeps the candidates of a document that matter: all of them up to a limit, and beyond it those with the highest
 * demand, wherever they are in the document.
 */
import type { Candidate } from '../candidate.js';
import { MAX_CANDIDATES_PER_SOURCE } from '../limits.js';
import { demandOf } from '../popularity.js';

export class BestCandidates {
  readonly #limit: number;
  #kept: Candidate[] = [];
  #isRanked = false;

  constructor(limit = MAX_CANDIDATES_PER_SOURCE) {
    this.#limit = limit;
  }

  add(candidate: Candidate | undefined): void {
    if (candidate === undefined) return;
    this.#kept.push(candidate);
    if (this.#kept.length >= 2 * this.#limit) this.#prune();
  }

  /** In the order of the document if all fit, else the best first. */
  all(): Candidate[] {
    if (this.#isRanked || this.#kept.length > this.#limit) this.#prune();
    return this.#kept;
  }

  #prune(): void {
    this.#isRanked = true;
    // Sorting is stable: among equal scores, the first of the document stay.
    this.#kept = this.#kept.sort((a, b) => demandOf(b) - demandOf(a)).slice(0, this.#limit);
  }
}
