/**
 * Times without any answer, as the clients see them. On a machine that does other things as well, a part of such a time is
 * nobody's fault: the server or the load generator was ready and another program had the processor. The kernel counts that
 * (`schedstat`), and it is distinguished: what remains is the server's own.
 */
import { busiestThread, waitedForProcessorMs } from '../process-usage.js';
import { LONG_GAP_MS } from './load-command.js';
import type { Tally } from './tally.js';

/** Shorter ones are not looked into; and what was waited before a gap is known as of this long before it. */
const WATCHED_MS = 1;

export class GapWatch {
  readonly #threads: readonly string[];
  #lastAnswerMs: number;
  #waitedMs: number;
  #readAtMs: number;

  constructor(pid: number, nowMs: number) {
    this.#threads = [busiestThread(pid), '/proc/self/schedstat'];
    this.#lastAnswerMs = nowMs;
    this.#waitedMs = waitedForProcessorMs(this.#threads);
    this.#readAtMs = nowMs;
  }

  get lastAnswerMs(): number {
    return this.#lastAnswerMs;
  }

  /** Answers came. */
  onAnswers(tally: Tally, nowMs: number): void {
    const gapMs = nowMs - this.#lastAnswerMs;
    this.#lastAnswerMs = nowMs;
    if (nowMs - this.#readAtMs < WATCHED_MS) return;
    const waitedMs = waitedForProcessorMs(this.#threads);
    const ownMs = Math.max(0, gapMs - Math.max(0, waitedMs - this.#waitedMs));
    this.#waitedMs = waitedMs;
    this.#readAtMs = nowMs;
    if (gapMs > LONG_GAP_MS) tally.longGaps++;
    tally.longestGapMs = Math.max(tally.longestGapMs, gapMs);
    tally.longestOwnGapMs = Math.max(tally.longestOwnGapMs, ownMs);
  }

  /** The requests before this are given up. */
  reset(nowMs: number): void {
    this.#lastAnswerMs = nowMs;
  }
}
