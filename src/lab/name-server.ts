/**
 * The resolver of the lab: knows the real addresses of the original site and tracker and denies every other name. UDP
 * and TCP. It represents the DNS beyond the redirection.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { decode, encode, streamEncode } from 'dns-packet';
import type { Endpoint } from '../net/endpoint.js';

const TTL_SECONDS = 60;
const RCODE_NAME_ERROR = 3;
const AUTHORITATIVE_ANSWER = 1 << 10;
const RECURSION_AVAILABLE = 1 << 7;
/** A question fits into this; a connection that sends more is closed. */
const MAX_TCP_QUERY_BYTES = 1_024;

export interface NameServer {
  readonly endpoint: Endpoint;
  stop(): Promise<void>;
}

/** @param hosts lower-case name → IPv4 address */
export async function startNameServer(listen: Endpoint, hosts: ReadonlyMap<string, string>): Promise<NameServer> {
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    serveConnection(socket, hosts);
  });
  tcp.listen(listen.port, listen.host);
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;

  const udp = createSocket('udp4');
  udp.on('message', (query, remote) => {
    const answer = answerTo(query, hosts);
    // Port 0 cannot receive an answer: `send` would throw.
    if (answer && remote.port !== 0) udp.send(encode(answer), remote.port, remote.address, () => {});
  });
  try {
    udp.bind(port, listen.host);
    await once(udp, 'listening');
  } catch (thrown) {
    tcp.close();
    throw thrown;
  }
  udp.on('error', () => {});
  return {
    endpoint: { host: listen.host, port },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([new Promise((done) => tcp.close(done)), new Promise<void>((done) => udp.close(() => done()))]);
    },
  };
}

function serveConnection(socket: Socket, hosts: ReadonlyMap<string, string>): void {
  let unread = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    if (unread.length > MAX_TCP_QUERY_BYTES) {
      socket.destroy();
      return;
    }
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const length = 2 + unread.readUInt16BE(0);
      const answer = answerTo(unread.subarray(2, length), hosts);
      unread = unread.subarray(length);
      if (answer) socket.write(streamEncode(answer));
    }
  });
}

function answerTo(query: Uint8Array, hosts: ReadonlyMap<string, string>) {
  let asked: ReturnType<typeof decode>;
  try {
    asked = decode(Buffer.from(query));
  } catch {
    return undefined;
  }
  const question = asked.questions?.[0];
  if (asked.type !== 'query' || question === undefined) return undefined;
  const address = hosts.get(question.name.toLowerCase());
  return {
    type: 'response' as const,
    id: asked.id ?? 0,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (address === undefined ? RCODE_NAME_ERROR : 0),
    questions: [question],
    answers:
      address !== undefined && question.type === 'A'
        ? [{ type: 'A' as const, name: question.name, ttl: TTL_SECONDS, data: address }]
        : [],
  };
}
