/** Time as a parameter, so that tests and the simulator control it. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** The machine's clock. Only `src/app`, `src/cli` and worker entry points use it. */
export const systemClock: Clock = { nowMs: () => Date.now() };
