/**
 * When the data plane asks clients back, in seconds of its clock. Peers that were told a longer interval than usual are
 * allowed to stay silent for longer.
 */
import { needsReturnWindow, RETURN_WINDOW_SECONDS } from '../selection/return-interval.js';

/** The control plane names the next instant when one has come, by a clock that differs a little. */
const EARLY_SECONDS = 5;

export class ReturnTimes {
  /** Clients that would next announce later than this are asked back soon after it. Infinity: none are. */
  nextSeconds = Number.POSITIVE_INFINITY;
  private graceEndSeconds = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly intervalSeconds: number,
    private readonly longestUsualSeconds: number,
  ) {}

  /** @param inMs from now until the answers change; null: they do not */
  setNext(inMs: number | null, nowMs: number): void {
    const nowSeconds = nowMs / 1_000;
    if (this.nextSeconds <= nowSeconds + EARLY_SECONDS) {
      // Those that were asked back then arrive within the window, some of them late.
      this.graceEndSeconds = this.nextSeconds + RETURN_WINDOW_SECONDS + this.intervalSeconds / 2;
    }
    this.nextSeconds =
      inMs === null || !needsReturnWindow(this.longestUsualSeconds)
        ? Number.POSITIVE_INFINITY
        : Math.ceil(nowSeconds + inMs / 1_000);
  }

  /** How much longer than usual a peer may be silent now. */
  graceSeconds(nowSeconds: number): number {
    return nowSeconds >= this.nextSeconds || nowSeconds < this.graceEndSeconds ? RETURN_WINDOW_SECONDS : 0;
  }
}
