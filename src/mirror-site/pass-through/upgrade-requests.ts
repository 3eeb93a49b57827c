/**
 * Requests that ask for another protocol (RFC 9110 section 7.8). A WebSocket in an original's place is joined to the
 * original's. Every other offer, such as `h2c`, is declined as the RFC allows: the request is answered as if without it.
 */
import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Visit } from '../visit.js';
import { crossing } from './forwarded-headers.js';
import type { PassThrough } from './pass-through.js';
import { hasBody } from './request-to-original.js';
import { join, switchingHead } from './upgraded-connection.js';

export interface UpgradeOptions {
  readonly passThrough: PassThrough;
  /** The visit if the request belongs to an original whose requests pass; a reload may change it. */
  readonly visitToOriginal: (request: IncomingMessage, response: ServerResponse) => Visit | undefined;
  /** Answers all other requests. */
  readonly answer: RequestListener;
}

export class UpgradeRequests {
  readonly #options: UpgradeOptions;
  /** Joined now. */
  #count = 0;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  listenTo(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#answer(request, socket, head));
  }

  #answer(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const response = responseOn(request, socket);
    const { passThrough } = this.#options;
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket' && request.method === 'GET';
    const visit = isWebSocket ? this.#options.visitToOriginal(request, response) : undefined;
    // The parser has left this connection, so nobody would read a body.
    if (hasBody(request)) response.writeHead(400).end();
    else if (visit === undefined) this.#options.answer(request, response);
    else if (this.#count >= passThrough.limits.upgrades) response.writeHead(503).end();
    else this.#pass(visit, socket, head);
  }

  #pass(visit: Visit, socket: Socket, head: Buffer): void {
    const { response } = visit;
    const { passThrough } = this.#options;
    passThrough.pass(visit, {
      isRewritten: false,
      upgrade: 'websocket',
      onUpgrade: (controller, _status, _headers, original) => {
        const raw = Array.isArray(controller.rawHeaders)
          ? controller.rawHeaders.map((each) => each.toString('latin1'))
          : [];
        response.detachSocket(socket);
        if (head.length > 0) socket.unshift(head);
        socket.write(switchingHead('websocket', crossing(raw)), 'latin1');
        this.#count++;
        join(socket, original, passThrough.limits.upgradeIdleMs, () => this.#count--);
      },
    });
  }
}

/** Node.js makes none for a request with an upgrade. It is the last one of its connection. */
function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.end());
  return response;
}
