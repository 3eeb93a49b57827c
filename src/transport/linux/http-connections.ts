/**
 * The connections of one HTTP listener. A typical connection costs recv, send and close, and no state. A connection that
 * is kept alive, sends its request in parts or reads its answer slowly gets a slot of the connection table, an epoll
 * registration and, while it needs one, a buffer. The handler parses HTTP.
 */
import { PROXY_INCOMPLETE, readProxyHeader } from '../proxy-protocol.js';
import {
  HTTP_INCOMPLETE,
  HTTP_LATER,
  type HttpRequestHandler,
  LATER_TIMEOUT_MS,
  MAX_HTTP_HEAD_BYTES,
  MAX_HTTP_RESPONSE_BYTES,
  type ProxyTrust,
  type TransportCounters,
  type TransportLimits,
} from '../transport.js';
import { FREE, IDLE, LINGERING, NONE, READING, WAITING, WRITING } from './connection-table.js';
import type { EventLoop } from './event-loop.js';
import { IN_BUFFER_BYTES, LINGER_MS, OUT_BUFFER_BYTES } from './http-limits.js';
import { EAGAIN, EINTR, ENOBUFS, EPOLLIN, EPOLLOUT, MSG_MORE, MSG_NOSIGNAL, SHUT_WR } from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { OpenConnections } from './open-connections.js';

export class HttpConnections extends OpenConnections {
  private passingOn = false;
  /** The connection whose request was answered while it was passed on, or NONE. */
  private resumed = NONE;
  private resuming = false;
  private readonly handler: HttpRequestHandler;
  private readonly proxies: ProxyTrust | null;
  private readonly in: number;
  private readonly out: number;

  constructor(
    calls: NativeCalls,
    loop: EventLoop,
    sourceId: number,
    counters: TransportCounters,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    proxies: ProxyTrust | null,
  ) {
    super(calls, loop, sourceId, counters, limits);
    this.handler = handler;
    this.proxies = proxies;
    this.in = this.held.in;
    this.out = this.held.out;
  }

  /** Starts on an accepted connection; its address is in `remote`. */
  startConnection(fd: number, nowMs: number): void {
    this.nowMs = nowMs;
    this.headerPending = this.proxies !== null;
    const full = this.table.open >= this.table.capacity;
    const trusted = this.proxies === null || this.proxies(this.remote);
    if (!trusted || (full && !this.closeLeastUseful())) this.calls.close(fd);
    else this.read(fd, NONE);
  }

  onReady(slot: number, nowMs: number): void {
    this.nowMs = nowMs;
    const state = this.table.state[slot]!;
    if (state === WRITING) this.continueAnswer(slot);
    else if (state === LINGERING) this.discardInput(slot);
    else if (state === WAITING) this.pauseInput(slot);
    // The connection may have been closed earlier in the same batch: then its slot is free, or a read would block.
    else if (state !== FREE) this.read(this.table.fd[slot]!, slot);
  }

  private read(fd: number, slot: number): void {
    const table = this.table;
    const held = slot === NONE ? 0 : table.inLength[slot]!;
    const buffer = held > 0 ? this.held.requestStart(slot) : this.in;
    const count = this.calls.recv(fd, this.memory.address + buffer + held, IN_BUFFER_BYTES - held, 0);
    if (count > 0) {
      if (slot !== NONE) this.loadConnection(slot);
      this.serve(fd, slot, buffer, held + count);
      return;
    }
    const errno = count < 0 ? this.calls.errno() : 0;
    if (errno !== EAGAIN && errno !== EINTR) this.closeConnection(fd, slot);
    else if (slot === NONE) this.addConnection(fd, READING, this.limits.requestTimeoutMs);
  }

  /** Answers every complete request in the `length` bytes at `start`. */
  private serve(fd: number, slot: number, start: number, length: number): void {
    if (!this.headerPending) {
      this.answer(fd, slot, start, length);
      return;
    }
    const header = readProxyHeader(this.memory.bytes.subarray(start, start + length), this.remote);
    if (header === PROXY_INCOMPLETE && length < MAX_HTTP_HEAD_BYTES) {
      this.awaitRest(fd, slot, start, length, false);
    } else if (header <= 0) {
      this.closeConnection(fd, slot);
    } else {
      this.headerPending = false;
      if (slot !== NONE) this.saveConnection(slot);
      this.answer(fd, slot, start + header, length - header);
    }
  }

