/** A fixed number of equal buffers in native memory, for the few connections that need to keep bytes. */
import type { NativeMemory } from './native-memory.js';

export class BufferPool {
  readonly bufferBytes: number;
  private readonly start: number;
  /** A stack of free buffer numbers: the most recently used buffer, whose pages are warm, is reused first. */
  private readonly freeNumbers: Int32Array;
  private freeTop: number;

  constructor(memory: NativeMemory, count: number, bufferBytes: number) {
    this.bufferBytes = bufferBytes;
    this.start = memory.reserve(count * bufferBytes);
    this.freeNumbers = Int32Array.from({ length: count }, (_, i) => count - 1 - i);
    this.freeTop = count;
  }

  get freeCount(): number {
    return this.freeTop;
  }

  /** @returns a buffer number, −1 if none is free */
  takeBuffer(): number {
    return this.freeTop === 0 ? -1 : this.freeNumbers[--this.freeTop]!;
  }

  returnBuffer(buffer: number): void {
    this.freeNumbers[this.freeTop++] = buffer;
  }

  /** Offset of a buffer in the native memory. */
  bufferOffset(buffer: number): number {
    return this.start + buffer * this.bufferBytes;
  }
}
