/**
 * What an announce does to the announcing peer: refreshes a known one, admits a new one within the limits, removes one that
 * leaves. Sets its current flags, capability level and group. Counts downloads (BEP 3 `completed`).
 */
import { type AddressLevels, REPORTED_CACHE, REPORTED_OUT } from '../../selection/address-levels.js';
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import { observeCapability } from '../../selection/observed-capability.js';
import { type AnnounceRequest, EVENT_COMPLETED, EVENT_NONE, EVENT_PAUSED } from '../announce-request.js';
import {
  type AnnounceOutcome,
  STATUS_ADDRESS_LIMIT,
  STATUS_FULL_FOR_FOREIGN,
  STATUS_STORE_FULL,
  STATUS_UNKNOWN_TORRENT,
  TRAFFIC_FIRST,
  TRAFFIC_NONE,
} from './announce-outcome.js';
import { InnerNeighbours } from './answer-mix.js';
import type { CapabilityRefresh } from './capability-refresh.js';
import type { Requester } from './choice/requester.js';
import type { SupplyEvidence } from './choice/supply-evidence.js';
import type { FamilySwarms } from './layouts/family-swarm.js';
import { HostScan } from './layouts/host-scan.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import { becomeOrdinary } from './memory/imported-peer.js';
import type { InfoHashWords } from './memory/info-hash-words.js';
import {
  addressWordsOf,
  ageSeconds,
  FLAG_CACHE,
  FLAG_COMPLETED,
  FLAG_PAUSED,
  FLAG_REPORTED,
  FLAG_SEED,
  FLAG_SHARED_HOST,
  FLAG_UPSTREAM,
  FLAG_WITHHELD,
  flagsOf,
  groupOf,
  growthOf,
  hasEvidence,
  hasIdentity,
  hasKnownIdentity,
  hasNeighbours,
  isCounted,
  isLeecher,
  levelOf,
  setDownloaded,
  setFlags,
  setHasNeighbours,
  setLastSeen,
  setUploaded,
  uploadedOf,
} from './memory/peer-record.js';
import { FULL_FOR_FOREIGN, HAS_ROOM, type StoreRoom } from './memory/store-room.js';
import { ENTRY_COMPLETED, isPinned, refWordOf } from './memory/torrent-table.js';
import { RecentCompletions } from './recent-completions.js';
import { PEER_REFRESHED, PEER_REMOVED, type SwarmChanges } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';
import type { SwarmLimits } from './swarm-store-options.js';
import { downloadedUnits, noteGrowth, uploadedUnits } from './traffic-growth.js';

const FAMILIES = [4, 6] as const;

export interface PeerAdmissionParts {
  readonly arena: Arena;
  /** Of the current announce, like `requester`. */
  readonly infoHash: InfoHashWords;
  readonly swarms: FamilySwarms;
  readonly membership: SwarmMembership;
  readonly room: StoreRoom;
  readonly capability: CapabilityRefresh;
  readonly changes: SwarmChanges;
  readonly evidence: SupplyEvidence;
  readonly requester: Requester;
  readonly levels: AddressLevels;
  readonly limits: SwarmLimits;
  readonly minIntervalSeconds: number;
}

export class PeerAdmission {
  /** Replaced with the policy. */
  levels: AddressLevels;
  limits: SwarmLimits;
  /** Whether a new client of a torrent that is not in the catalogue is refused; null: none is. */
  refusesNew: ((request: AnnounceRequest) => boolean) | null = null;
  private readonly arena: Arena;
  private readonly infoHash: InfoHashWords;
  private readonly swarms: FamilySwarms;
  private readonly membership: SwarmMembership;
  private readonly room: StoreRoom;
  private readonly capability: CapabilityRefresh;
  private readonly changes: SwarmChanges;
  private readonly evidence: SupplyEvidence;
  private readonly endpoint: Endpoint;
  private readonly requester: Requester;
  private readonly minIntervalSeconds: number;
  private readonly innerNeighbours: InnerNeighbours;
  private readonly scan = new HostScan();
  private readonly completions = new RecentCompletions();

