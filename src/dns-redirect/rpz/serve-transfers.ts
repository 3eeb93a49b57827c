/**
 * DNS over TCP for zone transfers: one request after another on a connection, each answered with any number of messages.
 * Data is not buffered for a slow reader, and a reader that takes nothing is disconnected. Strangers share few
 * connections, so that they cannot block a secondary.
 */
import type { Socket } from 'node:net';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import type { Endpoint } from '../../net/endpoint.js';
import { listenTcp, type TcpServer } from '../tcp-server.js';
import { frameMessage, MessageReader } from '../wire/message-stream.js';
import {
  CONNECTION_IDLE_MS,
  MAX_CONNECTIONS_OF_STRANGERS,
  MAX_CONNECTIONS_PER_SECONDARY,
  MAX_REQUEST_BYTES,
  MAX_TRANSFER_MS,
  TRANSFER_STALLED_MS,
} from './limits.js';

export interface TransferAnswer {
  readonly messages: Iterable<Buffer>;
  /** Called once all messages were handed to the system. */
  readonly sent: () => void;
}

export interface TransferListenerOptions {
  /** @returns undefined: the connection is closed */
  readonly answer: (request: Buffer, address: string) => TransferAnswer | undefined;
  readonly isSecondary: (address: string) => boolean;
  readonly onConnectionRefused: () => void;
  /** After a client ended a transfer early, or was too slow. */
  readonly onTransferBroken: (address: string) => void;
  readonly idleMs?: number;
  readonly stalledMs?: number;
}

/** @throws Error (with `code`) if the address or port cannot be bound */
export function listenForTransfers(endpoint: Endpoint, options: TransferListenerOptions): Promise<TcpServer> {
  const groups = new Map<Socket, string>();
  const STRANGERS = 'strangers';
  return listenTcp(endpoint, (socket) => {
    // Undefined if the client disconnected before it was accepted.
    const address = socket.remoteAddress && formatIp(parseIp(socket.remoteAddress.replace(/%.*$/, '')));
    const group = address && options.isSecondary(address) ? address : STRANGERS;
    const limit = group === STRANGERS ? MAX_CONNECTIONS_OF_STRANGERS : MAX_CONNECTIONS_PER_SECONDARY;
    const open = [...groups.values()].filter((each) => each === group).length;
    if (!address || open >= limit) {
      options.onConnectionRefused();
      socket.destroy();
      return;
    }
    groups.set(socket, group);
    socket.on('close', () => groups.delete(socket));
    serveConnection(socket, address, options);
  });
}

function serveConnection(socket: Socket, address: string, options: TransferListenerOptions): void {
  const reader = new MessageReader(MAX_REQUEST_BYTES);
  let sending = false;
  let ended = false;
  const idleMs = options.idleMs ?? CONNECTION_IDLE_MS;
  socket.setTimeout(idleMs, () => socket.destroy());

  const serve = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    try {
      for (let request = reader.next(); request !== undefined; request = reader.next()) {
        const answer = options.answer(request, address);
        if (answer === undefined) return void socket.destroy();
        if (!(await sendAll(socket, answer.messages, options.stalledMs ?? TRANSFER_STALLED_MS))) {
          options.onTransferBroken(address);
          return void socket.destroy();
        }
        answer.sent();
        socket.setTimeout(idleMs);
      }
      if (ended) socket.end();
      else socket.resume();
    } catch {
      socket.destroy(); // the rest of the stream cannot be read
    } finally {
      sending = false;
    }
  };
  socket.on('data', (chunk) => {
    reader.push(chunk);
    // More requests wait in the system's buffer until this one is answered.
    socket.pause();
    void serve();
  });
  socket.on('end', () => {
    ended = true;
    void serve();
  });
}

/** @returns false if the client left or was too slow */
async function sendAll(socket: Socket, messages: Iterable<Buffer>, stalledMs: number): Promise<boolean> {
  const deadline = setTimeout(() => socket.destroy(), MAX_TRANSFER_MS).unref();
  socket.setTimeout(stalledMs);
  try {
    for (const message of messages) {
      if (socket.destroyed) return false;
      if (!socket.write(frameMessage(message)) && !(await drained(socket))) return false;
    }
    return !socket.destroyed;
  } finally {
    clearTimeout(deadline);
  }
}

/** @returns false if the connection closes instead */
function drained(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isDrained: boolean) => () => {
      socket.off('drain', onDrain);
      socket.off('close', onClose);
      resolve(isDrained);
    };
    const onDrain = finish(true);
    const onClose = finish(false);
    socket.on('drain', onDrain);
    socket.on('close', onClose);
    if (socket.destroyed) onClose();
  });
}
