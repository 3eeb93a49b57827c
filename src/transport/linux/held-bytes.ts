/**
 * The memory of one HTTP listener: scratch space for the current connection, and buffers for the few connections that keep
 * part of a request or of an answer.
 */
import { BufferPool } from './buffer-pool.js';
import { type ConnectionTable, NONE } from './connection-table.js';
import { IN_BUFFER_BYTES, MAX_HELD_ANSWERS, MAX_HELD_REQUESTS, OUT_BUFFER_BYTES } from './http-limits.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

export class HeldBytes {
  readonly memory: NativeMemory;
  /** Offsets of the scratch space, IN_BUFFER_BYTES and OUT_BUFFER_BYTES long. */
  readonly in: number;
  readonly out: number;
  private readonly table: ConnectionTable;
  private readonly requests: BufferPool;
  private readonly answers: BufferPool;

  constructor(calls: NativeCalls, table: ConnectionTable) {
    this.table = table;
    const requests = Math.min(table.capacity, MAX_HELD_REQUESTS);
    const answers = Math.min(table.capacity, MAX_HELD_ANSWERS);
    this.memory = new NativeMemory(calls, (requests + 1) * IN_BUFFER_BYTES + (answers + 1) * OUT_BUFFER_BYTES);
    this.in = this.memory.reserve(IN_BUFFER_BYTES);
    this.out = this.memory.reserve(OUT_BUFFER_BYTES);
    this.requests = new BufferPool(this.memory, requests, IN_BUFFER_BYTES);
    this.answers = new BufferPool(this.memory, answers, OUT_BUFFER_BYTES);
  }

  /** Offset of the request bytes of a connection that has some. */
  requestStart(slot: number): number {
    return this.requests.bufferOffset(this.table.inBuffer[slot]!);
  }

  /** @returns false if no buffer is free */
  storeRequest(slot: number, start: number, length: number): boolean {
    const table = this.table;
    if (table.inBuffer[slot] === NONE) {
      const buffer = this.requests.takeBuffer();
      if (buffer === NONE) return false;
      table.inBuffer[slot] = buffer;
    }
    const to = this.requestStart(slot);
    if (to !== start) this.memory.bytes.copyWithin(to, start, start + length);
    table.inFrom[slot] = 0;
    table.inLength[slot] = length;
    return true;
  }

  /** Keeps the last `length` bytes of a stored request at `start`, where they are. */
  keepUnread(slot: number, start: number, length: number): void {
    if (length === 0) {
      this.releaseRequest(slot);
      return;
    }
    this.table.inFrom[slot] = start - this.requestStart(slot);
    this.table.inLength[slot] = length;
  }

  /** Offset of the bytes that follow a request which is answered later. */
  unreadStart(slot: number): number {
    return this.requestStart(slot) + this.table.inFrom[slot]!;
  }

  releaseRequest(slot: number): void {
    const table = this.table;
    if (table.inBuffer[slot] !== NONE) this.requests.returnBuffer(table.inBuffer[slot]!);
    table.inBuffer[slot] = NONE;
    table.inLength[slot] = 0;
  }

  get hasAnswerBuffer(): boolean {
    return this.answers.freeCount > 0;
  }

  /** Needs a free answer buffer. */
  storeAnswer(slot: number, start: number, length: number): void {
    const table = this.table;
    const buffer = this.answers.takeBuffer();
    this.memory.bytes.copyWithin(this.answers.bufferOffset(buffer), start, start + length);
    table.outBuffer[slot] = buffer;
    table.outFrom[slot] = 0;
    table.outTo[slot] = length;
  }

  /** Offset of the unsent bytes of a connection that has some. */
  unsentStart(slot: number): number {
    return this.answers.bufferOffset(this.table.outBuffer[slot]!) + this.table.outFrom[slot]!;
  }

  releaseAnswer(slot: number): void {
    const table = this.table;
    if (table.outBuffer[slot] !== NONE) this.answers.returnBuffer(table.outBuffer[slot]!);
    table.outBuffer[slot] = NONE;
  }
}
