/**
 * The connections of one HTTP listener that have a slot of the connection table: their registration with epoll, their
 * deadlines and their buffers. HttpConnections decides what they do.
 */
import { RemoteAddress, type TransportCounters, type TransportLimits } from '../transport.js';
import {
  CONNECTION_STATES,
  type ConnectionState,
  ConnectionTable,
  IDLE,
  LINGERING,
  NONE,
  READING,
  UNWATCHED,
} from './connection-table.js';
import type { EventLoop } from './event-loop.js';
import { HeldBytes } from './held-bytes.js';
import { EPOLLIN } from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import type { NativeMemory } from './native-memory.js';

export class OpenConnections {
  /** Peer of the current connection. A handler may change it for the rest of the connection. */
  readonly remote = new RemoteAddress();
  protected headerPending = false;
  protected nowMs = 0;
  protected readonly calls: NativeCalls;
  protected readonly limits: TransportLimits;
  protected readonly table: ConnectionTable;
  protected readonly held: HeldBytes;
  protected readonly memory: NativeMemory;
  private readonly loop: EventLoop;
  private readonly sourceId: number;
  private readonly counters: TransportCounters;

  constructor(
    calls: NativeCalls,
    loop: EventLoop,
    sourceId: number,
    counters: TransportCounters,
    limits: TransportLimits,
  ) {
    this.calls = calls;
    this.loop = loop;
    this.sourceId = sourceId;
    this.counters = counters;
    this.limits = limits;
    this.table = new ConnectionTable(limits.maxConnections);
    this.held = new HeldBytes(calls, this.table);
    this.memory = this.held.memory;
  }

  expire(nowMs: number): void {
    this.nowMs = nowMs;
    const table = this.table;
    for (const state of CONNECTION_STATES) {
      for (let slot = table.oldest(state); slot !== NONE; slot = table.oldest(state)) {
        if (table.deadlineMs[slot]! > nowMs) break;
        if (state === LINGERING) this.closeConnection(table.fd[slot]!, slot);
        else this.timeOut(slot);
      }
    }
  }

  /** Closes the least useful connection: the longest idle, or else the one with the slowest request. */
  closeLeastUseful(): boolean {
    const idle = this.table.oldest(IDLE);
    const slot = idle === NONE ? this.table.oldest(READING) : idle;
    if (slot === NONE) return false;
    this.timeOut(slot);
    return true;
  }

  closeAll(): void {
    for (const state of CONNECTION_STATES) {
      for (let slot = this.table.oldest(state); slot !== NONE; slot = this.table.oldest(state)) {
        this.closeConnection(this.table.fd[slot]!, slot);
      }
    }
  }

  /** Gives a connection a slot and registers it with epoll. @returns NONE if it had to be closed instead */
  protected addConnection(fd: number, state: ConnectionState, timeoutMs: number): number {
    const slot = this.takeSlot(fd, state, timeoutMs);
    return slot !== NONE && this.watch(fd, slot, EPOLLIN) ? slot : NONE;
  }

  /** @returns NONE if all are taken: the connection is closed */
  protected takeSlot(fd: number, state: ConnectionState, timeoutMs: number): number {
    const slot = this.table.addConnection(fd, state, this.nowMs + timeoutMs);
    if (slot === NONE) {
      this.calls.close(fd);
      return NONE;
    }
    this.counters.connectionsOpen++;
    this.saveConnection(slot);
    return slot;
  }

  /** @returns false if the kernel is out of memory: the connection is closed */
  protected watch(fd: number, slot: number, events: number): boolean {
    const { watched } = this.table;
    if (watched[slot] !== UNWATCHED) this.loop.rewatch(fd, events, this.sourceId, slot);
    else if (!this.loop.watch(fd, events, this.sourceId, slot)) {
      this.closeConnection(fd, slot);
      return false;
    }
    watched[slot] = events;
    return true;
  }

  protected enterState(slot: number, state: ConnectionState, timeoutMs: number): void {
    this.saveConnection(slot);
    this.table.moveToState(slot, state, this.nowMs + timeoutMs);
  }

  protected saveConnection(slot: number): void {
    this.table.saveRemote(slot, this.remote);
    this.table.headerPending[slot] = this.headerPending ? 1 : 0;
  }

  protected loadConnection(slot: number): void {
    this.table.loadRemote(slot, this.remote);
    this.headerPending = this.table.headerPending[slot] === 1;
  }

  /** @returns false if the connection was closed because no buffer is free */
  protected storeRequest(slot: number, start: number, length: number): boolean {
    if (this.held.storeRequest(slot, start, length)) return true;
    const oldest = this.table.oldest(READING);
    if (oldest !== NONE && oldest !== slot) {
      this.timeOut(oldest);
      if (this.held.storeRequest(slot, start, length)) return true;
    }
    this.timeOut(slot);
    return false;
  }

  protected timeOut(slot: number): void {
    this.counters.connectionsTimedOut++;
    this.closeConnection(this.table.fd[slot]!, slot);
  }

  protected closeConnection(fd: number, slot: number): void {
    if (slot !== NONE) {
      this.held.releaseRequest(slot);
      this.held.releaseAnswer(slot);
      this.table.removeConnection(slot);
      this.counters.connectionsOpen--;
    }
    this.calls.close(fd);
  }
}
