/**
 * Who is unchoked: the rule of the original BitTorrent client (Cohen 2003, "Incentives Build Robustness in BitTorrent").
 * A leecher serves the four interested neighbours that sent it most in the last two rounds, and one optimistic choice that
 * changes every third round; a place that no giver claims stays with whom it serves. A seed serves five and replaces the
 * one that it has served longest in each round. A place whose neighbour loses interest is given away at once.
 */
import type { Random } from '../domain/random.js';
import type { PieceBoard } from './piece-board.js';
import { type Direction, isComplete, type SimulatedPeer } from './simulated-peer.js';
import type { TrafficBook } from './traffic-book.js';

export const CHOKING_ROUND_SECONDS = 10;
export const REGULAR_UNCHOKES = 4;
const OPTIMISTIC_ROUNDS = 3;
/** So often a neighbour is drawn blindly before the interested ones are counted. */
const BLIND_DRAWS = 6;

export class Choking {
  /** What the chosen givers gave, one place more than there are slots. */
  private readonly given = new Float64Array(REGULAR_UNCHOKES + 1);

  constructor(
    readonly board: PieceBoard,
    readonly book: TrafficBook,
    readonly random: Random,
  ) {}

  /** @returns the directions out of `peer` that shall be unchoked from now on, at most five */
  choose(peer: SimulatedPeer): Direction[] {
    return isComplete(peer) ? this.#chooseAsSeed(peer) : this.#chooseAsLeecher(peer);
  }

  /** @returns whom to serve with a free place; undefined where there is none or nobody waits */
  nextToServe(peer: SimulatedPeer): Direction | undefined {
    return peer.serves.length > REGULAR_UNCHOKES ? undefined : this.#draw(peer, peer.serves, true);
  }

  /** Starts the next round of counting what each neighbour gives. */
  startRound(peer: SimulatedPeer): void {
    const { givers } = peer;
    peer.rounds++;
    let kept = 0;
    for (const direction of givers) if (this.book.startRound(direction.id)) givers[kept++] = direction;
    givers.length = kept;
  }

  #chooseAsSeed(peer: SimulatedPeer): Direction[] {
    const served = peer.serves.filter((direction) => this.board.isWanted(direction));
    served.sort((a, b) => b.unchokedAtSeconds - a.unchokedAtSeconds);
    const chosen = served.slice(0, REGULAR_UNCHOKES);
    while (chosen.length <= REGULAR_UNCHOKES) {
      const next = this.#draw(peer, chosen, true) ?? served[chosen.length];
      if (next === undefined) break;
      chosen.push(next);
    }
    return chosen;
  }

  #chooseAsLeecher(peer: SimulatedPeer): Direction[] {
    const { board } = this;
    const chosen = this.#greatestGivers(peer);
    const { optimistic } = peer;
    for (const direction of peer.serves) {
      if (chosen.length >= REGULAR_UNCHOKES) break;
      if (direction !== optimistic && board.isWanted(direction) && !chosen.includes(direction)) chosen.push(direction);
    }
    while (chosen.length < REGULAR_UNCHOKES) {
      const next = this.#draw(peer, chosen, false);
      if (next === undefined) break;
      chosen.push(next);
    }
    const stays =
      optimistic !== undefined &&
      peer.rounds % OPTIMISTIC_ROUNDS !== 0 &&
      board.isWanted(optimistic) &&
      !chosen.includes(optimistic);
    if (!stays) peer.optimistic = this.#draw(peer, chosen, false);
    if (peer.optimistic) chosen.push(peer.optimistic);
    return chosen;
  }

  /** The ways back to the neighbours that gave most and are interested. */
  #greatestGivers(peer: SimulatedPeer): Direction[] {
    const chosen: Direction[] = [];
    const { given } = this;
    for (const direction of peer.givers) {
      const { reverse } = direction;
      if (!this.board.isWanted(reverse)) continue;
      const bytes = this.book.recentBytes(direction.id);
      let at = Math.min(chosen.length, REGULAR_UNCHOKES);
      for (; at > 0 && given[at - 1]! < bytes; at--) {
        given[at] = given[at - 1]!;
        chosen[at] = chosen[at - 1]!;
      }
      if (at === REGULAR_UNCHOKES) continue;
      given[at] = bytes;
      chosen[at] = reverse;
    }
    if (chosen.length > REGULAR_UNCHOKES) chosen.length = REGULAR_UNCHOKES;
    return chosen;
  }

  /** A fair draw among the interested neighbours that are not chosen yet (and, if so told, not served now). */
  #draw(peer: SimulatedPeer, chosen: readonly Direction[], onlyWaiting: boolean): Direction | undefined {
    const { links } = peer;
    const isEligible = (direction: Direction): boolean =>
      this.board.isWanted(direction) && !(onlyWaiting && direction.unchoked) && !chosen.includes(direction);
    for (let i = 0; i < BLIND_DRAWS && links.length > 0; i++) {
      const direction = links[this.random.below(links.length)]!;
      if (isEligible(direction)) return direction;
    }
    const eligible = links.filter(isEligible);
    return eligible.length === 0 ? undefined : eligible[this.random.below(eligible.length)];
  }
}
