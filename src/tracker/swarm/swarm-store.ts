/**
 * The swarms of the tracker in one arena, and the selection of peers from them. `announce` updates, `select` answers; both work
 * on words and allocate nothing. The store does not depend on packets, sockets or files. Time comes from the request and
 * randomness from outside, so the simulator uses the same store as the data plane.
 *
 * Implements BEP 3 and BEP 15 events, BEP 7, BEP 21, BEP 48 counts, and the answer of draft sections 4.2 to 4.4.
 */
import { randomHashKey } from '../../domain/half-sip-hash.js';
import { AddressLevels } from '../../selection/address-levels.js';
import type { CostTable, ReportedCapability } from '../../selection/cost-table.js';
import type { Explanation } from '../../selection/explanation.js';
import { StandingKeys } from '../../selection/standing-key.js';
import { isExchangePeerId } from '../../wire/exchange-peer-id.js';
import { type AnnounceRequest, EVENT_STOPPED } from '../announce-request.js';
import {
  type AnnounceOutcome,
  type ScrapeOutcome,
  STATUS_EXCHANGE,
  STATUS_STORED,
  STATUS_UNKNOWN_TORRENT,
  TRAFFIC_NONE,
} from './announce-outcome.js';
import { CapabilityRefresh } from './capability-refresh.js';
import { AnnouncedPeers } from './choice/announced-peers.js';
import { MAX_CHOSEN } from './choice/compact-peer-sink.js';
import { PeerSelection } from './choice/peer-selection.js';
import { Requester } from './choice/requester.js';
import { type ExplainQuery, requestForExplanation, SwarmExplainer } from './choice/swarm-explainer.js';
import { ForeignDemand } from './foreign-demand.js';
import { type InnerPeer, innerPeers } from './inner-peers.js';
import { FamilySwarms } from './layouts/family-swarm.js';
import { MAX_RANKED_PEERS } from './layouts/ranked-swarm.js';
import { Arena } from './memory/arena.js';
import { Endpoint } from './memory/endpoint-key.js';
import { HASH_KEY_WORDS, HashKeys } from './memory/hash-keys.js';
import { InfoHashWords } from './memory/info-hash-words.js';
import { StoreRoom } from './memory/store-room.js';
import {
  ENTRY_COMPLETED,
  ENTRY_COMPLETED_INNER,
  ENTRY_FLAG_FOREIGN_LEECHER,
  ENTRY_FLAG_PINNED,
  ENTRY_FLAGS,
  ENTRY_LEECHERS,
  ENTRY_SEEDS,
  noteForeignLeecher,
  refWordOf,
  TorrentTable,
} from './memory/torrent-table.js';
import { PeerAdmission } from './peer-admission.js';
import { type FlagsNow, metaWordsOf, SwarmTransfer } from './snapshot/swarm-transfer.js';
import { StoreSweeps } from './store-sweeps.js';
import { SwarmChanges } from './swarm-changes.js';
import { SwarmMembership } from './swarm-membership.js';
import { NO_ADDRESS_LIMITS, NO_STORE_LIMITS, type SwarmLimits, type SwarmStoreOptions } from './swarm-store-options.js';
import {
  listSwarms,
  type SwarmStats,
  type SwarmSummary,
  summaryOf,
  type UpstreamAdded,
  type UpstreamPeer,
} from './swarm-summary.js';
import { NOTHING_TALLIED, SwarmTally, type TalliedSwarm } from './swarm-tally.js';
import { UpstreamAdmission } from './upstream-admission.js';

const DEFAULT_ARENA_BYTES = 2 ** 31;
const DEFAULT_MIN_INTERVAL_SECONDS = 60;
/** Turning a ranked swarm of this size into a bucketed one, or sorting it again, takes less than 20 ms. */
const DEFAULT_RANKED_MAX = 8_000;
/** A peer's age is 16 bits of seconds. */
const LONGEST_INTERVAL_SECONDS = 8 * 3600;

export type { SwarmStats, SwarmSummary, UpstreamPeer } from './swarm-summary.js';
export type { PeerCounts, TalliedSwarm } from './swarm-tally.js';

