/**
 * The TCP connections to one upstream resolver, for answers that do not fit a datagram. Questions share them (RFC 7766 section
 * 6.2.1): each is sent at once, and answers come in any order. A connection without questions is closed after some seconds.
 */
import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { messageOf } from '../../domain/errors.js';
import type { Endpoint } from '../../net/endpoint.js';
import { frameMessage, MessageReader } from '../wire/message-stream.js';
import { answersQuestion, type ForwardedQuestion, writeQuestion } from './forwarded-question.js';
import type { Asked } from './resolver-sockets.js';

interface Waiting {
  readonly question: ForwardedQuestion;
  readonly withEdns: boolean;
  readonly onAnswer: (packet: Buffer) => void;
  readonly onError: (error: Error) => void;
  /** It was asked on a connection that the resolver closed, and is asked again on another one. */
  isRepeated: boolean;
  /** Takes it off its connection. */
  leave: () => void;
}

interface Stream {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
  /** It has brought an answer, so the resolver may have closed it for being idle. */
  isUsed: boolean;
}

/** RFC 7766 section 6.2.2: as few as possible. More than one, because an answer of 64 kB delays those behind it. */
const MAX_STREAMS = 4;
/** Questions of a connection that wait at the same time. */
const MAX_PIPELINED = 64;
/** RFC 7766 section 6.2.3. Resolvers close idle connections after 10 to 30 s. */
const IDLE_MS = 5_000;

export class ResolverStreams {
  readonly #resolver: Endpoint;
  readonly #streams = new Set<Stream>();

  constructor(resolver: Endpoint) {
    this.#resolver = resolver;
  }

  /** One of the two functions is called once, later, unless the question is cancelled. */
  ask(
    question: ForwardedQuestion,
    withEdns: boolean,
    onAnswer: (packet: Buffer) => void,
    onError: (error: Error) => void,
  ): Asked {
    const waiting: Waiting = { question, withEdns, onAnswer, onError, isRepeated: false, leave: () => {} };
    this.#send(waiting);
    return { cancel: () => waiting.leave() };
  }

  close(): void {
    for (const { socket, waiting } of this.#streams) {
      waiting.clear();
      socket.destroy();
    }
  }

  #send(waiting: Waiting): void {
    const stream = this.#take();
    if (stream === undefined) {
      const error = new Error('too many questions wait for this resolver over TCP');
      const refusal = setImmediate(() => waiting.onError(error));
      waiting.leave = () => clearImmediate(refusal);
      return;
    }
    let id = randomInt(0x10000);
    while (stream.waiting.has(id)) id = randomInt(0x10000);
    stream.waiting.set(id, waiting);
    waiting.leave = () => void stream.waiting.delete(id);
    stream.socket.write(frameMessage(writeQuestion(waiting.question, id, waiting.withEdns)));
  }

  /** The one with the fewest questions; a new one if all have some and there are few. */
  #take(): Stream | undefined {
    const [least] = [...this.#streams].sort((a, b) => a.waiting.size - b.waiting.size);
    if (least !== undefined && (least.waiting.size === 0 || this.#streams.size >= MAX_STREAMS)) {
      return least.waiting.size < MAX_PIPELINED ? least : undefined;
    }
    return this.#open();
  }

  #open(): Stream {
    const socket = connect({ host: this.#resolver.host, port: this.#resolver.port, noDelay: true });
    socket.unref();
    const reader = new MessageReader(0xffff);
    const stream: Stream = { socket, waiting: new Map(), isUsed: false };
    this.#streams.add(stream);
    let reason = 'the resolver closed the connection';
    // Questions that wait have a deadline of their own, which is not later.
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', (error) => {
      reason = messageOf(error);
    });
    socket.on('close', () => this.#closed(stream, reason));
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) take(stream, packet);
    });
    return stream;
  }

  /** A resolver may close a connection while a question is on its way (RFC 7766 section 6.2.4): that one is asked again, once. */
  #closed(stream: Stream, reason: string): void {
    this.#streams.delete(stream);
    const left = [...stream.waiting.values()];
    stream.waiting.clear();
    for (const waiting of left) {
      if (!stream.isUsed || waiting.isRepeated) waiting.onError(new Error(reason));
      else {
        waiting.isRepeated = true;
        this.#send(waiting);
      }
    }
  }
}

function take(stream: Stream, packet: Buffer): void {
  stream.isUsed = true;
  const id = packet.length < 2 ? -1 : packet.readUInt16BE(0);
  const waiting = stream.waiting.get(id);
  if (waiting === undefined) return;
  waiting.leave();
  if (answersQuestion(packet, id, waiting.question)) waiting.onAnswer(packet);
  else waiting.onError(new Error('the resolver answered another question'));
}
