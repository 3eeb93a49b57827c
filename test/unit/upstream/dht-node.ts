/** A node of the DHT on loopback that answers as a test says, and notes what it is asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';

export interface KrpcQuery {
  readonly t: Uint8Array;
  readonly q: Uint8Array;
  readonly ro?: number;
  readonly a: { readonly id: Uint8Array; readonly info_hash: Uint8Array };
}

export interface TestNode {
  readonly id: Uint8Array;
  readonly host: string;
  readonly port: number;
  readonly queries: KrpcQuery[];
  /** As `nodes` of an answer has it. */
  readonly compact: Uint8Array;
  close(): void;
}

/** @param reply the packets that answer a query */
export async function startNode(
  host: string,
  reply: (query: KrpcQuery, node: TestNode) => readonly Uint8Array[],
  id: Uint8Array = Buffer.from(host.padEnd(20, '.')),
  onPort = 0,
): Promise<TestNode> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.bind(onPort, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  let closed = false;
  const node: TestNode = {
    id,
    host,
    port,
    queries: [],
    compact: Buffer.concat([id, compactPeer(host, port)]),
    close: () => {
      if (!closed) socket.close();
      closed = true;
    },
  };
  socket.on('message', (bytes, from) => {
    const query = bencode.decode(bytes) as unknown as KrpcQuery;
    node.queries.push(query);
    for (const packet of reply(query, node)) socket.send(packet, from.port, from.address);
  });
  return node;
}

export function compactPeer(host: string, port: number): Uint8Array {
  return Buffer.from([...host.split('.').map(Number), port >> 8, port & 255]);
}

export function answerTo(
  query: KrpcQuery,
  node: Pick<TestNode, 'id'>,
  {
    nodes = [],
    peers = [],
    ...more
  }: { nodes?: readonly Uint8Array[]; peers?: readonly Uint8Array[]; id?: Uint8Array } = {},
): Uint8Array {
  const r = {
    id: node.id,
    token: 'x',
    nodes: Buffer.concat(nodes),
    ...(peers.length > 0 ? { values: peers } : {}),
    ...more,
  };
  return new Uint8Array(bencode.encode({ r, t: query.t, y: 'r' }));
}
