/**
 * An event-driven model of one BitTorrent swarm: pieces, rarest first, tit-for-tat, asymmetric links, arrivals and
 * departures. The caller's {@link Directory} answers announces with the product's own selection code. Rates are fluid
 * (see {@link Transfers}). Not modelled: latency, TCP's ramp-up, blocks below a piece, the end game. A peer behind a
 * firewall connects to others, but two such peers never connect to each other.
 */
import type { Random } from '../domain/random.js';
import { CHOKING_ROUND_SECONDS, Choking } from './choking.js';
import { EventQueue } from './event-queue.js';
import { PieceBoard } from './piece-board.js';
import {
  createPeer,
  type Direction,
  drop,
  isComplete,
  NO_TRANSFER,
  type PeerSpecification,
  type SimulatedPeer,
} from './simulated-peer.js';
import { TrafficTotals } from './traffic-totals.js';
import { Transfers } from './transfers.js';

export type DirectoryEvent = 'started' | 'none' | 'completed' | 'stopped';

/** Answers announces. `wanted` is numwant. */
export interface Directory {
  announce(peer: SimulatedPeer, event: DirectoryEvent, wanted: number, nowSeconds: number): readonly number[];
  /** The interval in the last answer to this peer; by default the usual one. */
  intervalSeconds?(peer: SimulatedPeer): number;
}

export interface SwarmParameters {
  readonly pieceCount: number;
  readonly pieceBytes: number;
  /** A peer requests more peers and connects to them until it has this many neighbours. */
  readonly neighbours: number;
  /** The number of peers that it requests from the tracker. It tries them in its own order. */
  readonly numWant: number;
  /** It accepts connections up to this many. */
  readonly maxConnections: number;
  readonly announceIntervalSeconds: number;
  /** The minimum time between two announces of a peer with fewer than half of its neighbours. */
  readonly minIntervalSeconds: number;
  readonly endSeconds: number;
  /** How often the bytes that entered each network are noted; never by default. */
  readonly sampleSeconds?: number;
}

type SwarmEvent =
  | { readonly kind: 'arrive' | 'choke' | 'announce' | 'leave' | 'pause' | 'resume'; readonly peer: SimulatedPeer }
  | { readonly kind: 'sample' }
  | { readonly kind: 'transfer-end'; readonly transfer: number; readonly generation: number };

/** Peers that were full before and are retried in a round of choking. */
const TRIES_A_ROUND = 4;
/** The largest part of its connections that a client closes for new ones. */
const TURNOVER_SHARE = 0.25;

export class SwarmModel {
  readonly peers: readonly SimulatedPeer[];
  readonly #queue = new EventQueue<SwarmEvent>();
  readonly #totals: TrafficTotals;
  readonly #board: PieceBoard;
  readonly #transfers: Transfers;
  readonly #choking: Choking;
  readonly #samples: Float64Array[] = [];
  #now = 0;
  #incomplete = 0;

