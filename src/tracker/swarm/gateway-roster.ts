/**
 * Settles who the gateways of a swarm are, announce by announce, and keeps count of the foreign peers that each was given.
 * When and how many is decided in selection/gateways; where they are remembered is {@link GatewayBlocks}' matter.
 */
import { FOREIGN_PARTITION, NEUTRAL_CAPABILITY_LEVEL } from '../../selection/cost-table.js';
import {
  GATEWAY_LIMIT,
  gatewayPlaces,
  gatewayRank,
  hasStalled,
  judgeCandidate,
  PLACES_OF_A_SEED,
  peersGiven,
  REPLACE_WEAKEST,
  STALLED_RANK,
  STAY_INNER,
  seedsGiven,
  wantedGateways,
} from '../../selection/gateways.js';
import type { IsInnerOnly, PeerSink } from '../../selection/peer-sink.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { AnnounceRequest } from '../announce-request.js';
import type { Arena } from './arena.js';
import { Endpoint } from './endpoint-key.js';
import type { FamilySwarms } from './family-swarm.js';
import type { GatewayBlocks } from './gateway-blocks.js';
import type { HashKeys } from './hash-keys.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  flagsOf,
  groupOf,
  isLeecher,
  LIST_LEECHERS,
  levelOf,
  listOfFlags,
} from './peer-record.js';
import type { Requester } from './peer-selection.js';
import { blockWord } from './supply-evidence.js';
import { ENTRY_REF4, ENTRY_REF6 } from './torrent-table.js';