export class SwarmStore {
  private readonly arena: Arena;
  private readonly table: TorrentTable;
  private readonly swarms: FamilySwarms;
  readonly keys: StandingKeys;
  private readonly selection: PeerSelection;
  private readonly membership: SwarmMembership;
  private readonly room: StoreRoom;
  readonly sweeps: StoreSweeps;
  /** Its listener receives every later change. */
  readonly changes: SwarmChanges;
  private readonly transfer: SwarmTransfer;
  private readonly explainer: SwarmExplainer;
  private readonly swarmTally: SwarmTally;
  /** Of the last announce. */
  private readonly requester: Requester;
  private readonly capability: CapabilityRefresh;
  readonly admission: PeerAdmission;
  readonly upstream: UpstreamAdmission;
  private readonly maxAgeSeconds: number;
  readonly foreignDemand: ForeignDemand;
  readonly announcedPeers: AnnouncedPeers;
  private readonly infoHash: InfoHashWords;

  constructor(options: SwarmStoreOptions) {
    const hashKeys = new HashKeys(options.hashSecret ?? randomHashKey(HASH_KEY_WORDS));
    this.maxAgeSeconds = Math.ceil(Math.min(options.intervalSeconds ?? 1800, LONGEST_INTERVAL_SECONDS) * 1.5);
    this.arena = options.arena ?? new Arena(options.arenaBytes ?? DEFAULT_ARENA_BYTES);
    this.table = new TorrentTable(this.arena, hashKeys.torrents);
    this.infoHash = new InfoHashWords(this.table);
    this.keys = new StandingKeys(options.policy);
    const levels = new AddressLevels(options.policy.reportedCapability);
    this.requester = new Requester(new Endpoint(hashKeys));
    const rankedMax = Math.min(options.rankedMax ?? DEFAULT_RANKED_MAX, MAX_RANKED_PEERS);
    this.swarms = new FamilySwarms(this.arena, this.keys, new Endpoint(hashKeys), options.smallMax ?? 32, rankedMax);
    this.selection = this.createSelection(options, hashKeys, levels);
    const { arena, infoHash, swarms, keys, selection } = this;
    const { blocks, caches } = selection;
    this.foreignDemand = new ForeignDemand({ arena, infoHash, swarms, keys, blocks, caches }, options);
    this.announcedPeers = new AnnouncedPeers(this.arena, this.swarms, new Endpoint(hashKeys));
    this.room = new StoreRoom(this.arena, this.table, this.keys, options.storeLimits ?? NO_STORE_LIMITS);
    this.changes = new SwarmChanges(this.arena);
    this.membership = new SwarmMembership(
      this.arena,
      this.table,
      this.swarms,
      this.selection,
      this.room,
      this.changes,
      hashKeys,
    );
    this.transfer = new SwarmTransfer(this.arena, this.table, this.swarms, this.room, hashKeys, options.share);
    const { table, membership, room, changes } = this;
    const tally = options.groupTally ?? null;
    this.sweeps = new StoreSweeps({ arena, table, swarms, membership, room, tally }, this.maxAgeSeconds);
    const endpoint = new Endpoint(hashKeys);
    this.capability = new CapabilityRefresh(arena, table, swarms, endpoint, levels, changes, caches, membership);
    const shared = { arena, infoHash, swarms, membership, room, changes };
    this.admission = new PeerAdmission({
      ...shared,
      capability: this.capability,
      evidence: this.selection.evidence,
      requester: this.requester,
      levels,
      limits: { ...NO_ADDRESS_LIMITS, ...options.limits },
      minIntervalSeconds: options.minIntervalSeconds ?? DEFAULT_MIN_INTERVAL_SECONDS,
    });
    this.upstream = new UpstreamAdmission({
      ...shared,
      endpoint: new Endpoint(hashKeys),
      otherEndpoint: new Endpoint(hashKeys),
      admission: this.admission,
      maxAgeSeconds: this.maxAgeSeconds,
    });
    this.swarmTally = new SwarmTally(this.arena, this.swarms, this.keys, this.selection.blocks);
    const isInnerOnly = options.isInnerOnly ?? null;
    this.explainer = new SwarmExplainer(arena, swarms, keys, selection, this.upstream.counted, hashKeys, isInnerOnly);
  }

  private createSelection(options: SwarmStoreOptions, hashKeys: HashKeys, levels: AddressLevels): PeerSelection {
    const { arena, swarms, keys, infoHash } = this;
    const { random, isInnerOnly = null } = options;
    return new PeerSelection(arena, swarms, keys, random, hashKeys, isInnerOnly, levels, infoHash);
  }

