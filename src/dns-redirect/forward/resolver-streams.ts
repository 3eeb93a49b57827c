/**
 * The TCP connections to one upstream resolver, for answers that do not fit a datagram. Questions share them (RFC 7766 section
 * 6.2.1): each is sent at once, and answers come in any order. A connection without questions is closed after some seconds. A
 * connection that brings nothing while questions wait may be dead without an error (a firewall forgot it), so it gets no new
 * questions.
 */
import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { messageOf } from '../../domain/errors.js';
import type { Endpoint } from '../../net/endpoint.js';
import { MAX_QUESTIONS_IN_FLIGHT } from '../limits.js';
import { frameMessage, MessageReader } from '../wire/message-stream.js';
import { answersQuestion, type ForwardedQuestion, writeQuestion } from './forwarded-question.js';
import type { Asked } from './resolver-sockets.js';

interface Waiting {
  readonly question: ForwardedQuestion;
  readonly withEdns: boolean;
  readonly onAnswer: (packet: Buffer) => void;
  readonly onError: (error: Error) => void;
  /** It was sent on a connection that the resolver closed, and was sent again on another one. */
  isRepeated: boolean;
  /** Removes it from its connection. */
  leave: () => void;
}

interface Stream {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
  /** It has brought an answer, so the resolver may have closed it for being idle. */
  isUsed: boolean;
  /** Questions wait, and nothing has arrived for too long. */
  isSilent: boolean;
  /** Runs while questions wait, and restarts whenever something arrives. */
  silence: NodeJS.Timeout | undefined;
}

/** RFC 7766 section 6.2.2: as few as possible. More than one, because an answer of 64 kB delays those behind it. */
const MAX_STREAMS = 4;
/**
 * Questions of a connection that wait at the same time: 1,024. Even if every question in flight needs TCP at one resolver, its
 * connections take them all.
 */
const MAX_PIPELINED = MAX_QUESTIONS_IN_FLIGHT / MAX_STREAMS;
/** RFC 7766 section 6.2.3. Resolvers close idle connections after 10 to 30 s. */
const IDLE_MS = 5_000;

export class ResolverStreams {
  readonly #resolver: Endpoint;
  readonly #silentAfterMs: number;
  readonly #randomId: () => number;
  readonly #streams = new Set<Stream>();

  /** @param silentAfterMs shorter than questions wait, so that a dead connection is found before its questions leave it */
  constructor(resolver: Endpoint, silentAfterMs: number, randomId = () => randomInt(0x10000)) {
    this.#resolver = resolver;
    this.#silentAfterMs = silentAfterMs;
    this.#randomId = randomId;
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
    for (const { socket, waiting, silence } of this.#streams) {
      clearTimeout(silence);
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
    let id = this.#randomId();
    while (stream.waiting.has(id)) id = this.#randomId();
    stream.waiting.set(id, waiting);
    waiting.leave = () => leave(stream, id, waiting);
    this.#watch(stream);
    stream.socket.write(frameMessage(writeQuestion(waiting.question, id, waiting.withEdns)));
  }

  /**
   * The connection with the fewest questions; a new one if all have some and there are few. Silent connections do not count.
   * They are few as well: each is closed when its last question leaves it.
   */
  #take(): Stream | undefined {
    const usable = [...this.#streams].filter(({ isSilent, socket }) => !isSilent && !socket.destroyed);
    const [least] = usable.sort((a, b) => a.waiting.size - b.waiting.size);
    if (least !== undefined && (least.waiting.size === 0 || usable.length >= MAX_STREAMS)) {
      return least.waiting.size < MAX_PIPELINED ? least : undefined;
    }
    return this.#open();
  }

  /** Does nothing if the timer of the connection runs already. */
  #watch(stream: Stream): void {
    stream.silence ??= setTimeout(() => {
      stream.silence = undefined;
      stream.isSilent = true;
    }, this.#silentAfterMs).unref();
  }

  #arrived(stream: Stream): void {
    clearTimeout(stream.silence);
    stream.silence = undefined;
    stream.isSilent = false;
    if (stream.waiting.size > 0) this.#watch(stream);
  }

  #open(): Stream {
    const socket = connect({ host: this.#resolver.host, port: this.#resolver.port, noDelay: true });
    socket.unref();
    const reader = new MessageReader(0xffff);
    const stream: Stream = { socket, waiting: new Map(), isUsed: false, isSilent: false, silence: undefined };
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
      this.#arrived(stream);
    });
    return stream;
  }

  /** A resolver may close a connection while a question is on its way (RFC 7766 section 6.2.4): that one is asked again, once. */
  #closed(stream: Stream, reason: string): void {
    this.#streams.delete(stream);
    clearTimeout(stream.silence);
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

function leave(stream: Stream, id: number, waiting: Waiting): void {
  // Another question may have this id by now.
  if (stream.waiting.get(id) !== waiting) return;
  stream.waiting.delete(id);
  if (stream.waiting.size > 0) return;
  clearTimeout(stream.silence);
  stream.silence = undefined;
  if (stream.isSilent) stream.socket.destroy();
}

function take(stream: Stream, packet: Buffer): void {
  stream.isUsed = true;
  stream.isSilent = false;
  const id = packet.length < 2 ? -1 : packet.readUInt16BE(0);
  const waiting = stream.waiting.get(id);
  if (waiting === undefined) return;
  waiting.leave();
  if (answersQuestion(packet, id, waiting.question)) waiting.onAnswer(packet);
  else waiting.onError(new Error('the resolver answered another question'));
}
