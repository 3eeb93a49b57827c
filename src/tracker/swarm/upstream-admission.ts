/**
 * Stores peers of original trackers in a swarm: handed out for their time to live, not counted. The limit on peers of one
 * address applies to them too: a tracker that names a thousand ports of one host would aim the swarm at that host. In a swarm
 * with as many imported peers as the limit allows, a new one replaces one that nobody could use, else one that expires sooner.
 */
import { cutToBytes } from '../../domain/cut-text.js';
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import { ImportReplacement } from './import-replacement.js';
import { ImportedPeers, type ImportedTally } from './imported-tally.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import { HostScan } from './layouts/host-scan.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import { ImportOrigins, MAX_ORIGIN_BYTES } from './memory/import-origins.js';
import { originNumberOf, setOriginNumber } from './memory/imported-peer.js';
import type { InfoHashWords } from './memory/info-hash-words.js';
import { ageSeconds, FLAG_SEED, FLAG_UPSTREAM, flagsOf, setHasNeighbours, setLastSeen } from './memory/peer-record.js';
import { HAS_ROOM, type StoreRoom } from './memory/store-room.js';
import { ENTRY_UPSTREAM, noteForeignLeecher, refWordOf } from './memory/torrent-table.js';
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
  /** For {@link ImportReplacement} alone. */
  readonly otherEndpoint: Endpoint;
  readonly changes: SwarmChanges;
  readonly admission: Pick<PeerAdmission, 'limits'>;
  /** The longest that a peer lives without an announce. */
  readonly maxAgeSeconds: number;
}

/** What holds for all peers of one import. */
interface ImportTerms {
  /** From which their lifetime counts. */
  readonly lastSeen: number;
  /** Number of who named them. */
  readonly origin: number;
  readonly nowSeconds: number;
}

type Counts = { -readonly [K in keyof UpstreamAdded]: UpstreamAdded[K] };

export class UpstreamAdmission {
  readonly removal: UpstreamRemoval;
  /** Who named the imported peers. */
  readonly origins: ImportOrigins;
  readonly counted: ImportedPeers;
  private readonly scan = new HostScan();
  private readonly replacement: ImportReplacement;

  constructor(private readonly parts: UpstreamAdmissionParts) {
    const { arena, swarms, membership, otherEndpoint, maxAgeSeconds } = parts;
    this.removal = new UpstreamRemoval(parts);
    this.replacement = new ImportReplacement(arena, swarms, membership, otherEndpoint);
    this.origins = new ImportOrigins(maxAgeSeconds);
    this.counted = new ImportedPeers(arena, swarms, this.origins, maxAgeSeconds);
  }

  /**
   * @param found the torrent's entry, 0 if there is none
   * @param ttlSeconds their time to live, at most as long as a peer lives without an announce
   * @param origin who names them; empty: not known
   */
  admitPeers(
    found: number,
    peers: readonly UpstreamPeer[],
    ttlSeconds: number,
    nowSeconds: number,
    origin: string,
  ): UpstreamAdded {
    const { maxAgeSeconds } = this.parts;
    const terms: ImportTerms = {
      lastSeen: nowSeconds - maxAgeSeconds + Math.min(ttlSeconds, maxAgeSeconds),
      origin: this.origins.numberOf(cutToBytes(origin, MAX_ORIGIN_BYTES), nowSeconds),
      nowSeconds,
    };
    const { arena, swarms, endpoint, room } = this.parts;
    const { words } = arena;
    const result = { added: 0, addressLimit: 0, swarmLimit: 0, noRoom: 0 };
    let entry = found;
    this.replacement.startImport(peers.length, terms);
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
      if (known !== 0) this.refreshPeer(entry, known + endpoint.addressWords, terms);
      else entry = this.admitPeer(entry, peer, terms, result);
      if (entry !== 0 && !peer.seed && !room.isInner(peer.group)) noteForeignLeecher(words, entry);
    }
    return result;
  }

  /** The imported peers of a torrent by who named them. */
  importedOf(infoHashBytes: Uint8Array, nowSeconds: number): ImportedTally {
    const { infoHash } = this.parts;
    infoHash.readInfoHash(infoHashBytes, 0);
    const entry = infoHash.findTorrent();
    return entry === 0 ? { imported: [], steps: 1 } : this.counted.count(entry, nowSeconds);
  }

  /** Its origin may also shorten the lifetime of a peer. Others only extend it: each knows a part of the swarm. */
  private refreshPeer(entry: number, meta: number, { lastSeen, origin, nowSeconds }: ImportTerms): void {
    const { arena, endpoint, changes } = this.parts;
    const { words } = arena;
    const flags = flagsOf(words, meta);
    if ((flags & FLAG_UPSTREAM) === 0) return;
    const expiresLater = ageSeconds(words, meta, nowSeconds) > nowSeconds - lastSeen;
    if (!expiresLater && originNumberOf(words, meta) !== origin) return;
    setLastSeen(words, meta, lastSeen);
    setOriginNumber(words, meta, origin);
    changes.reportChange(PEER_REFRESHED, entry, endpoint, flags, lastSeen);
  }

  /** Stores a new peer, or counts why not. @returns the torrent's entry, 0 if there is none */
  private admitPeer(found: number, peer: UpstreamPeer, { lastSeen, origin }: ImportTerms, result: Counts): number {
    const { arena, infoHash, swarms, membership, room, endpoint, admission } = this.parts;
    const { scan } = this;
    const { words } = arena;
    const { limits } = admission;
    let entry = found;
    swarms.scanHost(entry === 0 ? 0 : words[refWordOf(entry, peer.family)]!, endpoint, scan);
    const { maxPeersPerAddressInSwarm: maxOfAddress, maxImportedInSwarm: maxImported } = limits;
    if (maxOfAddress > 0 && scan.count >= maxOfAddress) {
      result.addressLimit++;
      return entry;
    }
    if (entry !== 0 && maxImported > 0 && words[entry + ENTRY_UPSTREAM]! >= maxImported) {
      if (!this.replacement.removeOne(entry)) {
        result.swarmLimit++;
        return entry;
      }
      // The removal may have moved other records.
      swarms.scanHost(words[refWordOf(entry, peer.family)]!, endpoint, scan);
    }
    if (room.roomForPeer(peer.group, entry === 0) !== HAS_ROOM) {
      result.noRoom++;
      return entry;
    }
    if (entry === 0) entry = infoHash.insertTorrent();
    const ref = words[refWordOf(entry, peer.family)]!;
    const flags = FLAG_UPSTREAM | (peer.seed ? FLAG_SEED : 0) | scan.markSharedHost(words, endpoint.addressWords);
    // Peers of original trackers have no identity.
    scan.sameIdentity = 0;
    const met = scan.linkNeighbours(words, endpoint.addressWords, !peer.seed);
    const record = swarms.tryInsertPeer(ref, endpoint, peer.group, NEUTRAL_CAPABILITY_LEVEL, flags);
    if (record === 0) {
      result.noRoom++;
      return membership.removeTorrentIfEmpty(entry) ? 0 : entry;
    }
    words[refWordOf(entry, peer.family)] = swarms.ref;
    const meta = record + endpoint.addressWords;
    if (met) setHasNeighbours(words, meta);
    setLastSeen(words, meta, lastSeen);
    setOriginNumber(words, meta, origin);
    membership.notePeerStored(entry, flags, endpoint, lastSeen);
    result.added++;
    return entry;
  }
}