  /** The memory of all peers: large, and read at random. */
  get memory(): ArrayBufferLike {
    return this.arena.words.buffer;
  }

  /** Updates the swarm. `stopped` removes; counts are those after the update. @returns what {@link select} takes for the peers */
  announce(request: AnnounceRequest, outcome: AnnounceOutcome): Requester {
    outcome.status = STATUS_STORED;
    outcome.known = false;
    outcome.earlyRepeat = false;
    outcome.countedCompleted = false;
    outcome.needsUpstream = false;
    outcome.traffic = TRAFFIC_NONE;
    this.infoHash.readInfoHash(request.bytes, request.infoHashOffset);
    const { requester } = this;
    const { endpoint } = requester;
    endpoint.setFromRequest(request);
    const words = this.arena.words;
    let entry = this.infoHash.findTorrent();
    let record = entry === 0 ? 0 : this.swarms.findPeer(words[refWordOf(entry, request.family)]!, endpoint);
    requester.reset(true);
    outcome.uploadsInside = entry !== 0 && (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_FOREIGN_LEECHER) === 0;
    if (request.event === EVENT_STOPPED) {
      if (entry !== 0) {
        this.admission.removeLeavingClient(request, outcome, entry, record);
        if (this.membership.removeTorrentIfEmpty(entry)) entry = 0;
      }
      requester.entry = entry;
      this.fillCounts(entry, outcome);
      return requester;
    }
    const byExchange = isExchangePeerId(request.bytes, request.peerIdOffset);
    if (byExchange) outcome.status = STATUS_EXCHANGE;
    else if (record !== 0) this.admission.refreshPeer(request, outcome, entry, record);
    else {
      entry = this.admission.admitPeer(request, outcome, entry);
      record = requester.record;
    }
    requester.entry = entry;
    if (entry !== 0) {
      const isAnswered = !byExchange && outcome.status !== STATUS_UNKNOWN_TORRENT;
      outcome.needsUpstream = isAnswered && this.foreignDemand.isReported(entry, request);
      if (!request.seed && !this.room.isInner(request.group)) noteForeignLeecher(words, entry);
      this.membership.notePeerId(entry, requester, request);
    }
    this.fillCounts(entry, outcome);
    return requester;
  }

  /** A requester that does not announce: it is in no swarm that it was not in before. Allocates, unlike {@link announce}. */
  locate(request: AnnounceRequest): Requester {
    const requester = new Requester(new Endpoint(this.requester.endpoint.keys));
    const { endpoint } = requester;
    endpoint.setFromRequest(request);
    requester.reset(false);
    requester.entry = this.findTorrent(request.bytes, request.infoHashOffset);
    if (requester.entry !== 0) {
      requester.record = this.swarms.findPeer(this.arena.words[refWordOf(requester.entry, request.family)]!, endpoint);
    }
    requester.hasNeighbours = true;
    return requester;
  }

  /**
   * Writes compact peers of the request's family (6 bytes, IPv6 18), best first.
   * @param requester what {@link announce} returned for this request, or {@link locate}
   * @returns how many were written
   */
  select(request: AnnounceRequest, requester: Requester, out: Uint8Array, offset: number, maxPeers: number): number {
    if (request.event === EVENT_STOPPED || requester.entry === 0) return 0;
    const peerBytes = request.family === 4 ? 6 : 18;
    const room = Math.floor((out.length - offset) / peerBytes);
    const want = Math.min(request.numWant, maxPeers, room, MAX_CHOSEN);
    return this.selection.select(request, requester, want, out, offset);
  }

  /**
   * Peers of the family that the request did not come over, for an answer that its own leaves short. Follows {@link select}
   * with the same request and requester.
   * @returns how many were written
   */
  selectOther(
    request: AnnounceRequest,
    requester: Requester,
    out: Uint8Array,
    offset: number,
    maxPeers: number,
  ): number {
    if (request.event === EVENT_STOPPED || requester.entry === 0) return 0;
    return this.selection.selectOther(request, requester, maxPeers, out, offset);
  }

