/**
 * All sockets that talk to one address each: one event source with a slot for each socket, because sockets come and go with
 * the questions that are asked over them. Errors of the network (nobody listens, no route) concern one socket and end it.
 */
import { parseIp } from '../../domain/ip-address.js';
import type { DatagramConnection, DatagramConnectionHandler } from '../transport.js';
import type { EventLoop, EventSource } from './event-loop.js';
import {
  AF_INET,
  AF_INET6,
  EAGAIN,
  EINTR,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCKADDR_IN6_BYTES,
} from './linux-abi.js';
import { errnoName, type NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import { writeSocketAddress } from './socket-address.js';

/** The longest datagram. */
const BUFFER_BYTES = 65_536;
/** Datagrams of one socket for one event, so that a flood on it does not keep the others waiting. */
const MAX_DATAGRAMS = 16;

interface Connection {
  readonly fd: number;
  readonly handler: DatagramConnectionHandler;
}

export class DatagramConnections implements EventSource {
  private readonly calls: NativeCalls;
  private readonly loop: EventLoop;
  private readonly sourceId: number;
  private readonly memory: NativeMemory;
  private readonly buffer: number;
  private readonly name: number;
  private readonly slots: (Connection | undefined)[] = [];
  private readonly free: number[] = [];

  constructor(calls: NativeCalls, loop: EventLoop) {
    this.calls = calls;
    this.loop = loop;
    this.memory = new NativeMemory(calls, 2 * BUFFER_BYTES);
    this.buffer = this.memory.reserve(BUFFER_BYTES);
    this.name = this.memory.reserve(SOCKADDR_IN6_BYTES);
    this.sourceId = loop.addSource(this);
  }

  connect(host: string, port: number, handler: DatagramConnectionHandler): DatagramConnection {
    const { calls } = this;
    const ip = parseIp(host);
    const fd = calls.socket(ip.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return unusable(handler, 'socket', calls.errno());
    const nameBytes = writeSocketAddress(this.memory, this.name, ip, port);
    if (calls.connect(fd, this.memory.address + this.name, nameBytes) < 0) {
      const errno = calls.errno();
      calls.close(fd);
      return unusable(handler, 'connect', errno);
    }
    const slot = this.free.pop() ?? this.slots.length;
    const connection = { fd, handler };
    if (!this.loop.watch(fd, EPOLLIN, this.sourceId, slot)) {
      const errno = calls.errno();
      this.free.push(slot);
      calls.close(fd);
      return unusable(handler, 'epoll_ctl', errno);
    }
    this.slots[slot] = connection;
    return {
      send: (datagram) => this.send(slot, connection, datagram),
      close: () => this.close(slot, connection),
    };
  }

  onReady(slot: number): void {
    const connection = this.slots[slot];
    if (connection === undefined) return;
    const { memory, calls } = this;
    for (let i = 0; i < MAX_DATAGRAMS && this.slots[slot] === connection; i++) {
      const length = calls.recv(connection.fd, memory.address + this.buffer, BUFFER_BYTES, MSG_DONTWAIT);
      if (length >= 0) {
        connection.handler.onDatagram(memory.bytes.subarray(this.buffer, this.buffer + length));
        continue;
      }
      const errno = calls.errno();
      if (errno === EINTR) continue;
      if (errno !== EAGAIN) this.fail(slot, connection, 'recv', errno);
      return;
    }
  }

  onTick(): void {}

  closeAll(): void {
    this.slots.forEach((connection, slot) => {
      if (connection !== undefined) this.close(slot, connection);
    });
    this.loop.removeSource(this.sourceId);
  }

  private send(slot: number, connection: Connection, datagram: Uint8Array): void {
    if (this.slots[slot] !== connection) return;
    const { memory, calls } = this;
    memory.bytes.set(datagram, this.buffer);
    for (;;) {
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      if (calls.send(connection.fd, memory.address + this.buffer, datagram.length, flags) >= 0) return;
      const errno = calls.errno();
      if (errno === EINTR) continue;
      // A full send buffer loses the datagram, as the network may.
      if (errno !== EAGAIN) setImmediate(() => this.fail(slot, connection, 'send', errno));
      return;
    }
  }

  private fail(slot: number, connection: Connection, call: string, errno: number): void {
    if (this.slots[slot] !== connection) return;
    this.close(slot, connection);
    connection.handler.onError(networkError(call, errno));
  }

  private close(slot: number, connection: Connection): void {
    if (this.slots[slot] !== connection) return;
    this.slots[slot] = undefined;
    this.free.push(slot);
    this.calls.close(connection.fd);
  }
}

/** The handler learns of it after `connect` has returned, as of any later error. */
function unusable(handler: DatagramConnectionHandler, call: string, errno: number): DatagramConnection {
  let closed = false;
  setImmediate(() => {
    if (!closed) handler.onError(networkError(call, errno));
  });
  return {
    send: () => {},
    close: () => {
      closed = true;
    },
  };
}

function networkError(call: string, errno: number): Error {
  const code = errnoName(errno);
  return Object.assign(new Error(`${call} ${code}`), { code });
}
