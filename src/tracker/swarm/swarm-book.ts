/**
 * What must stay consistent when peers come and go: the counts of a torrent and of the store, the places an address holds,
 * gateways, and peer ids. Everything that stores or removes a peer goes through here.
 */

import type { PeerSelection } from './choice/peer-selection.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import { otherOf, refAt } from './layouts/twins.js';
import { AddressCounts } from './memory/address-counts.js';
import type { Arena } from './memory/arena.js';
import { Endpoint } from './memory/endpoint-key.js';
import type { HashKeys } from './memory/hash-keys.js';
import { PeerIds } from './memory/peer-ids.js';
import { addressWordsOf, FLAG_SEED, FLAG_UPSTREAM, flagsOf, isCounted, isTwin, setTwin } from './memory/peer-record.js';
import type { StoreRoom } from './memory/store-room.js';
import {
  ENTRY_FLAG_KEPT,
  ENTRY_FLAG_PEER_IDS,
  ENTRY_FLAGS,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  ENTRY_UPSTREAM,
  type TorrentTable,
} from './memory/torrent-table.js';
import { PEER_INSERTED, PEER_REMOVED, type SwarmChanges } from './swarm-changes.js';

export class SwarmBook {
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
  count(entry: number, flags: number, by: 1 | -1): void {
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
  admit(entry: number, flags: number, endpoint: Endpoint, lastSeen: number): void {
    this.count(entry, flags, 1);
    this.room.records++;
    if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.add(entry, endpoint, 1);
    this.changes.report(PEER_INSERTED, entry, endpoint, flags, lastSeen);
  }

  /** A leecher has everything or pauses, or the other way round: it is not a gateway, and what it has shown does not count. */
  changesRole(entry: number, family: 4 | 6, record: number, endpoint: Endpoint): void {
    this.selection.evidence.forget(entry, family, record, endpoint);
    this.selection.roster.forget(entry, family, endpoint);
  }

  /**
   * Joins a record with that of the same client in the other family, if there is one: the two count as one peer from now on.
   * @param endpoint the record's own, with its identity
   */
  joinTwin(entry: number, record: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const family = endpoint.addressWords === 1 ? 4 : 6;
    const other = this.swarms.findIdentity(
      words[refAt(entry, otherOf(family))]!,
      endpoint,
      addressWordsOf(otherOf(family)),
    );
    if (other === 0) return;
    const meta = record + addressWordsOf(family);
    const otherMeta = other + addressWordsOf(otherOf(family));
    if (isTwin(words, otherMeta)) return;
    // A record that the index does not lead to, because its identity is on too many, could not be parted again.
    if (this.swarms.findIdentity(words[refAt(entry, family)]!, endpoint, addressWordsOf(family)) !== record) return;
    setTwin(words, meta, true);
    setTwin(words, otherMeta, true);
    this.count(entry, flagsOf(words, family === 6 ? meta : otherMeta), -1);
    this.selection.roster.join(entry, family === 4 ? record : other, family === 6 ? record : other);
  }

  /** Each of the two counts by itself again. */
  partTwin(entry: number, family: 4 | 6, record: number): void {
    const twin = this.selection.twins.of(entry, family, record);
    if (twin === 0) return;
    const words = this.arena.words;
    const meta = record + addressWordsOf(family);
    const twinMeta = twin + addressWordsOf(otherOf(family));
    setTwin(words, meta, false);
    setTwin(words, twinMeta, false);
    this.count(entry, flagsOf(words, family === 6 ? meta : twinMeta), 1);
    this.selection.roster.part(entry, family === 4 ? record : twin);
  }

  /**
   * Removes a peer. The entry stays: see {@link dropIfEmpty}.
   * @param kind of the change that is reported: `PEER_REMOVED` or `PEER_EXPIRED`
   */
  remove(entry: number, family: 4 | 6, record: number, kind: number, nowSeconds: number): void {
    const words = this.arena.words;
    const endpoint = this.endpoint;
    const addressWords = family === 4 ? 1 : 4;
    this.partTwin(entry, family, record);
    endpoint.setFromRecord(words, record, addressWords);
    const meta = record + addressWords;
    const flags = flagsOf(words, meta);
    if (isCounted(words, meta, family)) this.count(entry, flags, -1);
    this.selection.evidence.forget(entry, family, record, endpoint);
    const at = refAt(entry, family);
    this.swarms.remove(words[at]!, record, endpoint);
    words[at] = this.swarms.ref;
    this.room.records--;
    if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.add(entry, endpoint, -1);
    this.selection.roster.forget(entry, family, endpoint);
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PEER_IDS) !== 0) this.peerIds.forget(entry, endpoint.text());
    this.changes.report(kind, entry, endpoint, flags, nowSeconds);
  }

  /** Removes all peers of a torrent at once. */
  clear(entry: number, nowSeconds: number): void {
    const words = this.arena.words;
    const hasIds = (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PEER_IDS) !== 0;
    for (const family of [4, 6] as const) {
      const addressWords = family === 4 ? 1 : 4;
      const ref = words[refAt(entry, family)]!;
      for (let place = 0; ; place++) {
        place = this.swarms.nextPlace(ref, place, addressWords);
        if (place < 0) break;
        const record = this.swarms.recordInPlace(ref, place, addressWords);
        const flags = flagsOf(words, record + addressWords);
        this.endpoint.setFromRecord(words, record, addressWords);
        if (isCounted(words, record + addressWords, family)) this.count(entry, flags, -1);
        this.room.records--;
        if ((flags & FLAG_UPSTREAM) === 0) this.addressCounts.add(entry, this.endpoint, -1);
        if (hasIds) this.peerIds.forget(entry, this.endpoint.text());
        this.changes.report(PEER_REMOVED, entry, this.endpoint, flags, nowSeconds);
      }
      this.swarms.free(ref, addressWords);
      words[refAt(entry, family)] = 0;
      this.selection.roster.forget(entry, family, this.endpoint);
    }
  }

  /** @returns whether the entry is gone, because nobody is left and the catalogue does not want it kept */
  dropIfEmpty(entry: number): boolean {
    const words = this.arena.words;
    if (words[refAt(entry, 4)] !== 0 || words[refAt(entry, 6)] !== 0) return false;
    if ((words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_KEPT) !== 0) return false;
    this.table.remove(entry);
    return true;
  }
}
