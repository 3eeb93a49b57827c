/**
 * A client that asks for the same thing again and again, and records how long it had to do without an answer. A request that fails is
 * repeated at once, as its users would do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withinTime } from '../../src/domain/deadline.js';

const EVERY_MS = 100;
/** After this a client asks again. */
const ASK_AGAIN_MS = 500;

export interface WitnessFigures {
  readonly answers: number;
  readonly failures: number;
  readonly longestGapMs: number;
}

export class Witness {
  readonly #controller = new AbortController();
  #answers = 0;
  #failures = 0;
  #lastAnswerMs = performance.now();
  #longestGapMs = 0;
  #longestInAll = 0;
  #running: Promise<void> | undefined;

  /**
   * @param name what it asks for
   * @param ask resolves when the answer is right. @throws on a wrong answer, or none
   */
  constructor(
    readonly name: string,
    private readonly ask: (signal: AbortSignal) => Promise<void>,
  ) {}

  start(): void {
    this.#lastAnswerMs = performance.now();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#running;
  }

  get figures(): WitnessFigures {
    return { answers: this.#answers, failures: this.#failures, longestGapMs: this.#longestInAll };
  }

  /** Since the last answer. */
  get silentMs(): number {
    return performance.now() - this.#lastAnswerMs;
  }

  /** @returns the longest time without an answer since the last call, in ms */
  takeLongestGap(): number {
    const longest = Math.max(this.#longestGapMs, this.silentMs);
    this.#longestGapMs = 0;
    return longest;
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      try {
        await withinTime(ASK_AGAIN_MS, signal, this.ask);
        if (signal.aborted) return;
        this.#answered();
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      } catch {
        if (signal.aborted) return;
        this.#failures++;
        await sleep(EVERY_MS / 2, undefined, { signal }).catch(() => {});
      }
    }
  }

  #answered(): void {
    const nowMs = performance.now();
    const gapMs = nowMs - this.#lastAnswerMs;
    this.#lastAnswerMs = nowMs;
    this.#answers++;
    this.#longestGapMs = Math.max(this.#longestGapMs, gapMs);
    this.#longestInAll = Math.max(this.#longestInAll, gapMs);
  }
}
