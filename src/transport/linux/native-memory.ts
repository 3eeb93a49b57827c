/**
 * Memory that is passed to the kernel by address: one ArrayBuffer, allocated in pieces that are never freed. Code that
 * makes system calls with its addresses must hold a reference to this object; otherwise the garbage collector frees the
 * memory while it is in use. Untouched pages take no memory.
 */
import type { NativeCalls } from './native-calls.js';

/** A piece starts at a cache line. */
const ALIGNMENT = 64;

export class NativeMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same memory as 32-bit words in the machine's (little-endian) order; index = offset / 4. */
  readonly words: Uint32Array;
  /** Address of offset 0. */
  readonly address: number;
  private used = 0;

  constructor(calls: NativeCalls, sizeBytes: number) {
    // An ArrayBuffer, because small typed arrays are on the JavaScript heap, where the collector moves them.
    const buffer = new ArrayBuffer(Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT + ALIGNMENT);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Uint32Array(buffer);
    this.address = calls.addressOf(buffer);
    this.used = (ALIGNMENT - (this.address % ALIGNMENT)) % ALIGNMENT;
  }

  /** @returns the offset of `sizeBytes` zeroed bytes */
  reserve(sizeBytes: number): number {
    const offset = this.used;
    if (offset + sizeBytes > this.bytes.length) throw new RangeError('native memory is used up');
    this.used = offset + Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
    return offset;
  }

  /** Writes the address of `target` as a pointer at `offset`. */
  setPointer(offset: number, target: number): void {
    const address = this.address + target;
    this.words[offset >>> 2] = address >>> 0;
    this.words[(offset >>> 2) + 1] = Math.floor(address / 0x1_0000_0000);
  }
}