  /** The download that was counted for this announce was one of the operator's own clients. */
  noteInnerCompletion({ entry }: Requester): void {
    if (entry === 0) return;
    const words = this.arena.words;
    words[entry + ENTRY_COMPLETED_INNER] = words[entry + ENTRY_COMPLETED_INNER]! + 1;
  }

  scrape(bytes: Uint8Array, offset: number, outcome: ScrapeOutcome): void {
    const entry = this.findTorrent(bytes, offset);
    outcome.found = entry !== 0;
    this.fillCounts(entry, outcome);
  }

  /** compact=0: writes the 20-byte peer id of a compact peer that {@link select} wrote. @returns false if it is not known */
  peerId(
    request: AnnounceRequest,
    compact: Uint8Array,
    compactOffset: number,
    compactBytes: 6 | 18,
    out: Uint8Array,
    outOffset: number,
  ): boolean {
    const entry = this.findTorrent(request.bytes, request.infoHashOffset);
    if (entry === 0) return false;
    const text = Buffer.from(compact.buffer, compact.byteOffset + compactOffset, compactBytes).toString('hex');
    const id = this.membership.peerIds.findPeerId(entry, text);
    if (id === undefined) return false;
    out.set(id, outOffset);
    return true;
  }

  /**
   * Stores peers of original trackers: handed out for their time to live (at most 1.5 intervals), not counted. A peer that also
   * announces here is an ordinary one.
   * @param origin who names them, for people; empty: not known
   */
  addUpstreamPeers(
    infoHash: Uint8Array,
    peers: readonly UpstreamPeer[],
    ttlSeconds: number,
    nowSeconds: number,
    origin = '',
  ): UpstreamAdded {
    return this.upstream.admitPeers(this.findTorrent(infoHash, 0), peers, ttlSeconds, nowSeconds, origin);
  }

  /** Replaces the policy completely. Swarms are sorted again when they are next asked; only peers with a new level are touched. */
  setPolicy(policy: CostTable): void {
    this.keys.setTable(policy);
    if (policy.reportedCapability.version === this.admission.levels.version) return;
    const levels = new AddressLevels(policy.reportedCapability);
    this.admission.levels = levels;
    this.capability.replaceLevels(levels);
  }

  /** Other levels of density: pairs of group and level, concatenated. */
  setDensity(changes: Uint16Array): void {
    this.keys.setDensity(changes);
  }

  /**
   * Other levels of reported capability.
   * @param reported another table; absent: the same, in which levels have changed
   * @param changed whose levels: `CHANGE_WORDS` of `address-levels` an address
   */
  setCapability(reported: ReportedCapability | undefined, changed: Int32Array): void {
    if (reported !== undefined) this.admission.levels = new AddressLevels(reported);
    this.capability.takeChanges(this.admission.levels, changed);
  }

  /**
   * Brings changes of reported capability to stored peers, if there are any. @param share of the work: bounded
   * as the sweeps are
   */
  refreshCapability(share: number, nowSeconds: number): void {
    if (this.capability.isIdle) return;
    this.capability.runSlice(share, this.sweeps.length, nowSeconds);
  }

  /**
   * What the operator's caches may fetch over the border from now on.
   * @param fills `FILL_WORDS` of `operator-caches` each
   */
  setCacheFills(fills: Uint32Array): void {
    this.selection.cacheAnswers.setFills(fills);
  }

  /** Applies to new peers. If the limit over all swarms is switched on, peers count from then on. */
  setLimits(limits: SwarmLimits): void {
    this.admission.limits = limits;
  }

  /** Catalogue torrents keep their entry, and so their count of downloads, without any peers. */
  setPinned(infoHash: Uint8Array, kept: boolean): void {
    const words = this.arena.words;
    let entry = this.findTorrent(infoHash, 0);
    if (entry === 0) {
      if (!kept || !this.room.hasRoomForTorrent()) return;
      entry = this.infoHash.insertTorrent();
    }
    const flags = words[entry + ENTRY_FLAGS]!;
    words[entry + ENTRY_FLAGS] = kept ? flags | ENTRY_FLAG_PINNED : flags & ~ENTRY_FLAG_PINNED;
    this.membership.removeTorrentIfEmpty(entry);
  }

