/**
 * The input that a worker is at, in memory that its watcher reads: what made a worker hang or run out of memory is known
 * although the worker can no longer say it.
 */
const COUNT = 0;
const LENGTH = 1;
const WORDS = 2;
const MAX_INPUT_BYTES = 256 * 1024;

export class InputInFlight {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(4 * WORDS + MAX_INPUT_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#bytes = new Uint8Array(memory, 4 * WORDS);
  }

  /** By the worker, before each input. */
  begin(input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, MAX_INPUT_BYTES));
    Atomics.store(this.#words, LENGTH, Math.min(input.length, MAX_INPUT_BYTES));
    Atomics.add(this.#words, COUNT, 1);
  }

  /** Inputs begun so far, modulo 2^32. */
  get count(): number {
    return Atomics.load(this.#words, COUNT) >>> 0;
  }

  get input(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#words, LENGTH));
  }
}