  constructor(parts: PeerAdmissionParts) {
    this.arena = parts.arena;
    this.infoHash = parts.infoHash;
    this.swarms = parts.swarms;
    this.membership = parts.membership;
    this.room = parts.room;
    this.capability = parts.capability;
    this.changes = parts.changes;
    this.evidence = parts.evidence;
    this.endpoint = parts.requester.endpoint;
    this.requester = parts.requester;
    this.levels = parts.levels;
    this.limits = parts.limits;
    this.minIntervalSeconds = parts.minIntervalSeconds;
    this.innerNeighbours = new InnerNeighbours(parts.arena, parts.swarms, parts.room);
  }

  /** Updates a known peer. */
  refreshPeer(request: AnnounceRequest, outcome: AnnounceOutcome, entry: number, found: number): void {
    const { endpoint, requester } = this;
    const words = this.arena.words;
    let record = found;
    let meta = record + endpoint.addressWords;
    const oldFlags = flagsOf(words, meta);
    const wasUpstream = (oldFlags & FLAG_UPSTREAM) !== 0;
    const age = ageSeconds(words, meta, request.nowSeconds);
    const early = !wasUpstream && request.event === EVENT_NONE && age < this.minIntervalSeconds;
    outcome.known = !wasUpstream;
    outcome.earlyRepeat = early;
    if (!wasUpstream) requester.ageSeconds = age;
    if (wasUpstream) {
      this.membership.addressCounts.addPeer(entry, endpoint, 1);
      becomeOrdinary(words, meta, uploadedUnits(request), downloadedUnits(request));
    }
    const isRestored = !wasUpstream && !hasKnownIdentity(words, meta);
    let isComparable = !wasUpstream && !isRestored;
    let isAnother = false;
    if (!isComparable || request.event !== EVENT_NONE) {
      endpoint.setIdentity(request.bytes, request.peerIdOffset, request.key);
      isAnother = !hasIdentity(words, meta, endpoint);
      if (isAnother) {
        isComparable = false;
        record = this.changeIdentity(request, entry, record);
        meta = record + endpoint.addressWords;
      }
    }
    let flags = this.flagsFor(request, oldFlags & (FLAG_COMPLETED | FLAG_SHARED_HOST));
    flags = this.countCompleted(request, outcome, entry, flags);
    const uploaded = uploadedUnits(request);
    const growth = growthOf(uploadedOf(words, meta), uploaded);
    // A peer from a snapshot has no identity; its address and port are most likely those of the same client.
    if (!early && this.room.isInner(request.group)) {
      noteGrowth(request, outcome, words, meta, request.family, age, isComparable || isRestored);
      this.innerNeighbours.noteShare(outcome, entry);
    }
    const level = this.levelFor(request, oldFlags, levelOf(words, meta), growth, age, early || wasUpstream);
    if (this.reported >= 0) flags |= this.reportedFlags(request, entry, oldFlags);
    let at = record;
    if (flags !== oldFlags || level !== levelOf(words, meta) || request.group !== groupOf(words, meta)) {
      if ((flags ^ oldFlags) & (FLAG_SEED | FLAG_UPSTREAM) && isCounted(words, meta, request.family)) {
        this.membership.countPeer(entry, oldFlags, -1);
        this.membership.countPeer(entry, flags, 1);
      }
      if (isLeecher(flags) !== isLeecher(oldFlags)) this.membership.forgetRole(entry, request.family, record, endpoint);
      const ref = words[refWordOf(entry, request.family)]!;
      at = this.swarms.updateRank(ref, record, endpoint, request.group, level, flags);
    }
    const metaNow = at + endpoint.addressWords;
    if (isLeecher(flags) && !isLeecher(oldFlags) && (flags & FLAG_SHARED_HOST) !== 0)
      this.relinkNeighbours(request, entry, at);
    if (!isComparable) this.evidence.startEvidence(request, entry, at, endpoint);
    else if (!early || isLeecher(flags) !== isLeecher(oldFlags)) {
      this.evidence.reviewPeer(request, entry, at, endpoint, oldFlags, age, uploaded);
    }
    // A cache that has just completed.
    if (this.reported >= 0 && (oldFlags & FLAG_SEED) === 0)
      this.evidence.trustCache(entry, request.family, at, endpoint);
    if (!early) {
      setLastSeen(words, metaNow, request.nowSeconds);
      setUploaded(words, metaNow, uploaded);
      setDownloaded(words, metaNow, downloadedUnits(request));
    }
    if (isAnother && request.key !== 0) this.membership.linkDualStack(entry, at, endpoint);
    requester.record = at;
    requester.starving = isLeecher(flags) && hasEvidence(words, metaNow);
    requester.hasNeighbours = hasNeighbours(words, metaNow);
    if (!early || flags !== oldFlags) {
      const lastSeen = early ? request.nowSeconds - age : request.nowSeconds;
      this.changes.reportChange(PEER_REFRESHED, entry, endpoint, flags, lastSeen);
    }
  }

