/**
 * What connects the workers of a data plane: for each pair of them, and each direction, one ring of requests and one of answers, in
 * memory that the main thread makes once. It outlives a restart of a worker, so requests for a worker that is down wait for its
 * successor. Answers have rings of their own: a worker that waits for room still reads them, so no two workers wait for each other.
 */
import { MAX_HTTP_HEAD_BYTES, MAX_HTTP_RESPONSE_BYTES } from '../../transport/transport.js';
import { EPOCH } from './link-messages.js';
import type { WorkerShare } from './owner.js';
import { Ring, RingMessage, ringBytes } from './ring.js';

/** Handed to each worker at its start. */
export interface LinksData {
  /** Of {@link createLinksMemory}. */
  readonly memory: SharedArrayBuffer;
  /** By worker: the eventfd that ends its wait. */
  readonly events: readonly number[];
}

/** Takes what other workers have written. */
export interface LinkReceiver {
  /** @param message is used again after the call */
  onRequest(from: number, message: RingMessage): void;
  /** Only answers to this start of the worker. @param message is used again after the call */
  onAnswer(from: number, message: RingMessage): void;
}

/** Some hundred announces. */
const REQUEST_RING_BYTES = 256 * 1024;
const ANSWER_RING_BYTES = 2 * REQUEST_RING_BYTES;
/** Rings are read around and around, so all their memory is in use. With many workers they are smaller, but never less than this. */
const SMALLEST_REQUEST_RING_BYTES = 32 * 1024;
const SMALLEST_ANSWER_RING_BYTES = 128 * 1024;
const RINGS_BYTES = 64 * 1024 * 1024;

/** A cache line for each worker: whether it has something to read, and how often it was started. */
const LINE_WORDS = 16;
const PENDING = 0;
const STARTS = 1;

interface Sizes {
  readonly requests: number;
  readonly answers: number;
}

function sizesFor(count: number): Sizes {
  let requests = REQUEST_RING_BYTES;
  let answers = ANSWER_RING_BYTES;
  while (requests > SMALLEST_REQUEST_RING_BYTES && count * (count - 1) * (requests + answers) > RINGS_BYTES) {
    requests /= 2;
    answers = Math.max(answers / 2, SMALLEST_ANSWER_RING_BYTES);
  }
  return { requests, answers };
}

function bytesOfPair({ requests, answers }: Sizes): number {
  return ringBytes(requests) + ringBytes(answers);
}

/** @param count of workers */
export function createLinksMemory(count: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * LINE_WORDS * count + count * count * bytesOfPair(sizesFor(count)));
}

interface Link {
  readonly worker: number;
  readonly asks: Ring;
  readonly answers: Ring;
  readonly asked: Ring;
  readonly answered: Ring;
}

/** One worker's ends of the rings. */
export class WorkerLinks {
  /** The number of this start of the worker. */
  readonly epoch: number;
  private readonly share: WorkerShare;
  private readonly events: readonly number[];
  private readonly wake: (event: number) => void;
  private readonly lines: Int32Array;
  private readonly links: readonly (Link | null)[];
  private readonly request = new RingMessage(MAX_HTTP_HEAD_BYTES);
  private readonly answer = new RingMessage(MAX_HTTP_RESPONSE_BYTES);

  /** @param wake writes to an eventfd */
  constructor({ memory, events }: LinksData, share: WorkerShare, wake: (event: number) => void) {
    this.share = share;
    this.events = events;
    this.wake = wake;
    const { index, count } = share;
    this.lines = new Int32Array(memory, 0, LINE_WORDS * count);
    this.links = Array.from({ length: count }, (_, worker) =>
      worker === index ? null : linkTo(memory, share, worker),
    );
    this.epoch = Atomics.add(this.lines, LINE_WORDS * index + STARTS, 1) + 1;
    // Messages may wait for it since the time of its predecessor.
    Atomics.store(this.lines, LINE_WORDS * index + PENDING, 1);
  }

  /** Whether the worker takes a request of this many bytes now. Nobody else can use up the room. */
  hasRoom(worker: number, length: number): boolean {
    return this.linkOf(worker).asks.hasRoom(length);
  }

  /**
   * @param words the first is {@link EPOCH}, which this sets
   * @throws RangeError if there is no room
   */
  ask(worker: number, kind: number, words: Int32Array, bytes: Uint8Array, start: number, length: number): void {
    words[EPOCH] = this.epoch;
    if (!this.linkOf(worker).asks.write(kind, words, bytes, start, length)) {
      throw new RangeError(`no room for a request of ${length} bytes to worker ${worker}`);
    }
    this.notify(worker);
  }

  /** Answers a request inside {@link LinkReceiver.onRequest}: there is room for one answer. @param words with the epoch of the request */
  reply(worker: number, kind: number, words: Int32Array, bytes: Uint8Array, start: number, length: number): void {
    if (!this.linkOf(worker).answers.write(kind, words, bytes, start, length)) {
      throw new RangeError(`no room for an answer of ${length} bytes to worker ${worker}`);
    }
    this.notify(worker);
  }

  /**
   * Hands over what has come, if anything has. What comes meanwhile waits for the next call. A request is taken only while there is
   * room for the longest answer to it.
   */
  drain(receiver: LinkReceiver): void {
    const mine = LINE_WORDS * this.share.index + PENDING;
    if (Atomics.load(this.lines, mine) === 0) return;
    // Before the rings are read: a message that comes later sets it again.
    Atomics.store(this.lines, mine, 0);
    for (const link of this.links) if (link !== null) this.takeAnswers(link, receiver);
    for (const link of this.links) if (link !== null) this.takeRequests(link, receiver);
  }

  private takeAnswers({ worker, answered }: Link, receiver: LinkReceiver): void {
    const { answer } = this;
    const { end } = answered;
    while (answered.read(answer, end)) {
      if (answer.words[EPOCH] === this.epoch) receiver.onAnswer(worker, answer);
    }
    if (answered.takeWaiting()) this.notify(worker);
  }

  private takeRequests({ worker, asked, answers }: Link, receiver: LinkReceiver): void {
    const { end } = asked;
    while (asked.position !== end && answers.awaitRoom(MAX_HTTP_RESPONSE_BYTES) && asked.read(this.request, end)) {
      receiver.onRequest(worker, this.request);
    }
  }

  /** Ends the wait of a worker that has something to read, unless it is told already. */
  private notify(worker: number): void {
    const at = LINE_WORDS * worker + PENDING;
    if (Atomics.load(this.lines, at) === 0 && Atomics.exchange(this.lines, at, 1) === 0) {
      this.wake(this.events[worker]!);
    }
  }

  private linkOf(worker: number): Link {
    const link = this.links[worker];
    if (!link) throw new RangeError(`worker ${this.share.index} has no link to ${worker}`);
    return link;
  }
}

function linkTo(memory: SharedArrayBuffer, { index, count }: WorkerShare, worker: number): Link {
  const sizes = sizesFor(count);
  const pairs = 4 * LINE_WORDS * count;
  const requestsAt = (from: number, to: number): number => pairs + (from * count + to) * bytesOfPair(sizes);
  const requests = (from: number, to: number): Ring =>
    new Ring(memory, requestsAt(from, to), sizes.requests, MAX_HTTP_HEAD_BYTES);
  const answers = (from: number, to: number): Ring =>
    new Ring(memory, requestsAt(from, to) + ringBytes(sizes.requests), sizes.answers, MAX_HTTP_RESPONSE_BYTES);
  return {
    worker,
    asks: requests(index, worker),
    asked: requests(worker, index),
    answers: answers(index, worker),
    answered: answers(worker, index),
  };
}
