/**
 * Transfers over the links. A transfer gets the smaller of its share of the sender's uplink and of the receiver's
 * downlink. When the numbers of uploads and downloads change, rates are recomputed once for all changes of an instant.
 * So the caller must call {@link Transfers.share} before time advances. Transfers are numbers; their state is in
 * arrays.
 */
import type { Random } from '../domain/random.js';
import { enlarged } from './enlarged-array.js';
import type { PieceBoard } from './piece-board.js';
import { type Direction, drop, NO_TRANSFER, type SimulatedPeer } from './simulated-peer.js';
import type { TrafficTotals } from './traffic-totals.js';

/** The rounding error in a piece that has arrived. */
const NEGLIGIBLE_BYTES = 1e-3;

/** Called with the time at which a transfer ends, unless its rate changes. */
export type EndScheduler = (atSeconds: number, transfer: number, generation: number) => void;

export class Transfers {
  nowSeconds = 0;
  /** [peer] → bytes per second that each upload may take of the uplink, each download of the downlink. */
  readonly #uploadShare: Float64Array;
  readonly #downloadShare: Float64Array;
  readonly #stale: SimulatedPeer[] = [];
  /** All arrays are indexed by transfer. */
  readonly #direction: Direction[] = [];
  #from = new Int32Array(256);
  #to = new Int32Array(256);
  #piece = new Int32Array(256);
  #remainingBytes = new Float64Array(256);
  #bytesPerSecond = new Float64Array(256);
  #updatedAtSeconds = new Float64Array(256);
  /** The end that is queued; a rate that falls later moves it only when the event runs. */
  #scheduledAtSeconds = new Float64Array(256);
  /** Increases when an earlier end is queued or the transfer stops, which makes the older event void. */
  #generation = new Uint32Array(256);
  readonly #free: number[] = [];
  #count = 0;

  constructor(
    readonly board: PieceBoard,
    readonly totals: TrafficTotals,
    readonly pieceBytes: number,
    readonly random: Random,
    readonly scheduleEnd: EndScheduler,
  ) {
    this.#uploadShare = new Float64Array(board.peers.length);
    this.#downloadShare = new Float64Array(board.peers.length);
  }

