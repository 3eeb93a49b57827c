/**
 * The worker's side of a snapshot: one frame of swarms a turn, shown to the control plane, which writes it. No more than a
 * few frames are on their way at once, in shared memory that is used over and over: a slow disk costs neither memory nor
 * answers, and nothing is left for a garbage collection to hold them up.
 */
import type { FromWorker } from './data-plane-messages.js';
import {
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
  snapshotFrameBytes,
} from './swarm/snapshot/snapshot-codec.js';
import type { SwarmStore } from './swarm/swarm-store.js';

/** Parts, of about 64 KiB, that the control plane has not taken yet. */
const MAX_UNTAKEN = 8;
/** Buffers are made larger than the frame that needs one, so that most are made once. */
const BUFFER_STEP_BYTES = 64 * 1024;

export class SnapshotExport {
  readonly id: number;
  private readonly send: (message: FromWorker) => void;
  private readonly frames: Generator<Uint32Array>;
  /** Part n lies in the buffer n % MAX_UNTAKEN, which is free again once the part before it in there was taken. */
  private readonly buffers: SharedArrayBuffer[] = [];
  private parts = 0;
  private frameCount = 0;
  private untaken = 0;

  /** @param takenAtMs wall clock; @param nowSeconds the store's clock */
  constructor(
    id: number,
    store: SwarmStore,
    takenAtMs: number,
    nowSeconds: number,
    send: (message: FromWorker) => void,
  ) {
    this.id = id;
    this.send = send;
    this.frames = store.exportFrames();
    this.post(encodeSnapshotHeader({ takenAtMs, nowSeconds }), false);
  }

  /** The control plane has written one part; it does so in order. */
  taken(): void {
    this.untaken--;
  }

  /** @param patient false: at the end of the process, when nothing is left to hold up. @returns true once all is sent */
  next(patient: boolean): boolean {
    if (patient && this.untaken >= MAX_UNTAKEN) return false;
    const { value, done } = this.frames.next();
    if (done === true || value === undefined) {
      this.post(encodeSnapshotEnd(this.frameCount), true);
      return true;
    }
    this.frameCount++;
    const size = snapshotFrameBytes(value);
    this.post(encodeSnapshotFrame(value, new Uint8Array(this.buffer(size), 0, size)), false);
    return false;
  }

  private buffer(size: number): SharedArrayBuffer {
    const room = Math.ceil(size / BUFFER_STEP_BYTES) * BUFFER_STEP_BYTES;
    if (this.untaken >= MAX_UNTAKEN) return new SharedArrayBuffer(room);
    const number = this.parts % MAX_UNTAKEN;
    let buffer = this.buffers[number];
    if (buffer === undefined || buffer.byteLength < size) buffer = new SharedArrayBuffer(room);
    this.buffers[number] = buffer;
    return buffer;
  }

  private post(bytes: Uint8Array, last: boolean): void {
    this.parts++;
    this.untaken++;
    this.send({ type: 'snapshot-part', id: this.id, bytes, last });
  }
}
