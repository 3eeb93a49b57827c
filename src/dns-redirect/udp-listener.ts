/**
 * One UDP socket that answers queries. An error of one datagram does not affect the next. On a wildcard address the system
 * chooses the source address of an answer, so a machine with several addresses must list them one by one.
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

/** @throws Error (with `code`) if the address or port cannot be bound */
export async function openUdpListener(
  endpoint: Endpoint,
  answer: (packet: Buffer, client: IpAddress) => Promise<Buffer | undefined>,
): Promise<UdpListener> {
  // ipv6Only: IPv4 on the same port needs a listener of its own.
  const socket = createSocket(isIPv6(endpoint.host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  let open = true;
  socket.on('message', (packet, from) => {
    const client = parseIp(from.address.replace(/%.*$/, ''));
    void answer(packet, client).then((reply) => {
      // Port 0 cannot be answered. A send that fails (the client is gone) affects no other client.
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
