/**
 * Who is unchoked: the rule of the original BitTorrent client (Cohen 2003, "Incentives Build Robustness in BitTorrent").
 * A leecher serves the four interested neighbours that sent it most in the last two rounds, and one optimistic choice that
 * changes every third round. A seed serves five and replaces the one that it has served longest in each round.
 */
import type { Random } from '../domain/random.js';
import type { Direction, SimulatedPeer } from './simulated-peer.js';

export const CHOKING_ROUND_SECONDS = 10;
export const REGULAR_UNCHOKES = 4;
const OPTIMISTIC_ROUNDS = 3;

/** @returns the directions out of `peer` that shall be unchoked from now on, at most five */
export function chooseUnchoked(peer: SimulatedPeer, random: Random): Set<Direction> {
  const interested: Direction[] = [];
  for (const direction of peer.links) if (direction.wanted > 0) interested.push(direction);
  shuffle(interested, random);
  return peer.haveCount === peer.have.length ? chooseAsSeed(interested) : chooseAsLeecher(peer, interested);
}

function chooseAsSeed(interested: Direction[]): Set<Direction> {
  const served = interested.filter((d) => d.unchoked).sort((a, b) => b.unchokedAtSeconds - a.unchokedAtSeconds);
  const waiting = interested.filter((d) => !d.unchoked);
  const kept = served.slice(0, waiting.length > 0 ? REGULAR_UNCHOKES : REGULAR_UNCHOKES + 1);
  return new Set([...kept, ...waiting.slice(0, REGULAR_UNCHOKES + 1 - kept.length)]);
}

function chooseAsLeecher(peer: SimulatedPeer, interested: Direction[]): Set<Direction> {
  const given = (d: Direction): number => d.reverse.roundBytes + d.reverse.lastRoundBytes;
  const givers = interested.filter((d) => given(d) > 0).sort((a, b) => given(b) - given(a));
  // Neighbours that gave nothing are in random order, so they are drawn fairly.
  const others = interested.filter((d) => given(d) === 0);
  const chosen = new Set(givers.slice(0, REGULAR_UNCHOKES));
  const rest = [...others, ...givers.slice(REGULAR_UNCHOKES)];
  while (chosen.size < REGULAR_UNCHOKES && rest.length > 0) chosen.add(rest.shift()!);
  const stays =
    peer.optimistic !== undefined && peer.rounds % OPTIMISTIC_ROUNDS !== 0 && rest.includes(peer.optimistic);
  if (!stays) peer.optimistic = rest[0];
  if (peer.optimistic) chosen.add(peer.optimistic);
  return chosen;
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = items[i]!;
    items[i] = items[j]!;
    items[j] = item;
  }
}