  /** Handles another client, or a restarted one, on a known address and port. @returns the record, which may have moved */
  private changeIdentity(request: AnnounceRequest, entry: number, found: number): number {
    const { endpoint } = this;
    const words = this.arena.words;
    const refAt = refWordOf(entry, request.family);
    let record = found;
    this.membership.unlinkDualStack(entry, request.family, record);
    this.evidence.withdrawEvidence(entry, request.family, record, endpoint);
    const moved = this.movedRecord(request, words[refAt]!);
    if (moved !== 0) {
      this.membership.removePeer(entry, request.family, moved, PEER_REMOVED, request.nowSeconds);
      record = this.swarms.findPeer(words[refAt]!, endpoint);
    }
    this.swarms.setIdentity(words[refAt]!, record, endpoint);
    return record;
  }

  /**
   * Removes a client that leaves (BEP 3 `stopped`): the peer of its address and port, and other peers of the same client. It may
   * announce this from another port, or with port 0 when its listening socket is closed already.
   * @param found the record of its address and port, 0 if there is none
   */
  removeLeavingClient(request: AnnounceRequest, outcome: AnnounceOutcome, entry: number, found: number): void {
    const { endpoint, scan } = this;
    const words = this.arena.words;
    const { family, nowSeconds } = request;
    endpoint.setIdentity(request.bytes, request.peerIdOffset, request.key);
    if (found !== 0) this.removeLeavingRecord(request, entry, family, found, nowSeconds, outcome);
    if (request.key !== 0) {
      for (const each of FAMILIES) {
        const ref = words[refWordOf(entry, each)]!;
        const record = this.swarms.findIdentity(ref, endpoint, addressWordsOf(each));
        this.removeLeavingRecord(request, entry, each, record, nowSeconds, outcome);
      }
    } else if (found === 0) {
      this.swarms.scanHost(words[refWordOf(entry, family)]!, endpoint, scan);
      this.removeLeavingRecord(request, entry, family, scan.sameIdentity, nowSeconds, outcome);
    }
  }

  private removeLeavingRecord(
    request: AnnounceRequest,
    entry: number,
    family: 4 | 6,
    record: number,
    nowSeconds: number,
    outcome: AnnounceOutcome,
  ): void {
    if (record === 0) return;
    outcome.known = true;
    const { words } = this.arena;
    const meta = record + addressWordsOf(family);
    const isOrdinary = (flagsOf(words, meta) & FLAG_UPSTREAM) === 0;
    if (isOrdinary && outcome.traffic === TRAFFIC_NONE && this.room.isInner(groupOf(words, meta))) {
      noteGrowth(request, outcome, words, meta, family, ageSeconds(words, meta, nowSeconds), true);
      this.innerNeighbours.noteShare(outcome, entry);
    }
    this.membership.removePeer(entry, family, record, PEER_REMOVED, nowSeconds);
  }

