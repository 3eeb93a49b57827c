/**
 * Answers of upstream resolvers, up to a number of bytes. One that has expired stays for a while, for times when no resolver
 * answers (RFC 8767). A full cache drops the oldest answer that nobody has used since its last turn.
 */
import type { StoredAnswer } from './stored-answer.js';

/** How long an expired answer is of use: an outage of a day is repaired or known. */
const STALE_FOR_MS = 86_400_000;

export class AnswerCache {
  #maxBytes: number;
  #bytes = 0;
  /** In the order of insertion, so that the first ones are looked at first. */
  readonly #answers = new Map<string, StoredAnswer>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Also expired ones; see {@link ageOf}. */
  get(key: string, nowMs: number): StoredAnswer | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    answer.used = true;
    if (nowMs - answer.storedAtMs < answer.ttlSeconds * 1_000 + STALE_FOR_MS) return answer;
    this.#delete(key, answer);
    return undefined;
  }

  set(key: string, answer: StoredAnswer): void {
    const before = this.#answers.get(key);
    if (before !== undefined) this.#delete(key, before);
    if (answer.bytes > this.#maxBytes) return;
    this.#answers.set(key, answer);
    this.#bytes += answer.bytes;
    this.#makeRoom();
  }

  setMaxBytes(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#makeRoom();
  }

  clear(): void {
    this.#answers.clear();
    this.#bytes = 0;
  }

  #makeRoom(): void {
    for (const [key, answer] of this.#answers) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#delete(key, answer);
      if (!answer.used) continue;
      // It gets a second chance at the end.
      answer.used = false;
      this.#answers.set(key, answer);
      this.#bytes += answer.bytes;
    }
  }

  #delete(key: string, answer: StoredAnswer): void {
    this.#answers.delete(key);
    this.#bytes -= answer.bytes;
  }
}

/** In whole seconds, as times to live shrink; undefined once it has expired. */
export function ageOf(answer: StoredAnswer, nowMs: number): number | undefined {
  const age = Math.max(0, Math.floor((nowMs - answer.storedAtMs) / 1_000));
  return age < answer.ttlSeconds ? age : undefined;
}
