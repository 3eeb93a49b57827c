/**
 * The health of a thread, in shared memory. The thread counts up while its event loop runs, and records the worst delay
 * of the loop for each second of the last minute. Other threads read it. A stuck thread writes nothing, which shows
 * that it is stuck.
 */

/** How many seconds are recorded: longer than the usual interval between scrapes of metrics, so that none is missed. */
export const VITALS_SECONDS = 60;

const BEATS = 0;
const FIRST_SECOND = 1;
/** For each second: its number, then the worst delay in it, in milliseconds. */
const WORDS_PER_SECOND = 2;

export function createVitals(): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_SECOND + WORDS_PER_SECOND * VITALS_SECONDS) * Int32Array.BYTES_PER_ELEMENT);
}

/** For the thread itself. Allocates nothing after its construction. */
export class VitalsWriter {
  readonly #words: Int32Array;

  constructor(vitals: SharedArrayBuffer) {
    this.#words = new Int32Array(vitals);
  }

  /**
   * @param nowSeconds of the wall clock, which all threads share. @param delayMs the worst delay since the last call
   */
  beat(nowSeconds: number, delayMs: number): void {
    const words = this.#words;
    const second = Math.floor(nowSeconds) | 0;
    const at = FIRST_SECOND + WORDS_PER_SECOND * (((second % VITALS_SECONDS) + VITALS_SECONDS) % VITALS_SECONDS);
    const worstMs = Math.min(0x7fff_ffff, Math.max(0, Math.round(delayMs)));
    if (Atomics.load(words, at) !== second) {
      Atomics.store(words, at + 1, worstMs);
      Atomics.store(words, at, second);
    } else if (worstMs > Atomics.load(words, at + 1)) Atomics.store(words, at + 1, worstMs);
    Atomics.add(words, BEATS, 1);
  }
}

/** Differs from the last reading if the thread has run since. Wraps around. */
export function beatsOf(vitals: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(vitals), BEATS);
}

/** The worst delay within the last `seconds`, in milliseconds; 0 for a thread that has recorded nothing. */
export function worstDelayMs(vitals: SharedArrayBuffer, nowSeconds: number, seconds = VITALS_SECONDS): number {
  const words = new Int32Array(vitals);
  const now = Math.floor(nowSeconds) | 0;
  let worst = 0;
  for (let i = 0; i < VITALS_SECONDS; i++) {
    const at = FIRST_SECOND + WORDS_PER_SECOND * i;
    const age = now - Atomics.load(words, at);
    if (age >= 0 && age < seconds) worst = Math.max(worst, Atomics.load(words, at + 1));
  }
  return worst;
}
