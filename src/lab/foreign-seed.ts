/**
 * One real seed far away: implements enough of the peer protocol (BEP 3) to serve the lab's files to any client, and
 * announces itself to the original tracker. It never downloads, and it closes connections with encrypted handshakes
 * (MSE).
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Endpoint } from '../net/endpoint.js';
import { parseMetainfo } from '../wire/metainfo.js';
import type { LabTorrent } from './lab-torrents.js';
import { announceOverUdp } from './udp-announcer.js';

const PROTOCOL = Buffer.from('\x13BitTorrent protocol', 'latin1');
const HANDSHAKE_BYTES = 68;
const PEER_ID = '-AT0001-foreign-seed';
const MESSAGE = { unchoke: 1, interested: 2, bitfield: 5, request: 6, piece: 7 } as const;
/** Clients request 16 KiB at a time; all of them refuse more than this. */
const MAX_BLOCK_BYTES = 128 * 1024;
/** The longest message of a downloader is its bitfield. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 100;
const IDLE_TIMEOUT_MS = 120_000;
/** Below the original tracker's interval, so that the seed never expires. */
const ANNOUNCE_EVERY_MS = 60_000;

interface SharedTorrent {
  readonly infoHash: string;
  readonly content: Uint8Array;
  readonly pieceBytes: number;
}

export interface ForeignSeed {
  readonly endpoint: Endpoint;
  stop(): Promise<void>;
}

/** Resolves when the original tracker knows the seed. */
export async function startForeignSeed(
  listen: Endpoint,
  tracker: Endpoint,
  torrents: readonly LabTorrent[],
  onAnnounceError: (error: unknown) => void,
): Promise<ForeignSeed> {
  const shared = new Map(shareable(torrents).map((torrent) => [torrent.infoHash, torrent]));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
    serve(socket, shared);
  });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  server.on('error', () => {}); // out of file descriptors: the connection is lost, the listener is not
  const { port } = server.address() as AddressInfo;

  const announceAll = async (): Promise<void> => {
    for (const { infoHash } of shared.values()) {
      const announce = { tracker, localAddress: listen.host, port, infoHash, peerId: PEER_ID, leftBytes: 0 };
      await announceOverUdp({ ...announce, event: 'started' }).catch(onAnnounceError);
    }
  };
  await announceAll();
  const timer = setInterval(() => void announceAll(), ANNOUNCE_EVERY_MS);
  return {
    endpoint: { host: listen.host, port },
    stop: async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function shareable(torrents: readonly LabTorrent[]): SharedTorrent[] {
  return torrents.flatMap(({ infoHash, content, bytes }) =>
    infoHash === undefined || content === undefined
      ? []
      : [{ infoHash, content: content(), pieceBytes: parseMetainfo(bytes).pieceBytes }],
  );
}

function serve(socket: Socket, shared: ReadonlyMap<string, SharedTorrent>): void {
  let unread = Buffer.alloc(0);
  let torrent: SharedTorrent | undefined;
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    if (torrent === undefined) {
      if (!PROTOCOL.subarray(0, unread.length).equals(unread.subarray(0, PROTOCOL.length))) {
        socket.destroy();
        return;
      }
      if (unread.length < HANDSHAKE_BYTES) return;
      torrent = shared.get(unread.subarray(28, 48).toString('hex'));
      if (torrent === undefined) {
        socket.destroy();
        return;
      }
      unread = unread.subarray(HANDSHAKE_BYTES);
      greet(socket, torrent);
    }
    while (unread.length >= 4) {
      const length = unread.readUInt32BE(0);
      if (length > MAX_MESSAGE_BYTES) {
        socket.destroy();
        return;
      }
      if (unread.length < 4 + length) return;
      if (length > 0) onMessage(socket, torrent, unread.subarray(4, 4 + length));
      unread = unread.subarray(4 + length);
    }
  });
}

function greet(socket: Socket, torrent: SharedTorrent): void {
  const reserved = Buffer.alloc(8);
  const hash = Buffer.from(torrent.infoHash, 'hex');
  const pieces = Math.ceil(torrent.content.length / torrent.pieceBytes);
  const have = Buffer.alloc(Math.ceil(pieces / 8));
  for (let i = 0; i < pieces; i++) have[i >> 3]! |= 0x80 >> (i & 7);
  socket.write(Buffer.concat([PROTOCOL, reserved, hash, Buffer.from(PEER_ID, 'latin1')]));
  socket.write(message(MESSAGE.bitfield, have));
}

function onMessage(socket: Socket, torrent: SharedTorrent, bytes: Buffer): void {
  if (bytes[0] === MESSAGE.interested) socket.write(message(MESSAGE.unchoke, Buffer.alloc(0)));
  if (bytes[0] !== MESSAGE.request || bytes.length < 13) return;
  const start = bytes.readUInt32BE(1) * torrent.pieceBytes + bytes.readUInt32BE(5);
  const length = bytes.readUInt32BE(9);
  if (length > MAX_BLOCK_BYTES || start + length > torrent.content.length) {
    socket.destroy();
    return;
  }
  const block = torrent.content.subarray(start, start + length);
  socket.write(message(MESSAGE.piece, Buffer.concat([bytes.subarray(1, 9), block])));
}

function message(id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length, 0);
  head[4] = id;
  return Buffer.concat([head, payload]);
}
