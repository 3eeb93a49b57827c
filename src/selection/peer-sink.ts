/**
 * Where chosen candidates go: first as record offsets, then all at once as compact peers (BEP 23, BEP 7) into the answer, so
 * that choosing reads only the sorted words and writing reads each record once. It also holds who is excluded, so that no
 * way of choosing can hand out the requester itself or a peer twice.
 */

/** The most peers an answer ever has (the cap of `numwant` is lower). */
export const MAX_CHOSEN = 1024;

export class PeerSink {
  /** Offsets of the chosen records, best first. */
  readonly records = new Uint32Array(MAX_CHOSEN);
  written = 0;
  /** The words that records lie in: address words, then `port << 16 | …`, then `group << 16 | …`. */
  words: Uint32Array = new Uint32Array(0);
  addressWords: 1 | 4 = 1;
  /** The requester's own record, 0 where it has none. */
  self = 0;
  /** Peers of this group are passed over because they have been handed out already; −1 none. */
  skipGroup = -1;

  start(words: Uint32Array, addressWords: 1 | 4, self: number): void {
    this.words = words;
    this.addressWords = addressWords;
    this.written = 0;
    this.self = self;
    this.skipGroup = -1;
  }

  put(record: number): void {
    if (record === this.self) return;
    if (this.skipGroup >= 0 && this.groupOf(record) === this.skipGroup) return;
    this.records[this.written++] = record;
  }

  groupOf(record: number): number {
    return this.words[record + this.addressWords + 1]! >>> 16;
  }

  /** Writes all that were chosen, six bytes each, eighteen for IPv6. */
  writeTo(out: Uint8Array, offset: number): void {
    const { words, records, written } = this;
    let at = offset;
    if (this.addressWords === 1) {
      for (let i = 0; i < written; i++, at += 6) {
        const record = records[i]!;
        const address = words[record]!;
        const port = words[record + 1]!;
        out[at] = address >>> 24;
        out[at + 1] = address >>> 16;
        out[at + 2] = address >>> 8;
        out[at + 3] = address;
        out[at + 4] = port >>> 24;
        out[at + 5] = port >>> 16;
      }
      return;
    }
    for (let i = 0; i < written; i++) {
      const record = records[i]!;
      for (let word = record; word < record + 4; word++, at += 4) {
        const value = words[word]!;
        out[at] = value >>> 24;
        out[at + 1] = value >>> 16;
        out[at + 2] = value >>> 8;
        out[at + 3] = value;
      }
      const port = words[record + 4]!;
      out[at] = port >>> 24;
      out[at + 1] = port >>> 16;
      at += 2;
    }
  }
}
