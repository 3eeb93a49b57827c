/** The state of one simulated client and of its connections, shared by the swarm model and its rules. */
import type { SimulatedTime } from './hours.js';

/**
 * Who can connect to a peer: `open` everybody; `firewalled` nobody, but it connects to others; `silent` no connections
 * at all.
 */
export type Reach = 'open' | 'firewalled' | 'silent';

export interface PeerSpecification {
  /** Index of the network (ISP) the peer is in. */
  readonly network: number;
  readonly uplinkBps: number;
  readonly downlinkBps: number;
  readonly arrivalSeconds: number;
  readonly seed: boolean;
  /** How long it stays after its download is complete; Infinity means until the end. */
  readonly seedForSeconds: number;
  /** `open` by default. */
  readonly reach?: Reach;
  /** A cache that downloads only in these times, and always serves. Not a user: nobody waits until it is complete. */
  readonly fillTimes?: readonly SimulatedTime[];
}

/** [peer] → bytes since the beginning; TrafficTotals counts them. */
export interface PeerBytes {
  readonly uploadedBytes: Float64Array;
  readonly downloadedBytes: Float64Array;
}

/** No transfer is in progress. */
export const NO_TRANSFER = -1;

/** One direction of a connection: pieces go from `from` to `to`. Its counts are in arrays, indexed by its id. */
export interface Direction {
  /** Even for one direction, odd for the other; ids of closed connections are reused. */
  readonly id: number;
  readonly from: SimulatedPeer;
  readonly to: SimulatedPeer;
  reverse: Direction;
  /** Its index in `from.links`. */
  linkIndex: number;
  unchoked: boolean;
  unchokedAtSeconds: number;
  /** The number of the transfer in progress, or {@link NO_TRANSFER}. */
  transfer: number;
}

export interface SimulatedPeer extends PeerSpecification {
  readonly reach: Reach;
  readonly id: number;
  haveCount: number;
  readonly pieceCount: number;
  /** Directions out of this peer, by the neighbour's id and as a list. */
  readonly connections: Map<number, Direction>;
  readonly links: Direction[];
  /**
   * The open outgoing directions, the open incoming ones, and the incoming ones that delivered in this or the last
   * round.
   */
  readonly serves: Direction[];
  readonly servedBy: Direction[];
  readonly givers: Direction[];
  /** Peers that it knows and is not connected to, in the order in which it tries them. */
  known: number[];
  /** Missing bytes of interrupted pieces. */
  readonly partialBytes: Map<number, number>;
  /** Numbers of transfers. */
  readonly uploads: number[];
  readonly downloads: number[];
  /** The number of uploads or downloads has changed since the shares were last computed. */
  sharesAreStale: boolean;
  optimistic: Direction | undefined;
  rounds: number;
  online: boolean;
  /** It requests nothing now: a cache outside its times. */
  paused: boolean;
  completedAtSeconds: number;
  lastAnnounceSeconds: number;
  nextAnnounceSeconds: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

export function createPeer(
  id: number,
  specification: PeerSpecification,
  pieceCount: number,
  bytes: PeerBytes,
): SimulatedPeer {
  return {
    reach: 'open',
    ...specification,
    id,
    haveCount: specification.seed ? pieceCount : 0,
    pieceCount,
    connections: new Map(),
    links: [],
    serves: [],
    servedBy: [],
    givers: [],
    known: [],
    partialBytes: new Map(),
    uploads: [],
    downloads: [],
    sharesAreStale: false,
    optimistic: undefined,
    rounds: 0,
    online: false,
    paused: specification.fillTimes !== undefined,
    completedAtSeconds: specification.seed ? 0 : Number.NaN,
    lastAnnounceSeconds: Number.NEGATIVE_INFINITY,
    nextAnnounceSeconds: Number.POSITIVE_INFINITY,
    get uploadedBytes() {
      return bytes.uploadedBytes[id]!;
    },
    get downloadedBytes() {
      return bytes.downloadedBytes[id]!;
    },
  };
}

export function isComplete(peer: SimulatedPeer): boolean {
  return peer.haveCount === peer.pieceCount;
}

/** Removes one item; the order of the others may change. */
export function drop<T>(items: T[], item: T): void {
  const at = items.indexOf(item);
  if (at < 0) return;
  const last = items.pop()!;
  if (at < items.length) items[at] = last;
}
