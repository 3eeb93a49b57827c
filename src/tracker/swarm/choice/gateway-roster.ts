/**
 * Decides at each announce who the gateways of a swarm are, and counts the foreign peers that each was given. The rules are
 * in selection/gateways; {@link GatewayBlocks} stores the result.
 */

import { FOREIGN_PARTITION, NEUTRAL_CAPABILITY_LEVEL } from '../../../selection/cost-table.js';
import {
  GATEWAY_LIMIT,
  gatewayQuota,
  gatewayRank,
  hasStalled,
  judgeCandidate,
  peersGiven,
  QUOTA_PER_SEED,
  REPLACE_WEAKEST,
  STALLED_RANK,
  STAY_INNER,
  seedsGiven,
  wantedGateways,
} from '../../../selection/gateways.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import { PROGRESS_SECONDS } from '../../../selection/supply.js';
import type { AnnounceRequest } from '../../announce-request.js';
import type { DualStackPeers } from '../layouts/dual-stack.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { GatewayBlocks } from '../memory/gateway-blocks.js';
import type { HashKeys } from '../memory/hash-keys.js';
import type { InfoHashWords } from '../memory/info-hash-words.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  flagsOf,
  groupOf,
  isLeecher,
  LIST_LEECHERS,
  levelOf,
  listOfFlags,
} from '../memory/peer-record.js';
import { evidenceWordOf, refWordOf } from '../memory/torrent-table.js';
import type { OperatorCaches } from '../operator-caches.js';
import type { CompactPeerSink, IsInnerOnly } from './compact-peer-sink.js';
import type { HostPeer } from './host-peer.js';
import type { ImportUse } from './import-use.js';
import type { Requester } from './requester.js';

