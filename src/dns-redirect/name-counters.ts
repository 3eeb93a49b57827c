/**
 * Counts the questions about each redirected name, in shared memory: the thread that answers writes the counts, the control API
 * shows them. In shadow mode they show how many questions would be redirected.
 */
import type { RedirectedName, RedirectPolicy } from './redirect-policy.js';

/** Answered with our addresses, or our denial. */
export const REDIRECTED = 0;
/** Forwarded only because the mode is "shadow". */
export const SHADOWED = 1;
/** Forwarded, because the name's target does not serve its users. */
export const WITHHELD = 2;
const RESULTS = 3;

export interface NameCounts {
  readonly redirected: number;
  readonly wouldRedirect: number;
  readonly withheld: number;
}

export class NameCounters {
  readonly #cells: Float64Array;

  static memoryFor({ names }: Pick<RedirectPolicy, 'names'>): SharedArrayBuffer {
    return new SharedArrayBuffer(names.size * RESULTS * Float64Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  count({ index }: RedirectedName, result: number): void {
    this.#cells[index * RESULTS + result]!++;
  }

  of({ index }: RedirectedName): NameCounts {
    const at = (result: number): number => this.#cells[index * RESULTS + result]!;
    return { redirected: at(REDIRECTED), wouldRedirect: at(SHADOWED), withheld: at(WITHHELD) };
  }

  /** Goes on with the counts of names that an earlier policy had as well. */
  continueFrom(earlier: NameCounters, before: RedirectPolicy, now: RedirectPolicy): void {
    for (const [name, { index }] of now.names) {
      const from = before.names.get(name)?.index;
      if (from === undefined) continue;
      for (let i = 0; i < RESULTS; i++) this.#cells[index * RESULTS + i] = earlier.#cells[from * RESULTS + i]!;
    }
  }
}
