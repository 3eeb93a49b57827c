/**
 * One TCP listener: accepts connections and passes them to its HttpConnections. When file descriptors run out it closes
 * waiting connections. If none waits it pauses, so that the readable listener does not spin the loop.
 */
import type {
  BoundAddress,
  HttpListener,
  HttpRequestHandler,
  ProxyTrust,
  TransportCounters,
  TransportLimits,
} from '../transport.js';
import type { EventLoop, EventSource } from './event-loop.js';
import { HttpConnections } from './http-connections.js';
import { ACCEPT_PAUSE_MS, MAX_ACCEPTS_AT_ONCE, MAX_DEFER_ACCEPT_SECONDS } from './http-limits.js';
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  ENOTSOCK,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  IPPROTO_TCP,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCKADDR_IN6_BYTES,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
  TCP_NODELAY,
} from './linux-abi.js';
import { type NativeCalls, systemCallDefect } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import type { OpenSocket, SocketOption } from './open-socket.js';
import { readSocketAddress } from './socket-address.js';

export function httpSocketOptions(limits: TransportLimits): SocketOption[] {
  const deferSeconds = Math.min(MAX_DEFER_ACCEPT_SECONDS, Math.ceil(limits.requestTimeoutMs / 1_000));
  return [
    [SOL_SOCKET, SO_REUSEADDR, 1],
    // Accepted sockets inherit the option, which saves a call for each.
    [IPPROTO_TCP, TCP_NODELAY, 1],
    [IPPROTO_TCP, TCP_DEFER_ACCEPT, deferSeconds],
  ];
}

/** The token of the listening socket; the token of a connection is its slot. */
const LISTENING = 0xffff_ffff;
const CONNECTION_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

export class TcpListener implements HttpListener, EventSource {
  readonly address: BoundAddress;
  private readonly calls: NativeCalls;
  private readonly loop: EventLoop;
  private readonly sourceId: number;
  private readonly counters: TransportCounters;
  private readonly fd: number;
  private readonly ownsSocket: boolean;
  private readonly connections: HttpConnections;
  private readonly memory: NativeMemory;
  private readonly name: number;
  private readonly nameBytes: number;
  private resumeAcceptAtMs = 0;
  private closed = false;

  constructor(
    calls: NativeCalls,
    loop: EventLoop,
    counters: TransportCounters,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    proxies: ProxyTrust | null,
    socket: OpenSocket,
  ) {
    this.address = socket.bound;
    this.calls = calls;
    this.loop = loop;
    this.counters = counters;
    this.fd = socket.fd;
    this.ownsSocket = socket.owned;
    this.memory = new NativeMemory(calls, 256);
    this.name = this.memory.reserve(SOCKADDR_IN6_BYTES);
    this.nameBytes = this.memory.reserve(4);
    this.sourceId = loop.addSource(this);
    this.connections = new HttpConnections(calls, loop, this.sourceId, counters, handler, limits, proxies);
    if (!this.watchListening()) throw systemCallDefect('epoll_ctl', calls.errno());
  }

  onReady(token: number, nowMs: number): void {
    if (token === LISTENING) this.acceptSome(nowMs);
    else this.connections.onReady(token, nowMs);
  }

  onTick(nowMs: number): void {
    this.connections.expire(nowMs);
    if (this.resumeAcceptAtMs === 0 || nowMs < this.resumeAcceptAtMs) return;
    this.resumeAcceptAtMs = this.watchListening() ? 0 : nowMs + ACCEPT_PAUSE_MS;
  }

  /** A socket that is handed over may be shared with other threads: then a new connection wakes one of them. */
  private watchListening(): boolean {
    const events = this.ownsSocket ? EPOLLIN : EPOLLIN | EPOLLEXCLUSIVE;
    return this.loop.watch(this.fd, events, this.sourceId, LISTENING);
  }

  answer(ticket: number, bytes: Uint8Array, start: number, length: number, close: boolean): void {
    if (!this.closed) this.connections.answerLater(ticket, bytes, start, length, close);
  }

  private acceptSome(nowMs: number): void {
    const { words, address } = this.memory;
    for (let i = 0; i < MAX_ACCEPTS_AT_ONCE; i++) {
      words[this.nameBytes >>> 2] = SOCKADDR_IN6_BYTES;
      const fd = this.calls.accept4(this.fd, address + this.name, address + this.nameBytes, CONNECTION_FLAGS);
      if (fd >= 0) {
        this.counters.connectionsAccepted++;
        readSocketAddress(this.memory, this.name, this.connections.remote);
        this.connections.startConnection(fd, nowMs);
      } else if (!this.mayAcceptNext(this.calls.errno(), nowMs)) {
        return;
      }
    }
  }

  /** @returns whether to accept the next connection at once */
  private mayAcceptNext(errno: number, nowMs: number): boolean {
    switch (errno) {
      case EAGAIN:
        return false;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        if (this.connections.closeLeastUseful()) return true;
        this.resumeAcceptAtMs = nowMs + ACCEPT_PAUSE_MS;
        this.loop.unwatch(this.fd);
        return false;
      case EBADF:
      case EFAULT:
      case EINVAL:
      case ENOTSOCK:
        throw systemCallDefect('accept4', errno);
      default:
        // ECONNABORTED and the network errors that accept(2) lists: this connection is gone, the next may be fine.
        return true;
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.connections.closeAll();
    this.loop.removeSource(this.sourceId);
    if (this.ownsSocket) this.calls.close(this.fd);
    else if (this.resumeAcceptAtMs === 0) this.loop.unwatch(this.fd);
  }
}
