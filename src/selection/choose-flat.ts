/**
 * Choosing from sorted words `standing key << 14 | slot`, as a ranked swarm keeps them and as a small one or a requester
 * with overrides has them made for the occasion. Draws are fair: where a run of equal keys is longer than what is still
 * wanted, a window of it is taken, circular, from a random start.
 */
import type { Random } from '../domain/random.js';
import { type Candidates, MANY_SERVING } from './candidates.js';
import { FOREIGN_PARTITION } from './cost-table.js';
import type { PeerSink } from './peer-sink.js';
import { FOREIGN_KEY, KEY_END, PARTITION_SHIFT, SCORE_MASK } from './standing-key.js';

const SLOT_BITS = 14;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

export class FlatCandidates implements Candidates {
  offerServing = true;
  private lists: Uint32Array = new Uint32Array(0);
  private leechers = 0;
  private leechersEnd = 0;
  private serving = 0;
  private servingEnd = 0;
  /** Where the foreign ones begin in either list: asked for several times an answer. */
  private leechersForeign = 0;
  private servingForeign = 0;
  private records = 0;
  private stride = 0;
  private readonly cursors = new Int32Array(4 * FOREIGN_PARTITION);

  constructor(private readonly random: Random) {}

  /**
   * @param lists holds the leechers' words in [leechers, leechersEnd) and the serving peers' in [serving, servingEnd)
   * @param records where slot 0 lies in the sink's words
   * @param stride words of a record
   */
  set(
    lists: Uint32Array,
    leechers: number,
    leechersEnd: number,
    serving: number,
    servingEnd: number,
    records: number,
    stride: number,
  ): void {
    this.lists = lists;
    this.leechers = leechers;
    this.leechersEnd = leechersEnd;
    this.serving = serving;
    this.servingEnd = servingEnd;
    this.records = records;
    this.stride = stride;
    this.leechersForeign = this.search(leechers, leechersEnd, FOREIGN_KEY);
    this.servingForeign = this.search(serving, servingEnd, FOREIGN_KEY);
  }

  hasSeed(low: number, high: number, isSeed: (record: number) => boolean): boolean {
    const from = this.servingAt(low);
    const to = this.servingAt(high);
    if (to - from > MANY_SERVING) return true;
    for (let i = from; i < to; i++) {
      if (isSeed(this.records + (this.lists[i]! & SLOT_MASK) * this.stride)) return true;
    }
    return false;
  }

  countLeechers(low: number, high: number): number {
    return this.leechersAt(high) - this.leechersAt(low);
  }

  countServing(low: number, high: number): number {
    return this.servingAt(high) - this.servingAt(low);
  }

  take(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const lists = this.lists;
    let a = this.leechersAt(low);
    const aEnd = this.leechersAt(high);
    let b = 0;
    let bEnd = 0;
    if (this.offerServing) {
      b = this.servingAt(low);
      bEnd = this.servingAt(high);
    }
    const target = sink.written + quota;
    let runKey = -1;
    let runA = a;
    let runB = b;
    let runWritten = sink.written;
    while (sink.written < target) {
      const fromLeechers = a < aEnd && (b >= bEnd || lists[a]! <= lists[b]!);
      if (!fromLeechers && b >= bEnd) return;
      const word = fromLeechers ? lists[a]! : lists[b]!;
      const key = word >>> SLOT_BITS;
      if (key !== runKey) {
        runKey = key;
        runA = a;
        runB = b;
        runWritten = sink.written;
        const wanted = target - sink.written;
        // A run that is surely too long is drawn from at once.
        if (a + wanted < aEnd && lists[a + wanted]! >>> SLOT_BITS === key) break;
        if (b + wanted < bEnd && lists[b + wanted]! >>> SLOT_BITS === key) break;
      }
      if (fromLeechers) a++;
      else b++;
      sink.put(this.records + (word & SLOT_MASK) * this.stride);
    }
    const straddles =
      (a < aEnd && lists[a]! >>> SLOT_BITS === runKey) || (b < bEnd && lists[b]! >>> SLOT_BITS === runKey);
    if (!straddles) return;
    sink.rewind(runWritten);
    this.draw(runA, this.runEnd(runA, aEnd, runKey), runB, this.runEnd(runB, bEnd, runKey), target, sink);
  }

  takeUniform(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const a = this.leechersAt(low);
    const aEnd = this.leechersAt(high);
    const b = this.offerServing ? this.servingAt(low) : 0;
    const bEnd = this.offerServing ? this.servingAt(high) : 0;
    this.draw(a, aEnd, b, bEnd, sink.written + quota, sink);
  }

  takeSiblings(ownPartition: number, partitions: number, quota: number, sink: PeerSink): void {
    const target = sink.written + quota;
    let cursorCount = 0;
    for (let partition = 0; partition < partitions; partition++) {
      if (partition === ownPartition) continue;
      const low = partition << PARTITION_SHIFT;
      const high = (partition + 1) << PARTITION_SHIFT;
      cursorCount = this.addCursor(cursorCount, this.leechers, this.leechersEnd, low, high);
      if (this.offerServing) cursorCount = this.addCursor(cursorCount, this.serving, this.servingEnd, low, high);
    }
    while (sink.written < target && cursorCount > 0) {
      const score = this.bestScore(cursorCount);
      if (score > SCORE_MASK) return;
      this.drawScore(cursorCount, score, target, sink);
    }
  }

