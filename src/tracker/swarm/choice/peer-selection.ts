/**
 * Selects the peers for a request: prepares the candidates of a swarm of any layout, decides whether the requester is a gateway,
 * lets the mix decide how many inner and foreign peers the answer has, and lets src/selection choose them. The intermediate
 * results stay readable until the next answer, because the explanation shows them.
 */

import type { Random } from '../../../domain/random.js';
import type { AddressLevels } from '../../../selection/address-levels.js';
import { type Candidates, countOffered } from '../../../selection/candidates.js';
import { choosePeers, choosePeersForForeign, Standpoint } from '../../../selection/choose-peers.js';
import { FOREIGN_PARTITION } from '../../../selection/cost-table.js';
import { GATEWAY_RETURN_SECONDS, gatewayReturnsSoon } from '../../../selection/gateways.js';
import { HOUSEHOLD_CONTROL } from '../../../selection/household-groups.js';
import {
  isCacheAnswer,
  MIX_CONTROL,
  MIX_NOT_LOCALISED,
  MixPlan,
  MixSituation,
  planAtRandom,
  planMix,
} from '../../../selection/mix.js';
import { FOREIGN_KEY, KEY_END, type StandingKeys } from '../../../selection/standing-key.js';
import { returnSeconds, seedsSuffice } from '../../../selection/supply.js';
import { type AnnounceRequest, EVENT_PAUSED } from '../../announce-request.js';
import { DualStackPeers } from '../layouts/dual-stack.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import { GatewayBlocks } from '../memory/gateway-blocks.js';
import type { HashKeys } from '../memory/hash-keys.js';
import type { InfoHashWords } from '../memory/info-hash-words.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  FLAG_WITHHELD,
  flagsOf,
  isDualStack,
  LIST_LEECHERS,
  LIST_SERVING,
  listOfFlags,
  otherFamilyOf,
} from '../memory/peer-record.js';
import { evidenceWordOf, refWordOf } from '../memory/torrent-table.js';
import { OperatorCaches } from '../operator-caches.js';
import { CacheAnswers } from './cache-answers.js';
import { CompactPeerSink, type IsInnerOnly } from './compact-peer-sink.js';
import { GatewayRoster } from './gateway-roster.js';
import { HostPeer } from './host-peer.js';
import { ImportUse } from './import-use.js';
import { Neighbours } from './neighbours.js';
import { OtherFamilyAnswer } from './other-family-answer.js';
import { isAnsweredAtRandom, noteAnswer } from './random-answer.js';
import type { Requester } from './requester.js';
import { SupplyEvidence } from './supply-evidence.js';
import { SwarmCandidates } from './swarm-candidates.js';

export class PeerSelection {
  readonly plan = new MixPlan();
  readonly situation = new MixSituation();
  readonly roster: GatewayRoster;
  readonly dualStack: DualStackPeers;
  /** Of the last requester. */
  readonly hostPeer: HostPeer;
  readonly evidence: SupplyEvidence;
  readonly blocks: GatewayBlocks;
  private readonly importUse: ImportUse;
  private readonly neighbours: Neighbours;
  private readonly lists: SwarmCandidates;
  private readonly standpoint = new Standpoint();
  private readonly sink: CompactPeerSink;
  private readonly otherPlan = new MixPlan();
  /** Of the IPv4 peer of a requester that announces over IPv6. */
  private readonly ipv4Endpoint: Endpoint;
  private otherFamilyLeechers = 0;
  private readonly otherFamilyAnswer: OtherFamilyAnswer;
  private addressWords: 1 | 4 = 1;
  readonly caches: OperatorCaches;
  readonly cacheAnswers: CacheAnswers;

