/**
 * Whether the store accepts one more peer or torrent: exact limits, with a share reserved for the operator's own clients.
 * Anybody on the Internet may announce. Foreign peers that fill the store must not keep the operator's own clients out.
 */
import { FOREIGN_PARTITION } from '../../../selection/cost-table.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import type { StoreLimits } from '../swarm-store-options.js';
import type { Arena } from './arena.js';
import type { TorrentTable } from './torrent-table.js';

export const HAS_ROOM = 0;
/** The share that is open to everybody is full; the requester is not of the operator's networks. */
export const FULL_FOR_FOREIGN = 1;
export const FULL = 2;

export class StoreRoom {
  /** Peers of all kinds that are stored, in both families. */
  records = 0;
  private readonly foreignPeers: number;
  private readonly foreignTorrents: number;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly keys: StandingKeys,
    private readonly limits: StoreLimits,
  ) {
    const openShare = 1 - limits.reservedForInner;
    this.foreignPeers = Math.floor(limits.maxPeers * openShare);
    this.foreignTorrents = Math.floor(limits.maxTorrents * openShare);
  }

  isInner(group: number): boolean {
    return this.keys.partitionOf(group) !== FOREIGN_PARTITION;
  }

  /** @param isNewTorrent the peer is the first of its swarm. @returns {@link ROOM} or why there is none */
  roomForPeer(group: number, isNewTorrent: boolean): number {
    const { limits, records } = this;
    const torrents = isNewTorrent ? this.table.torrentCount : -1;
    if (records >= limits.maxPeers || torrents >= limits.maxTorrents || !this.arena.hasRoomForPeers()) return FULL;
    const isOpen = records < this.foreignPeers && torrents < this.foreignTorrents;
    return isOpen || this.isInner(group) ? HAS_ROOM : FULL_FOR_FOREIGN;
  }

  /** For a torrent that the operator wants kept. */
  hasRoomForTorrent(): boolean {
    return this.table.torrentCount < this.limits.maxTorrents && this.arena.hasRoomForPeers();
  }
}
