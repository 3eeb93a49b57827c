/**
 * Adds and removes peers, and keeps consistent what depends on them: the counts of a torrent and of the store, the number of
 * peers of an address, gateways, and peer ids. Everything that stores or removes a peer goes through here.
 */

import type { AnnounceRequest } from '../announce-request.js';
import type { PeerSelection } from './choice/peer-selection.js';
import type { Requester } from './choice/requester.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import { AddressCounts } from './memory/address-counts.js';
import type { Arena } from './memory/arena.js';
import { Endpoint } from './memory/endpoint-key.js';
import type { HashKeys } from './memory/hash-keys.js';
import { PeerIds } from './memory/peer-ids.js';
import {
  addressWordsOf,
  FLAG_SEED,
  FLAG_UPSTREAM,
  flagsOf,
  isCounted,
  isDualStack,
  otherFamilyOf,
  setDualStack,
} from './memory/peer-record.js';
import type { StoreRoom } from './memory/store-room.js';
import {
  ENTRY_FLAG_FOREIGN_LEECHER,
  ENTRY_FLAG_PEER_IDS,
  ENTRY_FLAG_PINNED,
  ENTRY_FLAGS,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  ENTRY_UPSTREAM,
  refWordOf,
  type TorrentTable,
} from './memory/torrent-table.js';
import { PEER_INSERTED, type SwarmChanges } from './swarm-changes.js';

export class SwarmMembership {
  seeds = 0;
  leechers = 0;
  upstreamPeers = 0;
  readonly addressCounts = new AddressCounts();
  readonly peerIds = new PeerIds();
  private readonly endpoint: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    private readonly selection: PeerSelection,
    private readonly room: StoreRoom,
    private readonly changes: SwarmChanges,
    hashKeys: HashKeys,
  ) {
    this.endpoint = new Endpoint(hashKeys);
  }

  /** Adds a peer with these flags to the counts (1) or subtracts it (−1). */
  countPeer(entry: number, flags: number, by: 1 | -1): void {
    const words = this.arena.words;
    if ((flags & FLAG_UPSTREAM) !== 0) {
      words[entry + ENTRY_UPSTREAM] = words[entry + ENTRY_UPSTREAM]! + by;
      this.upstreamPeers += by;
    } else if ((flags & FLAG_SEED) !== 0) {
      words[entry + ENTRY_SEEDS] = words[entry + ENTRY_SEEDS]! + by;
      this.seeds += by;
    } else {
      words[entry + ENTRY_LEECHERS] = words[entry + ENTRY_LEECHERS]! + by;
      this.leechers += by;
    }
  }

  /** To be called once a peer of this endpoint is stored. @param lastSeen seconds */
  notePeerStored(entry: number, flags: number, endpoint: Endpoint, lastSeen: number): void {
    this.countPeer(entry, flags, 1);
    this.room.records++;
    if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.addPeer(entry, endpoint, 1);
    this.changes.reportChange(PEER_INSERTED, entry, endpoint, flags, lastSeen);
  }

  /** To be called when a leecher becomes a seed or pauses, or the reverse: its evidence and its role as a gateway end. */
  forgetRole(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    this.selection.evidence.withdrawEvidence(entry, family, record, endpoint);
    this.selection.roster.removeGateway(entry, family, endpoint);
  }

  /** To be called when a cache that was taken out of answers is back: its word counts again. */
  trustCache(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    this.selection.evidence.trustCache(entry, family, record, endpoint);
  }

  /**
   * Links a record with that of the same client in the other family, if there is one. The two then count as one peer.
   * @param endpoint the record's own, with its identity
   */
  linkDualStack(entry: number, record: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const family = endpoint.addressWords === 1 ? 4 : 6;
    const other = this.swarms.findIdentity(
      words[refWordOf(entry, otherFamilyOf(family))]!,
      endpoint,
      addressWordsOf(otherFamilyOf(family)),
    );
    if (other === 0) return;
    const meta = record + addressWordsOf(family);
    const otherMeta = other + addressWordsOf(otherFamilyOf(family));
    if (isDualStack(words, otherMeta)) return;
    // The index lists a limited number of records for each identity. A record outside it could not be unlinked again.
    if (this.swarms.findIdentity(words[refWordOf(entry, family)]!, endpoint, addressWordsOf(family)) !== record) return;
    setDualStack(words, meta, true);
    setDualStack(words, otherMeta, true);
    this.countPeer(entry, flagsOf(words, family === 6 ? meta : otherMeta), -1);
    this.selection.roster.moveToIpv4(entry, family === 4 ? record : other, family === 6 ? record : other);
  }

  /** Undoes {@link linkDualStack}: each of the two records counts by itself again. */
  unlinkDualStack(entry: number, family: 4 | 6, record: number): void {
    const other = this.selection.dualStack.findOtherRecord(entry, family, record);
    if (other === 0) return;
    const words = this.arena.words;
    const meta = record + addressWordsOf(family);
    const otherMeta = other + addressWordsOf(otherFamilyOf(family));
    setDualStack(words, meta, false);
    setDualStack(words, otherMeta, false);
    this.countPeer(entry, flagsOf(words, family === 6 ? meta : otherMeta), 1);
    this.selection.roster.clearOtherFamily(entry, family === 4 ? record : other);
  }

  /**
   * Removes a peer, but not its torrent: see {@link removeTorrentIfEmpty}.
   * @param kind of the change that is reported: `PEER_REMOVED` or `PEER_EXPIRED`
   */
  removePeer(entry: number, family: 4 | 6, record: number, kind: number, nowSeconds: number): void {
    const words = this.arena.words;
    const endpoint = this.endpoint;
    const addressWords = addressWordsOf(family);
    this.unlinkDualStack(entry, family, record);
    endpoint.setFromRecord(words, record, addressWords);
    const meta = record + addressWords;
    const flags = flagsOf(words, meta);
    if (isCounted(words, meta, family)) this.countPeer(entry, flags, -1);
    this.selection.evidence.withdrawEvidence(entry, family, record, endpoint);
    const at = refWordOf(entry, family);
    this.swarms.removePeer(words[at]!, record, endpoint);
    words[at] = this.swarms.ref;
    this.room.records--;
    if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.addPeer(entry, endpoint, -1);
    this.selection.roster.removeGateway(entry, family, endpoint);
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PEER_IDS) !== 0) this.peerIds.forgetPeerId(entry, endpoint.toHex());
    this.changes.reportChange(kind, entry, endpoint, flags, nowSeconds);
  }

  /** Peer ids are stored for swarms in which a client has asked for them. */
  notePeerId(entry: number, { record, endpoint }: Requester, request: AnnounceRequest): void {
    const { words } = this.arena;
    if (request.wantsPeerIds) words[entry + ENTRY_FLAGS] = words[entry + ENTRY_FLAGS]! | ENTRY_FLAG_PEER_IDS;
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PEER_IDS) === 0 || record === 0) return;
    this.peerIds.rememberPeerId(entry, endpoint.toHex(), request.bytes, request.peerIdOffset);
  }

  /** Removes a torrent without peers unless it is pinned. @returns whether it was removed */
  removeTorrentIfEmpty(entry: number): boolean {
    const words = this.arena.words;
    if (words[refWordOf(entry, 4)] !== 0 || words[refWordOf(entry, 6)] !== 0) return false;
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED) !== 0) {
      words[entry + ENTRY_FLAGS] = words[entry + ENTRY_FLAGS]! & ~ENTRY_FLAG_FOREIGN_LEECHER;
      return false;
    }
    this.table.removeTorrent(entry);
    return true;
  }
}
