/** Lets a thread that runs Node's own event loop write its vitals. The tracker's thread has a loop of its own and does it itself. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../domain/clock.js';
import { VitalsWriter } from './thread-vitals.js';

/** Several beats a second, so that a watcher that checks every second always finds one. */
const BEAT_EVERY_MS = 250;
/** Shorter delays than this concern nobody. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** @returns stops it. Does not keep the thread alive */
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
