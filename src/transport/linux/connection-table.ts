/**
 * Connections that need more than one system call, in flat arrays without an object for each connection. A connection is
 * in one state, and each state has one fixed timeout. So the connections of a state form a list ordered by deadline: new
 * ones are appended, and expiry reads only the head.
 */
import type { RemoteAddress } from '../transport.js';

export const FREE = 0;
/** Keep-alive: no byte of the next request has arrived. */
export const IDLE = 1;
/** Part of a request has arrived, or nothing yet on a new connection. */
export const READING = 2;
/** Part of an answer is unsent; reading is paused. */
export const WRITING = 3;
/** The last answer is sent and this side has closed; further input is discarded. */
export const LINGERING = 4;
/** The handler answers the last request later; further input waits. */
export const WAITING = 5;
export type ConnectionState = typeof IDLE | typeof READING | typeof WRITING | typeof LINGERING | typeof WAITING;
export const CONNECTION_STATES = [IDLE, READING, WRITING, LINGERING, WAITING] as const;
const LISTS = 1 + CONNECTION_STATES.length;

export const NONE = -1;
/** {@link ConnectionTable.watched}: not registered with epoll. */
export const UNWATCHED = -1;

/** 2^28 requests of one slot pass before a ticket names another of them. With the slot it has 48 bits. */
const GENERATIONS = 1 << 28;
const MAX_SLOTS = 1 << 20;

export class ConnectionTable {
  readonly capacity: number;
  open = 0;
  readonly fd: Int32Array;
  readonly state: Uint8Array;
  readonly deadlineMs: Float64Array;
  /** Buffer numbers of the two pools, or NONE. */
  readonly inBuffer: Int32Array;
  readonly inLength: Int32Array;
  /** While WAITING: where the unread bytes start in their buffer. */
  readonly inFrom: Int32Array;
  readonly outBuffer: Int32Array;
  readonly outFrom: Int32Array;
  readonly outTo: Int32Array;
  /** 1: close once the answer is sent. */
  readonly closeAfter: Uint8Array;
  /** 1: the PROXY header has not arrived yet. */
  readonly headerPending: Uint8Array;
  /** Events for which epoll watches the connection, or UNWATCHED. */
  readonly watched: Int8Array;
  private readonly generation: Uint32Array;
  private readonly remotes: Uint32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly head = new Int32Array(LISTS).fill(NONE);
  private readonly tail = new Int32Array(LISTS).fill(NONE);

  constructor(capacity: number) {
    if (capacity > MAX_SLOTS) throw new RangeError(`at most ${MAX_SLOTS} connections, not ${capacity}`);
    this.capacity = capacity;
    this.fd = new Int32Array(capacity).fill(NONE);
    this.state = new Uint8Array(capacity);
    this.deadlineMs = new Float64Array(capacity);
    this.inBuffer = new Int32Array(capacity).fill(NONE);
    this.inLength = new Int32Array(capacity);
    this.inFrom = new Int32Array(capacity);
    this.outBuffer = new Int32Array(capacity).fill(NONE);
    this.outFrom = new Int32Array(capacity);
    this.outTo = new Int32Array(capacity);
    this.closeAfter = new Uint8Array(capacity);
    this.headerPending = new Uint8Array(capacity);
    this.watched = new Int8Array(capacity);
    this.generation = new Uint32Array(capacity);
    this.remotes = new Uint32Array(capacity * 6);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    for (let slot = 0; slot < capacity; slot++) this.appendToList(slot, FREE);
  }

  /** @returns a slot in `state`, or NONE if all are taken */
  addConnection(fd: number, state: ConnectionState, deadlineMs: number): number {
    const slot = this.head[FREE]!;
    if (slot === NONE) return NONE;
    this.fd[slot] = fd;
    this.inLength[slot] = 0;
    this.closeAfter[slot] = 0;
    this.watched[slot] = UNWATCHED;
    this.open++;
    this.moveToState(slot, state, deadlineMs);
    return slot;
  }

  /** The caller must have released the buffers. */
  removeConnection(slot: number): void {
    this.unlinkFromList(slot);
    this.appendToList(slot, FREE);
    this.fd[slot] = NONE;
    this.open--;
  }

  /** Deadlines of one state must be set in ascending order. */
  moveToState(slot: number, state: ConnectionState, deadlineMs: number): void {
    this.unlinkFromList(slot);
    this.deadlineMs[slot] = deadlineMs;
    this.appendToList(slot, state);
  }

  /** The connection of that state with the earliest deadline, or NONE. */
  oldest(state: ConnectionState): number {
    return this.head[state]!;
  }

  /** Makes the ticket of a request that is answered later. Earlier tickets of the slot name nothing from here on. */
  issueTicket(slot: number): number {
    const generation = (this.generation[slot]! + 1) % GENERATIONS;
    this.generation[slot] = generation;
    return generation * MAX_SLOTS + slot;
  }

  /** @returns the slot whose request waits for the answer, or NONE if it is answered or its connection no longer exists */
  slotOfTicket(ticket: number): number {
    const slot = ticket % MAX_SLOTS;
    const waits = this.state[slot] === WAITING && this.generation[slot] === Math.floor(ticket / MAX_SLOTS);
    return waits ? slot : NONE;
  }

  saveRemote(slot: number, remote: RemoteAddress): void {
    const at = slot * 6;
    this.remotes[at] = remote.family;
    this.remotes[at + 1] = remote.word0;
    this.remotes[at + 2] = remote.word1;
    this.remotes[at + 3] = remote.word2;
    this.remotes[at + 4] = remote.word3;
    this.remotes[at + 5] = remote.port;
  }

  loadRemote(slot: number, remote: RemoteAddress): void {
    const at = slot * 6;
    remote.family = this.remotes[at] === 6 ? 6 : 4;
    remote.word0 = this.remotes[at + 1]!;
    remote.word1 = this.remotes[at + 2]!;
    remote.word2 = this.remotes[at + 3]!;
    remote.word3 = this.remotes[at + 4]!;
    remote.port = this.remotes[at + 5]!;
  }

  private appendToList(slot: number, list: number): void {
    const tail = this.tail[list]!;
    this.state[slot] = list;
    this.previous[slot] = tail;
    this.next[slot] = NONE;
    if (tail === NONE) this.head[list] = slot;
    else this.next[tail] = slot;
    this.tail[list] = slot;
  }

  private unlinkFromList(slot: number): void {
    const list = this.state[slot]!;
    const next = this.next[slot]!;
    const previous = this.previous[slot]!;
    if (previous === NONE) this.head[list] = next;
    else this.next[previous] = next;
    if (next === NONE) this.tail[list] = previous;
    else this.previous[next] = previous;
  }
}