  constructor(
    private readonly arena: Arena,
    swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    random: Random,
    hashKeys: HashKeys,
    isInnerOnly: IsInnerOnly | null,
    levels: AddressLevels,
    infoHash: InfoHashWords,
  ) {
    this.caches = new OperatorCaches(levels);
    this.sink = new CompactPeerSink(isInnerOnly, this.caches);
    this.lists = new SwarmCandidates(arena, swarms, keys, random);
    this.blocks = new GatewayBlocks(arena);
    this.dualStack = new DualStackPeers(arena, swarms, hashKeys);
    this.ipv4Endpoint = new Endpoint(hashKeys);
    this.hostPeer = new HostPeer(this.ipv4Endpoint);
    this.importUse = new ImportUse(arena, swarms, new Endpoint(hashKeys));
    this.roster = new GatewayRoster(
      arena,
      swarms,
      keys,
      this.blocks,
      this.dualStack,
      this.importUse,
      hashKeys,
      isInnerOnly,
      this.caches,
      infoHash,
    );
    const { plan, situation, sink, roster, caches } = this;
    const endpoint = new Endpoint(hashKeys);
    this.cacheAnswers = new CacheAnswers(arena, swarms, caches, roster, plan, situation, sink, endpoint, infoHash);
    this.evidence = new SupplyEvidence(arena, swarms, keys, this.blocks);
    this.neighbours = new Neighbours(swarms, random);
    this.otherFamilyAnswer = new OtherFamilyAnswer(swarms, arena.words, new Endpoint(hashKeys));
  }

  /**
   * @param want how many peers at most; the caller has checked that they fit
   * @returns how many were written
   */
  select(request: AnnounceRequest, requester: Requester, want: number, out: Uint8Array, offset: number): number {
    const { plan, sink } = this;
    requester.atRandom = isAnsweredAtRandom(request, requester, this.arena.words, this.keys);
    if (!requester.atRandom || request.isShadowed) {
      this.selectLocalised(request, requester, want, out, offset);
      const foreign = Math.min(plan.foreign, sink.written);
      if (!requester.atRandom) {
        noteAnswer(this.arena.words, requester, request.family, sink.written, isCacheAnswer(plan) ? 0 : foreign);
        return sink.written;
      }
      requester.shadowGiven = sink.written;
      requester.shadowForeign = foreign;
    }
    return this.selectAtRandom(request, requester, want, out, offset);
  }

  /** As an ordinary tracker answers: a uniform draw from all offered peers, without gateways. @returns how many were written */
  private selectAtRandom(
    request: AnnounceRequest,
    requester: Requester,
    want: number,
    out: Uint8Array,
    offset: number,
  ): number {
    const { plan, situation, sink } = this;
    const { words } = this.arena;
    const ref = words[refWordOf(requester.entry, request.family)]!;
    this.addressWords = addressWordsOf(request.family);
    sink.start(words, this.addressWords, requester.record, out, offset);
    requester.returnSeconds = 0;
    planAtRandom(situation, plan, request.household === HOUSEHOLD_CONTROL ? MIX_CONTROL : MIX_NOT_LOCALISED, want);
    if (ref === 0 || want <= 0) return 0;
    const candidates = this.lists.candidatesForDraw(
      ref,
      this.addressWords,
      request.group,
      this.keys.partitionOf(request.group),
    );
    candidates.offerServing = !request.seed && request.event !== EVENT_PAUSED;
    const isOffered = requester.record !== 0 && this.isListed(requester.record, candidates.offerServing) ? 1 : 0;
    situation.innerAvailable = countOffered(candidates, 0, FOREIGN_KEY) - isOffered;
    situation.foreignAvailable = countOffered(candidates, FOREIGN_KEY, KEY_END);
    plan.foreign = candidates.takeRandom(want, sink);
    plan.inner = sink.written - plan.foreign;
    if (requester.announced && requester.record !== 0 && plan.foreign > 0)
      this.evidence.noteForeignGiven(requester.record, this.addressWords);
    noteAnswer(this.arena.words, requester, request.family, sink.written, plan.foreign);
    return sink.written;
  }

  /** Whether a peer is in one of the lists that are offered. */
  private isListed(record: number, offersServing: boolean): boolean {
    const list = this.listOfRecord(record);
    return list === LIST_LEECHERS || (list === LIST_SERVING && offersServing);
  }

