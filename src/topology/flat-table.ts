/**
 * Segments as the data plane reads them: an index on the leading bits of the address, then a short binary search. Flat
 * typed arrays in shared memory, so that handing them to the worker copies nothing; a look-up allocates nothing.
 */
import type { AddressSegments } from './address-segments.js';
import type { TopologyData, TopologyTable } from './topology-table.js';

/** The index has about one entry for each segment, within these bounds (1 KB to 4 MB). */
const MIN_INDEX_BITS = 8;
const MAX_INDEX_BITS = 20;
/** 2000::/3, all of global unicast (RFC 4291 section 2.5.4), is the part of IPv6 that is indexed. */
const GLOBAL_UNICAST_FIRST_WORD = 0x20000000;
const GLOBAL_UNICAST_BITS = 3;

/** @param segments4 whose values are group numbers; @param segments6 likewise */
export function flatTopologyData(
  version: number,
  segments4: AddressSegments,
  segments6: AddressSegments,
): TopologyData {
  const starts4 = sharedWords(segments4.count);
  starts4.set(segments4.starts);
  const starts6 = [0, 1, 2, 3].map((w) => {
    const column = sharedWords(segments6.count);
    for (let i = 0; i < segments6.count; i++) column[i] = segments6.starts[i * 4 + w]!;
    return column;
  });
  return {
    version,
    arrays: {
      index4: buildIndex(starts4, 0, 0),
      starts4,
      groups4: sharedGroups(segments4.values),
      index6: buildIndex(starts6[0]!, GLOBAL_UNICAST_FIRST_WORD, GLOBAL_UNICAST_BITS),
      starts6word0: starts6[0]!,
      starts6word1: starts6[1]!,
      starts6word2: starts6[2]!,
      starts6word3: starts6[3]!,
      groups6: sharedGroups(segments6.values),
    },
  };
}

/** The table over data that `flatTopologyData` made, here or in another thread. */
export function topologyTableFrom(data: TopologyData): TopologyTable {
  return new FlatTable(data);
}

class FlatTable implements TopologyTable {
  readonly version: number;
  readonly #index4: Uint32Array;
  readonly #shift4: number;
  readonly #starts4: Uint32Array;
  readonly #groups4: Uint16Array;
  readonly #index6: Uint32Array;
  readonly #shift6: number;
  readonly #word0: Uint32Array;
  readonly #word1: Uint32Array;
  readonly #word2: Uint32Array;
  readonly #word3: Uint32Array;
  readonly #groups6: Uint16Array;

  constructor(data: TopologyData) {
    this.version = data.version;
    const array = (name: string): Uint32Array => data.arrays[name] as Uint32Array;
    this.#index4 = array('index4');
    this.#shift4 = 32 - Math.log2(this.#index4.length - 1);
    this.#starts4 = array('starts4');
    this.#groups4 = data.arrays.groups4 as Uint16Array;
    this.#index6 = array('index6');
    this.#shift6 = 32 - GLOBAL_UNICAST_BITS - Math.log2(this.#index6.length - 1);
    this.#word0 = array('starts6word0');
    this.#word1 = array('starts6word1');
    this.#word2 = array('starts6word2');
    this.#word3 = array('starts6word3');
    this.#groups6 = data.arrays.groups6 as Uint16Array;
  }

  lookup4(word: number): number {
    const starts = this.#starts4;
    const bucket = word >>> this.#shift4;
    let low = this.#index4[bucket]!;
    let high = this.#index4[bucket + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= word) low = middle;
      else high = middle - 1;
    }
    return this.#groups4[low]!;
  }

  lookup6(word0: number, word1: number, word2: number, word3: number): number {
    const starts0 = this.#word0;
    let low = 0;
    let high = starts0.length - 1;
    if (word0 >>> (32 - GLOBAL_UNICAST_BITS) === 1) {
      const bucket = (word0 - GLOBAL_UNICAST_FIRST_WORD) >>> this.#shift6;
      low = this.#index6[bucket]!;
      high = this.#index6[bucket + 1]!;
    }
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      let difference = starts0[middle]! - word0;
      if (difference === 0) difference = this.#word1[middle]! - word1;
      if (difference === 0) difference = this.#word2[middle]! - word2;
      if (difference === 0) difference = this.#word3[middle]! - word3;
      if (difference <= 0) low = middle;
      else high = middle - 1;
    }
    return this.#groups6[low]!;
  }
}

/**
 * Entry `b` is the last segment that starts before bucket `b`, so a bucket's answer is between entries `b` and `b + 1`.
 * @param leadingWords the first word of each segment's start
 * @param firstWord where bucket 0 begins; @param skippedBits how many leading bits all indexed addresses share
 */
function buildIndex(leadingWords: Uint32Array, firstWord: number, skippedBits: number): Uint32Array {
  const wanted = Math.ceil(Math.log2(leadingWords.length + 1));
  const bits = Math.min(MAX_INDEX_BITS, Math.max(MIN_INDEX_BITS, wanted));
  const buckets = 2 ** bits;
  const width = 2 ** (32 - skippedBits - bits);
  const index = sharedWords(buckets + 1);
  let segment = 0;
  for (let bucket = 0; bucket <= buckets; bucket++) {
    const first = firstWord + bucket * width;
    while (segment + 1 < leadingWords.length && leadingWords[segment + 1]! < first) segment++;
    index[bucket] = segment;
  }
  return index;
}

function sharedWords(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

function sharedGroups(values: Uint32Array): Uint16Array {
  const groups = new Uint16Array(new SharedArrayBuffer(values.length * 2));
  groups.set(values);
  return groups;
}
