/**
 * Connection ids of UDP trackers, which a client may use for a minute (BEP 15). With one at hand, a request takes one round trip
 * and no connect. Some trackers bind an id to the port of the sender, and each request has a socket of its own: such a tracker
 * is asked for an id each time.
 */
import type { Clock } from '../domain/clock.js';
import { forgetOldest } from '../domain/forget-oldest.js';
import { formatIp } from '../domain/ip-address.js';
import { CONNECTION_ID_MS, MAX_ORIGINALS, NO_REUSE_MS } from './limits.js';
import type { TrackerDestination } from './tracker-contact.js';

/** One failure may be a lost packet. */
const FAILURES_TO_END_REUSE = 2;

interface Known {
  connectionId: bigint;
  givenMs: number;
  /** Consecutive ones of an id that was used again, where a fresh one was taken. */
  failures: number;
  failedMs: number;
}

export class UdpConnections {
  /** By address and port. */
  readonly #known = new Map<string, Known>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns undefined if the tracker has to be asked for an id */
  find(destination: TrackerDestination): bigint | undefined {
    const known = this.#known.get(keyOf(destination));
    if (known === undefined) return undefined;
    const { connectionId, givenMs, failures, failedMs } = known;
    if (failures >= FAILURES_TO_END_REUSE && this.#isWithin(failedMs, NO_REUSE_MS)) return undefined;
    return this.#isWithin(givenMs, CONNECTION_ID_MS) ? connectionId : undefined;
  }

  /** Notes an id that the tracker has just given and taken. */
  given(destination: TrackerDestination, connectionId: bigint): void {
    const key = keyOf(destination);
    const { failures, failedMs } = this.#known.get(key) ?? { failures: 0, failedMs: 0 };
    this.#known.delete(key);
    this.#known.set(key, { connectionId, givenMs: this.#clock.nowMs(), failures, failedMs });
    forgetOldest(this.#known, MAX_ORIGINALS);
  }

  /** The tracker took an id of {@link find}. */
  worked(destination: TrackerDestination): void {
    const known = this.#known.get(keyOf(destination));
    if (known !== undefined) known.failures = 0;
  }

  /** The tracker did not take an id of {@link find}, but a fresh one. */
  failed(destination: TrackerDestination): void {
    const known = this.#known.get(keyOf(destination));
    if (known === undefined) return;
    known.failures++;
    known.failedMs = this.#clock.nowMs();
  }

  /** False after the clock was set back: then the age is unknown. */
  #isWithin(fromMs: number, ms: number): boolean {
    const ageMs = this.#clock.nowMs() - fromMs;
    return ageMs >= 0 && ageMs < ms;
  }
}

function keyOf({ address, port }: TrackerDestination): string {
  return `${formatIp(address)} ${port}`;
}
