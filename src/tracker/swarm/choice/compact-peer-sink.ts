/**
 * Writes chosen candidates into the answer at once, as compact peers (BEP 23, BEP 7), so that each is read and written once.
 * Peers beyond `written` do not count, so a choice can be taken back. It also skips excluded peers, so that no way of choosing
 * can hand out the requester itself or a peer twice.
 */
import type { PeerSink } from '../../../selection/peer-sink.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { groupOf, portOf } from '../memory/peer-record.js';
import type { OperatorCaches } from '../operator-caches.js';

/** Whether the address at an offset of the words is valid in the operator's own network only. */
export type IsInnerOnly = (words: Uint32Array, at: number, addressWords: 1 | 4) => boolean;

/**
 * At most this many peers with such addresses are skipped in an answer: as many as a ranked swarm has, some microseconds. In a
 * larger swarm with almost no other inner peers a foreign requester may get too few of them.
 */
const MAX_SKIPPED = 8_192;

/** The most peers of any answer (the limit of `numwant` is lower). */
export const MAX_CHOSEN = 1024;

export class CompactPeerSink implements PeerSink {
  written = 0;
  /** The words that contain the records. */
  words: Uint32Array = new Uint32Array(0);
  addressWords: 1 | 4 = 1;
  self = 0;
  skipGroup = -1;
  skipsInnerOnly = false;
  skipsLeft = 0;
  private readonly isInnerOnly: IsInnerOnly | null;
  private readonly caches: OperatorCaches | null;
  /** View of the buffer of the last answer, for storing whole words. */
  private view: DataView = new DataView(new ArrayBuffer(0));
  private viewed: Uint8Array = new Uint8Array(0);
  private offset = 0;

  /**
   * @param isInnerOnly null: every address can be reached from everywhere, as in a laboratory
   * @param caches which serve inner clients only
   */
  constructor(isInnerOnly: IsInnerOnly | null = null, caches: OperatorCaches | null = null) {
    this.isInnerOnly = isInnerOnly;
    this.caches = caches;
  }

  /** Peers go to `out` from `offset` on, six bytes each, eighteen for IPv6. The caller has checked that they fit. */
  start(words: Uint32Array, addressWords: 1 | 4, self: number, out: Uint8Array, offset: number): void {
    this.words = words;
    this.addressWords = addressWords;
    this.written = 0;
    this.self = self;
    this.skipGroup = -1;
    this.skipsInnerOnly = false;
    this.skipsLeft = MAX_SKIPPED;
    this.offset = offset;
    if (out !== this.viewed) {
      this.viewed = out;
      this.view = new DataView(out.buffer, out.byteOffset, out.length);
    }
  }

  skipInnerOnly(skip: boolean): void {
    this.skipsInnerOnly = skip && (this.isInnerOnly !== null || this.caches?.isEmpty === false);
  }

  offer(record: number): void {
    if (record === this.self) return;
    if (this.skipGroup >= 0 && this.groupOf(record) === this.skipGroup) return;
    if (this.skipsInnerOnly && this.isOutOfReach(record)) return;
    this.write(record, this.written++);
  }

  isOutOfReach(at: number): boolean {
    const { words, addressWords } = this;
    if (!this.isInnerOnly?.(words, at, addressWords) && !this.caches?.hasAddress(words, at, addressWords)) return false;
    this.skipsLeft--;
    return true;
  }

  groupOf(record: number): number {
    return groupOf(this.words, record + this.addressWords);
  }

  write(from: number, index: number): void {
    const { view, words } = this;
    if (this.addressWords === 1) {
      const at = this.offset + index * 6;
      view.setUint32(at, words[from]!);
      view.setUint16(at + 4, portOf(words, from + 1));
      return;
    }
    const at = this.offset + index * 18;
    view.setUint32(at, words[from]!);
    view.setUint32(at + 4, words[from + 1]!);
    view.setUint32(at + 8, words[from + 2]!);
    view.setUint32(at + 12, words[from + 3]!);
    view.setUint16(at + 16, portOf(words, from + 4));
  }

  /** Reads a peer of the answer. */
  readEndpoint(index: number, endpoint: Endpoint): void {
    const { view } = this;
    if (this.addressWords === 1) {
      const at = this.offset + index * 6;
      endpoint.setAddress(4, view.getUint32(at), 0, 0, 0, view.getUint16(at + 4));
      return;
    }
    const at = this.offset + index * 18;
    const port = view.getUint16(at + 16);
    endpoint.setAddress(
      6,
      view.getUint32(at),
      view.getUint32(at + 4),
      view.getUint32(at + 8),
      view.getUint32(at + 12),
      port,
    );
  }

  /** @returns which peer of the answer this record is, −1 if it is not in it */
  indexOf(record: number): number {
    const { view, words, addressWords, written } = this;
    const bytes = addressWords * 4 + 2;
    // Signed: integers past 31 bits would be compared as floating-point numbers.
    const first = words[record]! | 0;
    const port = portOf(words, record + addressWords);
    for (let index = 0, at = this.offset; index < written; index++, at += bytes) {
      if (view.getInt32(at) !== first || view.getUint16(at + addressWords * 4) !== port) continue;
      let word = 1;
      while (word < addressWords && view.getUint32(at + word * 4) === words[record + word]!) word++;
      if (word === addressWords) return index;
    }
    return -1;
  }

  /** Exchanges two peers of the answer. */
  swap(index: number, other: number): void {
    const bytes = this.addressWords * 4 + 2;
    const at = this.offset + index * bytes;
    const to = this.offset + other * bytes;
    for (let i = 0; i < bytes && at !== to; i += 2) {
      const half = this.view.getUint16(at + i);
      this.view.setUint16(at + i, this.view.getUint16(to + i));
      this.view.setUint16(to + i, half);
    }
  }
}
