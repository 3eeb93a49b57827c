/**
 * An event-driven model of one BitTorrent swarm: pieces, rarest first, tit-for-tat, asymmetric links, arrivals and
 * departures. What a tracker answers is not modelled: the caller's {@link Directory} answers, with the product's own
 * selection code. Rates are fluid: a transfer gets the smaller of its share of the sender's uplink and of the receiver's
 * downlink. Not modelled: latency, TCP's ramp-up, blocks below a piece, an end game, firewalled peers.
 */
import type { Random } from '../domain/random.js';
import { CHOKING_ROUND_SECONDS, chooseUnchoked } from './choking.js';
import { EventQueue } from './event-queue.js';
import { pickPiece } from './piece-picker.js';
import {
  createPeer,
  type Direction,
  type PeerSpecification,
  type SimulatedPeer,
  type Transfer,
} from './simulated-peer.js';

export type DirectoryEvent = 'started' | 'none' | 'completed' | 'stopped';

/** What answers an announce. `wanted` is numwant. */
export interface Directory {
  announce(peer: SimulatedPeer, event: DirectoryEvent, wanted: number, nowSeconds: number): readonly number[];
  /** The interval that the last answer told this peer; the usual one where missing. */
  intervalSeconds?(peer: SimulatedPeer): number;
}

export interface SwarmParameters {
  readonly pieceCount: number;
  readonly pieceBytes: number;
  /** A peer asks for more and connects to others until it has this many neighbours. */
  readonly neighbours: number;
  /** It accepts connections up to this many. */
  readonly maxConnections: number;
  readonly announceIntervalSeconds: number;
  /** The soonest a peer that has fewer than half of its neighbours announces again. */
  readonly minIntervalSeconds: number;
  readonly endSeconds: number;
}

type SwarmEvent =
  | { readonly kind: 'arrive' | 'choke' | 'announce' | 'leave'; readonly peer: SimulatedPeer }
  | { readonly kind: 'transfer-end'; readonly transfer: Transfer; readonly generation: number };

/** The part of its connections that a client gives up at most for new ones. */
const TURNOVER_SHARE = 0.25;
/** What rounding leaves of a piece that has arrived. */
const NEGLIGIBLE_BYTES = 1e-3;

export class SwarmModel {
  readonly peers: readonly SimulatedPeer[];
  /** [network] → bytes that entered it. */
  readonly inwardBytes: Float64Array;
  /** [from network × networks + to network] → bytes. */
  readonly matrixBytes: Float64Array;
  readonly #networkCount: number;
  readonly #queue = new EventQueue<SwarmEvent>();
  #now = 0;
  #incomplete = 0;