  /** Collects the answers, sends them, and decides whether to keep, park or close the connection. */
  private answer(fd: number, slot: number, start: number, length: number): void {
    const handler = this.handler;
    const { bytes } = this.memory;
    let used = 0;
    let out = 0;
    let close = false;
    let answered = false;
    while (used < length && !close) {
      if (out > OUT_BUFFER_BYTES - MAX_HTTP_RESPONSE_BYTES) {
        if (!this.sendAll(fd, slot, out, start + used, length - used, false)) return;
        out = 0;
      }
      const at = this.out + out;
      const answer = handler.onHttpBytes(bytes, start + used, length - used, this.remote, bytes, at);
      if (answer <= HTTP_INCOMPLETE) {
        if (answer === HTTP_LATER) {
          this.passOn(fd, slot, out, start + used, length - used);
          return;
        }
        break;
      }
      if (answer > MAX_HTTP_RESPONSE_BYTES) throw overrun(answer);
      answered = true;
      out += answer;
      close = handler.close || handler.consumed <= 0;
      used += handler.consumed;
    }
    const left = length - used;
    // The handler answers longer heads with an error; this is the backstop.
    if (!close && left >= IN_BUFFER_BYTES) close = true;
    if (out > 0 && !this.sendAll(fd, slot, out, start + used, left, close)) return;
    if (close) this.finish(fd, slot, left > 0);
    else if (left > 0) this.awaitRest(fd, slot, start + used, left, answered);
    else this.awaitNext(fd, slot);
  }

  /** The handler answers the first request in the `length` bytes at `start` later. `out` is as in {@link sendAll}. */
  private passOn(fd: number, slot: number, out: number, start: number, length: number): void {
    // If the client does not read the earlier answers at once, the request comes again after them.
    if (out > 0 && !this.sendAll(fd, slot, out, start, length, false)) return;
    const { handler } = this;
    const waiting = slot === NONE ? this.takeSlot(fd, WAITING, LATER_TIMEOUT_MS) : slot;
    if (waiting === NONE) return;
    if (slot !== NONE) this.enterState(slot, WAITING, LATER_TIMEOUT_MS);
    const next = start + handler.consumed;
    const unread = length - handler.consumed;
    // The handler still needs the request where it is.
    if (unread === 0 || this.table.inBuffer[waiting] !== NONE) this.held.keepUnread(waiting, next, unread);
    else if (!this.storeRequest(waiting, next, unread)) return;
    this.passingOn = true;
    handler.passOn?.(this.table.issueTicket(waiting));
    this.passingOn = false;
    if (!this.resuming) this.resumeConnections();
  }

  /** Continues where `passOn` answered at once. A loop, because the stack does not hold a whole pipeline of such requests. */
  private resumeConnections(): void {
    this.resuming = true;
    for (let slot = this.resumed; slot !== NONE; slot = this.resumed) {
      this.resumed = NONE;
      this.answer(this.table.fd[slot]!, slot, this.held.unreadStart(slot), this.table.inLength[slot]!);
    }
    this.resuming = false;
  }

  /** See HttpListener.answer of the contract. */
  answerLater(ticket: number, bytes: Uint8Array, start: number, length: number, close: boolean): void {
    if (length > MAX_HTTP_RESPONSE_BYTES) throw overrun(length);
    const table = this.table;
    const slot = table.slotOfTicket(ticket);
    if (slot === NONE) return;
    const fd = table.fd[slot]!;
    const unread = table.inLength[slot]!;
    const unreadAt = unread > 0 ? this.held.unreadStart(slot) : 0;
    const moreInput = unread > 0 || table.watched[slot] === 0;
    this.loadConnection(slot);
    this.memory.bytes.set(bytes.subarray(start, start + length), this.out);
    if (!this.sendAll(fd, slot, length, unreadAt, unread, close)) return;
    if ((moreInput || !close) && !this.watch(fd, slot, EPOLLIN)) return;
    if (close) this.finish(fd, slot, moreInput);
    else if (unread === 0) this.awaitNext(fd, slot);
    else {
      this.enterState(slot, READING, this.limits.requestTimeoutMs);
      if (this.passingOn) this.resumed = slot;
      else this.answer(fd, slot, unreadAt, unread);
    }
  }

  /**
   * More input, or its end, arrived before the answer. It stays in the kernel; epoll only reports a connection that broke
   * from then on, which is the second report.
   */
  private pauseInput(slot: number): void {
    const fd = this.table.fd[slot]!;
    if (this.table.watched[slot] === 0) this.closeConnection(fd, slot);
    else this.watch(fd, slot, 0);
  }

