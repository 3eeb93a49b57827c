/**
 * One epoll instance for all descriptors of the transport. Node's own event loop is in the set, so promises, messages and
 * node:https listeners of the same thread make progress while this loop blocks in the kernel. Timers may be up to
 * MAX_WAIT_MS late. The loop is level-triggered; a source does a bounded amount of work per call.
 */
import type { Clock } from '../../domain/clock.js';
import {
  EINTR,
  ENOMEM,
  ENOSPC,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_EVENT_BYTES,
  EPOLL_EVENT_DATA,
  EPOLLIN,
  EVENT_BYTES,
} from './linux-abi.js';
import { type NativeCalls, systemCallDefect } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

export interface EventSource {
  /** The descriptor registered with `token` is ready. */
  onReady(token: number, nowMs: number): void;
  /** Called every few tens of milliseconds at most. */
  onTick(nowMs: number): void;
}

const EVENTS_PER_WAIT = 128;
/** Longest wait in the kernel; it bounds the delay of Node's timers. */
const MAX_WAIT_MS = 20;
/** Under load Node's loop runs at least this often, even if its descriptor is not ready. */
const RUN_NODE_EVERY_MS = 20;
/** Source numbers of descriptors that no source owns. */
const NODE_LOOP = 0xffff_ffff;
const WAKE_EVENT = 0xffff_fffe;

export class EventLoop {
  private readonly calls: NativeCalls;
  private readonly clock: Clock;
  private readonly memory: NativeMemory;
  private readonly epoll: number;
  private readonly events: number;
  private readonly change: number;
  private readonly event: number;
  private readonly sources: (EventSource | undefined)[] = [];
  private readonly nodeLoop: number;

  constructor(calls: NativeCalls, clock: Clock) {
    this.calls = calls;
    this.clock = clock;
    this.memory = new NativeMemory(calls, (EVENTS_PER_WAIT + 1) * EPOLL_EVENT_BYTES + 384);
    this.events = this.memory.reserve(EVENTS_PER_WAIT * EPOLL_EVENT_BYTES);
    this.change = this.memory.reserve(EPOLL_EVENT_BYTES);
    this.event = this.memory.reserve(EVENT_BYTES);
    this.epoll = calls.epoll_create1(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw systemCallDefect('epoll_create1', calls.errno());
    this.nodeLoop = calls.nodeLoopDescriptor();
    if (this.nodeLoop >= 0) this.control(EPOLL_CTL_ADD, this.nodeLoop, EPOLLIN, NODE_LOOP, 0);
  }

  /** @returns the number under which descriptors of this source are registered */
  addSource(source: EventSource): number {
    this.sources.push(source);
    return this.sources.length - 1;
  }

  removeSource(sourceId: number): void {
    this.sources[sourceId] = undefined;
  }

  /** @returns false if the kernel is out of memory or fs.epoll.max_user_watches is reached */
  watch(fd: number, events: number, sourceId: number, token: number): boolean {
    return this.control(EPOLL_CTL_ADD, fd, events, sourceId, token);
  }

  rewatch(fd: number, events: number, sourceId: number, token: number): void {
    this.control(EPOLL_CTL_MOD, fd, events, sourceId, token);
  }

  /** For a descriptor that stays open; a close does it otherwise. */
  unwatch(fd: number): void {
    this.control(EPOLL_CTL_DEL, fd, 0, 0, 0);
  }

  /** Waits for this eventfd too, and reads it empty. */
  wakeOn(eventDescriptor: number): void {
    if (this.control(EPOLL_CTL_ADD, eventDescriptor, EPOLLIN, WAKE_EVENT, eventDescriptor)) return;
    throw systemCallDefect('epoll_ctl', this.calls.errno());
  }

  private control(operation: number, fd: number, events: number, sourceId: number, token: number): boolean {
    const memory = this.memory;
    const at = this.change >>> 2;
    memory.words[at] = events;
    memory.words[at + (EPOLL_EVENT_DATA >>> 2)] = token;
    memory.words[at + (EPOLL_EVENT_DATA >>> 2) + 1] = sourceId;
    if (this.calls.epoll_ctl(this.epoll, operation, fd, memory.address + this.change) === 0) return true;
    const errno = this.calls.errno();
    if (operation === EPOLL_CTL_ADD && (errno === ENOMEM || errno === ENOSPC)) return false;
    throw systemCallDefect('epoll_ctl', errno);
  }

  /** Runs until `running` returns false. `betweenBatches` follows every wait, so it is called at least every `tickMs`. */
  async run(running: () => boolean, betweenBatches: () => void, tickMs: number): Promise<void> {
    const waitMs = Math.max(1, Math.min(tickMs, MAX_WAIT_MS));
    let nodeTurnAt = this.clock.nowMs() + RUN_NODE_EVERY_MS;
    let tickAt = 0;
    while (running()) {
      const nodeIsReady = this.waitAndDispatch(waitMs);
      betweenBatches();
      const nowMs = this.clock.nowMs();
      if (nowMs >= tickAt || tickAt - nowMs > waitMs) {
        tickAt = nowMs + waitMs;
        for (const source of this.sources) source?.onTick(nowMs);
      }
      if (nodeIsReady || nowMs >= nodeTurnAt || nodeTurnAt - nowMs > RUN_NODE_EVERY_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        nodeTurnAt = this.clock.nowMs() + RUN_NODE_EVERY_MS;
      }
    }
  }

  /** @returns whether Node's event loop is ready */
  private waitAndDispatch(waitMs: number): boolean {
    const calls = this.calls;
    const words = this.memory.words;
    const count = calls.epoll_wait(this.epoll, this.memory.address + this.events, EVENTS_PER_WAIT, waitMs);
    if (count < 0) {
      const errno = calls.errno();
      if (errno === EINTR) return false;
      throw systemCallDefect('epoll_wait', errno);
    }
    const nowMs = this.clock.nowMs();
    let nodeIsReady = false;
    let at = (this.events + EPOLL_EVENT_DATA) >>> 2;
    for (let i = 0; i < count; i++, at += EPOLL_EVENT_BYTES >>> 2) {
      const sourceId = words[at + 1]!;
      if (sourceId === NODE_LOOP) nodeIsReady = true;
      else if (sourceId === WAKE_EVENT) calls.read(words[at]!, this.memory.address + this.event, EVENT_BYTES);
      else this.sources[sourceId]?.onReady(words[at]!, nowMs);
    }
    return nodeIsReady;
  }

  close(): void {
    this.calls.close(this.epoll);
  }
}
