/**
 * The bytes of a snapshot of all swarms: a header, frames of words with their length and CRC-32, and an end mark with the number
 * of frames, which a truncated file lacks. Swarm-transfer defines the words of a frame; the worker decides when and where files
 * are written.
 *
 *   header  "ATSWARM" and the version (8 bytes) | byte-order mark | wall clock in ms (8) | store seconds | CRC of these
 *   frame   bytes of the payload, a multiple of 4 and not 0 | CRC | payload
 *   end     0 | CRC of the next word | frames
 */
import { crc32 } from './crc32.js';

/** Version 2 has records of one word more. */
export const SNAPSHOT_VERSION = 2;
export const SNAPSHOT_VERSION_1 = 1;
const MAGIC = 'ATSWARM';
const ORDER_MARK = 0x01020304;
const HEADER_BYTES = 28;
const FRAME_HEADER_BYTES = 8;
/** Larger frames are never written, so a larger length means damage. One frame is one slice of work. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** The file is not a complete, undamaged snapshot of this version. Rename it and start empty. */
export class SnapshotDamagedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SnapshotDamagedError';
  }
}

export interface SnapshotHeader {
  /** Default: the current one. */
  readonly version?: number;
  /** Wall clock when the snapshot was taken. */
  readonly takenAtMs: number;
  /** The store's clock at that moment: ages of peers count from it. */
  readonly nowSeconds: number;
}

export interface Snapshot extends SnapshotHeader {
  /** Each frame is checked when it is reached. @throws SnapshotDamagedError */
  frames(): Generator<Uint32Array>;
}

export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(Buffer.from(MAGIC, 'latin1'));
  bytes[MAGIC.length] = header.version ?? SNAPSHOT_VERSION;
  const view = new DataView(bytes.buffer);
  new Uint32Array(bytes.buffer, 8, 1)[0] = ORDER_MARK;
  view.setFloat64(12, header.takenAtMs, true);
  view.setUint32(20, header.nowSeconds, true);
  view.setUint32(24, crc32(bytes.subarray(0, 24)), true);
  return bytes;
}

export function snapshotFrameBytes(words: Uint32Array): number {
  return FRAME_HEADER_BYTES + words.byteLength;
}

/**
 * @param words what {@link SwarmStore.exportFrames} yields; not empty
 * @param into as many bytes as {@link snapshotFrameBytes} says
 */
export function encodeSnapshotFrame(
  words: Uint32Array,
  into: Uint8Array = new Uint8Array(snapshotFrameBytes(words)),
): Uint8Array {
  const payload = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const bytes = into;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(payload), true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export function encodeSnapshotEnd(frameCount: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, frameCount, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** @throws SnapshotDamagedError if the header is not one */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) {
    throw new SnapshotDamagedError('this is not a swarm snapshot');
  }
  const version = bytes[MAGIC.length]!;
  if (version < SNAPSHOT_VERSION_1 || version > SNAPSHOT_VERSION) {
    throw new SnapshotDamagedError(`snapshot version ${version} is not version ${SNAPSHOT_VERSION}`);
  }
  if (view.getUint32(24, true) !== crc32(bytes.subarray(0, 24))) {
    throw new SnapshotDamagedError('the header of the snapshot is damaged');
  }
  if (new Uint32Array(bytes.slice(8, 12).buffer)[0] !== ORDER_MARK) {
    throw new SnapshotDamagedError('the snapshot was written on a machine with another byte order');
  }
  return {
    version,
    takenAtMs: view.getFloat64(12, true),
    nowSeconds: view.getUint32(20, true),
    frames: () => readFrames(bytes, view),
  };
}

function* readFrames(bytes: Uint8Array, view: DataView): Generator<Uint32Array> {
  let offset = HEADER_BYTES;
  for (let frames = 0; ; frames++) {
    if (offset + FRAME_HEADER_BYTES > bytes.length) throw new SnapshotDamagedError('the snapshot is truncated');
    const length = view.getUint32(offset, true);
    const crc = view.getUint32(offset + 4, true);
    offset += FRAME_HEADER_BYTES;
    const isEnd = length === 0;
    const size = isEnd ? 4 : length;
    if (size % 4 !== 0 || size > MAX_FRAME_BYTES) throw new SnapshotDamagedError(`frame ${frames} is damaged`);
    if (offset + size > bytes.length) throw new SnapshotDamagedError('the snapshot is truncated');
    const payload = bytes.slice(offset, offset + size);
    if (crc32(payload) !== crc) throw new SnapshotDamagedError(`frame ${frames} is damaged`);
    if (isEnd) {
      if (view.getUint32(offset, true) !== frames) throw new SnapshotDamagedError('the snapshot lacks frames');
      return;
    }
    yield new Uint32Array(payload.buffer, payload.byteOffset, size / 4);
    offset += size;
  }
}