  constructor(
    readonly parameters: SwarmParameters,
    specifications: readonly PeerSpecification[],
    readonly directory: Directory,
    readonly random: Random,
  ) {
    this.#networkCount = 1 + specifications.reduce((most, s) => Math.max(most, s.network), 0);
    this.inwardBytes = new Float64Array(this.#networkCount);
    this.matrixBytes = new Float64Array(this.#networkCount ** 2);
    this.peers = specifications.map((specification, id) => createPeer(id, specification, parameters.pieceCount));
    for (const peer of this.peers) {
      if (!peer.seed) this.#incomplete++;
      this.#queue.push(peer.arrivalSeconds, { kind: 'arrive', peer });
    }
  }

  get nowSeconds(): number {
    return this.#now;
  }

  /** Leechers that have not finished. */
  get incomplete(): number {
    return this.#incomplete;
  }

  /** Runs for at most `events` events. @returns false when the run is over (everybody has finished, or the end time) */
  advance(events: number): boolean {
    for (let i = 0; i < events; i++) {
      if (this.#incomplete === 0) return false;
      const event = this.#queue.pop();
      if (event === undefined || event.atSeconds > this.parameters.endSeconds) return false;
      this.#now = event.atSeconds;
      this.#handle(event.what);
    }
    return true;
  }

  #handle(event: SwarmEvent): void {
    if (event.kind === 'transfer-end') {
      if (event.transfer.generation === event.generation) this.#endTransfer(event.transfer);
      return;
    }
    const { peer } = event;
    if (event.kind === 'arrive') {
      peer.online = true;
      this.#announce(peer, 'started');
      // Clients do not choke in step.
      this.#queue.push(this.#now + (CHOKING_ROUND_SECONDS * this.random.below(1000)) / 1000, { kind: 'choke', peer });
    } else if (!peer.online) {
      return;
    } else if (event.kind === 'choke') {
      this.#choke(peer);
      this.#queue.push(this.#now + CHOKING_ROUND_SECONDS, { kind: 'choke', peer });
    } else if (event.kind === 'announce') {
      // An announce in between has moved the next one.
      if (this.#now >= peer.nextAnnounceSeconds) this.#announce(peer, 'none');
    } else {
      this.#leave(peer);
    }
  }

  #announce(peer: SimulatedPeer, event: DirectoryEvent): void {
    peer.lastAnnounceSeconds = this.#now;
    const answer = this.directory.announce(peer, event, Math.max(0, this.parameters.neighbours), this.#now);
    peer.nextAnnounceSeconds =
      this.#now + (this.directory.intervalSeconds?.(peer) ?? this.parameters.announceIntervalSeconds);
    this.#queue.push(peer.nextAnnounceSeconds, { kind: 'announce', peer });
    const fresh = answer.filter((id) => id !== peer.id && this.peers[id]!.online && !peer.connections.has(id));
    if (peer.haveCount < this.parameters.pieceCount) this.#makeRoom(peer, fresh.length);
    for (const id of fresh) {
      if (peer.connections.size >= this.parameters.neighbours) break;
      const other = this.peers[id]!;
      if (other.connections.size >= this.parameters.maxConnections) continue;
      this.#connect(peer, other);
    }
  }

  /**
   * A client at its limit that hears of new peers gives up neighbours over which nothing goes either way, as Transmission
   * does with idle peers and libtorrent with its peer turnover; first those that neither side wants anything from.
   */
  #makeRoom(peer: SimulatedPeer, wanted: number): void {
    const { neighbours } = this.parameters;
    let excess = peer.connections.size + Math.min(wanted, Math.floor(neighbours * TURNOVER_SHARE)) - neighbours;
    if (excess <= 0) return;
    const idle = peer.links.filter((link) => !isBusy(link) && !isBusy(link.reverse));
    const useless = idle.filter((link) => link.wanted === 0 && link.reverse.wanted === 0);
    for (const link of [...useless, ...idle]) {
      if (excess <= 0) break;
      if (!peer.connections.has(link.to.id)) continue;
      this.#disconnect(link);
      excess--;
    }
  }

  #connect(a: SimulatedPeer, b: SimulatedPeer): void {
    const forth = newDirection(a, b);
    const back = newDirection(b, a);
    forth.reverse = back;
    back.reverse = forth;
    a.connections.set(b.id, forth);
    b.connections.set(a.id, back);
    a.links = [...a.connections.values()];
    b.links = [...b.connections.values()];
    for (let piece = 0; piece < this.parameters.pieceCount; piece++) {
      if (a.have[piece]) b.availability[piece]!++;
      if (b.have[piece]) a.availability[piece]!++;
    }
  }

  #disconnect(direction: Direction): void {
    const { from, to } = direction;
    for (const d of [direction, direction.reverse]) if (d.transfer) this.#stopTransfer(d.transfer, true);
    from.connections.delete(to.id);
    to.connections.delete(from.id);
    from.links = [...from.connections.values()];
    to.links = [...to.connections.values()];
    for (let piece = 0; piece < this.parameters.pieceCount; piece++) {
      if (from.have[piece]) to.availability[piece]!--;
      if (to.have[piece]) from.availability[piece]!--;
    }
    if (from.optimistic === direction) from.optimistic = undefined;
    if (to.optimistic === direction.reverse) to.optimistic = undefined;
  }

