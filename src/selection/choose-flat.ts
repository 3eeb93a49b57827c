/**
 * Chooses from sorted words (see sorted-word). A ranked swarm stores them; for a small swarm or a requester with overrides they
 * are sorted for each answer. A ranked swarm has a copy of the peer's address and port after each word, so that an answer reads
 * contiguous memory instead of scattered records. Draws are fair: if a run of equal keys has more peers than are still wanted,
 * the answer takes a circular window of it from a random start.
 */
import type { Random } from '../domain/random.js';
import type { Candidates } from './candidates.js';
import { FOREIGN_PARTITION } from './cost-table.js';
import type { PeerSink } from './peer-sink.js';
import { RandomDraw } from './random-draw.js';
import { keyOfWord, slotOfWord } from './sorted-word.js';
import { FOREIGN_KEY, KEY_END, PARTITION_SHIFT, RANK_MASK } from './standing-key.js';

export class FlatCandidates implements Candidates {
  offerServing = true;
  offerLeechers = true;
  private lists: Uint32Array = new Uint32Array(0);
  /** Where entry 0 lies in `lists`; entries are counted from there. */
  private base = 0;
  private entryWords = 1;
  private leechersEnd = 0;
  private serving = 0;
  private servingEnd = 0;
  /** Where the foreign peers begin in each list; used several times for each answer. */
  private leechersForeign = 0;
  private servingForeign = 0;
  private records = 0;
  private stride = 0;
  private readonly cursors = new Int32Array(4 * FOREIGN_PARTITION);
  private readonly randomDraw: RandomDraw;

  constructor(private readonly random: Random) {
    this.randomDraw = new RandomDraw(random);
  }

  /**
   * @param lists holds the leechers' entries in [0, leechersEnd) and the serving peers' in [serving, servingEnd)
   * @param base where entry 0 lies in `lists`
   * @param entryWords 1: sorted words alone; more: address and port follow each, and `lists` are the sink's words
   * @param records where slot 0 lies in the sink's words
   * @param stride words of a record
   * @param innerLeechers how many of the leechers are inner, so that no search for the border is needed
   * @param innerServing the same of the serving peers
   */
  setLists(
    lists: Uint32Array,
    base: number,
    entryWords: number,
    leechersEnd: number,
    serving: number,
    servingEnd: number,
    records: number,
    stride: number,
    innerLeechers: number,
    innerServing: number,
  ): void {
    this.lists = lists;
    this.base = base;
    this.entryWords = entryWords;
    this.leechersEnd = leechersEnd;
    this.serving = serving;
    this.servingEnd = servingEnd;
    this.records = records;
    this.stride = stride;
    this.leechersForeign = innerLeechers;
    this.servingForeign = serving + innerServing;
  }

  countLeechers(low: number, high: number): number {
    return this.leechersAt(high) - this.leechersAt(low);
  }

  countServing(low: number, high: number): number {
    return this.servingAt(high) - this.servingAt(low);
  }

  take(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const a = this.offerLeechers ? this.leechersAt(low) : 0;
    const aEnd = this.offerLeechers ? this.leechersAt(high) : 0;
    const b = this.offerServing ? this.servingAt(low) : 0;
    const bEnd = this.offerServing ? this.servingAt(high) : 0;
    if (a === aEnd && b === bEnd) return;
    const target = sink.written + quota;
    if (sink.skipGroup >= 0) this.takeRuns(a, aEnd, b, bEnd, target, sink, -1);
    else this.merge(a, aEnd, b, bEnd, target, sink);
  }

  /**
   * The best of two sorted ranges, class by class: all of a class of equal keys, or a fair draw from a class that is too
   * large. If one range alone is too large, that is known beforehand; else the peers of the class are taken back.
   */
  private merge(aStart: number, aEnd: number, bStart: number, bEnd: number, target: number, sink: PeerSink): void {
    let a = aStart;
    let b = bStart;
    while (sink.written < target) {
      const keyA = a < aEnd ? this.keyAt(a) : KEY_END;
      const keyB = b < bEnd ? this.keyAt(b) : KEY_END;
      const key = Math.min(keyA, keyB);
      if (key === KEY_END) return;
      const classStart = sink.written;
      const room = target - classStart;
      const tooLong =
        (a + room < aEnd && this.keyAt(a + room) === key) || (b + room < bEnd && this.keyAt(b + room) === key);
      if (!tooLong) {
        const aNext = keyA === key ? this.emitRun(a, aEnd, key, target, sink) : a;
        const bNext = keyB === key ? this.emitRun(b, bEnd, key, target, sink) : b;
        const isWhole = (aNext === aEnd || this.keyAt(aNext) !== key) && (bNext === bEnd || this.keyAt(bNext) !== key);
        if (isWhole) {
          a = aNext;
          b = bNext;
          continue;
        }
        sink.written = classStart;
      }
      this.draw(a, this.runEnd(a, aEnd, key), b, this.runEnd(b, bEnd, key), target, sink, -1);
      return;
    }
  }

