/**
 * A ring of messages in shared memory, from one thread that writes to one thread that reads, without locks. A message has a kind,
 * a fixed number of words and any number of bytes. The memory may outlive both threads: all state is in it, and a thread that
 * takes the place of another one continues where that one ended.
 */

import { viewOf } from '../../wire/write-bytes.js';

/** Words of a message that its kind gives a meaning. */
export const MESSAGE_WORDS = 10;

/** Positions in the header, in words. Each has a cache line of its own, because different threads write them. */
const READ_AT = 0;
const WRITTEN_AT = 16;
const WAITING = 32;
const HEADER_WORDS = 48;
/** In front of the words of a message: its kind and the number of its bytes. */
const HEAD_WORDS = 2 + MESSAGE_WORDS;

const WORD_BYTES = 4;

/** The message that was read last. Reused, so a reader does not keep it. */
export class RingMessage {
  kind = 0;
  readonly words = new Int32Array(MESSAGE_WORDS);
  readonly bytes: Uint8Array;
  /** How many of `bytes` belong to the message. */
  length = 0;
  readonly view: DataView;

  /** @param maxBytes of the longest message of its rings */
  constructor(maxBytes: number) {
    this.bytes = new Uint8Array((maxBytes + WORD_BYTES - 1) & -WORD_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** @param capacity of the ring in bytes. @returns how much memory it takes */
export function ringBytes(capacity: number): number {
  return HEADER_WORDS * WORD_BYTES + capacity;
}

/** @returns the capacity that a message of this many bytes takes */
export function messageBytes(length: number): number {
  return WORD_BYTES * wordsOf(length);
}

function wordsOf(length: number): number {
  return HEAD_WORDS + ((length + WORD_BYTES - 1) >> 2);
}

export class Ring {
  /** `READ_AT` and `WRITTEN_AT` count words since the ring was made, modulo 2^32. */
  private readonly header: Int32Array;
  private readonly data: Int32Array;
  private readonly mask: number;
  private readonly longest: number;

  /**
   * @param capacity a power of two
   * @param longest how many bytes a message may have
   */
  constructor(memory: SharedArrayBuffer, byteOffset: number, capacity: number, longest: number) {
    const words = capacity / WORD_BYTES;
    if (!Number.isInteger(Math.log2(words)) || messageBytes(longest) > capacity) {
      throw new RangeError(`a ring of ${capacity} bytes for messages of ${longest}`);
    }
    this.longest = longest;
    this.header = new Int32Array(memory, byteOffset, HEADER_WORDS);
    this.data = new Int32Array(memory, byteOffset + HEADER_WORDS * WORD_BYTES, words);
    this.mask = words - 1;
  }

  /** For the writer. @returns whether a message of this many bytes fits now */
  hasRoom(length: number): boolean {
    const used = (Atomics.load(this.header, WRITTEN_AT) - Atomics.load(this.header, READ_AT)) | 0;
    return used + wordsOf(length) <= this.data.length;
  }

  /** Like {@link hasRoom}. If it does not fit, the reader's next {@link takeWaiting} says that the writer waits. */
  awaitRoom(length: number): boolean {
    if (this.hasRoom(length)) return true;
    Atomics.store(this.header, WAITING, 1);
    // The reader may have read between the two.
    return this.hasRoom(length);
  }

  /** For the reader, after it has read. @returns whether the writer waits for room; it is to be told */
  takeWaiting(): boolean {
    return Atomics.load(this.header, WAITING) !== 0 && Atomics.exchange(this.header, WAITING, 0) !== 0;
  }

  /**
   * For the writer.
   * @param words {@link MESSAGE_WORDS} of them
   * @param bytes hold those of the message at [start, start + length)
   * @returns false if it does not fit; then nothing is written
   */
  write(kind: number, words: Int32Array, bytes: Uint8Array, start: number, length: number): boolean {
    if (length > this.longest) throw new RangeError(`a message of ${length} bytes in a ring for ${this.longest}`);
    if (!this.hasRoom(length)) return false;
    const { data, mask } = this;
    const view = viewOf(bytes);
    let at = Atomics.load(this.header, WRITTEN_AT);
    data[at++ & mask] = kind;
    data[at++ & mask] = length;
    for (let i = 0; i < MESSAGE_WORDS; i++) data[at++ & mask] = words[i]!;
    const end = start + length;
    let from = start;
    // Little-endian at both ends, whatever the machine is.
    for (; from + WORD_BYTES <= end; from += WORD_BYTES) data[at++ & mask] = view.getInt32(from, true);
    if (from < end) {
      let last = 0;
      for (let shift = 0; from < end; from++, shift += 8) last |= view.getUint8(from) << shift;
      data[at++ & mask] = last;
    }
    Atomics.store(this.header, WRITTEN_AT, at);
    return true;
  }

  /** For the reader: where it reads next. */
  get position(): number {
    return Atomics.load(this.header, READ_AT);
  }

  /** For the reader. @returns the position up to which messages are there now, for {@link read} */
  get end(): number {
    return Atomics.load(this.header, WRITTEN_AT);
  }

  /**
   * For the reader. The read position advances before the message is returned: if handling it ends the thread, the next one does
   * not read it again.
   * @param end stops there
   * @returns false if there is none
   */
  read(message: RingMessage, end = this.end): boolean {
    const { data, mask } = this;
    let at = Atomics.load(this.header, READ_AT);
    if (at === end) return false;
    message.kind = data[at++ & mask]!;
    const length = data[at++ & mask]!;
    message.length = length;
    const { words, view } = message;
    for (let i = 0; i < MESSAGE_WORDS; i++) words[i] = data[at++ & mask]!;
    for (let to = 0; to < length; to += WORD_BYTES) view.setInt32(to, data[at++ & mask]!, true);
    Atomics.store(this.header, READ_AT, at);
    return true;
  }
}