  constructor(
    readonly parameters: SwarmParameters,
    specifications: readonly PeerSpecification[],
    readonly directory: Directory,
    readonly random: Random,
  ) {
    const { pieceCount, pieceBytes, neighbours, maxConnections } = parameters;
    const networks = specifications.map(({ network }) => network);
    const totals = new TrafficTotals(networks, 1 + networks.reduce((most, network) => Math.max(most, network), 0));
    this.peers = specifications.map((specification, id) => createPeer(id, specification, pieceCount, totals));
    this.#totals = totals;
    this.#board = new PieceBoard(this.peers, pieceCount, Math.max(neighbours, maxConnections), totals);
    this.#choking = new Choking(this.#board, totals, random);
    this.#transfers = new Transfers(this.#board, totals, pieceBytes, random, (atSeconds, transfer, generation) =>
      this.#queue.push(atSeconds, { kind: 'transfer-end', transfer, generation }),
    );
    for (const peer of this.peers) {
      if (isAwaited(peer)) this.#incomplete++;
      this.#queue.push(peer.arrivalSeconds, { kind: 'arrive', peer });
      for (const { fromSeconds, toSeconds } of peer.fillTimes ?? []) {
        this.#queue.push(fromSeconds, { kind: 'resume', peer });
        this.#queue.push(toSeconds, { kind: 'pause', peer });
      }
    }
    if (parameters.sampleSeconds !== undefined) this.#queue.push(parameters.sampleSeconds, { kind: 'sample' });
  }

  get nowSeconds(): number {
    return this.#now;
  }

  /** Users that have not finished. */
  get incomplete(): number {
    return this.#incomplete;
  }

  /** [network] → bytes that entered it. */
  get inwardBytes(): Float64Array {
    return this.#totals.inwardBytes();
  }

  /** `inwardBytes` at each multiple of `sampleSeconds`, and at the end of the run. */
  get samples(): readonly Float64Array[] {
    return [...this.#samples, this.inwardBytes];
  }

  /** [from network × networks + to network] → bytes. */
  get matrixBytes(): Float64Array {
    return this.#totals.matrixBytes;
  }

  /**
   * Runs for at most `events` events. @returns false when the run is over (every peer has finished, or the end time is
   * reached)
   */
  advance(events: number): boolean {
    for (let i = 0; i < events; i++) {
      if (this.#incomplete === 0) return false;
      const atSeconds = this.#queue.nextSeconds;
      const event = this.#queue.pop();
      if (event === undefined || atSeconds > this.parameters.endSeconds) return false;
      this.#now = atSeconds;
      this.#transfers.nowSeconds = atSeconds;
      this.#handle(event);
      this.#transfers.share();
    }
    return true;
  }

  #handle(event: SwarmEvent): void {
    if (event.kind === 'transfer-end') {
      const receiver = this.#transfers.arrive(event.transfer, event.generation);
      if (receiver) this.#useFreePlaces(receiver);
      if (receiver && isComplete(receiver)) this.#complete(receiver);
      return;
    }
    if (event.kind === 'sample') {
      this.#sample();
      return;
    }
    const { peer } = event;
    if (event.kind === 'arrive') {
      peer.online = true;
      this.#announce(peer, 'started');
      if (peer.reach === 'silent') return;
      // The rounds of different clients are not synchronised.
      this.#queue.push(this.#now + (CHOKING_ROUND_SECONDS * this.random.below(1000)) / 1000, { kind: 'choke', peer });
    } else if (!peer.online) {
      return;
    } else if (event.kind === 'choke') {
      this.#choke(peer);
      this.#queue.push(this.#now + CHOKING_ROUND_SECONDS, event);
    } else if (event.kind === 'announce') {
      // An earlier announce may have moved the next one.
      if (this.#now >= peer.nextAnnounceSeconds) this.#announce(peer, 'none');
    } else if (event.kind === 'pause') {
      this.#pause(peer);
    } else if (event.kind === 'resume') {
      peer.paused = false;
    } else {
      this.#leave(peer);
    }
  }

  #sample(): void {
    for (const peer of this.peers) for (const transfer of peer.downloads) this.#transfers.countBytes(transfer);
    this.#samples.push(this.inwardBytes);
    this.#queue.push(this.#now + this.parameters.sampleSeconds!, { kind: 'sample' });
  }

  /** It requests nothing any more. Its connections stay, so that it serves. */
  #pause(peer: SimulatedPeer): void {
    peer.paused = true;
    for (const direction of [...peer.servedBy]) {
      this.#close(direction);
      this.#serveMore(direction.from);
    }
  }

  #announce(peer: SimulatedPeer, event: DirectoryEvent): void {
    peer.lastAnnounceSeconds = this.#now;
    const { numWant, announceIntervalSeconds } = this.parameters;
    const answer = this.directory.announce(peer, event, numWant, this.#now);
    peer.nextAnnounceSeconds = this.#now + (this.directory.intervalSeconds?.(peer) ?? announceIntervalSeconds);
    this.#queue.push(peer.nextAnnounceSeconds, { kind: 'announce', peer });
    if (peer.reach === 'silent') return;
    const fresh = answer.filter((id) => id !== peer.id && this.peers[id]!.online && !peer.connections.has(id));
    if (!isComplete(peer)) this.#makeRoom(peer, fresh.length);
    shuffle(fresh, this.random);
    peer.known = fresh;
    this.#connectToKnown(peer, fresh.length);
  }

  /** Full peers are retried later. */
  #connectToKnown(peer: SimulatedPeer, tries: number): void {
    const { neighbours, maxConnections } = this.parameters;
    const { known } = peer;
    for (let i = Math.min(tries, known.length); i > 0 && peer.links.length < neighbours; i--) {
      const id = known.shift()!;
      const other = this.peers[id]!;
      if (
        !other.online ||
        other.reach !== 'open' ||
        peer.connections.has(id) ||
        (isComplete(peer) && isComplete(other))
      )
        continue;
      if (other.links.length < maxConnections) this.#board.connect(peer, other);
      else known.push(id);
    }
  }

  /**
   * A client at its limit that learns of new peers closes connections to idle neighbours that have nothing for it, as
   * Transmission does with idle peers and libtorrent with its peer turnover; first those that want nothing from it.
   */
  #makeRoom(peer: SimulatedPeer, wanted: number): void {
    const { neighbours } = this.parameters;
    let excess = peer.links.length + Math.min(wanted, Math.floor(neighbours * TURNOVER_SHARE)) - neighbours;
    if (excess <= 0) return;
    const isIdle = (way: Direction): boolean => way.transfer === NO_TRANSFER && this.#totals.recentBytes(way.id) === 0;
    const idle = peer.links.filter(
      (link) => !this.#board.isWanted(link.reverse) && isIdle(link) && isIdle(link.reverse),
    );
    idle.sort((a, b) => Number(this.#board.isWanted(a)) - Number(this.#board.isWanted(b)));
    for (const link of idle) {
      if (excess-- <= 0) break;
      this.#disconnect(link);
    }
  }

  #disconnect(direction: Direction): void {
    this.#close(direction);
    this.#close(direction.reverse);
    this.#board.disconnect(direction);
  }

  #leave(peer: SimulatedPeer): void {
    peer.online = false;
    this.directory.announce(peer, 'stopped', 0, this.#now);
    for (const direction of [...peer.links]) this.#disconnect(direction);
  }

  #choke(peer: SimulatedPeer): void {
    for (const transfer of peer.downloads) this.#transfers.countBytes(transfer);
    const chosen = this.#choking.choose(peer);
    this.#choking.startRound(peer);
    const { serves } = peer;
    // Backwards, because closing moves the last one to the index of the closed one.
    for (let i = serves.length - 1; i >= 0; i--) if (!chosen.includes(serves[i]!)) this.#close(serves[i]!);
    for (const direction of chosen) this.#open(direction);
    if (peer.known.length > 0) this.#connectToKnown(peer, TRIES_A_ROUND);
    const due = this.#now - peer.lastAnnounceSeconds >= this.parameters.minIntervalSeconds;
    if (due && (peer.links.length < this.parameters.neighbours / 2 || this.#isStarved(peer)))
      this.#announce(peer, 'none');
  }

  /** A peer got a piece: its senders may have nothing more for it, and it has something for others. */
  #useFreePlaces(receiver: SimulatedPeer): void {
    const { servedBy } = receiver;
    for (let i = servedBy.length - 1; i >= 0; i--) {
      const direction = servedBy[i]!;
      if (this.#board.isWanted(direction)) continue;
      this.#close(direction);
      this.#serveMore(direction.from);
    }
    this.#serveMore(receiver);
  }

  #serveMore(peer: SimulatedPeer): void {
    for (;;) {
      const direction = this.#choking.nextToServe(peer);
      if (direction === undefined) return;
      this.#open(direction);
    }
  }

  #open(direction: Direction): void {
    if (!direction.unchoked) {
      direction.unchoked = true;
      direction.unchokedAtSeconds = this.#now;
      direction.from.serves.push(direction);
      direction.to.servedBy.push(direction);
    }
    this.#transfers.ask(direction);
  }

  #close(direction: Direction): void {
    if (!direction.unchoked) return;
    direction.unchoked = false;
    drop(direction.from.serves, direction);
    drop(direction.to.servedBy, direction);
    if (direction.transfer === NO_TRANSFER) return;
    this.#transfers.interrupt(direction.transfer);
    // A peer that had nothing else to send may finish the piece.
    for (const other of direction.to.servedBy) this.#transfers.ask(other);
  }

  #complete(peer: SimulatedPeer): void {
    peer.completedAtSeconds = this.#now;
    if (isAwaited(peer)) this.#incomplete--;
    this.#announce(peer, 'completed');
    // A seed needs nothing from another seed.
    for (const direction of [...peer.links]) if (isComplete(direction.to)) this.#disconnect(direction);
    if (Number.isFinite(peer.seedForSeconds))
      this.#queue.push(this.#now + peer.seedForSeconds, { kind: 'leave', peer });
  }

  /** True if it lacks pieces and no neighbour has one of them. */
  #isStarved(peer: SimulatedPeer): boolean {
    if (isComplete(peer) || peer.paused || peer.downloads.length > 0) return false;
    return peer.links.every((link) => !this.#board.isWanted(link.reverse));
  }
}

/** A user that wants the content. */
function isAwaited(peer: SimulatedPeer): boolean {
  return !peer.seed && peer.fillTimes === undefined;
}

function shuffle(items: number[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = items[i]!;
    items[i] = items[j]!;
    items[j] = item;
  }
}
