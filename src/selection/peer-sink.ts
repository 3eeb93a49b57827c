/**
 * Where chosen candidates go: compact peers (BEP 23, BEP 7) straight into the answer. It also holds what is excluded,
 * so that no way of choosing can hand out the requester itself or a peer twice.
 */

export class PeerSink {
  /** The words that records lie in: address words, then `port << 16 | …`, then `group << 16 | …`. */
  words: Uint32Array = new Uint32Array(0);
  addressWords: 1 | 4 = 1;
  out: Uint8Array = new Uint8Array(0);
  /** Next byte to write. */
  position = 0;
  written = 0;
  /** The requester's own record, 0 where it has none. */
  self = 0;
  /** Peers of this group are passed over because they have been handed out already; −1 none. */
  skipGroup = -1;

  start(words: Uint32Array, addressWords: 1 | 4, out: Uint8Array, offset: number, self: number): void {
    this.words = words;
    this.addressWords = addressWords;
    this.out = out;
    this.position = offset;
    this.written = 0;
    this.self = self;
    this.skipGroup = -1;
  }

  /** @returns false where the record is excluded */
  put(record: number): boolean {
    if (record === this.self) return false;
    const words = this.words;
    const meta = record + this.addressWords;
    if (this.skipGroup >= 0 && words[meta + 1]! >>> 16 === this.skipGroup) return false;
    const out = this.out;
    let at = this.position;
    for (let word = record; word < meta; word++) {
      const value = words[word]!;
      out[at] = value >>> 24;
      out[at + 1] = value >>> 16;
      out[at + 2] = value >>> 8;
      out[at + 3] = value;
      at += 4;
    }
    const port = words[meta]!;
    out[at] = port >>> 24;
    out[at + 1] = port >>> 16;
    this.position = at + 2;
    this.written++;
    return true;
  }

  /** Takes back everything after the first `written` peers. */
  rewind(written: number): void {
    this.position -= (this.written - written) * (this.addressWords * 4 + 2);
    this.written = written;
  }
}
