/** Datagrams to and from one address on node:dgram. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DatagramConnection, DatagramConnectionHandler } from '../transport.js';
import { literalAddress } from './literal-address.js';

export function connectDatagrams(host: string, port: number, handler: DatagramConnectionHandler): DatagramConnection {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', lookup: literalAddress });
  /** Before it is connected. */
  let unsent: Buffer[] | undefined = [];
  let open = true;
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  const fail = (error: Error): void => {
    if (!open) return;
    close();
    handler.onError(error);
  };
  const send = (datagram: Buffer): void => socket.send(datagram, (error) => error && fail(error));
  socket.unref();
  socket.on('error', fail);
  socket.on('message', (datagram) => {
    if (open) handler.onDatagram(datagram);
  });
  socket.on('connect', () => {
    const waiting = unsent ?? [];
    unsent = undefined;
    if (open) waiting.forEach(send);
  });
  // Without a callback: a callback of `connect` is called with the error (no route, no such address family), and no
  // 'error' event follows.
  socket.connect(port, host);
  return {
    send(datagram) {
      if (!open) return;
      const copy = Buffer.from(datagram);
      if (unsent === undefined) send(copy);
      else unsent.push(copy);
    },
    close,
  };
}
