/**
 * The swarms of the tracker in one arena, and the choice of peers out of them. (Signatures first; the body follows.)
 */
import type { CostTable } from '../../selection/cost-table.js';
import type { AnnounceRequest } from '../announce-request.js';
import type { AnnounceOutcome, ScrapeOutcome } from './announce-outcome.js';
import type { SwarmLimits, SwarmStoreOptions } from './swarm-store-options.js';

export interface UpstreamPeer {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly port: number;
  readonly group: number;
  readonly seed: boolean;
}

export interface SwarmStats {
  readonly peers: number;
  readonly seeds: number;
  readonly leechers: number;
  readonly upstreamPeers: number;
  readonly swarms: number;
  /** Bytes of the arena that hold something. */
  readonly usedBytes: number;
  /** Bytes of the arena ever touched. */
  readonly touchedBytes: number;
}

export interface SwarmSummary {
  readonly infoHash: string;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  readonly upstreamPeers: number;
  readonly kept: boolean;
}

export class SwarmStore {
  constructor(_options: SwarmStoreOptions) {}
  /** Updates the swarm. `stopped` removes; counts after the update. Never throws. */
  announce(_request: AnnounceRequest, _outcome: AnnounceOutcome): void {}
  /** Call after `announce` with the same request. Writes compact peers of the request's family; returns how many. */
  select(_request: AnnounceRequest, _out: Uint8Array, _offset: number, _maxPeers: number): number {
    return 0;
  }
  scrape(_bytes: Uint8Array, _offset: number, _outcome: ScrapeOutcome): void {}
  /** compact=0: the 20-byte peer id of a compact peer that `select` wrote; false where it is not known. */
  peerId(
    _request: AnnounceRequest,
    _compact: Uint8Array,
    _compactOffset: number,
    _out: Uint8Array,
    _outOffset: number,
  ): boolean {
    return false;
  }
  /** @returns how many were new. */
  addUpstreamPeers(
    _infoHash: Uint8Array,
    _peers: readonly UpstreamPeer[],
    _ttlSeconds: number,
    _nowSeconds: number,
  ): number {
    return 0;
  }
  /** Looks at up to `budgetSlots` peers where the last call ended. @returns how many were dropped. */
  expire(_nowSeconds: number, _budgetSlots: number): number {
    return 0;
  }
  setPolicy(_policy: CostTable): void {}
  setLimits(_limits: SwarmLimits): void {}
  /** Catalogue torrents keep their entry (and their `completed`) when empty. */
  setKept(_infoHash: Uint8Array, _kept: boolean): void {}
  /** Drops a swarm (a torrent that is not allowed any more). */
  dropSwarm(_infoHash: Uint8Array): void {}
  get stats(): SwarmStats {
    throw new Error('not yet');
  }
  /** Swarms from a cursor on (0 first); `cursor` is -1 after the last. */
  listSwarms(_cursor: number, _limit: number): { swarms: SwarmSummary[]; cursor: number } {
    return { swarms: [], cursor: -1 };
  }
}
