/**
 * Which peer has which piece, and who wants what from whom; connections are opened and closed here. In flat arrays,
 * because announcing a finished piece to all neighbours is the most frequent operation.
 */
import type { Random } from '../domain/random.js';
import { enlarged } from './enlarged-array.js';
import { type Direction, drop, isComplete, NO_TRANSFER, type SimulatedPeer } from './simulated-peer.js';
import type { TrafficTotals } from './traffic-totals.js';

const WORD_BITS = 32;

export class PieceBoard {
  /**
   * [peer × words + piece ÷ 32] → a bit for each piece that it has, and for each that it lacks and is not receiving.
   */
  readonly #had: Int32Array;
  readonly #open: Int32Array;
  readonly #words: number;
  /** [peer × pieces + piece] → how many of its neighbours have the piece. */
  readonly #availability: Uint16Array;
  /** [direction id] → pieces that `from` has and `to` lacks. */
  #wanted = new Int32Array(1024);
  /** [peer × most links + link] → direction id and neighbour: `links` without the objects. */
  readonly #linkIds: Int32Array;
  readonly #linkPeers: Int32Array;
  readonly #freeIds: number[] = [];
  #ids = 0;

  constructor(
    readonly peers: readonly SimulatedPeer[],
    readonly pieceCount: number,
    readonly mostLinks: number,
    readonly totals: TrafficTotals,
  ) {
    this.#words = Math.ceil(pieceCount / WORD_BITS);
    this.#had = new Int32Array(peers.length * this.#words);
    this.#open = new Int32Array(peers.length * this.#words);
    this.#availability = new Uint16Array(peers.length * pieceCount);
    this.#linkIds = new Int32Array(peers.length * mostLinks);
    this.#linkPeers = new Int32Array(peers.length * mostLinks);
    for (const peer of peers) {
      const bits = isComplete(peer) ? this.#had : this.#open;
      for (let piece = 0; piece < pieceCount; piece++) bits[this.#wordOf(peer, piece)]! |= 1 << piece;
    }
  }

  /** True if `to` is interested. */
  isWanted(direction: Direction): boolean {
    return this.#wanted[direction.id]! > 0 && !direction.to.paused;
  }

  begin(to: SimulatedPeer, piece: number): void {
    this.#open[this.#wordOf(to, piece)]! &= ~(1 << piece);
  }

  giveUp(to: SimulatedPeer, piece: number): void {
    this.#open[this.#wordOf(to, piece)]! |= 1 << piece;
  }

  /** @param ask called for each direction on which the piece can now be requested */
  finish(peer: SimulatedPeer, piece: number, ask: (direction: Direction) => void): void {
    const { pieceCount } = this;
    const words = this.#words;
    const wanted = this.#wanted;
    const availability = this.#availability;
    const had = this.#had;
    const word = piece >> 5;
    had[peer.id * words + word]! |= 1 << piece;
    peer.haveCount++;
    const first = peer.id * this.mostLinks;
    for (let at = first; at < first + peer.links.length; at++) {
      const neighbour = this.#linkPeers[at]!;
      const id = this.#linkIds[at]!;
      availability[neighbour * pieceCount + piece]!++;
      if ((had[neighbour * words + word]! >>> piece) & 1) wanted[id ^ 1]!--;
      else wanted[id]!++;
    }
    for (const direction of peer.serves) ask(direction);
  }

  /**
   * Chooses the piece to request: interrupted ones first, then the rarest among the neighbours, ties at random (Cohen
   * 2003).
   * @returns a piece that `from` has and `to` lacks and is not receiving; −1 if there is none
   */
  pick(direction: Direction, random: Random): number {
    if (!this.isWanted(direction)) return -1;
    const theirs = direction.from.id * this.#words;
    const ours = direction.to.id * this.#words;
    const had = this.#had;
    const open = this.#open;
    const { partialBytes } = direction.to;
    if (partialBytes.size > 0) {
      for (const piece of partialBytes.keys()) {
        const word = piece >> 5;
        if (((had[theirs + word]! & open[ours + word]!) >>> piece) & 1) return piece;
      }
    }
    const availability = this.#availability;
    const first = direction.to.id * this.pieceCount;
    let rarest = 0x10000;
    let best = -1;
    let ties = 0;
    for (let word = 0; word < this.#words; word++) {
      let bits = had[theirs + word]! & open[ours + word]!;
      while (bits !== 0) {
        const piece = word * WORD_BITS + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const copies = availability[first + piece]!;
        if (copies > rarest) continue;
        if (copies < rarest) {
          rarest = copies;
          best = piece;
          ties = 1;
        } else if (random.below(++ties) === 0) {
          best = piece;
        }
      }
    }
    return best;
  }

  connect(a: SimulatedPeer, b: SimulatedPeer): void {
    const id = this.#freeIds.pop() ?? this.#ids;
    if (id === this.#ids) this.#ids += 2;
    const forth = newDirection(id, a, b);
    const back = newDirection(id + 1, b, a);
    forth.reverse = back;
    back.reverse = forth;
    this.#add(forth);
    this.#add(back);
  }

  /** The caller has closed both directions. */
  disconnect(direction: Direction): void {
    this.#remove(direction);
    this.#remove(direction.reverse);
    this.#freeIds.push(direction.id & ~1);
  }

  #add(direction: Direction): void {
    const { id, from, to } = direction;
    if (id >= this.#wanted.length) this.#wanted = enlarged(this.#wanted, id + 1);
    this.totals.open(id);
    this.#wanted[id] = this.#countFor(from, to, 1);
    from.connections.set(to.id, direction);
    from.links.push(direction);
    this.#putLink(direction, from.links.length - 1);
  }

  #remove(direction: Direction): void {
    const { from, to } = direction;
    const last = from.links.pop()!;
    if (last !== direction) {
      from.links[direction.linkIndex] = last;
      this.#putLink(last, direction.linkIndex);
    }
    from.connections.delete(to.id);
    drop(to.givers, direction);
    if (from.optimistic === direction) from.optimistic = undefined;
    this.#countFor(from, to, -1);
  }

  #putLink(direction: Direction, linkIndex: number): void {
    direction.linkIndex = linkIndex;
    const at = direction.from.id * this.mostLinks + linkIndex;
    this.#linkIds[at] = direction.id;
    this.#linkPeers[at] = direction.to.id;
  }

  /** Counts the pieces of one peer among those that the other can get. @returns how many of them the other lacks */
  #countFor(from: SimulatedPeer, to: SimulatedPeer, by: number): number {
    if (from.haveCount === 0) return 0;
    let wanted = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (!this.#has(from, piece)) continue;
      this.#availability[to.id * this.pieceCount + piece]! += by;
      if (!this.#has(to, piece)) wanted++;
    }
    return wanted;
  }

  #has(peer: SimulatedPeer, piece: number): boolean {
    return ((this.#had[this.#wordOf(peer, piece)]! >>> piece) & 1) === 1;
  }

  #wordOf(peer: SimulatedPeer, piece: number): number {
    return peer.id * this.#words + (piece >> 5);
  }
}

function newDirection(id: number, from: SimulatedPeer, to: SimulatedPeer): Direction {
  const direction = { id, from, to, linkIndex: 0, unchoked: false, unchokedAtSeconds: 0, transfer: NO_TRANSFER };
  return Object.assign(direction, { reverse: direction as unknown as Direction });
}
