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
  /** Of the buffer that answers were last written to: whole words go out in one store. */
  private view: DataView = new DataView(new ArrayBuffer(0));
  private viewed: Uint8Array = new Uint8Array(0);

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

  /** Writes all that were chosen, six bytes each, eighteen for IPv6. The caller has made sure that they fit. */
  writeTo(out: Uint8Array, offset: number): void {
    const { words, records, written, addressWords } = this;
    if (out !== this.viewed) {
      this.viewed = out;
      this.view = new DataView(out.buffer, out.byteOffset, out.length);
    }
    const view = this.view;
    let at = offset;
    for (let i = 0; i < written; i++) {
      const record = records[i]!;
      if (addressWords === 1) {
        view.setUint32(at, words[record]!);
        view.setUint16(at + 4, words[record + 1]! >>> 16);
        at += 6;
      } else {
        view.setUint32(at, words[record]!);
        view.setUint32(at + 4, words[record + 1]!);
        view.setUint32(at + 8, words[record + 2]!);
        view.setUint32(at + 12, words[record + 3]!);
        view.setUint16(at + 16, words[record + 4]! >>> 16);
        at += 18;
      }
    }
  }
}
