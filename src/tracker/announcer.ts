/**
 * Handles an announce independent of its protocol: whether the torrent is allowed, who the peer is, whether it may be handed out,
 * and how many peers the answer may hold. Handlers fill `request` from bytes, call `announce`, then `select`. One announcer serves
 * all listeners of the worker. Nothing here waits or allocates.
 */

import { randomHashKey } from '../domain/half-sip-hash.js';
import type { NetworkSet } from '../domain/network-set.js';
import type { Random } from '../domain/random.js';
import { FOREIGN_PARTITION } from '../selection/cost-table.js';
import { HOUSEHOLD_KEY_WORDS, HOUSEHOLD_LOCALISED, HouseholdGroups } from '../selection/household-groups.js';
import { returnInterval } from '../selection/return-interval.js';
import type { TopologyTable } from '../topology/topology-table.js';
import { NUM_WANT_UNSAID } from '../wire/announce-fields.js';
import { readUint32 } from '../wire/byte-order.js';
import { isExchangePeerId } from '../wire/exchange-peer-id.js';
import { ACCESS_DENIED, ACCESS_PERMITTED, type AccessList } from './access-list.js';
import { AnnounceRequest, EVENT_STOPPED } from './announce-request.js';
import {
  COUNT_ADDRESS_LIMIT,
  COUNT_COMPLETED,
  COUNT_EARLY_REPEATS,
  COUNT_FULL_FOR_FOREIGN,
  COUNT_PEERS_GIVEN,
  COUNT_SAMPLED_INNER_TO_FOREIGN,
  COUNT_SAMPLED_INNER_TO_INNER,
  COUNT_SAMPLED_TO_FOREIGN,
  COUNT_SAMPLED_TO_INNER,
  COUNT_STORE_FULL,
  COUNT_UPSTREAM_ASKED,
  COUNT_WITHHELD,
} from './counters.js';
import { INTERVAL_JITTER } from './limits.js';
import { isWithheld, type PeerRules } from './peer-rules.js';
import { REFUSAL_DENIED, REFUSAL_NONE, REFUSAL_NOT_LISTED, REFUSAL_PORT, REFUSAL_UNKNOWN_TORRENT } from './refusals.js';
import { ReturnTimes } from './return-times.js';
import {
  AnnounceOutcome,
  type ScrapeOutcome,
  STATUS_ADDRESS_LIMIT,
  STATUS_FULL_FOR_FOREIGN,
  STATUS_STORE_FULL,
  STATUS_UNKNOWN_TORRENT,
} from './swarm/announce-outcome.js';
import type { Requester } from './swarm/choice/requester.js';
import type { SwarmStore } from './swarm/swarm-store.js';
import { TrafficMeter } from './traffic-meter.js';
import type { RedirectedTrackersData } from './unknown/redirected-trackers.js';
import { UnknownTorrents } from './unknown/unknown-torrents.js';

/** Finer than the seconds that a random share is to choose from. */
const SHARE_STEPS = 65_536;

export interface AnnouncerSettings extends PeerRules {
  readonly intervalSeconds: number;
  readonly minIntervalSeconds: number;
  readonly defaultNumWant: number;
  readonly maxNumWant: number;
  /** Networks whose hosts may announce another address than their own (`ip=`). */
  readonly trusted: NetworkSet;
}

export type UpstreamNeed = (bytes: Uint8Array, infoHashOffset: number, family: 4 | 6) => void;

export class Announcer {
  readonly request = new AnnounceRequest();
  readonly outcome = new AnnounceOutcome();
  /** Handlers set its `source` before {@link announce}. */
  readonly unknown = new UnknownTorrents();
  /** Set by the worker between batches. */
  nowSeconds = 0;
  topology: TopologyTable;
  /** By group; the cost table's. */
  partition: Uint8Array;
  access: AccessList;
  /** The worker replaces it between batches; intervals never change. */
  settings: AnnouncerSettings;
  readonly store: SwarmStore;
  readonly counters: Float64Array;
  readonly traffic: TrafficMeter;
  /** Whose answers are drawn at random. */
  readonly households: HouseholdGroups;
  private readonly random: Random;
  private readonly onUpstreamNeeded: UpstreamNeed;
  /** Set by the worker between batches. */
  readonly returnTimes: ReturnTimes;
  /** Until clients are asked back. */
  private untilReturnSeconds = Number.POSITIVE_INFINITY;
  private readonly intervalFloor: number;
  private readonly intervalSpread: number;
  /** Of the last announce; null if it was refused. */
  private requester: Requester | null = null;
  private samples = 0;

