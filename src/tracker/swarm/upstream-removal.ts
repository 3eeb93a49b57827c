/**
 * Removes imported peers from a swarm: those that an original tracker names, or all that it named before. A peer that another
 * origin has named since stays, and so does one that announces here itself.
 */
import type { FamilySwarms } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import { originNumberOf } from './memory/imported-peer.js';
import type { InfoHashWords } from './memory/info-hash-words.js';
import { addressWordsOf, FLAG_UPSTREAM, flagsOf } from './memory/peer-record.js';
import { refWordOf } from './memory/torrent-table.js';
import { PEER_REMOVED } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';
import type { UpstreamPeer } from './swarm-summary.js';

/** Removing a peer costs about as much as visiting this many. */
const REMOVAL_COST = 4;

/** How far the removal of all imported peers of a swarm has come. Between two slices the swarm may change. */
export interface RemovalCursor {
  family: 4 | 6;
  slot: number;
  /** Of the family's swarm in the last slice. Another one: its peers have other slots. */
  ref: number;
  removed: number;
  /** True after the last peer. */
  ended: boolean;
}

/** What is removed. */
export interface Removal {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** The number of the origin whose peers are removed; undefined: those of all. */
  readonly origin: number | undefined;
}

export interface RemovalParts {
  readonly arena: Arena;
  /** Of the current torrent. */
  readonly infoHash: InfoHashWords;
  readonly swarms: FamilySwarms;
  readonly membership: SwarmMembership;
  readonly endpoint: Endpoint;
}

export class UpstreamRemoval {
  constructor(private readonly parts: RemovalParts) {}

  /** @returns how many of these peers are removed */
  removeNamed(
    { infoHash, origin }: Removal,
    peers: readonly Pick<UpstreamPeer, 'family' | 'words' | 'port'>[],
    nowSeconds: number,
  ): number {
    const { arena, swarms, membership, endpoint } = this.parts;
    const { words } = arena;
    const entry = this.findTorrent(infoHash);
    if (entry === 0) return 0;
    let removed = 0;
    for (const { family, words: address, port } of peers) {
      endpoint.setAddress(family, address[0]!, address[1] ?? 0, address[2] ?? 0, address[3] ?? 0, port);
      const record = swarms.findPeer(words[refWordOf(entry, family)]!, endpoint);
      if (record === 0 || !this.isRemoved(record, family, origin)) continue;
      membership.removePeer(entry, family, record, PEER_REMOVED, nowSeconds);
      removed++;
    }
    membership.removeTorrentIfEmpty(entry);
    return removed;
  }

  /** Removes all imported peers of the origin: continues at the cursor until `budget` steps are done. @returns the steps that it took */
  removeSlice({ infoHash, origin }: Removal, cursor: RemovalCursor, budget: number, nowSeconds: number): number {
    const { arena, swarms, membership } = this.parts;
    const { words } = arena;
    const entry = this.findTorrent(infoHash);
    cursor.ended = entry === 0;
    if (cursor.ended) return 1;
    let steps = 1;
    while (steps < budget) {
      const { family } = cursor;
      const ref = words[refWordOf(entry, family)]!;
      if (ref !== cursor.ref) cursor.slot = 0;
      cursor.ref = ref;
      const slot = swarms.nextUsedSlot(ref, cursor.slot, addressWordsOf(family));
      if (slot < 0) {
        if (family === 6) {
          membership.removeTorrentIfEmpty(entry);
          cursor.ended = true;
          return steps;
        }
        Object.assign(cursor, { family: 6, slot: 0, ref: 0 });
        continue;
      }
      steps++;
      const record = swarms.recordInSlot(ref, slot, addressWordsOf(family));
      cursor.slot = slot + 1;
      if (!this.isRemoved(record, family, origin)) continue;
      membership.removePeer(entry, family, record, PEER_REMOVED, nowSeconds);
      cursor.removed++;
      steps += REMOVAL_COST;
      // Another peer may be in this slot now.
      cursor.slot = slot;
    }
    return steps;
  }

  private findTorrent(bytes: Uint8Array): number {
    const { infoHash } = this.parts;
    infoHash.readInfoHash(bytes, 0);
    return infoHash.findTorrent();
  }

  private isRemoved(record: number, family: 4 | 6, origin: number | undefined): boolean {
    const { words } = this.parts.arena;
    const meta = record + addressWordsOf(family);
    if ((flagsOf(words, meta) & FLAG_UPSTREAM) === 0) return false;
    return origin === undefined || originNumberOf(words, meta) === origin;
  }
}
