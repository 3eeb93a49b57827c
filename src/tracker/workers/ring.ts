/**
 * A ring of messages in shared memory, from one thread that writes to one thread that reads, without locks. A message has a kind,
 * a fixed number of words and any number of bytes. The memory may outlive both threads: all state is in it, and a thread that
 * takes the place of another one continues where that one ended.
 */

import { endianness } from 'node:os';
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
const LITTLE_ENDIAN = endianness() === 'LE';

/** The message that was read last. Reused, so a reader does not keep it. */
export class RingMessage {
  kind = 0;
  readonly words = new Int32Array(MESSAGE_WORDS);
  readonly bytes: Uint8Array;
  /** How many of `bytes` belong to the message. */
  length = 0;
  /** The same memory as `bytes`. */
  readonly byteWords: Int32Array;

  /** @param maxBytes of the longest message of its rings */
  constructor(maxBytes: number) {
    this.bytes = new Uint8Array((maxBytes + WORD_BYTES - 1) & -WORD_BYTES);
    this.byteWords = new Int32Array(this.bytes.buffer);
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
  /** The same memory as `data`. */
  private readonly dataBytes: Uint8Array;
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
    this.dataBytes = new Uint8Array(memory, this.data.byteOffset, capacity);
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
    const at = Atomics.load(this.header, WRITTEN_AT);
    data[at & mask] = kind;
    data[(at + 1) & mask] = length;
    for (let i = 0; i < MESSAGE_WORDS; i++) data[(at + 2 + i) & mask] = words[i]!;
    this.writeBytes((at + HEAD_WORDS) & mask, bytes, start, length);
    Atomics.store(this.header, WRITTEN_AT, at + wordsOf(length));
    return true;
  }

  /** In two loops without a mask, which take half the time of one with it. */
  private writeBytes(to: number, bytes: Uint8Array, start: number, length: number): void {
    const { data, dataBytes } = this;
    const view = viewOf(bytes);
    const whole = length >> 2;
    const beforeEnd = Math.min(whole, data.length - to);
    for (let i = 0; i < beforeEnd; i++) data[to + i] = view.getInt32(start + WORD_BYTES * i, LITTLE_ENDIAN);
    for (let i = beforeEnd; i < whole; i++) data[i - beforeEnd] = view.getInt32(start + WORD_BYTES * i, LITTLE_ENDIAN);
    const rest = WORD_BYTES * ((to + whole) & this.mask);
    for (let i = WORD_BYTES * whole; i < length; i++) dataBytes[rest + (i & 3)] = bytes[start + i]!;
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
    const at = Atomics.load(this.header, READ_AT);
    if (at === end) return false;
    message.kind = data[at & mask]!;
    const length = data[(at + 1) & mask]!;
    message.length = length;
    const { words, byteWords } = message;
    for (let i = 0; i < MESSAGE_WORDS; i++) words[i] = data[(at + 2 + i) & mask]!;
    const from = (at + HEAD_WORDS) & mask;
    const count = wordsOf(length) - HEAD_WORDS;
    const beforeEnd = Math.min(count, data.length - from);
    for (let i = 0; i < beforeEnd; i++) byteWords[i] = data[from + i]!;
    for (let i = beforeEnd; i < count; i++) byteWords[i] = data[i - beforeEnd]!;
    Atomics.store(this.header, READ_AT, at + wordsOf(length));
    return true;
  }
}