  takeGroup(group: number, low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    // The members of one group and list differ by capability only, and are few or found in order: a filtered walk.
    const target = sink.written + quota;
    const lists = this.lists;
    let a = this.leechersAt(low);
    const aEnd = this.leechersAt(high);
    let b = this.offerServing ? this.servingAt(low) : 0;
    const bEnd = this.offerServing ? this.servingAt(high) : 0;
    while (sink.written < target && (a < aEnd || b < bEnd)) {
      const key = Math.min(a < aEnd ? lists[a]! >>> SLOT_BITS : KEY_END, b < bEnd ? lists[b]! >>> SLOT_BITS : KEY_END);
      const aNext = this.runEnd(a, aEnd, key);
      const bNext = this.runEnd(b, bEnd, key);
      this.draw(a, aNext, b, bNext, target, sink, group);
      a = aNext;
      b = bNext;
    }
  }

  /** Hands out of two pieces of equal standing until `target` peers are written or both are exhausted. */
  private draw(a: number, aEnd: number, b: number, bEnd: number, target: number, sink: PeerSink, onlyGroup = -1): void {
    const aCount = aEnd - a;
    const count = aCount + bEnd - b;
    if (count === 0) return;
    const lists = this.lists;
    let index = count > target - sink.written || onlyGroup >= 0 ? this.random.below(count) : 0;
    for (let seen = 0; seen < count && sink.written < target; seen++) {
      const word = index < aCount ? lists[a + index]! : lists[b + index - aCount]!;
      const record = this.records + (word & SLOT_MASK) * this.stride;
      if (onlyGroup < 0 || sink.words[record + sink.addressWords + 1]! >>> 16 === onlyGroup) sink.put(record);
      if (++index === count) index = 0;
    }
  }

  private addCursor(count: number, start: number, end: number, low: number, high: number): number {
    const from = this.search(start, end, low);
    const to = this.search(from, end, high);
    if (from === to) return count;
    this.cursors[count * 2] = from;
    this.cursors[count * 2 + 1] = to;
    return count + 1;
  }

  private bestScore(cursorCount: number): number {
    let best = SCORE_MASK + 1;
    for (let i = 0; i < cursorCount; i++) {
      const from = this.cursors[i * 2]!;
      if (from === this.cursors[i * 2 + 1]) continue;
      const score = (this.lists[from]! >>> SLOT_BITS) & SCORE_MASK;
      if (score < best) best = score;
    }
    return best;
  }

  /** One class of equal score over all cursors: all of it, or a fair window of it. Moves the cursors past it. */
  private drawScore(cursorCount: number, score: number, target: number, sink: PeerSink): void {
    const { lists, cursors } = this;
    let count = 0;
    for (let i = 0; i < cursorCount; i++) count += this.scoreEnd(i, score) - cursors[i * 2]!;
    let skip = count > target - sink.written ? this.random.below(count) : 0;
    for (let seen = 0, i = 0; seen < count && sink.written < target; i = i + 1 === cursorCount ? 0 : i + 1) {
      const from = cursors[i * 2]!;
      const size = this.scoreEnd(i, score) - from;
      if (skip >= size && seen === 0) {
        skip -= size;
        continue;
      }
      for (let index = skip; index < size && seen < count && sink.written < target; index++, seen++) {
        sink.put(this.records + (lists[from + index]! & SLOT_MASK) * this.stride);
      }
      skip = 0;
    }
    for (let i = 0; i < cursorCount; i++) cursors[i * 2] = this.scoreEnd(i, score);
  }

  private scoreEnd(cursor: number, score: number): number {
    const from = this.cursors[cursor * 2]!;
    const end = this.cursors[cursor * 2 + 1]!;
    if (from === end) return end;
    const key = this.lists[from]! >>> SLOT_BITS;
    return (key & SCORE_MASK) === score ? this.runEnd(from, end, key) : from;
  }

  /** The end of the run of `key` that starts at `from`; `from` where another key stands there. */
  private runEnd(from: number, end: number, key: number): number {
    const lists = this.lists;
    let step = 1;
    let low = from;
    while (low + step < end && lists[low + step]! >>> SLOT_BITS <= key) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end);
    if (low < high && lists[low]! >>> SLOT_BITS > key) return low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lists[middle]! >>> SLOT_BITS <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private leechersAt(key: number): number {
    if (key === 0) return this.leechers;
    if (key === FOREIGN_KEY) return this.leechersForeign;
    return key >= KEY_END ? this.leechersEnd : this.search(this.leechers, this.leechersEnd, key);
  }

  private servingAt(key: number): number {
    if (key === 0) return this.serving;
    if (key === FOREIGN_KEY) return this.servingForeign;
    return key >= KEY_END ? this.servingEnd : this.search(this.serving, this.servingEnd, key);
  }

  private search(from: number, to: number, key: number): number {
    const lists = this.lists;
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lists[middle]! >>> SLOT_BITS < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