  #leave(peer: SimulatedPeer): void {
    peer.online = false;
    this.directory.announce(peer, 'stopped', 0, this.#now);
    for (const direction of peer.links) this.#disconnect(direction);
  }

  #choke(peer: SimulatedPeer): void {
    for (const transfer of peer.downloads) this.#settle(transfer);
    const chosen = chooseUnchoked(peer, this.random);
    peer.rounds++;
    for (const direction of peer.links) {
      direction.reverse.lastRoundBytes = direction.reverse.roundBytes;
      direction.reverse.roundBytes = 0;
      if (direction.unchoked && !chosen.has(direction)) {
        direction.unchoked = false;
        if (direction.transfer) this.#stopTransfer(direction.transfer, true);
      }
    }
    for (const direction of chosen) {
      if (!direction.unchoked) {
        direction.unchoked = true;
        direction.unchokedAtSeconds = this.#now;
      }
      this.#ask(direction);
    }
    const needy = peer.connections.size < this.parameters.neighbours / 2 || isStarved(peer);
    const due = this.#now - peer.lastAnnounceSeconds >= this.parameters.minIntervalSeconds;
    if (needy && due && peer.haveCount < this.parameters.pieceCount) this.#announce(peer, 'none');
  }

  /** Starts a transfer where the direction is open and there is something to ask for. */
  #ask(direction: Direction): void {
    if (!direction.unchoked || direction.transfer || direction.wanted === 0) return;
    const piece = pickPiece(direction, this.random);
    if (piece < 0) return;
    const { from, to } = direction;
    const remainingBytes = to.partialBytes.get(piece) ?? this.parameters.pieceBytes;
    to.partialBytes.delete(piece);
    to.inProgress.add(piece);
    const transfer: Transfer = {
      direction,
      piece,
      remainingBytes,
      bytesPerSecond: 0,
      updatedAtSeconds: this.#now,
      scheduledAtSeconds: Number.POSITIVE_INFINITY,
      generation: 0,
    };
    direction.transfer = transfer;
    from.uploads.push(transfer);
    to.downloads.push(transfer);
    this.#share(from, to);
  }

  #stopTransfer(transfer: Transfer, keepPartial: boolean): void {
    this.#settle(transfer);
    transfer.generation++;
    const { from, to } = transfer.direction;
    transfer.direction.transfer = undefined;
    to.inProgress.delete(transfer.piece);
    if (keepPartial) to.partialBytes.set(transfer.piece, transfer.remainingBytes);
    remove(from.uploads, transfer);
    remove(to.downloads, transfer);
    this.#share(from, to);
  }

  /** Books what a transfer has delivered since it was last looked at. */
  #settle(transfer: Transfer): void {
    const bytes = Math.min(transfer.remainingBytes, (this.#now - transfer.updatedAtSeconds) * transfer.bytesPerSecond);
    transfer.updatedAtSeconds = this.#now;
    if (bytes <= 0) return;
    transfer.remainingBytes -= bytes;
    const { from, to } = transfer.direction;
    transfer.direction.roundBytes += bytes;
    from.uploadedBytes += bytes;
    to.downloadedBytes += bytes;
    this.matrixBytes[from.network * this.#networkCount + to.network]! += bytes;
    if (from.network !== to.network) {
      to.externalBytes += bytes;
      this.inwardBytes[to.network]! += bytes;
    }
  }

  /** Gives every transfer of the two peers its new rate. */
  #share(from: SimulatedPeer, to: SimulatedPeer): void {
    for (const transfer of from.uploads) this.#rerate(transfer);
    for (const transfer of to.downloads) this.#rerate(transfer);
  }

  #rerate(transfer: Transfer): void {
    const { from, to } = transfer.direction;
    const bytesPerSecond = Math.min(from.uplinkBps / from.uploads.length, to.downlinkBps / to.downloads.length) / 8;
    if (bytesPerSecond === transfer.bytesPerSecond) return;
    this.#settle(transfer);
    transfer.bytesPerSecond = bytesPerSecond;
    this.#schedule(transfer);
  }

  #schedule(transfer: Transfer): void {
    const endSeconds = this.#now + transfer.remainingBytes / transfer.bytesPerSecond;
    if (endSeconds >= transfer.scheduledAtSeconds) return;
    transfer.scheduledAtSeconds = endSeconds;
    const generation = ++transfer.generation;
    this.#queue.push(endSeconds, { kind: 'transfer-end', transfer, generation });
  }

  #endTransfer(transfer: Transfer): void {
    const { direction, piece } = transfer;
    const { to } = direction;
    this.#settle(transfer);
    if (transfer.remainingBytes > NEGLIGIBLE_BYTES) {
      // The rate fell since this end was queued.
      transfer.scheduledAtSeconds = Number.POSITIVE_INFINITY;
      this.#schedule(transfer);
      return;
    }
    this.#finishPiece(to, piece);
    const next = direction.wanted > 0 ? pickPiece(direction, this.random) : -1;
    if (next < 0) {
      this.#stopTransfer(transfer, false);
    } else {
      // The slot stays busy: the same rates go on, so nobody else's share changes.
      to.inProgress.delete(piece);
      to.inProgress.add(next);
      transfer.piece = next;
      transfer.remainingBytes = to.partialBytes.get(next) ?? this.parameters.pieceBytes;
      to.partialBytes.delete(next);
      transfer.scheduledAtSeconds = Number.POSITIVE_INFINITY;
      this.#schedule(transfer);
    }
    if (to.haveCount === this.parameters.pieceCount) this.#complete(to);
    else for (const link of to.links) this.#ask(link.reverse);
  }

  #finishPiece(peer: SimulatedPeer, piece: number): void {
    peer.have[piece] = 1;
    peer.haveCount++;
    for (const out of peer.links) {
      const neighbour = out.to;
      neighbour.availability[piece]!++;
      if (neighbour.have[piece]) out.reverse.wanted--;
      else {
        out.wanted++;
        if (out.unchoked) this.#ask(out);
      }
    }
  }

  #complete(peer: SimulatedPeer): void {
    peer.completedAtSeconds = this.#now;
    this.#incomplete--;
    this.#announce(peer, 'completed');
    // A seed has nothing to gain from another seed.
    for (const direction of peer.links) {
      if (direction.to.haveCount === this.parameters.pieceCount) this.#disconnect(direction);
    }
    if (Number.isFinite(peer.seedForSeconds))
      this.#queue.push(this.#now + peer.seedForSeconds, { kind: 'leave', peer });
  }
}

function isBusy(direction: Direction): boolean {
  return direction.transfer !== undefined || direction.roundBytes + direction.lastRoundBytes > 0;
}

/** It lacks pieces, and no neighbour has one of them. */
function isStarved(peer: SimulatedPeer): boolean {
  if (peer.haveCount === peer.have.length || peer.downloads.length > 0) return false;
  return peer.links.every((link) => link.reverse.wanted === 0);
}

function remove(transfers: Transfer[], transfer: Transfer): void {
  transfers.splice(transfers.indexOf(transfer), 1);
}

function newDirection(from: SimulatedPeer, to: SimulatedPeer): Direction {
  let wanted = 0;
  for (let piece = 0; piece < from.have.length; piece++) if (from.have[piece] && !to.have[piece]) wanted++;
  const direction = {
    from,
    to,
    unchoked: false,
    wanted,
    transfer: undefined,
    roundBytes: 0,
    lastRoundBytes: 0,
    unchokedAtSeconds: 0,
  };
  return Object.assign(direction, { reverse: direction as unknown as Direction });
}
