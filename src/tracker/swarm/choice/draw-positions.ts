/**
 * Where the last draws from the classes of one bucketed swarm ended. The next draw from a class goes on from there: it is
 * as fair as one that starts anywhere (every so often one does), and what it reads lies behind what was read before,
 * which in a swarm of a million peers is most of what choosing costs.
 */

/** Draws that go on from one random start. */
const DRAWS_A_START = 16;
const SLOT_BITS = 8;
/** A row: class, list, position in its order, bucket there, peer in the bucket, draws that may go on. */
const ROW = 6;

export class DrawPositions {
  list = 0;
  position = 0;
  id = 0;
  offset = 0;
  private readonly rows = new Uint32Array(ROW << SLOT_BITS);

  /**
   * Sets {@link list} and the others to where the last draw from a class ended.
   * @param drawn the class, 32 bits: whoever goes on from where another one ended is not fair to their members
   * @returns false where a random start is due
   */
  recallDraw(drawn: number): boolean {
    const { rows } = this;
    const row = rowOf(drawn);
    const left = rows[row + 5]!;
    if (left === 0 || rows[row] !== drawn) return false;
    rows[row + 5] = left - 1;
    this.list = rows[row + 1]!;
    this.position = rows[row + 2]!;
    this.id = rows[row + 3]!;
    this.offset = rows[row + 4]!;
    return true;
  }

  /** Where a draw ended; `isStart` where it had started at random. */
  noteDraw(drawn: number, isStart: boolean, list: number, position: number, id: number, offset: number): void {
    const { rows } = this;
    const row = rowOf(drawn);
    rows[row] = drawn;
    rows[row + 1] = list;
    rows[row + 2] = position;
    rows[row + 3] = id;
    rows[row + 4] = offset;
    if (isStart) rows[row + 5] = DRAWS_A_START - 1;
  }
}

/** Of two classes in one row the later is remembered, so both start at random. */
function rowOf(drawn: number): number {
  return (drawn >>> (32 - SLOT_BITS)) * ROW;
}