  constructor(options: {
    settings: AnnouncerSettings;
    store: SwarmStore;
    topology: TopologyTable;
    partition: Uint8Array;
    access: AccessList;
    counters: Float64Array;
    traffic?: TrafficMeter;
    households?: HouseholdGroups;
    random: Random;
    onUpstreamNeeded: UpstreamNeed;
  }) {
    this.settings = options.settings;
    this.store = options.store;
    this.topology = options.topology;
    this.partition = options.partition;
    this.access = options.access;
    this.counters = options.counters;
    this.traffic = options.traffic ?? new TrafficMeter();
    this.households = options.households ?? new HouseholdGroups(randomHashKey(HOUSEHOLD_KEY_WORDS));
    this.random = options.random;
    this.onUpstreamNeeded = options.onUpstreamNeeded;
    const jitter = Math.floor(options.settings.intervalSeconds * INTERVAL_JITTER);
    this.intervalFloor = options.settings.intervalSeconds - jitter;
    this.intervalSpread = 2 * jitter + 1;
    this.returnTimes = new ReturnTimes(options.settings.intervalSeconds, options.settings.intervalSeconds + jitter);
  }

  isTrusted(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): boolean {
    return !this.settings.trusted.isEmpty && this.settings.trusted.has(family, word0, word1, word2, word3);
  }