export class GatewayRoster {
  /** Foreign peers that the last requester gets if it is a gateway. */
  peersGiven = 0;
  /** Seeds among {@link peersGiven}. */
  seedsGiven = 0;
  /** The record that {@link findMostQuota} found. */
  private offeredRecord = 0;
  private readonly other: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: GatewayBlocks,
    private readonly dualStack: DualStackPeers,
    private readonly importUse: ImportUse,
    hashKeys: HashKeys,
    private readonly isInnerOnly: IsInnerOnly | null,
    private readonly caches: OperatorCaches,
    private readonly infoHash: InfoHashWords,
  ) {
    this.other = new Endpoint(hashKeys);
  }

  gatewayCount(entry: number, family: 4 | 6): number {
    return this.blocks.gatewayCount(this.arena.words[evidenceWordOf(entry, family)]!);
  }

  /** Whether a requester is a gateway of its swarm. */
  isGateway(entry: number, { family, endpoint }: HostPeer): boolean {
    return this.blocks.findGateway(this.arena.words[evidenceWordOf(entry, family)]!, endpoint) >= 0;
  }

  /** To be called when a peer leaves: it is no longer a gateway. */
  removeGateway(entry: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = evidenceWordOf(entry, family);
    const block = words[at]!;
    if (block === 0) return;
    const index = this.blocks.findGateway(block, endpoint);
    if (index >= 0) this.blocks.removeGateway(block, index);
    if (words[refWordOf(entry, family)] !== 0) return;
    this.blocks.freeBlock(block);
    words[at] = 0;
  }

  /**
   * Decides whether an inner requester is a gateway. A requester that has not announced gets the same answer, but changes
   * nothing.
   * @returns whether it is a gateway now
   */
  decideGateway(
    request: AnnounceRequest,
    requester: Requester,
    hostPeer: HostPeer,
    innerLeechers: number,
    foreignSeeds: number,
  ): boolean {
    const gateways = this.blocks;
    const words = this.arena.words;
    const { gatewaysMax } = this.keys.table.mix;
    const { announced, starving } = requester;
    const { endpoint } = hostPeer;
    const at = evidenceWordOf(requester.entry, hostPeer.family);
    let block = words[at]!;
    const meta = hostPeer.record + addressWordsOf(hostPeer.family);
    const stored = hostPeer.record !== 0;
    const waits = stored ? isLeecher(flagsOf(words, meta)) : !announced && !request.seed;
    if (!waits) return false;
    const serving = gateways.servingSeeds(block);
    const starved = gateways.starvedLeechers(block);
    gateways.surveyGateways(block, endpoint);
    const cacheServes = gateways.greatestRank >= gatewayRank(0, true);
    const wanted = wantedGateways(innerLeechers, serving, starved, cacheServes, gatewaysMax);
    let index = gateways.foundGateway;
    if (wanted === 0 && !starving) {
      // Inner seeds suffice, as in most swarms: the swarm needs no gateway.
      if (index >= 0 && announced) gateways.removeGateway(block, index);
      return false;
    }
    let stalled = false;
    const downloaded = ((request.downloadedHigh << 16) | (request.downloadedLow >>> 16)) >>> 0;
    if (index >= 0 && announced) {
      // It stays a gateway, with other foreign peers, until another candidate announces: a slow gateway is better than none.
      stalled = hasStalled(gateways.noteProgress(block, index, downloaded, request.nowSeconds));
      // A client that announces again at once has not had the time to use them.
      if (stalled && requester.ageSeconds >= PROGRESS_SECONDS) this.importUse.noteStall(requester.entry, endpoint);
    }
    while (announced && gateways.gatewayCount(block) > wanted + starved) {
      gateways.removeGateway(block, gateways.weakestGateway);
      gateways.surveyGateways(block, endpoint);
      index = gateways.foundGateway;
    }
    const rank = stored
      ? gatewayRank(levelOf(words, meta), (flagsOf(words, meta) & FLAG_CACHE) !== 0)
      : gatewayRank(NEUTRAL_CAPABILITY_LEVEL, false);
    this.setGiven(rank, foreignSeeds, index < 0 ? 0 : this.usedOverOtherFamily(block, index, hostPeer));
    if (index >= 0) {
      if (announced) gateways.setRankOfGateway(block, index, stalled ? STALLED_RANK : rank);
      return true;
    }
    const count = gateways.gatewayCount(block);
    const weakest = gateways.weakestGateway;
    const weakestRank = weakest < 0 ? -1 : gateways.rankOfGateway(block, weakest);
    const room = starving ? Math.min(gatewaysMax, GATEWAY_LIMIT) : wanted;
    const verdict = judgeCandidate(rank, count, room, weakestRank);
    if (verdict === STAY_INNER) return false;
    if (!announced) return true;
    if (verdict === REPLACE_WEAKEST) gateways.removeGateway(block, weakest);
    if (block === 0 || gateways.gatewayCount(block) === gateways.capacity(block)) block = this.enlargeBlock(at, block);
    gateways.addGateway(block, endpoint, rank, downloaded, request.nowSeconds);
    return true;
  }

  /** Sets {@link peersGiven} and {@link seedsGiven} for a gateway of this rank. @param taken quota that its other family uses */
  private setGiven(rank: number, foreignSeeds: number, taken: number): void {
    const quota = Math.max(0, gatewayQuota(this.keys.table.mix, rank) - taken);
    this.seedsGiven = seedsGiven(quota, foreignSeeds);
    this.peersGiven = peersGiven(quota, this.seedsGiven);
  }

  private enlargeBlock(at: number, block: number): number {
    const words = this.arena.words;
    const capacity = Math.min(GATEWAY_LIMIT, Math.max(2, this.blocks.gatewayCount(block) * 2));
    const larger = this.blocks.createBlock(capacity);
    this.blocks.copyBlock(block, larger);
    this.blocks.freeBlock(block);
    words[at] = larger;
    return larger;
  }

  /** Records how many foreign peers a gateway has just been given. As many of them as it was allotted count as seeds. */
  noteGiven(entry: number, hostPeer: HostPeer, foreign: number): void {
    const { blocks } = this;
    const block = this.arena.words[evidenceWordOf(entry, hostPeer.family)]!;
    const index = blocks.findGateway(block, hostPeer.endpoint);
    if (index < 0) return;
    const seeds = Math.min(foreign, this.seedsGiven);
    const quota = foreign + seeds * (QUOTA_PER_SEED - 1);
    if (hostPeer.isOtherFamily) blocks.setUsedByOtherFamily(block, index, quota);
    else blocks.setUsedQuota(block, index, quota);
  }

  /** To be called when two records are linked as one client: its role as a gateway moves to the IPv4 record. */
  moveToIpv4(entry: number, record4: number, record6: number): void {
    const { blocks, other } = this;
    const words = this.arena.words;
    const from = words[evidenceWordOf(entry, 6)]!;
    if (blocks.gatewayCount(from) === 0) return;
    other.setFromRecord(words, record6, 4);
    const index = blocks.findGateway(from, other);
    if (index < 0) return;
    other.setFromRecord(words, record4, 1);
    const at = evidenceWordOf(entry, 4);
    let to = words[at]!;
    const isFull = blocks.gatewayCount(to) >= GATEWAY_LIMIT;
    if (isFull || blocks.findGateway(to, other) >= 0 || !this.arena.hasRoomForPeers()) {
      blocks.removeGateway(from, index);
      return;
    }
    if (to === 0 || blocks.gatewayCount(to) === blocks.capacity(to)) to = this.enlargeBlock(at, to);
    blocks.moveGateway(from, index, to, other);
  }

  /** To be called when the client of an IPv4 record has left with IPv6. */
  clearOtherFamily(entry: number, record4: number): void {
    const { blocks, other } = this;
    const block = this.arena.words[evidenceWordOf(entry, 4)]!;
    if (blocks.gatewayCount(block) === 0) return;
    other.setFromRecord(this.arena.words, record4, 1);
    const index = blocks.findGateway(block, other);
    if (index >= 0) blocks.setUsedByOtherFamily(block, index, 0);
  }

  private usedOverOtherFamily(block: number, index: number, hostPeer: HostPeer): number {
    return hostPeer.isOtherFamily ? this.blocks.usedQuota(block, index) : this.blocks.usedByOtherFamily(block, index);
  }

  /**
   * Offers a foreign requester at most one gateway: the one with the most quota left. Gateways that share their foreign peers
   * would receive the same pieces. @returns how many it offered
   */
  offerGateway(requester: Requester, family: 4 | 6, sink: CompactPeerSink): number {
    if (this.offerGatewayOf(requester, family, family, sink)) return 1;
    // A gateway with both families is stored with IPv4.
    return family === 6 && this.offerGatewayOf(requester, 4, 6, sink) ? 1 : 0;
  }

  private offerGatewayOf(requester: Requester, gatewayFamily: 4 | 6, family: 4 | 6, sink: CompactPeerSink): boolean {
    const { blocks } = this;
    const block = this.arena.words[evidenceWordOf(requester.entry, gatewayFamily)]!;
    if (blocks.gatewayCount(block) === 0) return false;
    const index = this.findMostQuota(requester.entry, block, gatewayFamily, family);
    if (index < 0) return false;
    sink.offer(this.offeredRecord);
    if (!requester.announced) return true;
    if (gatewayFamily === family) blocks.setUsedQuota(block, index, blocks.usedQuota(block, index) + 1);
    else blocks.setUsedByOtherFamily(block, index, blocks.usedByOtherFamily(block, index) + 1);
    return true;
  }

  /** The gateway with the most quota left that may be offered, −1 if there is none. Sets {@link offeredRecord}. */
  private findMostQuota(entry: number, block: number, gatewayFamily: 4 | 6, family: 4 | 6): number {
    const { blocks, other } = this;
    const { words } = this.arena;
    const { mix } = this.keys.table;
    const cacheRank = gatewayRank(0, true);
    const quota = gatewayQuota(mix, STALLED_RANK);
    const cacheQuota = gatewayQuota(mix, cacheRank);
    let roomiest = -1;
    let most = 0;
    for (let i = -1; ; ) {
      i = blocks.nextWithQuotaLeft(block, i + 1, most, quota, cacheRank, cacheQuota);
      if (i < 0) return roomiest;
      blocks.readEndpoint(block, i, gatewayFamily, other);
      let record = this.swarms.findPeer(words[refWordOf(entry, gatewayFamily)]!, other);
      if (record !== 0 && gatewayFamily !== family)
        record = this.dualStack.findOtherRecord(entry, gatewayFamily, record);
      if (record === 0) continue;
      // A gateway whose group has moved out of the network is found among the foreign peers.
      const group = groupOf(words, record + addressWordsOf(family));
      if (this.keys.partitionOf(group) === FOREIGN_PARTITION || this.listOf(record, family) !== LIST_LEECHERS) continue;
      // Foreign peers cannot reach it. It can still connect to them.
      if (this.isInnerOnly?.(words, record, addressWordsOf(family))) continue;
      if (!this.mayCross(record, addressWordsOf(family))) continue;
      roomiest = i;
      this.offeredRecord = record;
      const taken = blocks.usedQuota(block, i) + blocks.usedByOtherFamily(block, i);
      most = gatewayQuota(mix, blocks.rankOfGateway(block, i)) - taken;
    }
  }

  /** Whether a peer may exchange the torrent of this request with foreign peers: a cache may not always. */
  mayCross(record: number, addressWords: 1 | 4): boolean {
    const { words } = this.arena;
    if ((flagsOf(words, record + addressWords) & FLAG_CACHE) === 0) return true;
    return this.caches.mayCross(words, record, addressWords, this.infoHash.words);
  }

  private listOf(record: number, family: 4 | 6): number {
    return listOfFlags(flagsOf(this.arena.words, record + addressWordsOf(family)));
  }
}
