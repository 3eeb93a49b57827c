/**
 * Fetches the description of a torrent from peers of its swarm (BEP 9), over TCP and in the clear. Only inner peers that
 * announced to the tracker are asked, a few of them and two at once. Connections encrypted with MSE, uTP (BEP 29), the DHT
 * and peers that other peers name (BEP 11) are not used.
 */
import { connect } from 'node:net';
import { ClientError, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import { peerHandshake } from '../wire/peer-stream.js';
import { inParallel } from './in-parallel.js';
import { MetadataDownload } from './metadata-download.js';
import type { FetchMetadata } from './metadata-port.js';

export interface SwarmPeer {
  readonly address: IpAddress;
  readonly port: number;
}

export interface MetadataClientOptions {
  /** Inner peers that announced this torrent, the best first; at most `limit`. */
  readonly peersOf: (infoHash: InfoHash, limit: number) => Promise<readonly SwarmPeer[]>;
  readonly blockedReason: BlockedReason;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** For tests; the defaults are the limits below. */
  readonly idleMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Peers asked for one torrent. Every seed has the description. */
const MAX_PEERS = 8;
const PEERS_AT_ONCE = 2;
/** For connecting, and between two parts of an answer. A peer that nobody reaches (NAT) costs this. */
const IDLE_MS = 3_000;
/** For one peer: the largest description over a line of 2 Mbit/s. */
const TIMEOUT_MS = 40_000;

export function createMetadataClient(options: MetadataClientOptions): FetchMetadata {
  return (infoHash, signal) => fetchMetadata(infoHash, signal, options);
}

/** @throws ClientError `unreachable` with the reason of the first peer, if there are peers and none of them sent it */
async function fetchMetadata(
  infoHash: InfoHash,
  signal: AbortSignal | undefined,
  options: MetadataClientOptions,
): Promise<Uint8Array | undefined> {
  const peers = await options.peersOf(infoHash, MAX_PEERS);
  const enough = new AbortController();
  const abort = (): void => enough.abort();
  signal?.addEventListener('abort', abort, { once: true });
  const reasons: string[] = [];
  let description: Uint8Array | undefined;
  await inParallel(peers, PEERS_AT_ONCE, async (peer) => {
    if (enough.signal.aborted || signal?.aborted) return;
    try {
      description ??= await askPeer(peer, infoHash, enough.signal, options);
      enough.abort();
    } catch (thrown) {
      reasons.push(messageOf(thrown));
    }
  });
  signal?.removeEventListener('abort', abort);
  signal?.throwIfAborted();
  if (description !== undefined || peers.length === 0) return description;
  const count = peers.length === 1 ? 'the only inner peer' : `none of ${peers.length} inner peers`;
  throw new ClientError(
    'unreachable',
    `${count} ${peers.length === 1 ? 'did not send' : 'sent'} its description: ${reasons[0]}`,
  );
}

function askPeer(
  { address, port }: SwarmPeer,
  infoHash: InfoHash,
  enough: AbortSignal,
  { blockedReason, peerId, idleMs = IDLE_MS, timeoutMs = TIMEOUT_MS }: MetadataClientOptions,
): Promise<Uint8Array> {
  const host = formatIp(address);
  const blocked = port === 0 ? 'has no port' : blockedReason(address, port);
  if (blocked !== undefined) throw new ClientError('not-fetched', `${host} ${blocked}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: enough });
    const download = new MetadataDownload(infoHash, (bytes) => socket.write(bytes));
    const fail = (thrown: unknown): void => {
      reject(thrown);
      socket.destroy();
    };
    const timer = setTimeout(() => fail(new Error('it takes too long')), timeoutMs);
    socket.setTimeout(idleMs, () => fail(new Error('it does not answer')));
    socket.on('connect', () => socket.write(peerHandshake(infoHash, peerId)));
    socket.on('error', fail);
    socket.on('close', () => {
      clearTimeout(timer);
      fail(new Error('it closed the connection'));
    });
    socket.on('data', (part) => {
      try {
        const description = download.push(part);
        if (description === undefined) return;
        resolve(description);
        socket.destroy();
      } catch (thrown) {
        fail(thrown);
      }
    });
  });
}
