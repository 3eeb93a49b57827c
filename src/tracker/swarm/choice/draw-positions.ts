/**
 * Where the last draws from the classes of one bucketed swarm ended. The next draw from a class continues there. That is as
 * fair as a random start (one draw in {@link DRAWS_A_START} has one), and it reads memory in order, which is most of the
 * cost of choosing in a swarm of a million peers.
 */

/** Draws for each random start. */
const DRAWS_A_START = 16;
const SLOT_BITS = 8;
/** A row: class, list, position in its order, bucket there, peer in the bucket, draws that may continue. */
const ROW = 6;

export class DrawPositions {
  list = 0;
  position = 0;
  id = 0;
  offset = 0;
  private readonly rows = new Uint32Array(ROW << SLOT_BITS);

  /**
   * Sets {@link list} and the others to where the last draw from a class ended.
   * @param drawn the class, 32 bits: a draw that continued where another class ended would not be fair
   * @returns false if a random start is due
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

  /** Records where a draw ended; `isStart` if it had started at random. */
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

/** Two classes in one row overwrite each other, and so both start at random. */
function rowOf(drawn: number): number {
  return (drawn >>> (32 - SLOT_BITS)) * ROW;
}