  /** Sends the first `out` bytes of the collected answers. @returns false if the connection was parked or closed */
  private sendAll(fd: number, slot: number, out: number, rest: number, restBytes: number, close: boolean): boolean {
    // MSG_MORE: the last answer leaves in one packet with the FIN.
    const sent = this.send(fd, this.out, out, close ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
    if (sent === out) return true;
    if (sent < 0) this.closeConnection(fd, slot);
    else this.storeAnswer(fd, slot, this.out + sent, out - sent, rest, restBytes, close);
    return false;
  }

  /** @returns bytes sent, 0 if the socket is full, −1 if the connection is broken */
  private send(fd: number, offset: number, length: number, flags: number): number {
    const sent = this.calls.send(fd, this.memory.address + offset, length, flags);
    if (sent >= 0) return sent;
    const errno = this.calls.errno();
    return errno === EAGAIN || errno === EINTR || errno === ENOBUFS ? 0 : -1;
  }

  private awaitNext(fd: number, slot: number): void {
    if (slot === NONE) {
      this.addConnection(fd, IDLE, this.limits.keepAliveTimeoutMs);
      return;
    }
    this.held.releaseRequest(slot);
    this.enterState(slot, IDLE, this.limits.keepAliveTimeoutMs);
  }

  private awaitRest(fd: number, slot: number, start: number, length: number, answered: boolean): void {
    const { requestTimeoutMs } = this.limits;
    const held = slot === NONE ? this.addConnection(fd, READING, requestTimeoutMs) : slot;
    if (held === NONE || !this.storeRequest(held, start, length)) return;
    // The timeout of a request counts from its first byte: further bytes do not extend it.
    if (slot !== NONE && (answered || this.table.state[slot] !== READING)) {
      this.enterState(slot, READING, requestTimeoutMs);
    }
  }

  /** Stores unsent and unread bytes; reading resumes when the answer is sent. */
  private storeAnswer(
    fd: number,
    slot: number,
    out: number,
    outBytes: number,
    rest: number,
    restBytes: number,
    close: boolean,
  ): void {
    const table = this.table;
    if (!this.held.hasAnswerBuffer) this.timeOut(table.oldest(WRITING));
    const parked = slot === NONE ? this.takeSlot(fd, WRITING, this.limits.requestTimeoutMs) : slot;
    if (parked === NONE) return;
    if (slot !== NONE) this.enterState(slot, WRITING, this.limits.requestTimeoutMs);
    this.held.storeAnswer(parked, out, outBytes);
    table.closeAfter[parked] = close ? 1 : 0;
    if (restBytes === 0 || close) this.held.releaseRequest(parked);
    else if (!this.storeRequest(parked, rest, restBytes)) return;
    this.watch(fd, parked, EPOLLOUT);
  }

  private continueAnswer(slot: number): void {
    const table = this.table;
    const fd = table.fd[slot]!;
    const from = table.outFrom[slot]!;
    const length = table.outTo[slot]! - from;
    const sent = this.send(fd, this.held.unsentStart(slot), length, MSG_NOSIGNAL);
    if (sent < 0) {
      this.closeConnection(fd, slot);
    } else if (sent < length) {
      table.outFrom[slot] = from + sent;
    } else {
      this.held.releaseAnswer(slot);
      this.watch(fd, slot, EPOLLIN);
      this.loadConnection(slot);
      const held = table.inLength[slot]!;
      if (table.closeAfter[slot] === 1) this.finish(fd, slot, true);
      else if (held > 0) this.answer(fd, slot, this.held.requestStart(slot), held);
      else this.awaitNext(fd, slot);
    }
  }

  /** A close with unread input sends a reset, which may overtake the answer: such a connection is closed in two steps. */
  private finish(fd: number, slot: number, moreInput: boolean): void {
    if (!moreInput) {
      this.closeConnection(fd, slot);
      return;
    }
    this.calls.shutdown(fd, SHUT_WR);
    if (slot === NONE) {
      this.addConnection(fd, LINGERING, LINGER_MS);
      return;
    }
    this.held.releaseRequest(slot);
    this.enterState(slot, LINGERING, LINGER_MS);
  }

  private discardInput(slot: number): void {
    const fd = this.table.fd[slot]!;
    const count = this.calls.recv(fd, this.memory.address + this.in, IN_BUFFER_BYTES, 0);
    const errno = count < 0 ? this.calls.errno() : 0;
    if (count === 0 || (count < 0 && errno !== EAGAIN && errno !== EINTR)) this.closeConnection(fd, slot);
  }
}

function overrun(bytes: number): RangeError {
  return new RangeError(`an answer of ${bytes} bytes overran its buffer`);
}