  /** The answer of the policy. @returns how many were written */
  private selectLocalised(
    request: AnnounceRequest,
    requester: Requester,
    want: number,
    out: Uint8Array,
    offset: number,
  ): number {
    const words = this.arena.words;
    const { endpoint } = requester;
    const ipv4 = request.family === 4;
    const ref = words[refWordOf(requester.entry, request.family)]!;
    this.addressWords = ipv4 ? 1 : 4;
    const { standpoint, situation, plan, sink, keys, hostPeer } = this;
    const mix = keys.table.mix;
    const partition = keys.partitionOf(request.group);
    const inner = partition !== FOREIGN_PARTITION;
    standpoint.group = request.group;
    hostPeer.family = request.family;
    hostPeer.record = requester.record;
    hostPeer.endpoint = endpoint;
    hostPeer.isOtherFamily = false;
    situation.innerInReach = 0;
    this.otherFamilyLeechers = 0;
    if (inner && requester.record !== 0 && isDualStack(words, requester.record + this.addressWords)) {
      this.useOtherFamily(request, requester, partition);
    }
    standpoint.partition = partition;
    standpoint.innerPartitions = keys.innerPartitions;
    standpoint.ownGroupFirst = inner && mix.grain === 'subdomain';
    sink.start(words, this.addressWords, requester.record, out, offset);
    situation.want = want;
    situation.inner = inner;
    situation.seed = request.seed;
    situation.gateway = false;
    situation.innerAvailable = 0;
    situation.foreignAvailable = 0;
    situation.innerCounted = 0;
    situation.supplied = request.seed;
    situation.starving = requester.starving;
    requester.returnSeconds = 0;
    if (ref === 0) {
      planMix(mix, situation, plan);
      return 0;
    }
    const candidates = this.candidatesOf(ref, request, partition);
    candidates.offerServing = !request.seed && request.event !== EVENT_PAUSED;
    const selfFlags = requester.record === 0 ? FLAG_WITHHELD : flagsOf(words, requester.record + this.addressWords);
    const selfList = listOfFlags(selfFlags);
    const innerLeechers = candidates.countLeechers(0, FOREIGN_KEY);
    const offeredServing = candidates.offerServing ? candidates.countServing(0, FOREIGN_KEY) : 0;
    const isOffered = selfList === LIST_LEECHERS || (selfList === LIST_SERVING && candidates.offerServing);
    situation.innerAvailable = innerLeechers + offeredServing - (inner && isOffered ? 1 : 0);
    const foreignServing = candidates.offerServing ? candidates.countServing(FOREIGN_KEY, KEY_END) : 0;
    situation.foreignAvailable =
      candidates.countLeechers(FOREIGN_KEY, KEY_END) + foreignServing - (!inner && isOffered ? 1 : 0);
    if (inner) this.judgeSupply(request, requester, Math.max(innerLeechers, this.otherFamilyLeechers), foreignServing);
    planMix(mix, situation, plan);
    if ((selfFlags & FLAG_CACHE) !== 0 && inner && this.cacheAnswers.plan(request, requester, hostPeer))
      return sink.written;
    if (want <= 0) return 0;
    if (inner) {
      choosePeers(candidates, standpoint, plan, sink);
      if (requester.announced && requester.record !== 0 && plan.foreign > 0) {
        this.noteForeign(requester, request.family, plan.foreign);
        if (situation.gateway) {
          this.importUse.noteGiven(requester.entry, request.family, hostPeer.endpoint, sink, plan.foreign);
        }
      }
    } else {
      if (plan.gatewaysOnly) plan.inner = this.roster.offerGateway(requester, request.family, sink);
      plan.foreign = Math.min(plan.foreign, want - sink.written);
      choosePeersForForeign(candidates, plan, sink);
    }
    // If the answer holds all candidates, the neighbours are among them.
    const isWhole = inner ? plan.inner >= situation.innerAvailable : plan.foreign >= situation.foreignAvailable;
    if (requester.hasNeighbours && !isWhole) {
      this.neighbours.includeNeighbours(ref, endpoint, candidates.offerServing, want, inner ? plan.inner : 0, sink);
    }
    return sink.written;
  }

