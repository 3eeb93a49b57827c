/**
 * Answers of upstream resolvers, up to a number of bytes. An expired answer is kept for a day, to be used if no resolver
 * answers (RFC 8767). Eviction is FIFO with a second chance (CLOCK): a used answer moves to the end once.
 */
import type { StoredAnswer } from './stored-answer.js';

/** How long an expired answer is kept. An outage that lasts longer is known to the operator. */
const STALE_FOR_MS = 86_400_000;

export class AnswerCache {
  #maxBytes: number;
  #bytes = 0;
  /** In the order of insertion, which is the order of eviction. */
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
      // It was used, so it moves to the end instead.
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
