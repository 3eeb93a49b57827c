/**
 * Decides which neighbours are unchoked, by the rule of the original BitTorrent client (Cohen 2003, "Incentives Build
 * Robustness in BitTorrent"). A leecher serves the four interested neighbours that sent it most in the last two rounds,
 * and one optimistic choice that changes every third round. A slot without such a sender stays with the neighbour that
 * it serves. A seed serves five, and in each round replaces the one that it has served longest. When a neighbour loses
 * interest, its slot is reassigned at once.
 */
import type { Random } from '../domain/random.js';
import type { PieceBoard } from './piece-board.js';
import { type Direction, isComplete, type SimulatedPeer } from './simulated-peer.js';
import type { TrafficTotals } from './traffic-totals.js';

export const CHOKING_ROUND_SECONDS = 10;
export const REGULAR_UNCHOKES = 4;
const OPTIMISTIC_ROUNDS = 3;
/** The number of random draws over all neighbours before the interested ones are counted. */
const BLIND_DRAWS = 6;

export class Choking {
  /** Bytes from the chosen senders, with one entry more than there are slots. */
  readonly #given = new Float64Array(REGULAR_UNCHOKES + 1);

  constructor(
    readonly board: PieceBoard,
    readonly totals: TrafficTotals,
    readonly random: Random,
  ) {}

  /** @returns the directions out of `peer` to unchoke now, at most five */
  choose(peer: SimulatedPeer): Direction[] {
    return isComplete(peer) ? this.#chooseAsSeed(peer) : this.#chooseAsLeecher(peer);
  }

  /** @returns the neighbour for a free slot; undefined if no slot is free or nobody waits */
  nextToServe(peer: SimulatedPeer): Direction | undefined {
    return peer.serves.length > REGULAR_UNCHOKES ? undefined : this.#draw(peer, peer.serves, true);
  }

  /** Starts a new round of counting what each neighbour sends. */
  startRound(peer: SimulatedPeer): void {
    const { givers } = peer;
    peer.rounds++;
    let kept = 0;
    for (const direction of givers) if (this.totals.startRound(direction.id)) givers[kept++] = direction;
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

  /** The directions back to the interested neighbours that sent most. */
  #greatestGivers(peer: SimulatedPeer): Direction[] {
    const chosen: Direction[] = [];
    const given = this.#given;
    for (const direction of peer.givers) {
      const { reverse } = direction;
      if (!this.board.isWanted(reverse)) continue;
      const bytes = this.totals.recentBytes(direction.id);
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

  /** A fair draw among interested neighbours that are not chosen yet (and, with `onlyWaiting`, not served now). */
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
