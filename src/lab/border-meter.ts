/** Samples the bytes that enter a network over its border link, once a second, for averages and peaks. */
import type { NetworkLab } from './network-namespaces.js';

const SAMPLE_MS = 1_000;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

export class BorderMeter {
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly lab: NetworkLab,
    readonly network: string,
  ) {
    this.inwardBytes();
    this.#timer = setInterval(() => this.inwardBytes(), SAMPLE_MS);
  }

  /** Takes a sample. @returns bytes since the network was created, headers included */
  inwardBytes(): number {
    const beganMs = Date.now();
    const bytes = this.lab.linkBytes(this.network).inward;
    this.#samples.push({ atMs: (beganMs + Date.now()) / 2, bytes });
    return bytes;
  }

  /** The highest mean over `seconds` or a little more, in bytes per second. */
  peakBytesPerSecond(seconds: number): number {
    let peak = 0;
    let first = 0;
    for (const { atMs, bytes } of this.#samples) {
      while (first + 1 < this.#samples.length && atMs - this.#samples[first + 1]!.atMs >= 1000 * seconds) first++;
      const from = this.#samples[first]!;
      const elapsedMs = atMs - from.atMs;
      if (elapsedMs >= 1000 * seconds) peak = Math.max(peak, (1000 * (bytes - from.bytes)) / elapsedMs);
    }
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