  /** Stores a new peer, unless a limit or {@link refusesNew} keeps it out. @returns the entry, 0 if the swarm does not exist and was not created */
  admitPeer(request: AnnounceRequest, outcome: AnnounceOutcome, found: number): number {
    const { endpoint, requester, scan } = this;
    const words = this.arena.words;
    let entry = found;
    requester.record = 0;
    if (this.refusesNew !== null && !isPinned(words, entry) && this.refusesNew(request)) {
      outcome.status = STATUS_UNKNOWN_TORRENT;
      return entry;
    }
    endpoint.setIdentity(request.bytes, request.peerIdOffset, request.key);
    this.swarms.scanHost(entry === 0 ? 0 : words[refWordOf(entry, request.family)]!, endpoint, scan);
    let keptFlags = scan.markSharedHost(words, endpoint.addressWords);
    const waits = isLeecher(this.flagsFor(request, 0));
    requester.hasNeighbours = keptFlags !== 0 && scan.linkNeighbours(words, endpoint.addressWords, waits);
    let level = NEUTRAL_CAPABILITY_LEVEL;
    const before = entry === 0 ? 0 : this.formerRecord(request, words[refWordOf(entry, request.family)]!);
    if (before !== 0) {
      // The same client on a new port or address: remove its old peer, keep its history.
      const meta = before + endpoint.addressWords;
      keptFlags |= flagsOf(words, meta) & FLAG_COMPLETED;
      level = levelOf(words, meta);
      outcome.known = (flagsOf(words, meta) & FLAG_UPSTREAM) === 0;
      this.membership.removePeer(entry, request.family, before, PEER_REMOVED, request.nowSeconds);
    } else {
      const { limits, room } = this;
      const isInner = room.isInner(request.group);
      if (
        (limits.maxPeersPerAddressInSwarm > 0 && scan.count >= limits.maxPeersPerAddressInSwarm) ||
        this.membership.addressCounts.isOverLimit(entry, endpoint, isInner, limits)
      ) {
        outcome.status = STATUS_ADDRESS_LIMIT;
        return entry;
      }
      const left = room.roomForPeer(request.group, entry === 0);
      if (left !== HAS_ROOM) {
        outcome.status = left === FULL_FOR_FOREIGN ? STATUS_FULL_FOR_FOREIGN : STATUS_STORE_FULL;
        return entry;
      }
    }
    let flags = this.flagsFor(request, keptFlags);
    level = this.levelFor(request, flags, level, 0, 0, true);
    let record: number;
    try {
      if (entry === 0) entry = this.infoHash.insertTorrent();
      if (this.reported >= 0) flags |= this.reportedFlags(request, entry, 0);
      record = this.swarms.insertPeer(words[refWordOf(entry, request.family)]!, endpoint, request.group, level, flags);
    } catch (error) {
      // The free blocks of the arena are too small.
      if (!(error instanceof RangeError)) throw error;
      outcome.status = STATUS_STORE_FULL;
      return entry === 0 || this.membership.removeTorrentIfEmpty(entry) ? 0 : entry;
    }
    words[refWordOf(entry, request.family)] = this.swarms.ref;
    flags = this.countCompleted(request, outcome, entry, flags);
    const meta = record + endpoint.addressWords;
    setLastSeen(words, meta, request.nowSeconds);
    setUploaded(words, meta, uploadedUnits(request));
    setDownloaded(words, meta, downloadedUnits(request));
    if (this.room.isInner(request.group)) outcome.traffic = TRAFFIC_FIRST;
    if (requester.hasNeighbours) setHasNeighbours(words, meta);
    setFlags(words, meta, flags);
    this.evidence.startEvidence(request, entry, record, endpoint);
    this.membership.notePeerStored(entry, flags, endpoint, request.nowSeconds);
    if (request.key !== 0) this.membership.linkDualStack(entry, record, endpoint);
    requester.record = record;
    return entry;
  }

