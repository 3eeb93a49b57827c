/** Whether a checked target works, with hysteresis: one lost packet withdraws nothing, and a flapping target stays withdrawn. */

/** Consecutive failures after which users are sent away. */
export const FAILURES_TO_WITHDRAW = 2;
/** Consecutive successes after which they come back. */
export const SUCCESSES_TO_RETURN = 3;

export class CheckState {
  #isUp: boolean | undefined;
  /** The number of consecutive results that differ from the state. */
  #against = 0;

  /** Undefined before the first result, which decides at once: nobody has been sent there yet. */
  get isUp(): boolean | undefined {
    return this.#isUp;
  }

  /** True while the next result may change the state, so that it should come soon. */
  get isWavering(): boolean {
    return this.#against > 0;
  }

  /** @returns whether the state has changed */
  record(succeeded: boolean): boolean {
    if (this.#isUp === undefined) {
      this.#isUp = succeeded;
      return true;
    }
    this.#against = succeeded === this.#isUp ? 0 : this.#against + 1;
    if (this.#against < (this.#isUp ? FAILURES_TO_WITHDRAW : SUCCESSES_TO_RETURN)) return false;
    this.#isUp = succeeded;
    this.#against = 0;
    return true;
  }
}
