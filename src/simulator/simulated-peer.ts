/** The state of one simulated client and of its connections, as the swarm model and its rules share it. */

export interface PeerSpecification {
  /** Index of the network (ISP) the peer is in. */
  readonly network: number;
  readonly uplinkBps: number;
  readonly downlinkBps: number;
  readonly arrivalSeconds: number;
  readonly seed: boolean;
  /** How long it stays after its download is complete; Infinity: to the end. */
  readonly seedForSeconds: number;
}

/** One way of a connection: pieces go from `from` to `to`. */
export interface Direction {
  readonly from: SimulatedPeer;
  readonly to: SimulatedPeer;
  reverse: Direction;
  unchoked: boolean;
  /** Pieces that `from` has and `to` lacks: `to` is interested where it is above zero. */
  wanted: number;
  transfer: Transfer | undefined;
  /** Bytes delivered in the current round of choking and in the one before it: what tit-for-tat looks at. */
  roundBytes: number;
  lastRoundBytes: number;
  unchokedAtSeconds: number;
}

export interface Transfer {
  readonly direction: Direction;
  piece: number;
  remainingBytes: number;
  bytesPerSecond: number;
  updatedAtSeconds: number;
  /** The end that stands in the queue; a rate that falls afterwards moves it only when it comes up. */
  scheduledAtSeconds: number;
  /** Counts up whenever an earlier end is queued or the transfer stops, so that the older one is recognised as void. */
  generation: number;
}

export interface SimulatedPeer extends PeerSpecification {
  readonly id: number;
  readonly have: Uint8Array;
  haveCount: number;
  /** How many neighbours have each piece. */
  readonly availability: Uint16Array;
  /** Directions out of this peer, by the neighbour's id and as a list for the loops that run all the time. */
  readonly connections: Map<number, Direction>;
  links: readonly Direction[];
  /** Pieces being received, and what is missing of those that were interrupted. */
  readonly inProgress: Set<number>;
  readonly partialBytes: Map<number, number>;
  readonly uploads: Transfer[];
  readonly downloads: Transfer[];
  optimistic: Direction | undefined;
  rounds: number;
  online: boolean;
  completedAtSeconds: number;
  lastAnnounceSeconds: number;
  nextAnnounceSeconds: number;
  uploadedBytes: number;
  downloadedBytes: number;
  /** Bytes that came from other networks. */
  externalBytes: number;
}

export function createPeer(id: number, specification: PeerSpecification, pieceCount: number): SimulatedPeer {
  return {
    ...specification,
    id,
    have: new Uint8Array(pieceCount).fill(specification.seed ? 1 : 0),
    haveCount: specification.seed ? pieceCount : 0,
    availability: new Uint16Array(pieceCount),
    connections: new Map(),
    links: [],
    inProgress: new Set(),
    partialBytes: new Map(),
    uploads: [],
    downloads: [],
    optimistic: undefined,
    rounds: 0,
    online: false,
    completedAtSeconds: specification.seed ? 0 : Number.NaN,
    lastAnnounceSeconds: Number.NEGATIVE_INFINITY,
    nextAnnounceSeconds: Number.POSITIVE_INFINITY,
    uploadedBytes: 0,
    downloadedBytes: 0,
    externalBytes: 0,
  };
}
