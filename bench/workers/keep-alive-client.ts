/** One kept-alive HTTP connection from an address of its own: one request at a time, and its answer. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../../src/net/endpoint.js';

export class KeepAliveClient {
  readonly #socket: Socket;
  readonly #host: string;
  #received = Buffer.alloc(0);
  #answer: ((body: Buffer) => void) | null = null;
  #failed: Error | null = null;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => {
      this.#failed = error;
    });
    socket.on('close', () => {
      this.#failed ??= new Error('the tracker closed a kept-alive connection');
    });
  }

  static async open(tracker: Endpoint, localAddress: string): Promise<KeepAliveClient> {
    const socket = connect({ ...tracker, localAddress });
    await once(socket, 'connect');
    return new KeepAliveClient(socket, tracker.host);
  }

  get isBusy(): boolean {
    return this.#answer !== null;
  }

  /** Why the connection is of no more use. */
  get failed(): Error | null {
    return this.#failed;
  }

  /** @param answered gets the body */
  get(path: string, answered: (body: Buffer) => void): void {
    this.#answer = answered;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nConnection: keep-alive\r\n\r\n`, 'latin1');
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    const head = this.#received.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received.toString('latin1', 0, head))?.[1];
    if (length === undefined) {
      this.#failed = new Error('an answer has no Content-Length');
      return;
    }
    const end = head + 4 + Number(length);
    if (this.#received.length < end) return;
    const body = this.#received.subarray(head + 4, end);
    this.#received = this.#received.subarray(end);
    const answered = this.#answer;
    this.#answer = null;
    answered?.(body);
  }
}