  /**
   * The record of a new peer under its previous port or address. On the same address the peer id is enough, although every
   * peer of the client learns it. From another address the key must match as well, which only trackers see, and both addresses
   * must be of the operator's networks: a client with two providers has two addresses at the same time.
   */
  private formerRecord(request: AnnounceRequest, ref: number): number {
    return this.scan.sameIdentity !== 0 ? this.scan.sameIdentity : this.movedRecord(request, ref);
  }

  private movedRecord(request: AnnounceRequest, ref: number): number {
    const { endpoint, room } = this;
    if (request.key === 0 || !room.isInner(request.group)) return 0;
    const record = this.swarms.findIdentity(ref, endpoint, endpoint.addressWords);
    return record !== 0 && room.isInner(groupOf(this.arena.words, record + endpoint.addressWords)) ? record : 0;
  }

  /** A seed of a shared host is a leecher again: it and its neighbours may have something for each other. */
  private relinkNeighbours(request: AnnounceRequest, entry: number, record: number): void {
    const { endpoint, scan } = this;
    const words = this.arena.words;
    this.swarms.scanHost(words[refWordOf(entry, request.family)]!, endpoint, scan);
    // The endpoint has no identity here: a known peer is not asked for it at each announce.
    scan.sameIdentity = 0;
    if (scan.linkNeighbours(words, endpoint.addressWords, true, record))
      setHasNeighbours(words, record + endpoint.addressWords);
  }

  private flagsFor(request: AnnounceRequest, keptFlags: number): number {
    let flags = keptFlags;
    if (request.seed) flags |= FLAG_SEED;
    else if (request.event === EVENT_PAUSED) flags |= FLAG_PAUSED;
    if (request.withheld) flags |= FLAG_WITHHELD;
    return flags;
  }

  /** BEP 3 `completed`: counts once per client, however often it restarts, and only if nothing is left. */
  private countCompleted(request: AnnounceRequest, outcome: AnnounceOutcome, entry: number, flags: number): number {
    if (request.event !== EVENT_COMPLETED || !request.seed || (flags & FLAG_COMPLETED) !== 0) return flags;
    if (!this.completions.noteCompletion(this.infoHash.hash, this.endpoint, request.nowSeconds))
      return flags | FLAG_COMPLETED;
    this.arena.words[entry + ENTRY_COMPLETED] = this.arena.words[entry + ENTRY_COMPLETED]! + 1;
    outcome.countedCompleted = true;
    return flags | FLAG_COMPLETED;
  }

  /** The report of the announcing address, −1 for none; set by {@link levelFor}. */
  private reported = -1;

  private levelFor(
    request: AnnounceRequest,
    oldFlags: number,
    oldLevel: number,
    growth: number,
    age: number,
    early: boolean,
  ): number {
    this.reported = this.levels.lookup(request.family, request.word0, request.word1, request.word2, request.word3);
    if (this.reported >= 0) return this.reported & 7;
    const level = (oldFlags & FLAG_REPORTED) !== 0 ? NEUTRAL_CAPABILITY_LEVEL : oldLevel;
    return early ? level : observeCapability(level, growth, age);
  }

  /** @returns the flags of a peer whose address has a report. A peer that had them is remembered already */
  private reportedFlags(request: AnnounceRequest, entry: number, oldFlags: number): number {
    const { family, word0, word1, word2, word3, port } = request;
    if ((oldFlags & FLAG_REPORTED) === 0) this.capability.notePeer(entry, family, word0, word1, word2, word3, port);
    const out = this.reported & REPORTED_OUT ? FLAG_WITHHELD : 0;
    return FLAG_REPORTED | (this.reported & REPORTED_CACHE ? FLAG_CACHE : 0) | out;
  }
}
