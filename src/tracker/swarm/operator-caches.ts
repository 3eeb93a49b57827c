/**
 * The operator's caches, as the selection sees them. A cache serves inner clients only: foreign ones are never given its endpoint,
 * and it is given no foreign peers. The exception is a torrent that the cache is to fetch over the border now. A cache without a
 * controller decides that itself, so it may always fetch.
 *
 * Only requests of caches and of foreign clients come here, and there are few caches, so lists are searched from the start.
 */
import {
  type AddressLevels,
  type LevelChange,
  NOT_REPORTED,
  REPORTED_CACHE,
  REPORTED_MANAGED,
  REPORTED_OUT,
} from '../../selection/address-levels.js';

/** More addresses are treated as ordinary peers. */
const MAX_CACHES = 256;
/** What caches may fetch over the border at a time; the controller stays far below. */
const MAX_FILLS = 4_096;
const HASH_WORDS = 5;
/** Of a fill: info-hash, family, address. */
export const FILL_WORDS = HASH_WORDS + 5;

interface CacheAddress {
  readonly family: 4 | 6;
  /** Four, unsigned; three are 0 for IPv4. */
  readonly words: readonly number[];
  value: number;
}

export class OperatorCaches {
  readonly known: CacheAddress[] = [];
  /** {@link FILL_WORDS} each. */
  private fills: Uint32Array = new Uint32Array(0);

  constructor(levels: AddressLevels) {
    levels.forEach(this.note);
  }

  get isEmpty(): boolean {
    return this.known.length === 0;
  }

  /** To be called when an address has another level. */
  readonly note: LevelChange = (family, words, value) => {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    const index = this.indexOf(family, w0, w1, w2, w3);
    if (value === NOT_REPORTED || (value & REPORTED_CACHE) === 0) {
      if (index >= 0) this.known.splice(index, 1);
    } else if (index >= 0) this.known[index]!.value = value;
    else if (this.known.length < MAX_CACHES) this.known.push({ family, words: [w0, w1, w2, w3], value });
  };

  /** @param at where the address is, as in a record */
  hasAddress(words: Uint32Array, at: number, addressWords: 1 | 4): boolean {
    return this.indexAt(words, at, addressWords) >= 0;
  }

  /** Whether a cache takes no part: it is given no peers, and nobody is given its endpoint. */
  isOut(words: Uint32Array, record: number, addressWords: 1 | 4): boolean {
    const index = this.indexAt(words, record, addressWords);
    return index >= 0 && (this.known[index]!.value & REPORTED_OUT) !== 0;
  }

  isManaged(words: Uint32Array, record: number, addressWords: 1 | 4): boolean {
    const index = this.indexAt(words, record, addressWords);
    return index >= 0 && (this.known[index]!.value & REPORTED_MANAGED) !== 0;
  }

  /**
   * Whether a cache may exchange a torrent with foreign peers now.
   * @param hash words of the info-hash
   */
  mayCross(words: Uint32Array, record: number, addressWords: 1 | 4, hash: Uint32Array): boolean {
    if (!this.isManaged(words, record, addressWords)) return true;
    const { fills } = this;
    for (let at = 0; at < fills.length; at += FILL_WORDS) {
      if (fills[at] !== hash[0]) continue;
      let i = 1;
      while (i < HASH_WORDS && fills[at + i] === hash[i]) i++;
      if (i < HASH_WORDS || fills[at + i] !== (addressWords === 1 ? 4 : 6)) continue;
      let w = 0;
      while (w < addressWords && fills[at + HASH_WORDS + 1 + w] === words[record + w]!) w++;
      if (w === addressWords) return true;
    }
    return false;
  }

  /**
   * Replaces the list of what caches may fetch over the border.
   * @param fills {@link FILL_WORDS} each: five words of the info-hash, the family, four of the address
   * @param ended called for each that was in the last list and is not in this one
   */
  setFills(fills: Uint32Array, ended: (fill: Uint32Array) => void): void {
    const before = this.fills;
    this.fills = fills.subarray(0, MAX_FILLS * FILL_WORDS);
    const remain = new Set(eachFill(this.fills).map((fill) => fill.join()));
    for (const fill of eachFill(before)) if (!remain.has(fill.join())) ended(fill);
  }

  private indexAt(words: Uint32Array, at: number, addressWords: 1 | 4): number {
    return addressWords === 1
      ? this.indexOf(4, words[at]!, 0, 0, 0)
      : this.indexOf(6, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  private indexOf(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): number {
    const { known } = this;
    for (let i = 0; i < known.length; i++) {
      const { family: knownFamily, words } = known[i]!;
      if (words[0] !== w0 || knownFamily !== family) continue;
      if (words[1] === w1 && words[2] === w2 && words[3] === w3) return i;
    }
    return -1;
  }
}

function eachFill(fills: Uint32Array): Uint32Array[] {
  return Array.from({ length: Math.floor(fills.length / FILL_WORDS) }, (_, i) =>
    fills.subarray(i * FILL_WORDS, (i + 1) * FILL_WORDS),
  );
}
