/**
 * Sends answers in pieces, and ends connections whose clients read too slowly, so that what waits for them does not fill the
 * memory: those that made no progress, and, while too much waits in all, those that were slowest of late.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Progress is seen by the piece: a single write of a large file shows none until its end. */
const PIECE_BYTES = 64 * 2 ** 10;

/** Answers that are being sent in pieces. Several clients may read the same one. */
const bodies = new WeakMap<Socket, Uint8Array>();

export interface SlowReaderLimits {
  readonly checkEveryMs: number;
  /** Checks in a row without the least progress, after which a connection ends. */
  readonly maxStalledChecks: number;
  /** The least progress between two checks, in bytes. */
  readonly minBytes: number;
  /** Bytes that may wait for all clients together. */
  readonly maxWaitingBytes: number;
}

export const SLOW_READER_LIMITS: SlowReaderLimits = {
  checkEveryMs: 5_000,
  maxStalledChecks: 6,
  minBytes: 1,
  maxWaitingBytes: 256 * 2 ** 20,
};

interface Watched {
  sent: number;
  stalled: number;
  /** Bytes taken between the last two checks. */
  progress: number;
}

export class SlowReaders {
  readonly #limits: SlowReaderLimits;
  readonly #watched = new Map<Socket, Watched>();
  readonly #timer: NodeJS.Timeout;
  #ended = 0;

  constructor(limits: SlowReaderLimits = SLOW_READER_LIMITS) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#check(), limits.checkEveryMs).unref();
  }

  /** Connections that were ended, since the start. */
  get ended(): number {
    return this.#ended;
  }

  /** @param socket the one to the client, also under TLS */
  watch(socket: Socket): void {
    this.#watched.set(socket, { sent: 0, stalled: 0, progress: 0 });
    socket.once('close', () => this.#watched.delete(socket));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #check(): void {
    let waiting = 0;
    const counted = new Set<ArrayBufferLike>();
    for (const [socket, watched] of this.#watched) {
      const sent = socket.bytesWritten - socket.writableLength;
      watched.progress = sent - watched.sent;
      watched.sent = sent;
      watched.stalled = socket.writableLength > 0 && watched.progress < this.#limits.minBytes ? watched.stalled + 1 : 0;
      if (watched.stalled >= this.#limits.maxStalledChecks) {
        this.#end(socket);
        continue;
      }
      waiting += socket.writableLength;
      const body = bodies.get(socket);
      if (body === undefined || counted.has(body.buffer)) continue;
      counted.add(body.buffer);
      waiting += body.length;
    }
    if (waiting > this.#limits.maxWaitingBytes) this.#endSlowest(waiting);
  }

  #endSlowest(waiting: number): void {
    const slowest = [...this.#watched].sort(([, a], [, b]) => a.progress - b.progress);
    let left = waiting;
    for (const [socket] of slowest) {
      if (left <= this.#limits.maxWaitingBytes) return;
      const bytes = socket.writableLength + (bodies.get(socket)?.length ?? 0);
      if (bytes === 0) continue;
      left -= bytes;
      this.#end(socket);
    }
  }

  #end(socket: Socket): void {
    this.#ended++;
    this.#watched.delete(socket);
    socket.destroy();
  }
}

/** Ends the response with this body. */
export function sendBody(response: ServerResponse, body: Uint8Array): void {
  const { socket } = response;
  if (body.length <= PIECE_BYTES || socket === null) {
    response.end(body);
    return;
  }
  bodies.set(socket, body);
  let from = 0;
  const next = (): void => {
    while (from < body.length) {
      const piece = body.subarray(from, from + PIECE_BYTES);
      from += piece.length;
      if (from >= body.length) {
        response.end(piece);
        break;
      }
      if (!response.write(piece)) return;
    }
    bodies.delete(socket);
  };
  response.on('drain', next);
  response.once('close', () => bodies.delete(socket));
  next();
}