  /** Hands out the entries of one key from `from` on, as far as `target` allows. @returns the entry where it stopped */
  private emitRun(from: number, end: number, key: number, target: number, sink: PeerSink): number {
    const { lists, base, entryWords, records, stride } = this;
    const self = this.slotOf(sink.self);
    const copied = entryWords > 1;
    let count = sink.written;
    let i = from;
    for (let entry = base + from * entryWords; i < end && count < target; i++, entry += entryWords) {
      const word = lists[entry]!;
      if (keyOfWord(word) !== key) break;
      const slot = slotOfWord(word);
      if (slot !== self) sink.write(copied ? entry + 1 : records + slot * stride, count++);
    }
    sink.written = count;
    return i;
  }

  takeUniform(low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const a = this.leechersAt(low);
    const aEnd = this.leechersAt(high);
    const b = this.offerServing ? this.servingAt(low) : 0;
    const bEnd = this.offerServing ? this.servingAt(high) : 0;
    this.draw(a, aEnd, b, bEnd, sink.written + quota, sink, -1);
  }

  takeRandom(quota: number, sink: PeerSink): number {
    const target = sink.written + quota;
    const leechers = this.leechersEnd;
    const total = leechers + (this.offerServing ? this.servingEnd - this.serving : 0);
    // One more, because the requester itself may be drawn.
    const drawn = this.randomDraw.draw(total, quota + 1);
    const { positions } = this.randomDraw;
    let foreign = 0;
    for (let i = 0; i < drawn && sink.written < target; i++) {
      const position = positions[i]!;
      const entry = position < leechers ? position : this.serving + position - leechers;
      const record = this.recordOf(this.wordAt(entry));
      if (record === sink.self) continue;
      sink.write(this.entryWords > 1 ? this.base + entry * this.entryWords + 1 : record, sink.written++);
      if (position < leechers ? entry >= this.leechersForeign : entry >= this.servingForeign) foreign++;
    }
    return foreign;
  }

  takeSiblings(ownPartition: number, partitions: number, quota: number, sink: PeerSink): void {
    const target = sink.written + quota;
    let cursorCount = 0;
    for (let partition = 0; partition < partitions; partition++) {
      if (partition === ownPartition) continue;
      const low = partition << PARTITION_SHIFT;
      const high = (partition + 1) << PARTITION_SHIFT;
      cursorCount = this.addCursor(cursorCount, 0, this.leechersEnd, low, high);
      if (this.offerServing) cursorCount = this.addCursor(cursorCount, this.serving, this.servingEnd, low, high);
    }
    while (sink.written < target && cursorCount > 0) {
      const rank = this.bestRank(cursorCount);
      if (rank > RANK_MASK) return;
      this.drawRank(cursorCount, rank, target, sink);
    }
  }

  takeGroup(group: number, low: number, high: number, quota: number, sink: PeerSink): void {
    if (quota <= 0) return;
    const b = this.offerServing ? this.servingAt(low) : 0;
    const bEnd = this.offerServing ? this.servingAt(high) : 0;
    this.takeRuns(this.leechersAt(low), this.leechersAt(high), b, bEnd, sink.written + quota, sink, group);
  }

  /** Run by run, with each peer's group: only `onlyGroup`, or −1 for all except those that the sink skips. */
  private takeRuns(
    aStart: number,
    aEnd: number,
    bStart: number,
    bEnd: number,
    target: number,
    sink: PeerSink,
    onlyGroup: number,
  ): void {
    let a = aStart;
    let b = bStart;
    while (sink.written < target && (a < aEnd || b < bEnd)) {
      const keyA = a < aEnd ? this.keyAt(a) : KEY_END;
      const keyB = b < bEnd ? this.keyAt(b) : KEY_END;
      const key = Math.min(keyA, keyB);
      const aNext = this.runEnd(a, aEnd, key);
      const bNext = this.runEnd(b, bEnd, key);
      this.draw(a, aNext, b, bNext, target, sink, onlyGroup);
      a = aNext;
      b = bNext;
    }
  }

  /**
   * Hands out peers of two ranges of equal keys, circularly from a random peer, until `target` peers are written or both ranges
   * are exhausted.
   */
  private draw(
    a: number,
    aEnd: number,
    b: number,
    bEnd: number,
    target: number,
    sink: PeerSink,
    onlyGroup: number,
  ): void {
    const aCount = aEnd - a;
    const count = aCount + bEnd - b;
    if (count === 0) return;
    const start = count > target - sink.written || onlyGroup >= 0 ? this.random.below(count) : 0;
    if (start < aCount) {
      this.emitRange(a + start, aEnd, target, sink, onlyGroup);
      this.emitRange(b, bEnd, target, sink, onlyGroup);
      this.emitRange(a, a + start, target, sink, onlyGroup);
    } else {
      const from = b + start - aCount;
      this.emitRange(from, bEnd, target, sink, onlyGroup);
      this.emitRange(a, aEnd, target, sink, onlyGroup);
      this.emitRange(b, from, target, sink, onlyGroup);
    }
  }

