/** What the suites of the transports share: the subject, a client, and how an address is written. */
import { connect, type Socket } from 'node:net';
import { formatIp } from '../../src/domain/ip-address.js';
import type { BoundAddress, RemoteAddress, Transport, TransportLimits } from '../../src/transport/transport.js';
import { eventually } from './eventually.js';

export interface TransportUnderTest {
  readonly name: string;
  create(): Promise<Transport>;
  /** False where answers from a wildcard socket leave from whatever address the system picks. */
  readonly answersFromAskedAddress: boolean;
}

export const GENEROUS: TransportLimits = { maxConnections: 100, requestTimeoutMs: 5_000, keepAliveTimeoutMs: 5_000 };

export function textOf(remote: RemoteAddress): string {
  const words = remote.family === 4 ? [remote.word0] : [remote.word0, remote.word1, remote.word2, remote.word3];
  return `${formatIp({ family: remote.family, words })} ${remote.port}`;
}

/** A connection that collects what it is sent. */
export class Client {
  closed = false;
  bytes = 0;
  readonly #chunks: string[] = [];
  readonly socket: Socket;
  #changed: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    const note = (): void => this.#changed();
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk.toString('latin1'));
      this.bytes += chunk.length;
      note();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      note();
    });
  }

  get received(): string {
    return this.#chunks.join('');
  }

  static to(address: BoundAddress, host = '127.0.0.1'): Client {
    return new Client(connect({ host, port: address.port }));
  }

  send(text: string | Uint8Array): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  async until(what: () => boolean): Promise<void> {
    await eventually('what the client waits for', what, {
      found: () => `received ${JSON.stringify(this.received.slice(-200))}`,
    });
  }

  async lines(count: number): Promise<string[]> {
    await this.until(() => this.received.split('\n').length > count || this.closed);
    return this.received.split('\n').slice(0, count);
  }
}
