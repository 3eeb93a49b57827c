/**
 * SipHash-2-4 (Aumasson, Bernstein 2012) for messages of whole 32-bit words, in 32-bit arithmetic: a keyed hash whose
 * outputs tell nothing of the key, fast on the few words that an address has. The 64-bit state is kept in pairs of halves
 * in local variables, so hashing allocates nothing; the result is left in `high` and `low`. Carries are taken from bits, not
 * from sums: numbers past 32 bits would be floating-point ones.
 */

export class SipHash {
  high = 0;
  low = 0;
  private readonly key0Low: number;
  private readonly key0High: number;
  private readonly key1Low: number;
  private readonly key1High: number;

  /** @param key 16 bytes */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.key0Low = view.getInt32(0, true);
    this.key0High = view.getInt32(4, true);
    this.key1Low = view.getInt32(8, true);
    this.key1High = view.getInt32(12, true);
  }

  /** Hashes the first `count` (0 … 63) words of `words` as little-endian bytes. */
  hash(words: Int32Array, count: number): void {
    let v0l = this.key0Low ^ 0x70736575;
    let v0h = this.key0High ^ 0x736f6d65;
    let v1l = this.key1Low ^ 0x6e646f6d;
    let v1h = this.key1High ^ 0x646f7261;
    let v2l = this.key0Low ^ 0x6e657261;
    let v2h = this.key0High ^ 0x6c796765;
    let v3l = this.key1Low ^ 0x79746573;
    let v3h = this.key1High ^ 0x74656462;
    const blocks = (count >> 1) + 1;
    let rounds = 2;
    for (let block = 0; block <= blocks; block++) {
      let ml = 0;
      let mh = 0;
      if (block < blocks) {
        const at = 2 * block;
        if (at < count) ml = words[at]!;
        if (at + 1 < count) mh = words[at + 1]!;
        // The last block ends in the message's length in bytes.
        if (block === blocks - 1) mh |= (4 * count) << 24;
        v3l ^= ml;
        v3h ^= mh;
      } else {
        v2l ^= 0xff;
        rounds = 4;
      }
      for (let round = 0; round < rounds; round++) {
        let sum = (v0l + v1l) | 0;
        v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0;
        v0l = sum;
        let t = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = t ^ v0l;
        t = v0l;
        v0l = v0h;
        v0h = t;

        sum = (v2l + v3l) | 0;
        v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0;
        v2l = sum;
        t = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = t ^ v2l;

        sum = (v0l + v3l) | 0;
        v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31)) | 0;
        v0l = sum;
        t = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = t ^ v0l;

        sum = (v2l + v1l) | 0;
        v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0;
        v2l = sum;
        t = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = t ^ v2l;
        t = v2l;
        v2l = v2h;
        v2h = t;
      }
      if (block < blocks) {
        v0l ^= ml;
        v0h ^= mh;
      }
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}
