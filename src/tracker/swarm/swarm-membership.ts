/**
 * What must stay consistent when peers come and go: the counts of a torrent and of the store, the places an address holds,
 * gateways, and peer ids. Everything that stores or removes a peer goes through here.
 */

import type { PeerSelection } from './choice/peer-selection.js';
import { otherFamilyOf, refWordOf } from './layouts/dual-stack.js';
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
  setDualStack,
} from './memory/peer-record.js';
import type { StoreRoom } from './memory/store-room.js';
import {
  ENTRY_FLAG_PEER_IDS,
  ENTRY_FLAG_PINNED,
  ENTRY_FLAGS,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  ENTRY_UPSTREAM,
  type TorrentTable,
} from './memory/torrent-table.js';
import { PEER_INSERTED, PEER_REMOVED, type SwarmChanges } from './swarm-changes.js';

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

  /** A peer of these flags has come (1) or gone (−1). */
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

  /** A peer of this endpoint has been stored. @param lastSeen seconds */
  notePeerStored(entry: number, flags: number, endpoint: Endpoint, lastSeen: number): void {
    this.countPeer(entry, flags, 1);
    this.room.records++;
    if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.addPeer(entry, endpoint, 1);
    this.changes.reportChange(PEER_INSERTED, entry, endpoint, flags, lastSeen);
  }

  /** A leecher has everything or pauses, or the other way round: it is not a gateway, and what it has shown does not count. */
  forgetRole(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    this.selection.evidence.withdrawEvidence(entry, family, record, endpoint);
    this.selection.roster.removeGateway(entry, family, endpoint);
  }

  /**
   * Joins a record with that of the same client in the other family, if there is one: the two count as one peer from now on.
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
    // A record that the index does not lead to, because its identity is on too many, could not be parted again.
    if (this.swarms.findIdentity(words[refWordOf(entry, family)]!, endpoint, addressWordsOf(family)) !== record) return;
    setDualStack(words, meta, true);
    setDualStack(words, otherMeta, true);
    this.countPeer(entry, flagsOf(words, family === 6 ? meta : otherMeta), -1);
    this.selection.roster.moveToIpv4(entry, family === 4 ? record : other, family === 6 ? record : other);
  }

  /** Each of the two counts by itself again. */
  unlinkDualStack(entry: number, family: 4 | 6, record: number): void {
    const twin = this.selection.dualStack.findOtherRecord(entry, family, record);
    if (twin === 0) return;
    const words = this.arena.words;
    const meta = record + addressWordsOf(family);
    const twinMeta = twin + addressWordsOf(otherFamilyOf(family));
    setDualStack(words, meta, false);
    setDualStack(words, twinMeta, false);
    this.countPeer(entry, flagsOf(words, family === 6 ? meta : twinMeta), 1);
    this.selection.roster.clearOtherFamily(entry, family === 4 ? record : twin);
  }

  /**
   * Removes a peer. The entry stays: see {@link removeTorrentIfEmpty}.
   * @param kind of the change that is reported: `PEER_REMOVED` or `PEER_EXPIRED`
   */
  removePeer(entry: number, family: 4 | 6, record: number, kind: number, nowSeconds: number): void {
    const words = this.arena.words;
    const endpoint = this.endpoint;
    const addressWords = family === 4 ? 1 : 4;
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

  /** Removes all peers of a torrent at once. */
  removeAllPeers(entry: number, nowSeconds: number): void {
    const words = this.arena.words;
    const hasIds = (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PEER_IDS) !== 0;
    for (const family of [4, 6] as const) {
      const addressWords = family === 4 ? 1 : 4;
      const ref = words[refWordOf(entry, family)]!;
      for (let place = 0; ; place++) {
        place = this.swarms.nextUsedSlot(ref, place, addressWords);
        if (place < 0) break;
        const record = this.swarms.recordInSlot(ref, place, addressWords);
        const flags = flagsOf(words, record + addressWords);
        this.endpoint.setFromRecord(words, record, addressWords);
        if (isCounted(words, record + addressWords, family)) this.countPeer(entry, flags, -1);
        this.room.records--;
        if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.addPeer(entry, this.endpoint, -1);
        if (hasIds) this.peerIds.forgetPeerId(entry, this.endpoint.toHex());
        this.changes.reportChange(PEER_REMOVED, entry, this.endpoint, flags, nowSeconds);
      }
      this.swarms.freeSwarm(ref, addressWords);
      words[refWordOf(entry, family)] = 0;
      this.selection.roster.removeGateway(entry, family, this.endpoint);
    }
  }

  /** @returns whether the entry is gone, because nobody is left and the catalogue does not want it kept */
  removeTorrentIfEmpty(entry: number): boolean {
    const words = this.arena.words;
    if (words[refWordOf(entry, 4)] !== 0 || words[refWordOf(entry, 6)] !== 0) return false;
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED) !== 0) return false;
    this.table.removeTorrent(entry);
    return true;
  }
}
