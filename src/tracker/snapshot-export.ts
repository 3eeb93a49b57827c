/**
 * The worker's side of a snapshot: one frame of swarms a turn, sent to the control plane, which writes it. No more than a
 * few frames are on their way at once, so a slow disk costs neither memory nor answers.
 */
import type { FromWorker } from './data-plane-messages.js';
import { encodeSnapshotEnd, encodeSnapshotFrame, encodeSnapshotHeader } from './swarm/snapshot-codec.js';
import type { SwarmStore } from './swarm/swarm-store.js';

/** Frames of about 256 KiB that the control plane has not taken yet. */
const MAX_UNTAKEN = 8;

export type SendPart = (message: FromWorker, bytes: Uint8Array<ArrayBuffer>) => void;

export class SnapshotExport {
  readonly id: number;
  readonly #send: SendPart;
  readonly #frames: Generator<Uint32Array>;
  #frameCount = 0;
  #untaken = 0;

  /** @param takenAtMs wall clock; @param nowSeconds the store's clock */
  constructor(id: number, store: SwarmStore, takenAtMs: number, nowSeconds: number, send: SendPart) {
    this.id = id;
    this.#send = send;
    this.#frames = store.exportFrames();
    this.#post(encodeSnapshotHeader({ takenAtMs, nowSeconds }), false);
  }

  /** The control plane has written one part. */
  taken(): void {
    this.#untaken--;
  }

  /** @param patient false: at the end of the process, when nothing is left to hold up. @returns true once all is sent */
  next(patient: boolean): boolean {
    if (patient && this.#untaken >= MAX_UNTAKEN) return false;
    const { value, done } = this.#frames.next();
    if (done === true || value === undefined) {
      this.#post(encodeSnapshotEnd(this.#frameCount), true);
      return true;
    }
    this.#frameCount++;
    this.#post(encodeSnapshotFrame(value), false);
    return false;
  }

  #post(bytes: Uint8Array, last: boolean): void {
    this.#untaken++;
    const own = bytes as Uint8Array<ArrayBuffer>;
    this.#send({ type: 'snapshot-part', id: this.id, bytes: own, last }, own);
  }
}
