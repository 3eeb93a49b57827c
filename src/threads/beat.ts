/**
 * Writes the vitals of a thread that runs Node's own event loop. The tracker's thread has its own loop and writes its
 * own.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../domain/clock.js';
import { VitalsWriter } from './thread-vitals.js';

/** Several beats a second, so that a watcher that checks every second always finds one. */
const BEAT_EVERY_MS = 250;
/** Shorter delays are not relevant. In ms. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** @returns a function that stops it. Does not keep the thread alive */
export function startBeating(vitals: SharedArrayBuffer, clock: Clock): () => void {
  const writer = new VitalsWriter(vitals);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const beat = (): void => {
    // The monitor measures from one sample to the next, so a loop without any delay shows its resolution.
    writer.beat(clock.nowMs() / 1_000, delay.max / NANOSECONDS_PER_MILLISECOND - RESOLUTION_MS);
    delay.reset();
  };
  beat();
  const timer = setInterval(beat, BEAT_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
