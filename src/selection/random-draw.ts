/**
 * Draws positions at random, as an ordinary tracker chooses peers: each is equally likely, and the result is in random order. One
 * position is drawn from each of as many equal parts as are wanted, so that each part of a sorted list is represented as it should
 * be. The control group needs that: the share of foreign peers in an answer then varies less than in a draw from the whole list.
 */
import type { Random } from '../domain/random.js';

/** The most positions of one draw. */
const MAX_DRAWN = 1_100;

export class RandomDraw {
  /** Of the last draw. */
  readonly positions = new Uint32Array(MAX_DRAWN);

  constructor(private readonly random: Random) {}

  /** Draws from [0, total). @returns how many positions it drew: `wanted`, or all */
  draw(total: number, wanted: number): number {
    const { positions, random } = this;
    const count = Math.min(total, wanted, MAX_DRAWN);
    if (count <= 0) return 0;
    const part = total / count;
    let next = 0;
    for (let i = 0; i < count; i++) {
      // Two parts may share the position at their border.
      next = Math.max(next, Math.floor((i + random.nextUint32() / 0x100000000) * part));
      positions[i] = Math.min(next, total - count + i);
      next = positions[i]! + 1;
    }
    for (let i = count - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const position = positions[i]!;
      positions[i] = positions[j]!;
      positions[j] = position;
    }
    return count;
  }
}
