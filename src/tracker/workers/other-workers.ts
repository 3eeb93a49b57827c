/**
 * What a worker does together with the others. TCP connections cannot be steered to the owner of a swarm, so the worker that has
 * accepted one passes requests for other swarms to their owners. The owner handles the bytes as if its own listener had received
 * them, and the answer returns to the connection. Scrapes of swarms of several owners are gathered.
 */
import {
  type HttpListener,
  type HttpRequestHandler,
  MAX_HTTP_RESPONSE_BYTES,
  RemoteAddress,
} from '../../transport/transport.js';
import { writeBytes } from '../../wire/write-bytes.js';
import type { Announcer } from '../announcer.js';
import { COUNT_DEFECTS, COUNT_PASSED } from '../counters.js';
import { type Guard, INTERNAL_ERROR } from '../guarded-handlers.js';
import { GatheredScrapes } from './gathered-scrapes.js';
import { ADDRESS, CLOSE, FAMILY, KIND_HTTP, LISTENER, PORT, TICKET_HIGH, TICKET_LOW } from './link-messages.js';
import type { WorkerShare } from './owner.js';
import { MESSAGE_WORDS, type RingMessage } from './ring.js';
import { type LinkReceiver, type LinksData, WorkerLinks } from './worker-links.js';

/** A ticket has up to 48 bits. */
const HIGH = 2 ** 32;
/** {@link writeBytes} and its relatives may write a few bytes more than the answer. */
const SLACK_BYTES = 64;

interface Served {
  readonly handler: HttpRequestHandler;
  readonly listener: HttpListener;
}

export class OtherWorkers implements LinkReceiver {
  readonly share: WorkerShare;
  readonly scrapes: GatheredScrapes;
  private readonly links: WorkerLinks;
  private readonly guard: Guard;
  private readonly served: (Served | undefined)[] = [];
  private readonly words = new Int32Array(MESSAGE_WORDS);
  private readonly remote = new RemoteAddress();
  private readonly out = new Uint8Array(MAX_HTTP_RESPONSE_BYTES + SLACK_BYTES);

  /** @param wake writes to an eventfd of {@link LinksData} */
  constructor(data: LinksData, share: WorkerShare, announcer: Announcer, guard: Guard, wake: (event: number) => void) {
    this.share = share;
    this.guard = guard;
    this.links = new WorkerLinks(data, share, wake);
    this.scrapes = new GatheredScrapes(this.links, share, announcer, guard.nowMs, () => this.countPassed());
  }

  /** How the handler of this listener passes its requests. @param number its position in the configuration, the same in all workers */
  passingAt(number: number): RequestPassing {
    return {
      share: this.share,
      scrapes: this.scrapes,
      hasRoom: (owner, length) => this.links.hasRoom(owner, length),
      pass: (owner, ticket, remote, input, start, length) =>
        this.pass(owner, number, ticket, remote, input, start, length),
      answer: (ticket, bytes, length, close) => this.served[number]?.listener.answer(ticket, bytes, 0, length, close),
    };
  }

  /** @param handler the same as the listener's */
  serve(number: number, handler: HttpRequestHandler, listener: HttpListener): void {
    this.served[number] = { handler, listener };
  }

  /** Between batches. */
  work(): void {
    this.links.drain(this);
    this.scrapes.expire();
  }

  private countPassed(): void {
    this.guard.counters[COUNT_PASSED]!++;
  }

  private pass(
    owner: number,
    listener: number,
    ticket: number,
    remote: RemoteAddress,
    input: Uint8Array,
    start: number,
    length: number,
  ): void {
    const { words } = this;
    words[TICKET_LOW] = ticket;
    words[TICKET_HIGH] = ticket / HIGH;
    words[LISTENER] = listener;
    words[FAMILY] = remote.family;
    words[ADDRESS] = remote.word0;
    words[ADDRESS + 1] = remote.word1;
    words[ADDRESS + 2] = remote.word2;
    words[ADDRESS + 3] = remote.word3;
    words[PORT] = remote.port;
    this.links.ask(owner, KIND_HTTP, words, input, start, length);
    this.countPassed();
  }

  onRequest(from: number, message: RingMessage): void {
    try {
      if (message.kind === KIND_HTTP) this.serveRequest(from, message);
      else this.scrapes.answer(from, message);
    } catch (error) {
      this.defect(error);
    }
  }

  onAnswer(from: number, message: RingMessage): void {
    try {
      if (message.kind === KIND_HTTP) this.deliver(message);
      else this.scrapes.takeAnswer(from, message);
    } catch (error) {
      this.defect(error);
    }
  }

  private serveRequest(from: number, { words, bytes, length }: RingMessage): void {
    const { remote, out } = this;
    const handler = this.served[words[LISTENER]!]?.handler;
    remote.family = words[FAMILY] === 6 ? 6 : 4;
    remote.word0 = words[ADDRESS]! >>> 0;
    remote.word1 = words[ADDRESS + 1]! >>> 0;
    remote.word2 = words[ADDRESS + 2]! >>> 0;
    remote.word3 = words[ADDRESS + 3]! >>> 0;
    remote.port = words[PORT]!;
    const answered = handler?.onHttpBytes(bytes, 0, length, remote, out, 0) ?? 0;
    if (handler !== undefined && answered > 0) {
      words[CLOSE] = handler.close ? 1 : 0;
      this.links.reply(from, KIND_HTTP, words, out, 0, answered);
      return;
    }
    // The request is whole, and its swarm is here: both workers read the same bytes.
    words[CLOSE] = 1;
    this.links.reply(from, KIND_HTTP, words, out, 0, writeBytes(out, 0, INTERNAL_ERROR));
    throw new Error(`worker ${from} passed a request that worker ${this.share.index} cannot answer`);
  }

  private deliver({ words, bytes, length }: RingMessage): void {
    const ticket = (words[TICKET_LOW]! >>> 0) + words[TICKET_HIGH]! * HIGH;
    this.served[words[LISTENER]!]?.listener.answer(ticket, bytes, 0, length, words[CLOSE] === 1);
  }

  private defect(error: unknown): void {
    this.guard.counters[COUNT_DEFECTS]!++;
    this.guard.onDefect(error);
  }
}

/** What an HTTP handler needs for requests that other workers answer. */
export interface RequestPassing {
  readonly share: WorkerShare;
  readonly scrapes: GatheredScrapes;
  /** Whether a request of this many bytes can be passed now, and so until this thread passes another one. */
  hasRoom(owner: number, length: number): boolean;
  pass(owner: number, ticket: number, remote: RemoteAddress, input: Uint8Array, start: number, length: number): void;
  /** Answers a request that was gathered. @param bytes hold the answer from 0 on */
  answer(ticket: number, bytes: Uint8Array, length: number, close: boolean): void;
}
