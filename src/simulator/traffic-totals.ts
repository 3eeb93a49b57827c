/**
 * Bytes sent: per peer, per pair of networks, and per direction in the current and the previous round of choking, which
 * tit-for-tat compares. Flat arrays, because every change of a rate writes here.
 */
import { enlarged } from './enlarged-array.js';
import type { Direction } from './simulated-peer.js';

export class TrafficTotals {
  /** [peer] → bytes. */
  readonly uploadedBytes: Float64Array;
  readonly downloadedBytes: Float64Array;
  /** [from network × networks + to network] → bytes. */
  readonly matrixBytes: Float64Array;
  readonly #networkOf: Uint16Array;
  /** [direction id] → bytes. */
  #round = new Float64Array(1024);
  #lastRound = new Float64Array(1024);

  constructor(
    networks: readonly number[],
    readonly networkCount: number,
  ) {
    this.uploadedBytes = new Float64Array(networks.length);
    this.downloadedBytes = new Float64Array(networks.length);
    this.matrixBytes = new Float64Array(networkCount ** 2);
    this.#networkOf = Uint16Array.from(networks);
  }

  /** [network] → bytes that entered it. */
  inwardBytes(): Float64Array {
    const inward = new Float64Array(this.networkCount);
    this.matrixBytes.forEach((bytes, at) => {
      const to = at % this.networkCount;
      if (Math.floor(at / this.networkCount) !== to) inward[to]! += bytes;
    });
    return inward;
  }

  /** Resets the counts of a direction, for a new connection. */
  open(id: number): void {
    if (id >= this.#round.length) {
      this.#round = enlarged(this.#round, id + 1);
      this.#lastRound = enlarged(this.#lastRound, id + 1);
    }
    this.#round[id] = 0;
    this.#lastRound[id] = 0;
  }

  add(direction: Direction, from: number, to: number, bytes: number): void {
    const { id } = direction;
    if (this.#round[id] === 0 && this.#lastRound[id] === 0) direction.to.givers.push(direction);
    this.#round[id]! += bytes;
    this.uploadedBytes[from]! += bytes;
    this.downloadedBytes[to]! += bytes;
    this.matrixBytes[this.#networkOf[from]! * this.networkCount + this.#networkOf[to]!]! += bytes;
  }

  /** Bytes over a direction in this round and the last one. */
  recentBytes(id: number): number {
    return this.#round[id]! + this.#lastRound[id]!;
  }

  /** Ends a round of choking. @returns true if the direction delivered anything in it */
  startRound(id: number): boolean {
    const bytes = this.#round[id]!;
    this.#lastRound[id] = bytes;
    this.#round[id] = 0;
    return bytes > 0;
  }
}
