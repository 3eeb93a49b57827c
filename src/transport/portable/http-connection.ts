/**
 * One TCP or TLS connection of the portable transport. It passes unread bytes to the request handler, writes the answers,
 * and stops reading while the client does not read. It has no timers; the listener checks `deadlineMs`.
 */
import type { Socket } from 'node:net';
import {
  HTTP_INCOMPLETE,
  HTTP_LATER,
  type HttpRequestHandler,
  LATER_TIMEOUT_MS,
  MAX_HTTP_RESPONSE_BYTES,
  type RemoteAddress,
} from '../transport.js';

/** Answers to pipelined requests are collected before they are written; room for this many of maximum length. */
const GATHERED_ANSWERS = 4;
/** More unread bytes without a complete request are an error; the handler refuses heads far below this size. */
const MAX_UNREAD_BYTES = 128 * 1024;
/** {@link HttpConnection}: no request waits for its answer. */
const NO_TICKET = -1;

/** Shared by all connections of a listener, because handlers are synchronous. */
export interface ConnectionShared {
  readonly handler: HttpRequestHandler;
  readonly output: Uint8Array;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly nowMs: () => number;
  readonly onBatch: () => void;
  /** Connections that wait for an answer, by ticket. */
  readonly waiting: Map<number, HttpConnection>;
  /** Of the last request that was passed on. No ticket is issued twice. */
  lastTicket: number;
}

export function createOutput(): Uint8Array {
  return new Uint8Array(GATHERED_ANSWERS * MAX_HTTP_RESPONSE_BYTES);
}

export class HttpConnection {
  /** When the listener closes this connection. */
  deadlineMs: number;
  private readonly socket: Socket;
  private readonly remote: RemoteAddress;
  private readonly shared: ConnectionShared;
  private unread: Buffer | null = null;
  private ending = false;
  private stalled = false;
  /** The client has finished sending. */
  private inputEnded = false;
  private ticket = NO_TICKET;
  private passingOn = false;

  /** @param socket with `allowHalfOpen`, as an answer may follow the end of the input */
  constructor(socket: Socket, remote: RemoteAddress, shared: ConnectionShared) {
    this.socket = socket;
    this.remote = remote;
    this.shared = shared;
    this.deadlineMs = shared.nowMs() + shared.requestTimeoutMs;
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('drain', () => this.onDrain());
    socket.on('end', () => this.onEnd());
    socket.on('close', () => shared.waiting.delete(this.ticket));
  }

  /** Sends the answer to the request that was passed on. */
  answer(bytes: Uint8Array, start: number, length: number, close: boolean): void {
    this.shared.waiting.delete(this.ticket);
    this.ticket = NO_TICKET;
    this.write(bytes.subarray(start, start + length));
    if (close) this.endOutput();
    if (!this.ending && !this.stalled && !this.passingOn) this.resume();
  }

  private get busy(): boolean {
    return this.ending || this.stalled || this.ticket !== NO_TICKET;
  }

  private onData(chunk: Buffer): void {
    if (this.ending) return;
    this.shared.onBatch();
    const bytes = this.unread === null ? chunk : Buffer.concat([this.unread, chunk]);
    if (this.busy) {
      this.unread = bytes;
      if (bytes.length > MAX_UNREAD_BYTES) this.socket.pause();
      return;
    }
    // The timeout of a request counts from its first byte; further bytes do not extend it.
    if (this.unread === null) this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
    this.unread = null;
    this.handle(bytes);
  }

  private onDrain(): void {
    this.stalled = false;
    if (!this.busy) this.resume();
  }

  private onEnd(): void {
    this.inputEnded = true;
    if (!this.busy) this.endOutput();
  }

  /** Continues with the bytes that arrived while this connection was busy. */
  private resume(): void {
    const bytes = this.unread;
    this.unread = null;
    const { requestTimeoutMs, keepAliveTimeoutMs } = this.shared;
    this.deadlineMs = this.shared.nowMs() + (bytes === null ? keepAliveTimeoutMs : requestTimeoutMs);
    if (bytes !== null) this.handle(bytes);
    if (this.busy) return;
    if (this.inputEnded) this.endOutput();
    else this.socket.resume();
  }

  private handle(bytes: Buffer): void {
    const { handler, output } = this.shared;
    let at = 0;
    let gathered = 0;
    let answers = 0;
    while (at < bytes.length && !this.busy) {
      const length = handler.onHttpBytes(bytes, at, bytes.length - at, this.remote, output, gathered);
      if (length === HTTP_INCOMPLETE) break;
      answers++;
      at += handler.consumed;
      if (length === HTTP_LATER) {
        this.write(output.subarray(0, gathered));
        gathered = 0;
        this.passOn();
        continue;
      }
      gathered += length;
      if (handler.close || handler.consumed <= 0) this.ending = true;
      if (gathered + MAX_HTTP_RESPONSE_BYTES > output.length) {
        this.write(output.subarray(0, gathered));
        gathered = 0;
      }
    }
    this.write(output.subarray(0, gathered));
    if (this.ending) {
      this.endOutput();
      return;
    }
    if (at < bytes.length) this.keep(bytes, at, answers);
    else if (!this.busy) this.deadlineMs = this.shared.nowMs() + this.shared.keepAliveTimeoutMs;
  }

  /** The handler may answer at once: then the caller continues. */
  private passOn(): void {
    const { shared } = this;
    this.ticket = ++shared.lastTicket;
    shared.waiting.set(this.ticket, this);
    this.deadlineMs = shared.nowMs() + LATER_TIMEOUT_MS;
    this.passingOn = true;
    shared.handler.passOn?.(this.ticket);
    this.passingOn = false;
  }

  private keep(bytes: Buffer, at: number, answers: number): void {
    if (!this.busy && bytes.length - at > MAX_UNREAD_BYTES) {
      this.socket.destroy();
      return;
    }
    // Copy, so that a few bytes do not retain the whole chunk.
    this.unread = at === 0 ? bytes : Buffer.from(bytes.subarray(at));
    if (answers > 0 && !this.busy) this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
  }

  /** Writes a copy. */
  private write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.socket.write(Buffer.from(bytes))) return;
    this.stalled = true;
    this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
    this.socket.pause();
  }

  private endOutput(): void {
    this.ending = true;
    this.unread = null;
    this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
    // Read and discard further input: closing with unread bytes would send a reset, which can discard the answer.
    this.socket.end();
    this.socket.resume();
  }
}
