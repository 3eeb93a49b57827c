/** Several workers of one tracker in one thread, with connections that behave as those of a transport do. */

import { createLinksMemory } from '../../../../src/tracker/workers/worker-links.js';
import {
  HTTP_INCOMPLETE,
  HTTP_LATER,
  type HttpListener,
  MAX_HTTP_RESPONSE_BYTES,
} from '../../../../src/transport/transport.js';
import { HTTP_LISTENER, LabTracker, type LabTrackerOptions, PUBLIC, remoteOf } from '../lab-tracker.js';

/** Each ticket has bits above 32, and no two are the same. */
const TICKET_STEP = 2 ** 33 + 1;

interface Late {
  readonly connection: Connection;
  readonly ticket: number;
}

class FakeListener implements HttpListener {
  readonly address = { protocol: 'http', host: '0.0.0.0', port: 80 } as const;
  readonly waiting = new Map<number, Late>();

  answer(ticket: number, bytes: Uint8Array, start: number, length: number, close: boolean): void {
    const late = this.waiting.get(ticket);
    this.waiting.delete(ticket);
    late?.connection.takeAnswer(Buffer.from(bytes.slice(start, start + length)), close);
  }

  close(): void {}
}

export class Connection {
  received = Buffer.alloc(0);
  /** Those in `received`, one by one. */
  readonly answers: string[] = [];
  closed = false;
  /** For the answer of another worker. */
  isWaiting = false;
  private unread = Buffer.alloc(0);
  private readonly group: WorkerGroup;
  private readonly worker: number;
  private readonly from: string;

  constructor(group: WorkerGroup, worker: number, from: string) {
    this.group = group;
    this.worker = worker;
    this.from = from;
  }

  send(text: string): void {
    this.unread = Buffer.concat([this.unread, Buffer.from(text, 'latin1')]);
    this.serve();
  }

  takeAnswer(answer: Buffer, close: boolean): void {
    this.isWaiting = false;
    this.received = Buffer.concat([this.received, answer]);
    this.answers.push(answer.toString('latin1'));
    if (close) this.closed = true;
    this.serve();
  }

  /** As a transport does: at odd offsets, among other bytes. */
  private serve(): void {
    const { httpHandler } = this.group.trackers[this.worker]!;
    while (!this.closed && !this.isWaiting && this.unread.length > 0) {
      const input = new Uint8Array(this.unread.length + 40).fill(0x0a);
      input.set(this.unread, 17);
      const out = new Uint8Array(MAX_HTTP_RESPONSE_BYTES + 5);
      const length = httpHandler.onHttpBytes(input, 17, this.unread.length, remoteOf(this.from), out, 5);
      if (length === HTTP_INCOMPLETE) return;
      this.unread = this.unread.subarray(httpHandler.consumed);
      if (length === HTTP_LATER) {
        this.isWaiting = true;
        this.group.passOn(this.worker, this);
      } else {
        this.takeAnswer(Buffer.from(out.slice(5, 5 + length)), httpHandler.close);
      }
    }
  }
}

export class WorkerGroup {
  readonly trackers: LabTracker[];
  /** The worker's events that were written, by index of the worker. */
  readonly wakes: number[] = [];
  nowMs = 1_000;
  private readonly options: LabTrackerOptions;
  private readonly links: { readonly memory: SharedArrayBuffer; readonly events: readonly number[] };
  private readonly listeners: FakeListener[];
  private ticket = 0;

  constructor(count: number, options: LabTrackerOptions = {}) {
    this.options = options;
    this.links = { memory: createLinksMemory(count), events: Array.from({ length: count }, (_, i) => i) };
    this.listeners = Array.from({ length: count }, () => new FakeListener());
    this.trackers = this.listeners.map((_, index) => this.start(index));
  }

  get count(): number {
    return this.listeners.length;
  }

  /** Another start of the worker: its swarms and its connections are lost. */
  restart(index: number): void {
    this.listeners[index] = new FakeListener();
    this.trackers[index] = this.start(index);
  }

  connect(worker: number, from = PUBLIC(1)): Connection {
    return new Connection(this, worker, from);
  }

  /** One request on a connection of its own, once all workers are idle. */
  ask(worker: number, text: string, from?: string): string {
    const connection = this.connect(worker, from);
    connection.send(text);
    this.settle();
    return connection.received.toString('latin1');
  }

  passOn(worker: number, connection: Connection): void {
    this.ticket += TICKET_STEP;
    this.listeners[worker]!.waiting.set(this.ticket, { connection, ticket: this.ticket });
    this.trackers[worker]!.httpHandler.passOn(this.ticket);
  }

  /** Workers work until none is woken any more. */
  settle(indices: readonly number[] = this.trackers.map((_, i) => i)): void {
    for (let turn = 0; turn < 4; turn++) for (const i of indices) this.trackers[i]!.others!.work();
  }

  private start(index: number): LabTracker {
    const share = { index, count: this.count };
    const nowMs = (): number => this.nowMs;
    const wake = (event: number): void => void this.wakes.push(event);
    const tracker = new LabTracker({ ...this.options, linked: { links: this.links, share, wake, nowMs } });
    tracker.others!.serve(HTTP_LISTENER, tracker.httpHandler, this.listeners[index]!);
    return tracker;
  }
}

/** An info-hash of this worker. */
export function hashOf(owner: number, count: number, n = 0): Uint8Array {
  const hash = new Uint8Array(20).fill(0xe0 + (n % 16));
  new DataView(hash.buffer).setUint32(0, count * (0x1000 + n) + owner);
  return hash;
}
