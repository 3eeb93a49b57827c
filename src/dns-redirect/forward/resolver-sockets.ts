/**
 * The UDP sockets to one upstream resolver. Against forged answers (RFC 5452) each is connected, so that only the resolver's
 * datagrams arrive, has a random port, serves a few questions and is replaced; ids are random, and the question is compared.
 */
import { randomInt } from 'node:crypto';
import type { Endpoint } from '../../net/endpoint.js';
import type { DatagramConnection, Transport } from '../../transport/transport.js';
import { answersQuestion, type ForwardedQuestion, writeQuestion } from './forwarded-question.js';

/** A question that waits for its answer. */
export interface Asked {
  /** Must be called even after an answer: until then, further datagrams are reported. */
  readonly cancel: () => void;
}

interface Waiting {
  readonly question: ForwardedQuestion;
  readonly onAnswer: (packet: Buffer) => void;
  readonly onError: (error: Error) => void;
}

interface OpenSocket {
  readonly connection: DatagramConnection;
  readonly waiting: Map<number, Waiting>;
  asked: number;
}

/** What opens sockets. */
export type Connects = Pick<Transport, 'connectUdp'>;

/** Sockets before questions share them. Each takes a descriptor. There are more only if all of these have had their questions. */
const MAX_SOCKETS = 64;
/** After so many questions a socket is replaced, so that an attacker who has found its port cannot use it for long. */
const QUESTIONS_OF_A_SOCKET = 64;

export class ResolverSockets {
  readonly #resolver: Endpoint;
  readonly #transport: Connects;
  readonly #open: OpenSocket[] = [];
  #closed = false;

  constructor(resolver: Endpoint, transport: Connects) {
    this.#resolver = resolver;
    this.#transport = transport;
  }

  /**
   * Sends the question once.
   * @param onAnswer called for each datagram that answers it
   * @param onError called if the resolver cannot be reached
   */
  ask(
    question: ForwardedQuestion,
    withEdns: boolean,
    onAnswer: Waiting['onAnswer'],
    onError: Waiting['onError'],
  ): Asked {
    const open = this.#take();
    let id = randomInt(0x10000);
    while (open.waiting.has(id)) id = randomInt(0x10000);
    open.asked++;
    open.waiting.set(id, { question, onAnswer, onError });
    open.connection.send(writeQuestion(question, id, withEdns));
    return {
      cancel: () => {
        open.waiting.delete(id);
        this.#closeIfUsed(open);
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const open of this.#open.splice(0)) this.#drop(open);
  }

  /** An idle socket; a new one if there are few; otherwise one at random. */
  #take(): OpenSocket {
    const usable = this.#open.filter(({ asked }) => asked < QUESTIONS_OF_A_SOCKET);
    const idle = usable.filter(({ waiting }) => waiting.size === 0);
    if (idle.length > 0) return idle[randomInt(idle.length)]!;
    if (this.#open.length < MAX_SOCKETS || usable.length === 0) return this.#create();
    return usable[randomInt(usable.length)]!;
  }

  #create(): OpenSocket {
    const waiting = new Map<number, Waiting>();
    const { host, port } = this.#resolver;
    const connection = this.#transport.connectUdp(host, port, {
      onDatagram: (datagram) => {
        const id = datagram.length < 2 ? -1 : (datagram[0]! << 8) | datagram[1]!;
        const asked = waiting.get(id);
        // A datagram that does not match is forged, or its question has ended. The answer may still arrive.
        if (asked === undefined) return;
        const packet = Buffer.from(datagram);
        if (answersQuestion(packet, id, asked.question)) asked.onAnswer(packet);
      },
      onError: (error) => this.#fail(open, error),
    });
    const open: OpenSocket = { connection, waiting, asked: 0 };
    this.#open.push(open);
    return open;
  }

  /** The system reports an error once for a socket (nobody listens, no route), so it concerns every question of it. */
  #fail(open: OpenSocket, error: Error): void {
    const at = this.#open.indexOf(open);
    if (at < 0) return;
    this.#open.splice(at, 1);
    const waiting = [...open.waiting.values()];
    this.#drop(open);
    for (const { onError } of waiting) onError(error);
  }

  #closeIfUsed(open: OpenSocket): void {
    const at = this.#open.indexOf(open);
    if (at < 0 || open.waiting.size > 0 || (open.asked < QUESTIONS_OF_A_SOCKET && !this.#closed)) return;
    this.#open.splice(at, 1);
    this.#drop(open);
  }

  #drop(open: OpenSocket): void {
    open.waiting.clear();
    open.connection.close();
  }
}
