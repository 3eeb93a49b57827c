/** A set of info-hashes for look-ups of bytes in a packet: open addressing over 20-byte keys, no strings. */
import { HalfSipHash, randomHashKey } from '../domain/half-sip-hash.js';
import { readUint32 } from '../wire/byte-order.js';

const HASH_BYTES = 20;
/** At most half full, so that a miss ends after one or two probes. */
const SPARE = 2;

export class InfoHashSet {
  readonly size: number;
  private readonly keys: Uint8Array;
  /** 1 + the number of the key; 0 for an empty slot. */
  private readonly places: Uint32Array;
  private readonly mask: number;
  private readonly words = new Uint32Array(HASH_BYTES / 4);
  private readonly hash = new HalfSipHash(randomHashKey(2));

  /** @param hashes 20 bytes each, concatenated; a shorter rest is ignored */
  constructor(hashes: Uint8Array) {
    const count = Math.floor(hashes.length / HASH_BYTES);
    let capacity = 8;
    while (capacity < count * SPARE) capacity *= 2;
    this.keys = hashes.slice(0, count * HASH_BYTES);
    this.places = new Uint32Array(capacity);
    this.mask = capacity - 1;
    let size = 0;
    for (let i = 0; i < count; i++) {
      const at = this.find(hashes, i * HASH_BYTES);
      if (this.places[at] !== 0) continue;
      this.places[at] = i + 1;
      size++;
    }
    this.size = size;
  }

  has(bytes: Uint8Array, offset: number): boolean {
    return this.places[this.find(bytes, offset)] !== 0;
  }

  /** @returns the slot of the key, or the empty slot for it */
  private find(bytes: Uint8Array, offset: number): number {
    // Keyed, and over all bytes, because strangers choose the hashes that are looked up, and uploaders those of a catalogue.
    const words = this.words;
    for (let i = 0; i < words.length; i++) words[i] = readUint32(bytes, offset + 4 * i);
    let at = this.hash.hash(words, 0, words.length) & this.mask;
    for (;;) {
      const place = this.places[at]!;
      if (place === 0) return at;
      const key = (place - 1) * HASH_BYTES;
      let i = 0;
      while (i < HASH_BYTES && this.keys[key + i] === bytes[offset + i]) i++;
      if (i === HASH_BYTES) return at;
      at = (at + 1) & this.mask;
    }
  }
}