  /**
   * Peers of the other family than that of the request, if its own family has too few for the answer. Follows
   * {@link select}; the mix that it planned holds for both families together.
   * @returns how many were written
   */
  selectOther(request: AnnounceRequest, requester: Requester, want: number, out: Uint8Array, offset: number): number {
    const { words } = this.arena;
    const family = otherFamilyOf(request.family);
    const ref = words[refWordOf(requester.entry, family)]!;
    if (ref === 0 || want <= 0 || isCacheAnswer(this.plan)) return 0;
    const ownWords = addressWordsOf(request.family);
    // It announces over the other family as well.
    if (requester.record !== 0 && isDualStack(words, requester.record + ownWords)) return 0;
    const { sink, plan, standpoint, otherPlan, otherFamilyAnswer, keys } = this;
    const given = sink.written;
    const partition = keys.partitionOf(request.group);
    const inner = partition !== FOREIGN_PARTITION;
    standpoint.partition = partition;
    standpoint.innerPartitions = keys.innerPartitions;
    this.addressWords = addressWordsOf(family);
    const candidates = this.candidatesOf(ref, request, partition);
    candidates.offerServing = !request.seed && request.event !== EVENT_PAUSED;
    otherPlan.gatewaysOnly = false;
    otherPlan.foreignSeeds = plan.foreignSeeds;
    const start = (): void => sink.start(words, this.addressWords, 0, otherFamilyAnswer.chosen, 0);
    const bytes = 4 * this.addressWords + 2;
    start();
    if (requester.atRandom) {
      const chosen = OtherFamilyAnswer.countToChoose(want, given);
      const drawn = this.lists.candidatesForDraw(ref, this.addressWords, request.group, partition);
      drawn.offerServing = candidates.offerServing;
      const foreignDrawn = drawn.takeRandom(chosen, sink);
      const share = sink.written === 0 ? 0 : foreignDrawn / sink.written;
      const copied = otherFamilyAnswer.copyWithoutDualStack(ref, family, sink, want, out, offset);
      noteAnswer(this.arena.words, requester, request.family, copied, share * copied);
      return copied;
    }
    otherPlan.inner = inner ? OtherFamilyAnswer.countToChoose(want, given) : Math.max(0, plan.quota - plan.inner);
    otherPlan.foreign = inner ? 0 : OtherFamilyAnswer.countToChoose(want, given);
    if (inner) choosePeers(candidates, standpoint, otherPlan, sink);
    else {
      if (plan.gatewaysOnly && otherPlan.inner > 0) this.roster.offerGateway(requester, family, sink);
      if (plan.gatewaysOnly) otherPlan.inner = 0;
      choosePeersForForeign(candidates, otherPlan, sink);
    }
    const first = otherFamilyAnswer.copyWithoutDualStack(ref, family, sink, want, out, offset);
    const foreign = Math.min(want - first, plan.quota - plan.foreign);
    if (inner) noteAnswer(this.arena.words, requester, request.family, first, 0);
    if (!inner || foreign <= 0) return first;
    start();
    otherPlan.inner = 0;
    otherPlan.foreign = OtherFamilyAnswer.countToChoose(foreign, plan.foreign);
    choosePeers(candidates, standpoint, otherPlan, sink);
    const second = otherFamilyAnswer.copyWithoutDualStack(ref, family, sink, foreign, out, offset + first * bytes);
    noteAnswer(this.arena.words, requester, request.family, second, second);
    if (second > 0 && requester.announced && requester.record !== 0) {
      this.noteForeign(requester, request.family, plan.foreign + second);
    }
    return first + second;
  }

