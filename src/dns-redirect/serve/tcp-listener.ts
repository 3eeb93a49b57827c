/**
 * DNS over TCP (RFC 7766): many queries on one connection, each answered when its answer is ready, in any order. Limits the
 * queries in flight, the unread answers and the idle time of a connection. `tcp-connections.ts` limits the connections.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../domain/clock.js';
import type { Endpoint } from '../../net/endpoint.js';
import { fillRemoteAddress } from '../../transport/fill-remote-address.js';
import { RemoteAddress } from '../../transport/transport.js';
import { MAX_TCP_PIPELINED, MAX_TCP_UNREAD_BYTES, TCP_IDLE_TIMEOUT_MS } from '../limits.js';
import { listenTcp, type TcpServer } from '../tcp-server.js';
import { MAX_QUERY_BYTES } from '../wire/dns-query.js';
import { frameMessage, MessageReader } from '../wire/message-stream.js';
import type { ClientRates } from './client-rates.js';
import { LATER, NO_ANSWER, type Responder } from './responder.js';
import { subscriberOf } from './subscriber.js';
import type { OpenConnection, TcpConnections } from './tcp-connections.js';

export interface TcpListenerParts {
  readonly responder: Responder;
  readonly rates: ClientRates;
  readonly clock: Clock;
  /** Those of all listen addresses: the limits hold for all of them together. */
  readonly connections: TcpConnections;
  /** A connection was closed to make room, or refused because no other could be. */
  readonly onCrowded: () => void;
  readonly idleTimeoutMs?: number;
}

/** @throws Error (with `code`) if the address or port cannot be bound */
export function openTcpListener(endpoint: Endpoint, parts: TcpListenerParts): Promise<TcpServer> {
  const { connections } = parts;
  return listenTcp(endpoint, (socket) => {
    const client = clientOf(socket);
    if (client === undefined || !makeRoom(client, parts)) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, client, parts);
    connections.add(connection);
    socket.on('close', () => connections.remove(connection));
  });
}

/** All connections share this buffer, because an answer is copied out of it at once. */
const output = new Uint8Array(0xffff);

class Connection implements OpenConnection {
  readonly socket: Socket;
  readonly client: RemoteAddress;
  readonly subscriber: string;
  usedAtMs: number;
  readonly #parts: TcpListenerParts;
  readonly #reader = new MessageReader(MAX_QUERY_BYTES);
  #pending = 0;
  #hasEnded = false;
  #waitsForRate = false;

  constructor(socket: Socket, client: RemoteAddress, parts: TcpListenerParts) {
    this.socket = socket;
    this.client = client;
    this.subscriber = subscriberOf(client);
    this.#parts = parts;
    this.usedAtMs = parts.clock.nowMs();
    // The timer counts from the last byte either way, so a slow trickle of one query cannot hold a connection past
    // MAX_QUERY_BYTES times the timeout, and an upstream resolver always answers or fails sooner.
    socket.setTimeout(parts.idleTimeoutMs ?? TCP_IDLE_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      this.#take();
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#endIfDone();
    });
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  close(): void {
    this.socket.destroy();
  }

  /** Answers whole queries. What follows a message that cannot be read cannot be read either. */
  #take(): void {
    const { socket } = this;
    try {
      while (this.#pending < MAX_TCP_PIPELINED && !this.#waitsForRate && !socket.destroyed) {
        const waitMs = this.#reader.hasMessage ? this.#waitMs() : 0;
        if (waitMs > 0) {
          this.#waitForRate(waitMs);
          break;
        }
        const packet = this.#reader.next();
        if (packet === undefined) break;
        this.#answer(packet);
      }
    } catch {
      socket.destroy();
      return;
    }
    if (this.#pending >= MAX_TCP_PIPELINED || this.#waitsForRate) socket.pause();
    else socket.resume();
    this.#endIfDone();
  }

  /** The client has answered the TCP handshake, so its address is not forged and it has the rate of a proven client. */
  #waitMs(): number {
    const { rates, clock } = this.#parts;
    return rates.take(this.client, clock.nowMs(), true);
  }

  /** The client's address is not forged, so it is slowed down instead of refused. */
  #waitForRate(waitMs: number): void {
    this.#waitsForRate = true;
    setTimeout(() => {
      this.#waitsForRate = false;
      if (!this.socket.destroyed) this.#take();
    }, waitMs).unref();
  }

  #answer(packet: Buffer): void {
    const { responder, clock } = this.#parts;
    this.usedAtMs = clock.nowMs();
    const later = () => ({
      send: (answer: Uint8Array) => {
        this.#pending--;
        if (this.socket.destroyed) return;
        this.#send(answer);
        this.#take();
      },
    });
    const length = responder.respond(packet, 0, packet.length, this.client, { overTcp: true, later }, output, 0);
    if (length === LATER) this.#pending++;
    // Only a message that is not a query gets no answer. The rest of such a stream is not read.
    else if (length === NO_ANSWER) this.socket.destroy();
    else this.#send(output.subarray(0, length));
  }

  #send(answer: Uint8Array): void {
    this.usedAtMs = this.#parts.clock.nowMs();
    if (this.socket.writableLength > MAX_TCP_UNREAD_BYTES) this.socket.destroy();
    else this.socket.write(frameMessage(answer));
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#pending === 0 && !this.#waitsForRate) this.socket.end();
  }
}

/** @returns false if the new connection must be refused */
function makeRoom(client: RemoteAddress, { connections, rates, onCrowded }: TcpListenerParts): boolean {
  const subscriber = subscriberOf(client);
  const isTrusted = rates.isTrusted(client);
  if (connections.hasRoomFor(subscriber, isTrusted)) return true;
  onCrowded();
  return connections.closeOneFor(subscriber, isTrusted);
}

function clientOf(socket: Socket): RemoteAddress | undefined {
  // Undefined if the client disconnected before it was accepted.
  if (socket.remoteAddress === undefined || socket.remotePort === undefined) return undefined;
  const client = new RemoteAddress();
  fillRemoteAddress(client, socket.remoteAddress, socket.remotePort);
  return client;
}
