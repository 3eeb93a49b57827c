/**
 * Who has sent how much to whom: per peer, per pair of networks, and per direction in the current round of choking and the
 * one before it, which is what tit-for-tat looks at. Flat arrays, since every change of a rate writes here.
 */
import { grown } from './grown-array.js';
import type { Direction } from './simulated-peer.js';

export class TrafficBook {
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

  /** A connection begins: nothing has been given. */
  open(id: number): void {
    if (id >= this.#round.length) {
      this.#round = grown(this.#round, id + 1);
      this.#lastRound = grown(this.#lastRound, id + 1);
    }
    this.#round[id] = 0;
    this.#lastRound[id] = 0;
  }

  book(direction: Direction, from: number, to: number, bytes: number): void {
    const { id } = direction;
    if (this.#round[id] === 0 && this.#lastRound[id] === 0) direction.to.givers.push(direction);
    this.#round[id]! += bytes;
    this.uploadedBytes[from]! += bytes;
    this.downloadedBytes[to]! += bytes;
    this.matrixBytes[this.#networkOf[from]! * this.networkCount + this.#networkOf[to]!]! += bytes;
  }

  /** What went over a direction of late. */
  recentBytes(id: number): number {
    return this.#round[id]! + this.#lastRound[id]!;
  }

  /** A round of choking has ended. @returns whether the direction delivered anything in it */
  startRound(id: number): boolean {
    const bytes = this.#round[id]!;
    this.#lastRound[id] = bytes;
    this.#round[id] = 0;
    return bytes > 0;
  }
}
