/**
 * The UDP socket of one family: sends queries and matches answers to them. Only a packet from the very address and port that
 * was asked, with the random transaction of the query, is an answer. Everything else is dropped unread: this node is
 * read-only (BEP 43), so it answers nobody.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ClientError } from '../../domain/errors.js';
import { formatIp } from '../../domain/ip-address.js';
import type { Endpoint } from '../../net/endpoint.js';
import { listenError } from '../../net/listen-error.js';
import { boundToPart } from '../../part/current-part.js';
import type { DhtCounters } from './dht-counters.js';
import { decodeKrpc, encodeGetPeers, type GetPeersAnswer, TRANSACTION_BYTES } from './krpc.js';
import { MAX_PACKET_BYTES, QUERY_TIMEOUT_MS } from './limits.js';
import type { NodeToAsk } from './lookup.js';

/** `timeout`: nobody may be there. `error`: it refused. `not-sent`: it is not its fault. */
export type NoAnswer = 'timeout' | 'error' | 'not-sent';

interface Waiting {
  /** As the kernel names the sender of the answer. */
  readonly from: string;
  readonly resolve: (answer: GetPeersAnswer | NoAnswer) => void;
  readonly timer: NodeJS.Timeout;
}

export class KrpcSocket {
  readonly family: 4 | 6;
  readonly #socket: Socket;
  readonly #counters: DhtCounters;
  /** By transaction. */
  readonly #waiting = new Map<string, Waiting>();
  /** How many answers are expected from an endpoint. */
  readonly #expected = new Map<string, number>();
  #closed = false;

  /** @throws OperatorError if it cannot be bound */
  static async open(listen: Endpoint, counters: DhtCounters): Promise<KrpcSocket> {
    const family = listen.host.includes(':') ? 6 : 4;
    const socket = createSocket({ type: `udp${family}`, ipv6Only: family === 6 });
    try {
      socket.bind({ address: listen.host, port: listen.port, exclusive: true });
      await once(socket, 'listening');
    } catch (thrown) {
      socket.close();
      throw listenError({ ...listen, protocol: 'udp' }, { cause: thrown, key: 'upstream.dht.listen' });
    }
    // There is nothing to recover from: the part restarts with another socket.
    const fail = boundToPart((error: Error) => {
      throw error;
    });
    socket.on('error', fail);
    return new KrpcSocket(socket, family, counters);
  }

  private constructor(socket: Socket, family: 4 | 6, counters: DhtCounters) {
    this.#socket = socket;
    this.family = family;
    this.#counters = counters;
    socket.on('message', (bytes, from) => this.#take(bytes, from));
  }

  get endpoint(): Endpoint {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /** Never rejects. */
  getPeers(node: NodeToAsk, nodeId: Uint8Array, infoHash: Uint8Array): Promise<GetPeersAnswer | NoAnswer> {
    if (this.#closed) return Promise.resolve('not-sent');
    const transaction = randomBytes(TRANSACTION_BYTES);
    const key = transaction.toString('hex');
    const host = formatIp(node.address);
    const from = `${host} ${node.port}`;
    this.#counters.queries++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#counters.timeouts++;
        this.#settle(key, 'timeout');
      }, QUERY_TIMEOUT_MS);
      this.#waiting.set(key, { from, resolve, timer });
      this.#expected.set(from, (this.#expected.get(from) ?? 0) + 1);
      this.#socket.send(encodeGetPeers(transaction, nodeId, infoHash), node.port, host, (error) => {
        // Such as ENETUNREACH: the node is not reachable from here.
        if (error) this.#settle(key, 'not-sent');
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const key of [...this.#waiting.keys()]) this.#settle(key, 'not-sent');
    this.#socket.close();
  }

  #take(bytes: Uint8Array, { address, port }: RemoteInfo): void {
    const from = `${address} ${port}`;
    if (!this.#expected.has(from) || bytes.length > MAX_PACKET_BYTES) {
      this.#counters.dropped++;
      return;
    }
    const message = this.#read(bytes);
    const waiting = message && this.#waiting.get(message.transaction);
    if (message === undefined || waiting?.from !== from) {
      this.#counters.dropped++;
      return;
    }
    this.#counters.answers++;
    this.#settle(message.transaction, message.type === 'answer' ? message : 'error');
  }

  #read(bytes: Uint8Array) {
    try {
      return decodeKrpc(bytes, this.family);
    } catch (thrown) {
      if (thrown instanceof ClientError) return undefined;
      throw thrown;
    }
  }

  #settle(key: string, answer: GetPeersAnswer | NoAnswer): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(key);
    const expected = this.#expected.get(waiting.from)! - 1;
    if (expected === 0) this.#expected.delete(waiting.from);
    else this.#expected.set(waiting.from, expected);
    waiting.resolve(answer);
  }
}
