/**
 * One UDP socket that answers queries. A fault of one datagram never reaches the next. On a wildcard address of a machine
 * with several addresses the system chooses from which one the answer leaves: list the addresses one by one there.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';

export interface UdpListener {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws Error (with `code`) where the address or port cannot be bound */
export async function openUdpListener(
  endpoint: Endpoint,
  answer: (packet: Buffer, client: IpAddress) => Promise<Buffer | undefined>,
): Promise<UdpListener> {
  // ipv6Only: an IPv4 listener on the same port is a listener of its own.
  const socket = createSocket(isIPv6(endpoint.host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  let open = true;
  socket.on('message', (packet, from) => {
    const client = parseIp(from.address.replace(/%.*$/, ''));
    void answer(packet, client).then((reply) => {
      // Port 0 cannot be answered; a send that fails (a vanished client) concerns nobody else.
      if (reply !== undefined && open && from.port !== 0) socket.send(reply, from.port, from.address, () => {});
    });
  });
  const bound = once(socket, 'listening');
  socket.bind(endpoint.port, endpoint.host);
  try {
    await bound;
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
  socket.on('error', () => {});
  return {
    port: socket.address().port,
    close: () =>
      new Promise((resolve) => {
        open = false;
        socket.close(() => resolve());
      }),
  };
}