export class GatewayRoster {
  /** How many foreign peers the last requester is given if it is a gateway. */
  given = 0;
  /** How many of them shall be seeds. */
  seedsGiven = 0;
  private readonly other: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: GatewayBlocks,
    hashKeys: HashKeys,
    private readonly isInnerOnly: IsInnerOnly | null,
  ) {
    this.other = new Endpoint(hashKeys);
  }

  count(entry: number, family: 4 | 6): number {
    return this.blocks.count(this.arena.words[entry + blockWord(family)]!);
  }

  /** Whether an endpoint is a gateway of its swarm. */
  isGateway(entry: number, family: 4 | 6, endpoint: Endpoint): boolean {
    return this.blocks.find(this.arena.words[entry + blockWord(family)]!, endpoint) >= 0;
  }

  /** A peer has left: if it was a gateway, its place is free. */
  forget(entry: number, family: 4 | 6, endpoint: Endpoint): void {
    const words = this.arena.words;
    const at = entry + blockWord(family);
    const block = words[at]!;
    if (block === 0) return;
    const index = this.blocks.find(block, endpoint);
    if (index >= 0) this.blocks.removeAt(block, index);
    if (words[entry + (family === 4 ? ENTRY_REF4 : ENTRY_REF6)] !== 0) return;
    this.blocks.free(block);
    words[at] = 0;
  }

  /**
   * Decides about gateways where an inner peer announces. A question without an announce changes nothing, and is answered
   * as the announce would be.
   * @returns whether it is one now
   */
  settle(
    request: AnnounceRequest,
    requester: Requester,
    endpoint: Endpoint,
    innerLeechers: number,
    foreignSeeds: number,
  ): boolean {
    const gateways = this.blocks;
    const words = this.arena.words;
    const { gatewaysMax } = this.keys.table.mix;
    const { settles, starving } = requester;
    const at = requester.entry + blockWord(request.family);
    let block = words[at]!;
    const meta = requester.record + addressWordsOf(request.family);
    const stored = requester.record !== 0;
    const waits = stored ? isLeecher(flagsOf(words, meta)) : !settles && !request.seed;
    const serving = gateways.serving(block);
    const starved = gateways.starved(block);
    const cacheServes = gateways.greatestRank(block) >= gatewayRank(0, true);
    const wanted = wantedGateways(innerLeechers, serving, starved, cacheServes, gatewaysMax);
    // Where inner seeds suffice, as in most swarms, there is nobody to appoint and nobody to dismiss.
    if (gateways.count(block) === 0 && (!waits || (wanted === 0 && !starving))) return false;
    let index = gateways.find(block, endpoint);
    let stalled = false;
    const downloaded = ((request.downloadedHigh << 16) | (request.downloadedLow >>> 16)) >>> 0;
    if (index >= 0 && (!waits || (wanted === 0 && !starving))) {
      if (settles) gateways.removeAt(block, index);
      return false;
    }
    if (index >= 0 && settles) {
      // It keeps its place, with other foreign peers, until somebody else asks: a poor gateway is better than none.
      stalled = hasStalled(gateways.noteProgress(block, index, downloaded, request.nowSeconds));
    }
    while (settles && gateways.count(block) > wanted + starved) {
      gateways.removeAt(block, gateways.weakest(block));
      index = gateways.find(block, endpoint);
    }
    if (!waits) return false;
    const rank = stored
      ? gatewayRank(levelOf(words, meta), (flagsOf(words, meta) & FLAG_CACHE) !== 0)
      : gatewayRank(NEUTRAL_CAPABILITY_LEVEL, false);
    this.allot(rank, foreignSeeds);
    if (index >= 0) {
      if (settles) gateways.setRank(block, index, stalled ? STALLED_RANK : rank);
      return true;
    }
    const count = gateways.count(block);
    const weakest = gateways.weakest(block);
    const weakestRank = weakest < 0 ? -1 : gateways.rank(block, weakest);
    const room = starving ? Math.min(gatewaysMax, GATEWAY_LIMIT) : wanted;
    const verdict = judgeCandidate(rank, count, room, weakestRank);
    if (verdict === STAY_INNER) return false;
    if (!settles) return true;
    if (verdict === REPLACE_WEAKEST) gateways.removeAt(block, weakest);
    if (block === 0 || gateways.count(block) === gateways.capacity(block)) block = this.enlarge(at, block);
    gateways.add(block, endpoint, rank, downloaded, request.nowSeconds);
    return true;
  }

  /** What a gateway of this rank is given. */
  private allot(rank: number, foreignSeeds: number): void {
    const places = gatewayPlaces(this.keys.table.mix, rank);
    this.seedsGiven = seedsGiven(places, foreignSeeds);
    this.given = peersGiven(places, this.seedsGiven);
  }

  private enlarge(at: number, block: number): number {
    const words = this.arena.words;
    const capacity = Math.min(GATEWAY_LIMIT, Math.max(2, this.blocks.count(block) * 2));
    const larger = this.blocks.create(capacity);
    this.blocks.copy(block, larger);
    this.blocks.free(block);
    words[at] = larger;
    return larger;
  }

  /** Notes that a gateway has just been given so many foreign peers, as many seeds as it was allotted among them. */
  noteGiven(request: AnnounceRequest, entry: number, endpoint: Endpoint, foreign: number): void {
    const block = this.arena.words[entry + blockWord(request.family)]!;
    const index = this.blocks.find(block, endpoint);
    const seeds = Math.min(foreign, this.seedsGiven);
    if (index >= 0) this.blocks.setTaken(block, index, foreign + seeds * (PLACES_OF_A_SEED - 1));
  }

  /**
   * Shows a foreign requester one gateway at most, that with the most room for foreign peers: gateways that share their
   * foreign neighbours would see the same few pieces. @returns how many
   */
  show(requester: Requester, family: 4 | 6, ref: number, sink: PeerSink): number {
    const { blocks, other } = this;
    const block = this.arena.words[requester.entry + blockWord(family)]!;
    if (block === 0) return 0;
    const index = this.roomiest(block, family, ref);
    if (index < 0) return 0;
    blocks.load(block, index, family, other);
    sink.put(this.swarms.find(ref, other));
    if (requester.settles) blocks.setTaken(block, index, blocks.taken(block, index) + 1);
    return 1;
  }

  /** The gateway with the most free places that may be handed out, −1 where none has any. */
  private roomiest(block: number, family: 4 | 6, ref: number): number {
    const { blocks, other } = this;
    const { words } = this.arena;
    const { mix } = this.keys.table;
    let roomiest = -1;
    let most = 0;
    for (let i = 0; i < blocks.count(block); i++) {
      const free = gatewayPlaces(mix, blocks.rank(block, i)) - blocks.taken(block, i);
      if (free <= most) continue;
      blocks.load(block, i, family, other);
      const record = this.swarms.find(ref, other);
      if (record === 0) continue;
      // A gateway whose group has moved out of the network is found among the foreign peers.
      const group = groupOf(words, record + addressWordsOf(family));
      if (this.keys.partitionOf(group) === FOREIGN_PARTITION || this.listOf(record, family) !== LIST_LEECHERS) continue;
      // Nobody outside reaches it. It still calls foreign peers itself.
      if (this.isInnerOnly?.(words, record, addressWordsOf(family))) continue;
      roomiest = i;
      most = free;
    }
    return roomiest;
  }

  private listOf(record: number, family: 4 | 6): number {
    return listOfFlags(flagsOf(this.arena.words, record + addressWordsOf(family)));
  }
}
