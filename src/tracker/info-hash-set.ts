/** A set of info-hashes that is asked for bytes in a packet: open addressing over 20-byte keys, no strings. */
import { readUint32 } from '../wire/byte-order.js';

const HASH_BYTES = 20;
/** At most half full, so that a miss ends after one or two looks. */
const SPARE = 2;

export class InfoHashSet {
  readonly size: number;
  readonly #keys: Uint8Array;
  /** 1 + the number of the key, 0 where a place is empty. */
  readonly #places: Uint32Array;
  readonly #mask: number;

  /** @param hashes 20 bytes each, one behind the other; a rest shorter than that is left out */
  constructor(hashes: Uint8Array) {
    const count = Math.floor(hashes.length / HASH_BYTES);
    let capacity = 8;
    while (capacity < count * SPARE) capacity *= 2;
    this.#keys = hashes.slice(0, count * HASH_BYTES);
    this.#places = new Uint32Array(capacity);
    this.#mask = capacity - 1;
    let size = 0;
    for (let i = 0; i < count; i++) {
      if (this.has(hashes, i * HASH_BYTES)) continue;
      let at = readUint32(hashes, i * HASH_BYTES) & this.#mask;
      while (this.#places[at] !== 0) at = (at + 1) & this.#mask;
      this.#places[at] = i + 1;
      size++;
    }
    this.size = size;
  }

  has(bytes: Uint8Array, offset: number): boolean {
    // Info-hashes are hashes already: their first word spreads well, and whoever lists them is the operator.
    let at = readUint32(bytes, offset) & this.#mask;
    for (;;) {
      const place = this.#places[at]!;
      if (place === 0) return false;
      const key = (place - 1) * HASH_BYTES;
      let i = 0;
      while (i < HASH_BYTES && this.#keys[key + i] === bytes[offset + i]) i++;
      if (i === HASH_BYTES) return true;
      at = (at + 1) & this.#mask;
    }
  }
}
