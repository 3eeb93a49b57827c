/** What is said to an original tracker and what it says back, whatever the protocol. */
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';

export type AnnounceEvent = 'started' | 'stopped' | 'none';

/** A peer of another network, as an original tracker names it. */
export interface ForeignPeer {
  readonly address: IpAddress;
  /** 1 – 65535 */
  readonly port: number;
  /** Known only where a tracker reports it by itself; an announce does not tell. */
  readonly seed: boolean;
}

/** A tracker with the address to reach it at: the name in its URL is never resolved again. */
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
  /** Addresses under which the tracker may have seen us: our end of the connection, and what it says (BEP 24). */
  readonly ourAddresses: readonly IpAddress[];
}

export interface ScrapeCounts {
  readonly seeders: number;
  readonly leechers: number;
}

/** The tracker answered, and said no. BEP 31: with the time after which to ask again, if it told. */
export class TrackerRefusal extends Error {
  constructor(
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'TrackerRefusal';
  }
}

/** What we say is left to download. Above zero, or we would be counted as a seed and given no seeds. */
export const LEFT_BYTES = 1_073_741_824n;
