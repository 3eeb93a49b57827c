/**
 * Stores peers of original trackers in a swarm: handed out for their time to live, not counted. The limit on peers of one
 * address applies to them too: a tracker that names a thousand ports of one host would aim the swarm at that host.
 */
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import { HostScan } from './layouts/host-scan.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import type { InfoHashWords } from './memory/info-hash-words.js';
import { FLAG_SEED, FLAG_UPSTREAM, flagsOf, setHasNeighbours, setLastSeen } from './memory/peer-record.js';
import { HAS_ROOM, type StoreRoom } from './memory/store-room.js';
import { refWordOf } from './memory/torrent-table.js';
import type { PeerAdmission } from './peer-admission.js';
import { PEER_REFRESHED, type SwarmChanges } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';
import type { UpstreamAdded, UpstreamPeer } from './swarm-summary.js';
import { UpstreamRemoval } from './upstream-removal.js';

export interface UpstreamAdmissionParts {
  readonly arena: Arena;
  /** Of the current torrent. */
  readonly infoHash: InfoHashWords;
  readonly swarms: FamilySwarms;
  readonly membership: SwarmMembership;
  readonly room: StoreRoom;
  readonly endpoint: Endpoint;
  readonly changes: SwarmChanges;
  readonly admission: Pick<PeerAdmission, 'limits'>;
}

export class UpstreamAdmission {
  readonly removal: UpstreamRemoval;
  private readonly scan = new HostScan();

  constructor(private readonly parts: UpstreamAdmissionParts) {
    this.removal = new UpstreamRemoval(parts);
  }

  /** @param found the torrent's entry, 0 if there is none. @param lastSeen from which their lifetime counts */
  admitPeers(found: number, peers: readonly UpstreamPeer[], lastSeen: number): UpstreamAdded {
    const { arena, infoHash, swarms, membership, room, endpoint, changes, admission } = this.parts;
    const { scan } = this;
    const { words } = arena;
    const result = { added: 0, addressLimit: 0, noRoom: 0 };
    let entry = found;
    for (const peer of peers) {
      if (peer.port === 0) continue;
      endpoint.setAddress(
        peer.family,
        peer.words[0]!,
        peer.words[1] ?? 0,
        peer.words[2] ?? 0,
        peer.words[3] ?? 0,
        peer.port,
      );
      endpoint.identityLow = 0;
      endpoint.identityHigh = 0;
      const known = entry === 0 ? 0 : swarms.findPeer(words[refWordOf(entry, peer.family)]!, endpoint);
      if (known !== 0) {
        const meta = known + endpoint.addressWords;
        if ((flagsOf(words, meta) & FLAG_UPSTREAM) !== 0) {
          setLastSeen(words, meta, lastSeen);
          changes.reportChange(PEER_REFRESHED, entry, endpoint, flagsOf(words, meta), lastSeen);
        }
        continue;
      }
      if (room.roomForPeer(peer.group, entry === 0) !== HAS_ROOM) {
        result.noRoom++;
        continue;
      }
      const ref = entry === 0 ? 0 : words[refWordOf(entry, peer.family)]!;
      swarms.scanHost(ref, endpoint, scan);
      const limit = admission.limits.maxPeersPerAddressInSwarm;
      if (limit > 0 && scan.count >= limit) {
        result.addressLimit++;
        continue;
      }
      if (entry === 0) entry = infoHash.insertTorrent();
      const flags = FLAG_UPSTREAM | (peer.seed ? FLAG_SEED : 0) | scan.markSharedHost(words, endpoint.addressWords);
      // Peers of original trackers have no identity.
      scan.sameIdentity = 0;
      const met = scan.linkNeighbours(words, endpoint.addressWords, !peer.seed);
      const record = swarms.tryInsertPeer(ref, endpoint, peer.group, NEUTRAL_CAPABILITY_LEVEL, flags);
      if (record === 0) {
        result.noRoom++;
        if (membership.removeTorrentIfEmpty(entry)) entry = 0;
        continue;
      }
      words[refWordOf(entry, peer.family)] = swarms.ref;
      if (met) setHasNeighbours(words, record + endpoint.addressWords);
      setLastSeen(words, record + endpoint.addressWords, lastSeen);
      membership.notePeerStored(entry, flags, endpoint, lastSeen);
      result.added++;
    }
    return result;
  }
}
