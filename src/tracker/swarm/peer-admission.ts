/**
 * What an announce does to its own peer: a known one is refreshed, a new one admitted within the limits; either way with
 * the flags, the capability level and the group that hold now. Counts downloads (BEP 3 `completed`).
 */
import { type AddressLevels, REPORTED_CACHE } from '../../selection/address-levels.js';
import { NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import { observeCapability } from '../../selection/observed-capability.js';
import { type AnnounceRequest, EVENT_COMPLETED, EVENT_NONE, EVENT_PAUSED } from '../announce-request.js';
import {
  type AnnounceOutcome,
  STATUS_ADDRESS_LIMIT,
  STATUS_FULL_FOR_FOREIGN,
  STATUS_STORE_FULL,
} from './announce-outcome.js';
import type { Arena } from './arena.js';
import type { CapabilityRefresh } from './capability-refresh.js';
import type { Endpoint } from './endpoint-key.js';
import type { FamilySwarms } from './family-swarm.js';
import { HostScan } from './host-scan.js';
import type { InfoHashWords } from './info-hash-words.js';
import {
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
  hasKnownIdentity,
  isLeecher,
  isMarked,
  levelOf,
  setFlags,
  setLastSeen,
  setUploaded,
  UPLOADED_MASK,
  uploadedGrowth,
  uploadedOf,
} from './peer-record.js';
import type { Requester } from './peer-selection.js';
import { FULL_FOR_FOREIGN, ROOM, type StoreRoom } from './store-room.js';
import type { SupplyEvidence } from './supply-evidence.js';
import type { SwarmBook } from './swarm-book.js';
import type { SwarmLimits } from './swarm-store-options.js';
import { ENTRY_COMPLETED, ENTRY_REF4, ENTRY_REF6 } from './torrent-table.js';

export interface PeerAdmissionParts {
  readonly arena: Arena;
  /** Of the announce in hand, like `endpoint`. */
  readonly infoHash: InfoHashWords;
  readonly swarms: FamilySwarms;
  readonly book: SwarmBook;
  readonly room: StoreRoom;
  readonly capability: CapabilityRefresh;
  readonly evidence: SupplyEvidence;
  readonly endpoint: Endpoint;
  readonly requester: Requester;
  readonly levels: AddressLevels;
  readonly limits: SwarmLimits;
  readonly minIntervalSeconds: number;
}

export class PeerAdmission {
  /** Replaced with the policy. */
  levels: AddressLevels;
  limits: SwarmLimits;
  private readonly arena: Arena;
  private readonly infoHash: InfoHashWords;
  private readonly swarms: FamilySwarms;
  private readonly book: SwarmBook;
  private readonly room: StoreRoom;
  private readonly capability: CapabilityRefresh;
  private readonly evidence: SupplyEvidence;
  private readonly endpoint: Endpoint;
  private readonly requester: Requester;
  private readonly minIntervalSeconds: number;
  private readonly scan = new HostScan();

  constructor(parts: PeerAdmissionParts) {
    this.arena = parts.arena;
    this.infoHash = parts.infoHash;
    this.swarms = parts.swarms;
    this.book = parts.book;
    this.room = parts.room;
    this.capability = parts.capability;
    this.evidence = parts.evidence;
    this.endpoint = parts.endpoint;
    this.requester = parts.requester;
    this.levels = parts.levels;
    this.limits = parts.limits;
    this.minIntervalSeconds = parts.minIntervalSeconds;
  }

  /** A known peer comes back. */
  refresh(request: AnnounceRequest, outcome: AnnounceOutcome, entry: number, record: number): void {
    const { endpoint, requester } = this;
    const words = this.arena.words;
    const meta = record + endpoint.addressWords;
    const oldFlags = flagsOf(words, meta);
    const wasUpstream = (oldFlags & FLAG_UPSTREAM) !== 0;
    const age = ageSeconds(words, meta, request.nowSeconds);
    const early = !wasUpstream && request.event === EVENT_NONE && age < this.minIntervalSeconds;
    outcome.known = !wasUpstream;
    outcome.earlyRepeat = early;
    if (!wasUpstream) requester.ageSeconds = age;
    if (wasUpstream) this.book.addressCounts.add(entry, endpoint, 1);
    const isComparable = !wasUpstream && hasKnownIdentity(words, meta);
    if (!isComparable || request.event !== EVENT_NONE) {
      endpoint.setIdentity(request.bytes, request.peerIdOffset, request.key);
      words[meta] = (endpoint.port << 16) | endpoint.identityLow;
      words[meta + 2] = (words[meta + 2]! & 0xfff00000) | endpoint.identityHigh;
    }
    let flags = this.flagsFor(request, oldFlags & (FLAG_COMPLETED | FLAG_SHARED_HOST));
    flags = this.countCompleted(request, outcome, entry, flags);
    const uploaded = uploadedUnits(request);
    const growth = uploadedGrowth(uploadedOf(words, meta), uploaded);
    const level = this.levelFor(request, oldFlags, levelOf(words, meta), growth, age, early);
    if (this.reported >= 0) flags |= this.reportedFlags(request, entry, oldFlags);
    let at = record;
    if (flags !== oldFlags || level !== levelOf(words, meta) || request.group !== groupOf(words, meta)) {
      if ((flags ^ oldFlags) & (FLAG_SEED | FLAG_UPSTREAM)) {
        this.book.count(entry, oldFlags, -1);
        this.book.count(entry, flags, 1);
      }
      if (isLeecher(flags) !== isLeecher(oldFlags)) this.evidence.forget(entry, request.family, record, endpoint);
      const ref = words[entry + (request.family === 4 ? ENTRY_REF4 : ENTRY_REF6)]!;
      at = this.swarms.relist(ref, record, endpoint, request.group, level, flags);
    }
    const metaNow = at + endpoint.addressWords;
    if (!isComparable) this.evidence.begin(request, entry, at, endpoint);
    else if (!early || isLeecher(flags) !== isLeecher(oldFlags)) {
      this.evidence.review(request, entry, at, endpoint, oldFlags, age, uploaded);
    }
    if (!early) {
      setLastSeen(words, metaNow, request.nowSeconds);
      setUploaded(words, metaNow, uploaded);
    }
    requester.record = at;
    requester.starving = isLeecher(flags) && isMarked(words, metaNow);
    requester.sharesHost = (flags & FLAG_SHARED_HOST) !== 0;
  }

  /** Somebody new. @returns the entry, 0 where the swarm does not exist and was not made */
  admit(request: AnnounceRequest, outcome: AnnounceOutcome, found: number): number {
    const { endpoint, requester, scan } = this;
    const words = this.arena.words;
    const refWord = request.family === 4 ? ENTRY_REF4 : ENTRY_REF6;
    let entry = found;
    requester.record = 0;
    endpoint.setIdentity(request.bytes, request.peerIdOffset, request.key);
    this.swarms.scanHost(entry === 0 ? 0 : words[entry + refWord]!, endpoint, scan);
    let kept = scan.noteShared(words, endpoint.addressWords);
    requester.sharesHost = kept !== 0;
    let level = NEUTRAL_CAPABILITY_LEVEL;
    if (scan.sameIdentity !== 0) {
      // The same client on a new port of the same address: its old entry goes, its history stays.
      const meta = scan.sameIdentity + endpoint.addressWords;
      kept |= flagsOf(words, meta) & FLAG_COMPLETED;
      level = levelOf(words, meta);
      outcome.known = (flagsOf(words, meta) & FLAG_UPSTREAM) === 0;
      this.book.remove(entry, request.family, scan.sameIdentity);
    } else {
      const { limits, room } = this;
      const isInner = room.isInner(request.group);
      if (
        (limits.maxPeersPerAddressInSwarm > 0 && scan.count >= limits.maxPeersPerAddressInSwarm) ||
        this.book.addressCounts.isOverLimit(entry, endpoint, isInner, limits)
      ) {
        outcome.status = STATUS_ADDRESS_LIMIT;
        return entry;
      }
      const left = room.forPeer(request.group, entry === 0);
      if (left !== ROOM) {
        outcome.status = left === FULL_FOR_FOREIGN ? STATUS_FULL_FOR_FOREIGN : STATUS_STORE_FULL;
        return entry;
      }
    }
    let flags = this.flagsFor(request, kept);
    level = this.levelFor(request, flags, level, 0, 0, true);
    let record: number;
    try {
      if (entry === 0) entry = this.infoHash.insert();
      if (this.reported >= 0) flags |= this.reportedFlags(request, entry, 0);
      record = this.swarms.insert(words[entry + refWord]!, endpoint, request.group, level, flags);
    } catch (error) {
      // There is room, but in pieces that are too small.
      if (!(error instanceof RangeError)) throw error;
      outcome.status = STATUS_STORE_FULL;
      return entry === 0 || this.book.dropIfEmpty(entry) ? 0 : entry;
    }
    words[entry + refWord] = this.swarms.ref;
    flags = this.countCompleted(request, outcome, entry, flags);
    const meta = record + endpoint.addressWords;
    setLastSeen(words, meta, request.nowSeconds);
    setUploaded(words, meta, uploadedUnits(request));
    setFlags(words, meta, flags);
    this.evidence.begin(request, entry, record, endpoint);
    this.book.admit(entry, flags, endpoint);
    requester.record = record;
    return entry;
  }

  private flagsFor(request: AnnounceRequest, kept: number): number {
    let flags = kept;
    if (request.seed) flags |= FLAG_SEED;
    else if (request.event === EVENT_PAUSED) flags |= FLAG_PAUSED;
    if (request.withheld) flags |= FLAG_WITHHELD;
    return flags;
  }

  /** BEP 3 `completed`: once a peer, and only where nothing is left. */
  private countCompleted(request: AnnounceRequest, outcome: AnnounceOutcome, entry: number, flags: number): number {
    if (request.event !== EVENT_COMPLETED || !request.seed || (flags & FLAG_COMPLETED) !== 0) return flags;
    this.arena.words[entry + ENTRY_COMPLETED] = this.arena.words[entry + ENTRY_COMPLETED]! + 1;
    outcome.countedCompleted = true;
    return flags | FLAG_COMPLETED;
  }

  /** What is reported of the address that announces, −1 nothing; set by {@link levelFor}. */
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

  /** @returns the flags of a peer whose address has a report; one that had them already is noted already */
  private reportedFlags(request: AnnounceRequest, entry: number, oldFlags: number): number {
    const { family, word0, word1, word2, word3, port } = request;
    if ((oldFlags & FLAG_REPORTED) === 0) this.capability.note(entry, family, word0, word1, word2, word3, port);
    return FLAG_REPORTED | (this.reported & REPORTED_CACHE ? FLAG_CACHE : 0);
  }
}

function uploadedUnits(request: AnnounceRequest): number {
  return ((request.uploadedHigh << 18) | (request.uploadedLow >>> 14)) & UPLOADED_MASK;
}