  groupOf(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number {
    return family === 4 ? this.topology.lookup4(word0) : this.topology.lookup6(word0, word1, word2, word3);
  }

  isInner(group: number): boolean {
    return (this.partition[group] ?? FOREIGN_PARTITION) !== FOREIGN_PARTITION;
  }

  /** @returns the reason why this torrent is refused, or {@link REFUSAL_NONE} */
  refusalOf(bytes: Uint8Array, infoHashOffset: number): number {
    const access = this.access.check(bytes, infoHashOffset);
    if (access === ACCESS_PERMITTED) return REFUSAL_NONE;
    return access === ACCESS_DENIED ? REFUSAL_DENIED : REFUSAL_NOT_LISTED;
  }

  /** The counts of a swarm for a scrape; zeroes for a torrent that is unknown or refused. */
  scrape(bytes: Uint8Array, infoHashOffset: number, outcome: ScrapeOutcome): void {
    if (this.refusalOf(bytes, infoHashOffset) === REFUSAL_NONE) {
      this.store.scrape(bytes, infoHashOffset, outcome);
      return;
    }
    outcome.found = false;
    outcome.seeds = 0;
    outcome.completed = 0;
    outcome.leechers = 0;
  }

  /**
   * Applies `request`, whose fields and address are filled, to the swarm; `outcome` then has the counts.
   * @returns {@link REFUSAL_NONE} or the reason
   */
  announce(): number {
    const request = this.request;
    this.requester = null;
    if (request.port === 0 && request.event !== EVENT_STOPPED) return REFUSAL_PORT;
    const refusal = this.refusalOf(request.bytes, request.infoHashOffset);
    if (refusal !== REFUSAL_NONE) return refusal;

    const { defaultNumWant, maxNumWant } = this.settings;
    if (request.numWant === NUM_WANT_UNSAID) request.numWant = defaultNumWant;
    else if (request.numWant > maxNumWant) request.numWant = maxNumWant;
    request.nowSeconds = this.nowSeconds;
    const { family, word0, word1, word2, word3 } = request;
    request.group = this.groupOf(family, word0, word1, word2, word3);
    const isInner = this.isInner(request.group);
    request.withheld = isWithheld(this.settings, family, word0, word1, word2, word3, request.port, isInner);
    const { households } = this;
    if (isInner) {
      households.assign(family, word0, word1, request.group);
      request.household = households.group;
      request.isShadowed = households.isShadowed;
    } else {
      request.household = HOUSEHOLD_LOCALISED;
      request.isShadowed = false;
    }

    const outcome = this.outcome;
    const requester = this.store.announce(request, outcome);
    if (outcome.status === STATUS_UNKNOWN_TORRENT) return REFUSAL_UNKNOWN_TORRENT;
    this.requester = requester;
    this.traffic.note(request, outcome, households.replicate);
    this.countOutcome(requester);
    if (outcome.needsUpstream) {
      this.counters[COUNT_UPSTREAM_ASKED]!++;
      this.onUpstreamNeeded(request.bytes, request.infoHashOffset, request.family);
    }
    return REFUSAL_NONE;
  }

  /**
   * Compact peers for the last announce, at most `max` and none after `stopped`.
   * @returns how many peers are at `offset`
   */
  select(out: Uint8Array, offset: number, max: number): number {
    const request = this.request;
    const requester = this.requester;
    if (requester === null || request.event === EVENT_STOPPED || request.numWant === 0) return 0;
    const chosen = this.store.select(request, requester, out, offset, Math.min(request.numWant, max));
    const count = this.keepAnnounced(requester, request.family, out, offset, chosen);
    if (request.isShadowed) this.traffic.noteShadow(requester);
    this.countGiven(out, offset, count, request.family);
    return count;
  }

  /**
   * Peers of the other family, if the last {@link select} gave fewer than the client wants. For protocols whose answers
   * hold both families (BEP 7).
   * @param given how many it gave
   * @returns how many are at `offset`
   */
  selectOther(out: Uint8Array, offset: number, max: number, given: number): number {
    const request = this.request;
    const requester = this.requester;
    const want = Math.min(request.numWant, max) - given;
    if (requester === null || want <= 0) return 0;
    const family = request.family === 4 ? 6 : 4;
    const chosen = this.store.selectOther(request, requester, out, offset, want);
    const count = this.keepAnnounced(requester, family, out, offset, chosen);
    if (count > 0) this.countGiven(out, offset, count, family);
    return count;
  }

  private keepAnnounced(requester: Requester, family: 4 | 6, out: Uint8Array, offset: number, count: number): number {
    const { request } = this;
    if (count === 0 || !isExchangePeerId(request.bytes, request.peerIdOffset)) return count;
    return this.store.announcedPeers.keep(requester.entry, family, out, offset, count);
  }

  private countGiven(out: Uint8Array, offset: number, count: number, family: 4 | 6): void {
    this.counters[COUNT_PEERS_GIVEN]! += count;
    if (this.samples > 0 && count > 0) this.sampleAnswer(out, offset, count, family);
  }

  /** Counts how many of the peers in an answer are the operator's own. Only for a sample, because each costs a look-up. */
  private sampleAnswer(out: Uint8Array, offset: number, count: number, family: 4 | 6): void {
    this.samples--;
    const { counters, request, topology } = this;
    const peerBytes = family === 4 ? 6 : 18;
    const toInner = this.isInner(request.group);
    const isTraced = toInner && !request.seed && this.requester !== null;
    const atRandom = this.requester?.atRandom === true;
    let inner = 0;
    for (let i = 0, at = offset; i < count; i++, at += peerBytes) {
      const word0 = readUint32(out, at);
      const group =
        family === 4
          ? topology.lookup4(word0)
          : topology.lookup6(word0, readUint32(out, at + 4), readUint32(out, at + 8), readUint32(out, at + 12));
      if (this.isInner(group)) inner++;
      else if (isTraced) this.traffic.noteSource(group, atRandom);
    }
    if (isTraced) this.traffic.noteSample(atRandom, request.household, count, count - inner);
    counters[toInner ? COUNT_SAMPLED_TO_INNER : COUNT_SAMPLED_TO_FOREIGN]! += count;
    counters[toInner ? COUNT_SAMPLED_INNER_TO_INNER : COUNT_SAMPLED_INNER_TO_FOREIGN]! += inner;
  }

  /** Between batches: the trackers whose clients come here, and what becomes of torrents that nobody here knows. */
  useRedirectedTrackers(data: RedirectedTrackersData): void {
    this.unknown.use(data);
    this.store.admission.refusesNew = this.unknown.refuses ? (request) => this.unknown.isRefused(request) : null;
  }

  /** Between batches: sets the time of the next answers, and how many of them are sampled for the counters. */
  setClock(nowSeconds: number, samples: number): void {
    this.nowSeconds = nowSeconds;
    this.samples = samples;
    this.untilReturnSeconds = this.returnTimes.nextSeconds - nowSeconds;
  }

  /** Whether the client of the last answer is told to announce again before the usual interval. */
  get returnsSoon(): boolean {
    return this.requester !== null && this.requester.returnSeconds > 0;
  }

  /** The interval for the answer whose peers have just been selected, with jitter; seconds. */
  interval(): number {
    const usual = this.intervalFloor + this.random.below(this.intervalSpread);
    return this.hasten(usual < this.untilReturnSeconds ? usual : this.intervalOverBorder(usual));
  }

  /** @returns less than `intervalSeconds` for a client that is to return sooner than that */
  hasten(intervalSeconds: number): number {
    const soon = this.requester === null ? 0 : this.requester.returnSeconds;
    return soon > 0 ? Math.min(intervalSeconds, Math.max(this.settings.minIntervalSeconds, soon)) : intervalSeconds;
  }

  /** The answers change before the client would announce again. */
  private intervalOverBorder(usual: number): number {
    const { intervalSeconds, minIntervalSeconds } = this.settings;
    const share = this.random.below(SHARE_STEPS) / SHARE_STEPS;
    return returnInterval(usual, this.untilReturnSeconds, intervalSeconds, minIntervalSeconds, share);
  }

  private countOutcome(requester: Requester): void {
    const { counters, outcome } = this;
    if (outcome.earlyRepeat) counters[COUNT_EARLY_REPEATS]!++;
    if (outcome.countedCompleted) {
      counters[COUNT_COMPLETED]!++;
      if (this.isInner(this.request.group)) this.store.noteInnerCompletion(requester);
    }
    if (this.request.withheld) counters[COUNT_WITHHELD]!++;
    if (outcome.status === STATUS_ADDRESS_LIMIT) counters[COUNT_ADDRESS_LIMIT]!++;
    else if (outcome.status === STATUS_STORE_FULL) counters[COUNT_STORE_FULL]!++;
    else if (outcome.status === STATUS_FULL_FOR_FOREIGN) counters[COUNT_FULL_FOR_FOREIGN]!++;
  }
}