  private emitRange(from: number, to: number, target: number, sink: PeerSink, onlyGroup: number): void {
    if (sink.skipsInnerOnly) {
      this.emitReachable(from, to, target, sink);
      return;
    }
    const { lists, base, entryWords, records, stride } = this;
    const filtered = onlyGroup >= 0 || sink.skipGroup >= 0;
    const copied = entryWords > 1;
    const self = this.slotOf(sink.self);
    let count = sink.written;
    let entry = base + from * entryWords;
    for (let i = from; i < to && count < target; i++, entry += entryWords) {
      const slot = slotOfWord(lists[entry]!);
      if (slot === self) continue;
      const record = records + slot * stride;
      if (filtered) {
        const group = sink.groupOf(record);
        if (group === sink.skipGroup || (onlyGroup >= 0 && group !== onlyGroup)) continue;
      }
      sink.write(copied ? entry + 1 : record, count++);
    }
    sink.written = count;
  }

  /** Like {@link emitRange}, but ignores groups, for a foreign requester. Separate, so that the loop there has no calls. */
  private emitReachable(from: number, to: number, target: number, sink: PeerSink): void {
    const copied = this.entryWords > 1;
    for (let i = from; i < to && sink.written < target; i++) {
      const record = this.recordOf(this.wordAt(i));
      if (record === sink.self) continue;
      const address = copied ? this.base + i * this.entryWords + 1 : record;
      if (!sink.isOutOfReach(address)) sink.write(address, sink.written++);
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

  private bestRank(cursorCount: number): number {
    let best = RANK_MASK + 1;
    for (let i = 0; i < cursorCount; i++) {
      const from = this.cursors[i * 2]!;
      if (from === this.cursors[i * 2 + 1]) continue;
      const rank = this.keyAt(from) & RANK_MASK;
      if (rank < best) best = rank;
    }
    return best;
  }

  /** One class of equal rank over all cursors: all of it, or a fair window of it. Moves the cursors past it. */
  private drawRank(cursorCount: number, rank: number, target: number, sink: PeerSink): void {
    const { cursors } = this;
    let count = 0;
    for (let i = 0; i < cursorCount; i++) count += this.rankEnd(i, rank) - cursors[i * 2]!;
    let skip = count > target - sink.written ? this.random.below(count) : 0;
    for (let seen = 0, i = 0; seen < count && sink.written < target; i = i + 1 === cursorCount ? 0 : i + 1) {
      const from = cursors[i * 2]!;
      const size = this.rankEnd(i, rank) - from;
      if (skip >= size && seen === 0) {
        skip -= size;
        continue;
      }
      for (let index = skip; index < size && seen < count && sink.written < target; index++, seen++) {
        sink.offer(this.recordOf(this.wordAt(from + index)));
      }
      skip = 0;
    }
    for (let i = 0; i < cursorCount; i++) cursors[i * 2] = this.rankEnd(i, rank);
  }

  private rankEnd(cursor: number, rank: number): number {
    const from = this.cursors[cursor * 2]!;
    const end = this.cursors[cursor * 2 + 1]!;
    if (from === end) return end;
    const key = this.keyAt(from);
    return (key & RANK_MASK) === rank ? this.runEnd(from, end, key) : from;
  }

  /** The end of the run of `key` that starts at `from`; `from` if another key is there. */
  private runEnd(from: number, end: number, key: number): number {
    let step = 1;
    let low = from;
    while (low + step < end && this.keyAt(low + step) <= key) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, end);
    if (low < high && this.keyAt(low) > key) return low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keyAt(middle) <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private leechersAt(key: number): number {
    if (key === 0) return 0;
    if (key === FOREIGN_KEY) return this.leechersForeign;
    if (key >= KEY_END) return this.leechersEnd;
    return key < FOREIGN_KEY
      ? this.search(0, this.leechersForeign, key)
      : this.search(this.leechersForeign, this.leechersEnd, key);
  }

  private servingAt(key: number): number {
    if (key === 0) return this.serving;
    if (key === FOREIGN_KEY) return this.servingForeign;
    if (key >= KEY_END) return this.servingEnd;
    return key < FOREIGN_KEY
      ? this.search(this.serving, this.servingForeign, key)
      : this.search(this.servingForeign, this.servingEnd, key);
  }

  private search(from: number, to: number, key: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keyAt(middle) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private wordAt(entry: number): number {
    return this.lists[this.base + entry * this.entryWords]!;
  }

  private keyAt(entry: number): number {
    return keyOfWord(this.wordAt(entry));
  }

  private recordOf(word: number): number {
    return this.records + slotOfWord(word) * this.stride;
  }

  /** @returns the slot of a record, −1 for none */
  private slotOf(record: number): number {
    return record === 0 ? -1 : ((record - this.records) / this.stride) | 0;
  }
}
