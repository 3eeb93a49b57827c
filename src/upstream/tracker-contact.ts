/** Requests to an original tracker and its answers, for all protocols. */
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';

export type AnnounceEvent = 'started' | 'stopped' | 'none';

/** A peer of another network, as an original tracker lists it. */
export interface ForeignPeer {
  readonly address: IpAddress;
  /** 1 – 65535 */
  readonly port: number;
  /** Known only if a tracker pushes it; the answer to an announce does not say. */
  readonly seed: boolean;
}

/**
 * Takes the peers of one answer, as the tracker listed them. They are valid for `ttlSeconds`. Must not reject.
 * @param origin who names them, for people: the tracker without its path
 * @returns how many were taken
 */
export type TakePeers = (
  infoHash: InfoHash,
  peers: readonly ForeignPeer[],
  ttlSeconds: number,
  origin: string,
) => Promise<number>;

/** A tracker with its checked address. The name in its URL is not resolved again. */
export interface TrackerDestination {
  readonly url: URL;
  readonly address: IpAddress;
  readonly port: number;
}

export interface OutgoingAnnounce {
  readonly infoHash: InfoHash;
  /** 20 bytes */
  readonly peerId: Uint8Array;
  readonly port: number;
  /** Another address than the sender's: `ip=` of BEP 3 and BEP 7, the IP address field of BEP 15. */
  readonly address?: IpAddress;
  readonly event: AnnounceEvent;
  readonly numWant: number;
  /** BEP 7: proves that the next announce is ours even if our address changes. Unsigned 32 bits. */
  readonly key: number;
}

export interface AnnounceReply {
  readonly intervalSeconds: number | undefined;
  readonly minIntervalSeconds: number | undefined;
  /** Neither filtered nor deduplicated, at most MAX_PEERS_PER_ANSWER. */
  readonly peers: readonly ForeignPeer[];
  /** Addresses at which the tracker may see us: our end of the connection, and its `external ip` (BEP 24). */
  readonly ourAddresses: readonly IpAddress[];
}

export interface ScrapeCounts {
  readonly seeders: number;
  readonly leechers: number;
  /** How many clients have completed the torrent so far. */
  readonly completed?: number | undefined;
}

/** The tracker refused. With the time after which to retry, if it states one (BEP 31). */
export class TrackerRefusal extends Error {
  constructor(
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'TrackerRefusal';
  }
}

/** `left` of our announces. A tracker counts a peer with 0 as a seed, and gives it no seeds. */
export const LEFT_BYTES = 1_073_741_824n;
