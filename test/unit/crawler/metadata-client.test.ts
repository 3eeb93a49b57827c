import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMetadataClient,
  type MetadataClientOptions,
  type SwarmPeer,
} from '../../../src/crawler/metadata-client.js';
import { MAX_METADATA_BYTES } from '../../../src/crawler/metadata-download.js';
import { ClientError } from '../../../src/domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { extensionMessage } from '../../../src/wire/peer-stream.js';
import {
  handshakeOf,
  honest,
  itsExtensions,
  type MetadataPeer,
  pieceMessage,
  startPeer,
} from '../../support/metadata-peer.js';

/** Three pieces. */
const description = Buffer.alloc(40_000, 'description ');
const hashOf = (bytes: Uint8Array, algorithm = 'sha1'): InfoHash =>
  parseInfoHash(createHash(algorithm).update(bytes).digest('hex').slice(0, 40));
const infoHash = hashOf(description);

let started: MetadataPeer[] = [];
afterEach(async () => {
  await Promise.all(started.map((peer) => peer.stop()));
  started = [];
});

async function peer(talk: (socket: Socket) => void): Promise<MetadataPeer> {
  const running = await startPeer(talk);
  started.push(running);
  return running;
}

function fetchFrom(
  peers: readonly SwarmPeer[],
  options: Partial<MetadataClientOptions> & { signal?: AbortSignal; infoHash?: InfoHash } = {},
): Promise<Uint8Array | undefined> {
  const client = createMetadataClient({
    peersOf: async () => peers,
    blockedReason: () => undefined,
    peerId: Buffer.alloc(20, 'c'),
    ...options,
  });
  return client(options.infoHash ?? infoHash, options.signal);
}

/** Says what is written here once the other has spoken, and nothing more. */
const says =
  (...messages: readonly Uint8Array[]) =>
  (socket: Socket): void =>
    void socket.once('data', () => socket.write(Buffer.concat(messages)));

describe('the description of a torrent', () => {
  it.each([1, 7, 100_000])('comes from a peer that sends parts of %i bytes', async (partBytes) => {
    const small = description.subarray(0, partBytes === 1 ? 2_000 : undefined);
    const found = await fetchFrom([await peer(honest(hashOf(small), small, partBytes))], { infoHash: hashOf(small) });
    expect(Buffer.from(found!)).toEqual(small);
  });

  it('is proven by the hash of version 2 where that is what is asked for (BEP 52)', async () => {
    const v2 = hashOf(description, 'sha256');
    const found = await fetchFrom([await peer(honest(v2, description))], { infoHash: v2 });
    expect(Buffer.from(found!)).toEqual(description);
  });

  it('is undefined if the swarm has no inner peer', async () => {
    expect(await fetchFrom([])).toBeUndefined();
  });

  const handshake = handshakeOf(infoHash);
  const noExtensions = Buffer.from(handshake);
  noExtensions[25] = 0;
  const first = description.subarray(0, 16_384);
  const liars: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ['sends another description', honest(infoHash, Buffer.alloc(20_000)), /another torrent/],
    ['is of another torrent', says(handshakeOf('ab'.repeat(20))), /handshake of another torrent/],
    ['knows no extensions', says(noExtensions), /does not support extensions/],
    ['has no description', says(handshake, itsExtensions(undefined)), /does not have the description/],
    ['switches the extension off', says(handshake, itsExtensions(40_000, 0)), /does not have the description/],
    ['names an absurd size', says(handshake, itsExtensions(MAX_METADATA_BYTES + 1)), /more than 10000000 bytes/],
    ['names a negative size', says(handshake, itsExtensions(-1)), /does not have the description/],
    ['refuses', says(handshake, itsExtensions(40_000), pieceMessage(0, Buffer.alloc(0), 2)), /refuses/],
    ['sends a short piece', says(handshake, itsExtensions(40_000), pieceMessage(0, first.subarray(1))), /16383 bytes/],
    [
      'sends a piece twice',
      says(handshake, itsExtensions(40_000), pieceMessage(0, first), pieceMessage(0, first)),
      /not asked for/,
    ],
    ['sends a piece past the end', says(handshake, itsExtensions(40_000), pieceMessage(3, first)), /not asked for/],
    ['sends no bencode', says(handshake, extensionMessage(0, Buffer.from('hello'))), /not valid bencode/],
    ['sends a piece before a size', says(handshake, pieceMessage(0, first)), /not asked for/],
    [
      'sends a message of a gigabyte',
      says(handshake, Buffer.from([0x40, 0, 0, 0, 9])),
      /a message of 1073741824 bytes/,
    ],
    ['expects encryption', says(Buffer.alloc(96, 0x5a)), /something else than a handshake/],
    ['closes', (socket) => void socket.end(), /closed the connection/],
    ['says nothing', () => undefined, /does not answer/],
    ['stops in the middle', says(handshake, itsExtensions(40_000), pieceMessage(0, first)), /does not answer/],
  ];
  it.each(liars)('comes from the next peer if one %s', async (_what, talk, reason) => {
    const liar = await peer(talk);
    const options = { idleMs: 200 };
    const refusal = fetchFrom([liar], options);
    await expect(refusal).rejects.toThrow(ClientError);
    await expect(refusal).rejects.toThrow(reason);
    const good = await peer(honest(infoHash, description));
    expect(Buffer.from((await fetchFrom([liar, liar, good], options))!)).toEqual(description);
  });

  it('is not waited for longer than the time for a peer, however busy it is', async () => {
    const chatty = await peer((socket) => {
      socket.once('data', () => socket.write(handshake));
      const timer = setInterval(() => socket.write(Buffer.alloc(4)), 10);
      socket.once('close', () => clearInterval(timer));
    });
    await expect(fetchFrom([chatty], { timeoutMs: 200 })).rejects.toThrow(/it takes too long/);
  });

  it('is never asked of an address that is blocked, nor of port 0', async () => {
    const good = await peer(honest(infoHash, description));
    const blockedReason = (): string => 'is where this installation listens';
    await expect(fetchFrom([good], { blockedReason })).rejects.toThrow('127.0.0.1 is where this installation listens');
    await expect(fetchFrom([{ ...good, port: 0 }])).rejects.toThrow('has no port');
    expect(good.connections()).toBe(0);
  });

  it('is asked of two peers at once, and the others are left alone once it is there', async () => {
    const [one, two, three] = [
      await peer(honest(infoHash, description)),
      await peer(() => undefined),
      await peer(honest(infoHash, description)),
    ];
    expect(Buffer.from((await fetchFrom([one, two, three]))!)).toEqual(description);
    expect(three.connections()).toBe(0);
  });

  it('is given up with the reason of the signal', async () => {
    const stopping = new AbortController();
    const silent = await peer(() => stopping.abort(new Error('stopping')));
    await expect(fetchFrom([silent], { signal: stopping.signal })).rejects.toThrow('stopping');
  });
});
