/** Which piece to ask for: interrupted ones first, then the rarest among the neighbours, ties at random (Cohen 2003). */
import type { Random } from '../domain/random.js';
import type { Direction } from './simulated-peer.js';

/** @returns a piece that `to` lacks, is not receiving, and `from` has; −1 where there is none */
export function pickPiece(direction: Direction, random: Random): number {
  const { from, to } = direction;
  for (const piece of to.partialBytes.keys()) if (from.have[piece] && !to.inProgress.has(piece)) return piece;
  let rarest = 0x10000;
  let best = -1;
  let ties = 0;
  const { availability, have } = to;
  for (let piece = 0; piece < have.length; piece++) {
    if (have[piece] || !from.have[piece]) continue;
    const copies = availability[piece]!;
    if (copies > rarest || to.inProgress.has(piece)) continue;
    if (copies < rarest) {
      rarest = copies;
      best = piece;
      ties = 1;
    } else if (random.below(++ties) === 0) {
      best = piece;
    }
  }
  return best;
}
