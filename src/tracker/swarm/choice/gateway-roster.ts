/**
 * Settles who the gateways of a swarm are, announce by announce, and keeps count of the foreign peers that each was given.
 * When and how many is decided in selection/gateways; where they are remembered is {@link GatewayBlocks}' matter.
 */
import { FOREIGN_PARTITION, NEUTRAL_CAPABILITY_LEVEL } from '../../../selection/cost-table.js';
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
} from '../../../selection/gateways.js';
import type { IsInnerOnly, PeerSink } from '../../../selection/peer-sink.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import type { AnnounceRequest } from '../../announce-request.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import { refAt, type Twins } from '../layouts/twins.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { HashKeys } from '../memory/hash-keys.js';
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
import type { GatewayBlocks } from './gateway-blocks.js';
import type { Requester } from './requester.js';
import type { Seat } from './seat.js';
import { blockWord } from './supply-evidence.js';

export class GatewayRoster {
  /** How many foreign peers the last requester is given if it is a gateway. */
  given = 0;
  /** How many of them should be seeds. */
  seedsGiven = 0;
  /** The record that the last look for a gateway found. */
  private shown = 0;
  private readonly other: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: GatewayBlocks,
    private readonly twins: Twins,
    hashKeys: HashKeys,
    private readonly isInnerOnly: IsInnerOnly | null,
  ) {
    this.other = new Endpoint(hashKeys);
  }

  count(entry: number, family: 4 | 6): number {
    return this.blocks.count(this.arena.words[entry + blockWord(family)]!);
  }

  /** Whether a requester is a gateway of its swarm. */
  isGateway(entry: number, { family, endpoint }: Seat): boolean {
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
    if (words[refAt(entry, family)] !== 0) return;
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
    seat: Seat,
    innerLeechers: number,
    foreignSeeds: number,
  ): boolean {
    const gateways = this.blocks;
    const words = this.arena.words;
    const { gatewaysMax } = this.keys.table.mix;
    const { settles, starving } = requester;
    const { endpoint } = seat;
    const at = requester.entry + blockWord(seat.family);
    let block = words[at]!;
    const meta = seat.record + addressWordsOf(seat.family);
    const stored = seat.record !== 0;
    const waits = stored ? isLeecher(flagsOf(words, meta)) : !settles && !request.seed;
    if (!waits) return false;
    const serving = gateways.serving(block);
    const starved = gateways.starved(block);
    gateways.survey(block, endpoint);
    const cacheServes = gateways.greatestRank >= gatewayRank(0, true);
    const wanted = wantedGateways(innerLeechers, serving, starved, cacheServes, gatewaysMax);
    let index = gateways.found;
    if (wanted === 0 && !starving) {
      // Inner seeds suffice, as in most swarms: nobody is appointed, and who was is not needed any more.
      if (index >= 0 && settles) gateways.removeAt(block, index);
      return false;
    }
    let stalled = false;
    const downloaded = ((request.downloadedHigh << 16) | (request.downloadedLow >>> 16)) >>> 0;
    if (index >= 0 && settles) {
      // It keeps its place, with other foreign peers, until somebody else asks: a poor gateway is better than none.
      stalled = hasStalled(gateways.noteProgress(block, index, downloaded, request.nowSeconds));
    }
    while (settles && gateways.count(block) > wanted + starved) {
      gateways.removeAt(block, gateways.weakestFound);
      gateways.survey(block, endpoint);
      index = gateways.found;
    }
    const rank = stored
      ? gatewayRank(levelOf(words, meta), (flagsOf(words, meta) & FLAG_CACHE) !== 0)
      : gatewayRank(NEUTRAL_CAPABILITY_LEVEL, false);
    this.allot(rank, foreignSeeds, index < 0 ? 0 : this.takenOverOther(block, index, seat));
    if (index >= 0) {
      if (settles) gateways.setRank(block, index, stalled ? STALLED_RANK : rank);
      return true;
    }
    const count = gateways.count(block);
    const weakest = gateways.weakestFound;
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

  /** What a gateway of this rank is given. @param taken of its places, by foreign peers of the other family */
  private allot(rank: number, foreignSeeds: number, taken: number): void {
    const places = Math.max(0, gatewayPlaces(this.keys.table.mix, rank) - taken);
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
  noteGiven(entry: number, seat: Seat, foreign: number): void {
    const { blocks } = this;
    const block = this.arena.words[entry + blockWord(seat.family)]!;
    const index = blocks.find(block, seat.endpoint);
    if (index < 0) return;
    const seeds = Math.min(foreign, this.seedsGiven);
    const places = foreign + seeds * (PLACES_OF_A_SEED - 1);
    if (seat.isElsewhere) blocks.setTakenElsewhere(block, index, places);
    else blocks.setTaken(block, index, places);
  }

  /** A client has turned out to be there with both families: what its IPv6 peer had as a gateway is its IPv4 peer's. */
  join(entry: number, record4: number, record6: number): void {
    const { blocks, other } = this;
    const words = this.arena.words;
    const from = words[entry + blockWord(6)]!;
    if (blocks.count(from) === 0) return;
    other.setFromRecord(words, record6, 4);
    const index = blocks.find(from, other);
    if (index < 0) return;
    other.setFromRecord(words, record4, 1);
    const at = entry + blockWord(4);
    let to = words[at]!;
    const isFull = blocks.count(to) >= GATEWAY_LIMIT;
    if (isFull || blocks.find(to, other) >= 0 || !this.arena.hasRoom()) {
      blocks.removeAt(from, index);
      return;
    }
    if (to === 0 || blocks.count(to) === blocks.capacity(to)) to = this.enlarge(at, to);
    blocks.move(from, index, to, other);
  }

  /** The client of an IPv4 peer is not there with IPv6 any more. */
  part(entry: number, record4: number): void {
    const { blocks, other } = this;
    const block = this.arena.words[entry + blockWord(4)]!;
    if (blocks.count(block) === 0) return;
    other.setFromRecord(this.arena.words, record4, 1);
    const index = blocks.find(block, other);
    if (index >= 0) blocks.setTakenElsewhere(block, index, 0);
  }

  private takenOverOther(block: number, index: number, seat: Seat): number {
    return seat.isElsewhere ? this.blocks.taken(block, index) : this.blocks.takenElsewhere(block, index);
  }

  /**
   * Shows a foreign requester one gateway at most, that with the most room for foreign peers: gateways that share their
   * foreign neighbours would see the same few pieces. @returns how many
   */
  show(requester: Requester, family: 4 | 6, sink: PeerSink): number {
    if (this.showFrom(requester, family, family, sink)) return 1;
    // A gateway with both families has its place among those of IPv4.
    return family === 6 && this.showFrom(requester, 4, 6, sink) ? 1 : 0;
  }

  private showFrom(requester: Requester, seats: 4 | 6, family: 4 | 6, sink: PeerSink): boolean {
    const { blocks } = this;
    const block = this.arena.words[requester.entry + blockWord(seats)]!;
    if (blocks.count(block) === 0) return false;
    const index = this.roomiest(requester.entry, block, seats, family);
    if (index < 0) return false;
    sink.put(this.shown);
    if (!requester.settles) return true;
    if (seats === family) blocks.setTaken(block, index, blocks.taken(block, index) + 1);
    else blocks.setTakenElsewhere(block, index, blocks.takenElsewhere(block, index) + 1);
    return true;
  }

  /** The gateway with the most free places that may be handed out, −1 if none has any. Its record is {@link shown}. */
  private roomiest(entry: number, block: number, seats: 4 | 6, family: 4 | 6): number {
    const { blocks, other } = this;
    const { words } = this.arena;
    const { mix } = this.keys.table;
    const cacheRank = gatewayRank(0, true);
    const places = gatewayPlaces(mix, STALLED_RANK);
    const cachePlaces = gatewayPlaces(mix, cacheRank);
    let roomiest = -1;
    let most = 0;
    for (let i = -1; ; ) {
      i = blocks.nextWithRoom(block, i + 1, most, places, cacheRank, cachePlaces);
      if (i < 0) return roomiest;
      blocks.load(block, i, seats, other);
      let record = this.swarms.find(words[refAt(entry, seats)]!, other);
      if (record !== 0 && seats !== family) record = this.twins.of(entry, seats, record);
      if (record === 0) continue;
      // A gateway whose group has moved out of the network is found among the foreign peers.
      const group = groupOf(words, record + addressWordsOf(family));
      if (this.keys.partitionOf(group) === FOREIGN_PARTITION || this.listOf(record, family) !== LIST_LEECHERS) continue;
      // Nobody outside reaches it. It still calls foreign peers itself.
      if (this.isInnerOnly?.(words, record, addressWordsOf(family))) continue;
      roomiest = i;
      this.shown = record;
      const taken = blocks.taken(block, i) + blocks.takenElsewhere(block, i);
      most = gatewayPlaces(mix, blocks.rank(block, i)) - taken;
    }
  }

  private listOf(record: number, family: 4 | 6): number {
    return listOfFlags(flagsOf(this.arena.words, record + addressWordsOf(family)));
  }
}