  /** Starts a transfer if the direction is open and has a piece to request. */
  ask(direction: Direction): void {
    if (!direction.unchoked || direction.transfer !== NO_TRANSFER) return;
    const piece = this.board.pick(direction, this.random);
    if (piece < 0) return;
    const { from, to } = direction;
    const transfer = this.#free.pop() ?? this.#count++;
    if (transfer >= this.#from.length) this.#grow(transfer + 1);
    this.#direction[transfer] = direction;
    this.#from[transfer] = from.id;
    this.#to[transfer] = to.id;
    this.#bytesPerSecond[transfer] = 0;
    this.#updatedAtSeconds[transfer] = this.nowSeconds;
    this.#scheduledAtSeconds[transfer] = Number.POSITIVE_INFINITY;
    this.#assign(transfer, piece);
    direction.transfer = transfer;
    from.uploads.push(transfer);
    to.downloads.push(transfer);
    this.#touch(from);
    this.#touch(to);
  }

  /** Interrupts a transfer; the received part of the piece is stored. */
  interrupt(transfer: number): void {
    const { to } = this.#direction[transfer]!;
    this.countBytes(transfer);
    const piece = this.#piece[transfer]!;
    this.board.giveUp(to, piece);
    to.partialBytes.set(piece, this.#remainingBytes[transfer]!);
    this.#end(transfer);
  }

  /**
   * Handles a queued end. If the piece has arrived, notifies the neighbours and starts the next piece.
   * @returns the peer that got a piece; undefined if the event is void or the end is later now
   */
  arrive(transfer: number, generation: number): SimulatedPeer | undefined {
    if (this.#generation[transfer] !== generation) return undefined;
    this.countBytes(transfer);
    if (this.#remainingBytes[transfer]! > NEGLIGIBLE_BYTES) {
      // The rate fell since this end was queued.
      this.#scheduledAtSeconds[transfer] = Number.POSITIVE_INFINITY;
      this.#schedule(transfer);
      return undefined;
    }
    const direction = this.#direction[transfer]!;
    this.board.finish(direction.to, this.#piece[transfer]!, (out) => this.ask(out));
    const next = this.board.pick(direction, this.random);
    if (next < 0) {
      this.#end(transfer);
    } else {
      // The slot stays busy, so no share changes.
      this.#assign(transfer, next);
      this.#scheduledAtSeconds[transfer] = Number.POSITIVE_INFINITY;
      this.#schedule(transfer);
    }
    return direction.to;
  }

  /** Counts the bytes that a transfer has delivered since the last call. */
  countBytes(transfer: number): void {
    const seconds = this.nowSeconds - this.#updatedAtSeconds[transfer]!;
    if (seconds === 0) return;
    this.#updatedAtSeconds[transfer] = this.nowSeconds;
    const remaining = this.#remainingBytes[transfer]!;
    const bytes = Math.min(remaining, seconds * this.#bytesPerSecond[transfer]!);
    if (bytes <= 0) return;
    this.#remainingBytes[transfer] = remaining - bytes;
    this.totals.add(this.#direction[transfer]!, this.#from[transfer]!, this.#to[transfer]!, bytes);
  }

  /** Recomputes the rate of every transfer of peers whose numbers of transfers have changed. */
  share(): void {
    const stale = this.#stale;
    if (stale.length === 0) return;
    for (const peer of stale) {
      this.#uploadShare[peer.id] = peer.uplinkBps / 8 / peer.uploads.length;
      this.#downloadShare[peer.id] = peer.downlinkBps / 8 / peer.downloads.length;
    }
    for (const peer of stale) {
      peer.sharesAreStale = false;
      for (const transfer of peer.uploads) this.#rerate(transfer);
      for (const transfer of peer.downloads) this.#rerate(transfer);
    }
    stale.length = 0;
  }

  #assign(transfer: number, piece: number): void {
    const { to } = this.#direction[transfer]!;
    this.#piece[transfer] = piece;
    this.#remainingBytes[transfer] = this.pieceBytes;
    this.board.begin(to, piece);
    if (to.partialBytes.size === 0) return;
    const left = to.partialBytes.get(piece);
    if (left === undefined) return;
    this.#remainingBytes[transfer] = left;
    to.partialBytes.delete(piece);
  }

  #end(transfer: number): void {
    const direction = this.#direction[transfer]!;
    const { from, to } = direction;
    this.#generation[transfer]!++;
    direction.transfer = NO_TRANSFER;
    drop(from.uploads, transfer);
    drop(to.downloads, transfer);
    this.#free.push(transfer);
    this.#touch(from);
    this.#touch(to);
  }

  #touch(peer: SimulatedPeer): void {
    if (peer.sharesAreStale) return;
    peer.sharesAreStale = true;
    this.#stale.push(peer);
  }

  #rerate(transfer: number): void {
    const bytesPerSecond = Math.min(
      this.#uploadShare[this.#from[transfer]!]!,
      this.#downloadShare[this.#to[transfer]!]!,
    );
    if (bytesPerSecond === this.#bytesPerSecond[transfer]) return;
    this.countBytes(transfer);
    this.#bytesPerSecond[transfer] = bytesPerSecond;
    this.#schedule(transfer);
  }

  #schedule(transfer: number): void {
    const endSeconds = this.nowSeconds + this.#remainingBytes[transfer]! / this.#bytesPerSecond[transfer]!;
    if (endSeconds >= this.#scheduledAtSeconds[transfer]!) return;
    this.#scheduledAtSeconds[transfer] = endSeconds;
    const generation = this.#generation[transfer]! + 1;
    this.#generation[transfer] = generation;
    this.scheduleEnd(endSeconds, transfer, generation);
  }

  #grow(atLeast: number): void {
    this.#from = enlarged(this.#from, atLeast);
    this.#to = enlarged(this.#to, atLeast);
    this.#piece = enlarged(this.#piece, atLeast);
    this.#remainingBytes = enlarged(this.#remainingBytes, atLeast);
    this.#bytesPerSecond = enlarged(this.#bytesPerSecond, atLeast);
    this.#updatedAtSeconds = enlarged(this.#updatedAtSeconds, atLeast);
    this.#scheduledAtSeconds = enlarged(this.#scheduledAtSeconds, atLeast);
    this.#generation = enlarged(this.#generation, atLeast);
  }
}
