/**
 * One TCP or TLS connection of the portable transport. It passes unread bytes to the request handler, writes the answers,
 * and stops reading while the client does not read. It has no timers; the listener checks `deadlineMs`.
 */
import type { Socket } from 'node:net';
import { HTTP_INCOMPLETE, type HttpRequestHandler, MAX_HTTP_RESPONSE_BYTES, type RemoteAddress } from '../transport.js';

/** Answers to pipelined requests are collected before they are written; room for this many of maximum length. */
const GATHERED_ANSWERS = 4;
/** More unread bytes without a complete request are an error; the handler refuses heads far below this size. */
const MAX_UNREAD_BYTES = 128 * 1024;

/** Shared by all connections of a listener, because handlers are synchronous. */
export interface ConnectionShared {
  readonly handler: HttpRequestHandler;
  readonly output: Uint8Array;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly nowMs: () => number;
  readonly onBatch: () => void;
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

  constructor(socket: Socket, remote: RemoteAddress, shared: ConnectionShared) {
    this.socket = socket;
    this.remote = remote;
    this.shared = shared;
    this.deadlineMs = shared.nowMs() + shared.requestTimeoutMs;
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('drain', () => this.onDrain());
  }

  private onData(chunk: Buffer): void {
    if (this.ending) return;
    this.shared.onBatch();
    const bytes = this.unread === null ? chunk : Buffer.concat([this.unread, chunk]);
    // The timeout of a request counts from its first byte; further bytes do not extend it.
    if (this.unread === null) this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
    this.unread = null;
    if (this.stalled) this.unread = bytes;
    else this.handle(bytes);
  }

  private onDrain(): void {
    if (!this.stalled) return;
    this.stalled = false;
    this.deadlineMs = this.shared.nowMs() + this.shared.keepAliveTimeoutMs;
    if (this.ending) return;
    const bytes = this.unread;
    this.unread = null;
    if (bytes !== null) this.handle(bytes);
    if (!this.stalled) this.socket.resume();
  }

  private handle(bytes: Buffer): void {
    const { handler, output } = this.shared;
    let at = 0;
    let gathered = 0;
    let answers = 0;
    while (at < bytes.length && !this.ending && !this.stalled) {
      const length = handler.onHttpBytes(bytes, at, bytes.length - at, this.remote, output, gathered);
      if (length === HTTP_INCOMPLETE) break;
      answers++;
      at += handler.consumed;
      gathered += length;
      if (handler.close || handler.consumed <= 0) this.ending = true;
      if (gathered + MAX_HTTP_RESPONSE_BYTES > output.length) {
        this.write(gathered);
        gathered = 0;
      }
    }
    this.write(gathered);
    if (this.ending) {
      this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
      // Read and discard further input: closing with unread bytes would send a reset, which can discard the answer.
      this.socket.end();
      this.socket.resume();
      return;
    }
    if (at < bytes.length) this.keep(bytes, at, answers);
    else if (!this.stalled) this.deadlineMs = this.shared.nowMs() + this.shared.keepAliveTimeoutMs;
  }

  private keep(bytes: Buffer, at: number, answers: number): void {
    if (bytes.length - at > MAX_UNREAD_BYTES) {
      this.socket.destroy();
      return;
    }
    // Copy, so that a few bytes do not retain the whole chunk.
    this.unread = at === 0 ? bytes : Buffer.from(bytes.subarray(at));
    if (answers > 0 && !this.stalled) this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
  }

  private write(length: number): void {
    if (length === 0) return;
    if (this.socket.write(Buffer.from(this.shared.output.subarray(0, length)))) return;
    this.stalled = true;
    this.deadlineMs = this.shared.nowMs() + this.shared.requestTimeoutMs;
    this.socket.pause();
  }
}
