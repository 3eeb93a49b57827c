/** A peer on loopback that has the description of a torrent (BEP 9), or pretends to. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type InfoHash, parseInfoHash } from '../../src/domain/info-hash.js';
import { parseIp } from '../../src/domain/ip-address.js';
import { METADATA_PIECE_BYTES, readMetadataMessage } from '../../src/wire/metadata-messages.js';
import { extensionMessage, PeerStream, peerHandshake } from '../../src/wire/peer-stream.js';

/** The id under which this peer takes `ut_metadata` messages. */
const ITS_ID = 7;
/** Under which we take them. */
const OUR_ID = 1;

export interface MetadataPeer {
  readonly address: ReturnType<typeof parseIp>;
  readonly port: number;
  /** Connections so far. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

export function handshakeOf(infoHash: string): Uint8Array {
  return peerHandshake(parseInfoHash(infoHash), Buffer.alloc(20, 'p'));
}

export function itsExtensions(metadataBytes: number | undefined, id = ITS_ID): Uint8Array {
  const size = metadataBytes === undefined ? '' : `13:metadata_sizei${metadataBytes}e`;
  return extensionMessage(0, Buffer.from(`d1:md11:ut_metadatai${id}ee${size}e`));
}

export function pieceMessage(piece: number, data: Uint8Array, type = 1): Uint8Array {
  return extensionMessage(OUR_ID, Buffer.concat([Buffer.from(`d8:msg_typei${type}e5:piecei${piece}ee`), data]));
}

/** @param talk what the peer does with a connection */
export async function startPeer(talk: (socket: Socket) => void): Promise<MetadataPeer> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: parseIp('127.0.0.1'),
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a client with the description does. @param partBytes it sends in parts of this size */
export function honest(infoHash: InfoHash, description: Uint8Array, partBytes = 65_536): (socket: Socket) => void {
  return (socket) => {
    const stream = new PeerStream();
    const send = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += partBytes) socket.write(bytes.subarray(at, at + partBytes));
    };
    socket.on('data', (part) => {
      for (const event of stream.push(part)) {
        if (event.type === 'handshake') send(handshakeOf(infoHash));
        else if (event.id === 0) {
          // A bitfield and a keep-alive lie between, as real clients send them.
          const bitfield = Buffer.concat([Buffer.from([0, 0, 3, 1, 5]), Buffer.alloc(0x300)]);
          send(Buffer.concat([bitfield, Buffer.alloc(4), itsExtensions(description.length)]));
        } else if (event.id === ITS_ID) {
          const message = readMetadataMessage(event.payload)!;
          const at = message.piece * METADATA_PIECE_BYTES;
          send(pieceMessage(message.piece, description.subarray(at, at + METADATA_PIECE_BYTES)));
        }
      }
    });
  };
}