  get stats(): SwarmStats {
    return {
      peers: this.membership.seeds + this.membership.leechers,
      seeds: this.membership.seeds,
      leechers: this.membership.leechers,
      upstreamPeers: this.membership.upstreamPeers,
      records: this.room.records,
      swarms: this.table.torrentCount,
      usedBytes: this.arena.usedBytes + this.table.torrentCount * 64,
      touchedBytes: this.arena.touchedBytes,
    };
  }

  /**
   * Swarms from a cursor on (0 first), at least `limit` if there are that many; `cursor` is −1 after the last. Swarms that
   * come or go between two calls may be missed.
   */
  listSwarms(cursor: number, limit: number): { swarms: SwarmSummary[]; cursor: number } {
    return listSwarms(this.arena, this.table, cursor, limit);
  }

  swarm(infoHash: Uint8Array): SwarmSummary | undefined {
    const entry = this.findTorrent(infoHash, 0);
    return entry === 0 ? undefined : summaryOf(this.arena.words, entry);
  }

  /** Its peers by locality group: see {@link SwarmTally} for what a large swarm costs. */
  tally(infoHash: Uint8Array): TalliedSwarm | undefined {
    const entry = this.findTorrent(infoHash, 0);
    return entry === 0 ? undefined : this.swarmTally.countTorrent(entry);
  }

  /** See {@link innerPeers}. */
  innerPeers(infoHash: Uint8Array, limit: number): InnerPeer[] {
    const entry = this.findTorrent(infoHash, 0);
    return entry === 0 ? [] : innerPeers(this.arena, this.swarms, this.keys, entry, limit);
  }

  /**
   * All swarms as frames for {@link encodeSnapshotFrame}, created one at a time, a millisecond each, and valid until the next.
   * The store may be used between two of them.
   */
  exportFrames(): Generator<Uint32Array> {
    return this.transfer.exportFrames(this.upstream.origins);
  }

  /**
   * Restores one frame of a snapshot, without the swarms of other workers.
   * @param snapshot its header
   * @param elapsedSeconds from the moment it was taken until now, by the wall clock
   * @param groupOf the locality group of an address in the topology now in force
   * @param flagsNow by the rules now in force
   * @throws SnapshotDamagedError if the frame contradicts itself; what came before it stays
   */
  importFrame(
    frame: Uint32Array,
    snapshot: { readonly nowSeconds: number; readonly version?: number },
    nowSeconds: number,
    elapsedSeconds: number,
    groupOf: (family: 4 | 6, word0: number, word1: number, word2: number, word3: number) => number,
    flagsNow: FlagsNow = (_family, _word0, _word1, _word2, _word3, _port, flags) => flags,
  ): void {
    this.transfer.importFrame(frame, {
      metaWords: metaWordsOf(snapshot.version),
      nowSeconds,
      takenAtSeconds: snapshot.nowSeconds,
      elapsedSeconds: Math.max(0, Math.floor(elapsedSeconds)),
      maxAgeSeconds: this.maxAgeSeconds,
      groupOf,
      flagsNow,
      origins: this.upstream.origins,
      admitted: (entry, flags, endpoint, lastSeen) => {
        this.membership.notePeerStored(entry, flags, endpoint, lastSeen);
      },
    });
    this.capability.sweepForAll();
  }

  /**
   * Which peers this client would get now and why, class by class. Changes nothing. Slow (a walk over the swarm or its buckets),
   * for people.
   */
  explain(query: ExplainQuery, numWant: number): Explanation {
    const request = requestForExplanation(query, numWant);
    const requester = this.locate(request);
    this.explainer.findRequester(query, request, requester);
    const { foreign } = this.tally(query.infoHash) ?? NOTHING_TALLIED;
    return { ...this.explainer.explainWithAlternative(request, requester), foreign };
  }

  private fillCounts(entry: number, outcome: AnnounceOutcome | ScrapeOutcome): void {
    const words = this.arena.words;
    outcome.seeds = entry === 0 ? 0 : words[entry + ENTRY_SEEDS]!;
    outcome.leechers = entry === 0 ? 0 : words[entry + ENTRY_LEECHERS]!;
    outcome.completed = entry === 0 ? 0 : words[entry + ENTRY_COMPLETED]!;
  }

  private findTorrent(bytes: Uint8Array, offset: number): number {
    this.infoHash.readInfoHash(bytes, offset);
    return this.infoHash.findTorrent();
  }
}