  /**
   * For a requester with both families: sets {@link hostPeer} to its IPv4 peer and counts the inner peers of the other family.
   * In most networks nearly all hosts have one of the two families, so the larger count is used for both.
   */
  private useOtherFamily(request: AnnounceRequest, requester: Requester, partition: number): void {
    const { hostPeer, situation } = this;
    const words = this.arena.words;
    const other = otherFamilyOf(request.family);
    const otherRecord = this.dualStack.findOtherRecord(requester.entry, request.family, requester.record);
    if (otherRecord === 0) return;
    if (other === 4) {
      this.ipv4Endpoint.setFromRecord(words, otherRecord, 1);
      hostPeer.family = 4;
      hostPeer.record = otherRecord;
      hostPeer.endpoint = this.ipv4Endpoint;
      hostPeer.isOtherFamily = true;
    }
    const own = this.addressWords;
    this.addressWords = addressWordsOf(other);
    const candidates = this.candidatesOf(words[refWordOf(requester.entry, other)]!, request, partition);
    const offersServing = !request.seed && request.event !== EVENT_PAUSED;
    this.otherFamilyLeechers = candidates.countLeechers(0, FOREIGN_KEY);
    situation.innerInReach =
      this.otherFamilyLeechers + (offersServing ? candidates.countServing(0, FOREIGN_KEY) : 0) - 1;
    this.addressWords = own;
  }

  /** Records that an inner requester gets this many foreign peers of a family. */
  private noteForeign(requester: Requester, family: 4 | 6, foreign: number): void {
    const { hostPeer } = this;
    this.evidence.noteForeignGiven(requester.record, addressWordsOf(family));
    if (hostPeer.isOtherFamily) this.evidence.noteForeignGiven(hostPeer.record, addressWordsOf(hostPeer.family));
    if (this.situation.gateway) this.roster.noteGiven(requester.entry, hostPeer, foreign);
  }

  /** Decides by the evidence whether inner seeds suffice, and whether the requester is a gateway. */
  private judgeSupply(
    request: AnnounceRequest,
    requester: Requester,
    innerLeechers: number,
    foreignSeeds: number,
  ): void {
    const { situation, blocks, roster, hostPeer } = this;
    const block = this.arena.words[evidenceWordOf(requester.entry, hostPeer.family)]!;
    if (request.seed || request.event === EVENT_PAUSED) {
      // It waits for no peer. A new one should announce again soon, so that it can show that it serves.
      situation.supplied = true;
      situation.innerCounted = Math.max(situation.innerAvailable, situation.innerInReach);
      if (requester.ageSeconds >= 0 || innerLeechers === 0) return;
      const serving = blocks.servingSeeds(block);
      const suffices = seedsSuffice(innerLeechers, serving, blocks.starvedLeechers(block));
      requester.returnSeconds = returnSeconds(requester.ageSeconds, suffices, serving, false);
      return;
    }
    if (requester.announced) this.evidence.judgeSeeds(block, innerLeechers, request.nowSeconds);
    const serving = blocks.servingSeeds(block);
    const suffices = seedsSuffice(innerLeechers, serving, blocks.starvedLeechers(block));
    situation.supplied = suffices && !requester.starving;
    const self = requester.record !== 0 && this.listOfRecord(requester.record) === LIST_LEECHERS ? 1 : 0;
    situation.innerCounted = innerLeechers - self + serving;
    requester.returnSeconds = returnSeconds(requester.ageSeconds, suffices, serving, requester.starving);
    if (this.keys.table.mix.gatewaysMax === 0) return;
    if (requester.record !== 0 && !roster.mayCross(requester.record, this.addressWords)) {
      // It may have become a gateway before its address was known as that of a cache with a controller.
      if (requester.announced) roster.removeGateway(requester.entry, hostPeer.family, hostPeer.endpoint);
      return;
    }
    situation.gateway = roster.decideGateway(request, requester, hostPeer, innerLeechers, foreignSeeds);
    situation.givenToGateway = roster.peersGiven;
    situation.seedsToGateway = roster.seedsGiven;
    if (situation.gateway && !requester.starving && gatewayReturnsSoon(innerLeechers))
      requester.returnSeconds = GATEWAY_RETURN_SECONDS;
  }

  private candidatesOf(ref: number, request: AnnounceRequest, partition: number): Candidates {
    const candidates = this.lists.candidatesOf(ref, this.addressWords, request.group, partition);
    if (this.lists.isByPair) {
      this.standpoint.partition = 0;
      this.standpoint.innerPartitions = 2;
    }
    return candidates;
  }

  /** The list that holds a record, whether or not it is offered. */
  private listOfRecord(record: number): number {
    return listOfFlags(flagsOf(this.arena.words, record + this.addressWords));
  }
}
