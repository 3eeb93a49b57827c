/**
 * Topology as the data plane reads it: for IPv4 an array with the group of each /24, where it has only one, and for all
 * else a trie (see `address-trie`). Flat arrays in shared memory, so that handing them to the worker copies nothing. A look-up
 * allocates nothing; most of IPv4 is one read.
 */
import type { AddressSegments } from './address-segments.js';
import { buildTrie, FIRST_REFERENCE, LIST, REFERENCE_MASK, REFERENCE_SHIFT, ROOT, ROOT_BITS } from './address-trie.js';
import type { TopologyData, TopologyTable } from './topology-table.js';

/** 32 MiB of addresses, of which only what is written to (by routed /24s) takes memory. */
const DIRECT_BITS = 24;
const DIRECT_SHIFT = 32 - DIRECT_BITS;
/** Ask the trie. It knows every address, so a group that happens to have this number is found as well. */
const SEVERAL_GROUPS = 65_535;

/** @param segments4 whose values are group numbers; @param segments6 likewise */
export function flatTopologyData(
  version: number,
  segments4: AddressSegments,
  segments6: AddressSegments,
): TopologyData {
  return {
    version,
    arrays: {
      direct4: directGroups(segments4),
      trie4: buildTrie(segments4),
      trie6: buildTrie(segments6),
    },
  };
}

/** The table over data that `flatTopologyData` made, here or in another thread. */
export function topologyTableFrom(data: TopologyData): TopologyTable {
  return new FlatTable(data);
}

class FlatTable implements TopologyTable {
  readonly version: number;
  readonly #direct4: Uint16Array;
  readonly #trie4: Uint32Array;
  readonly #trie6: Uint32Array;

  constructor(data: TopologyData) {
    this.version = data.version;
    this.#direct4 = data.arrays.direct4 as Uint16Array;
    this.#trie4 = data.arrays.trie4 as Uint32Array;
    this.#trie6 = data.arrays.trie6 as Uint32Array;
  }

  /** Signed words do as well: above 2^31 an unsigned one may be boxed on its way here, a signed one never is. */
  lookup4(address: number): number {
    const group = this.#direct4[address >>> DIRECT_SHIFT]!;
    return group === SEVERAL_GROUPS ? this.#search4(address) : group;
  }

  #search4(address: number): number {
    const trie = this.#trie4;
    let value = trie[ROOT + (address >>> ROOT_BITS)]!;
    let position = ROOT_BITS;
    while (value >= FIRST_REFERENCE) {
      const bits = value & REFERENCE_MASK;
      if (bits === LIST) return valueInList(trie, value >>> REFERENCE_SHIFT, address);
      value = valueInPage(trie, value >>> REFERENCE_SHIFT, (address << position) >>> (32 - bits));
      position += bits;
    }
    return value;
  }

  lookup6(address0: number, address1: number, address2: number, address3: number): number {
    const trie = this.#trie6;
    let value = trie[ROOT + (address0 >>> ROOT_BITS)]!;
    let position = ROOT_BITS;
    while (value >= FIRST_REFERENCE) {
      const word = position < 64 ? (position < 32 ? address0 : address1) : position < 96 ? address2 : address3;
      const bits = value & REFERENCE_MASK;
      if (bits === LIST) {
        value = valueInList(trie, value >>> REFERENCE_SHIFT, word);
        position = (position | 31) + 1;
      } else {
        value = valueInPage(trie, value >>> REFERENCE_SHIFT, (word << (position & 31)) >>> (32 - bits));
        position += bits;
      }
    }
    return value;
  }
}

/** The value of the last break that is not after `word`. */
function valueInList(trie: Uint32Array, offset: number, word: number): number {
  const unsigned = word >>> 0;
  const last = offset + 2 * trie[offset]!;
  let at = offset;
  while (at < last && trie[at + 2]! <= unsigned) at += 2;
  return trie[at + 1]!;
}

/** The value of the last break that is not after `key`: the breaks before it are the bits that are set below its own. */
function valueInPage(trie: Uint32Array, offset: number, key: number): number {
  const unit = offset + 2 * (key >>> 5);
  let breaks = trie[unit]! & (-1 >>> (31 - (key & 31)));
  breaks -= (breaks >>> 1) & 0x55555555;
  breaks = (breaks & 0x33333333) + ((breaks >>> 2) & 0x33333333);
  breaks = (breaks + (breaks >>> 4)) & 0x0f0f0f0f;
  return trie[trie[unit + 1]! + (Math.imul(breaks, 0x01010101) >>> 24)]!;
}

function directGroups({ count, starts, values }: AddressSegments): Uint16Array {
  const direct = new Uint16Array(new SharedArrayBuffer(2 ** DIRECT_BITS * 2));
  const size = 2 ** DIRECT_SHIFT;
  for (let i = 0; i < count; i++) {
    const start = starts[i]! / size;
    const end = i + 1 < count ? Math.floor(starts[i + 1]! / size) : 2 ** DIRECT_BITS;
    if (!Number.isInteger(start)) direct[Math.floor(start)] = SEVERAL_GROUPS;
    // Zeros are not written, so that memory nobody needs stays untouched.
    if (values[i] !== 0) direct.fill(values[i]!, Math.ceil(start), Math.max(Math.ceil(start), end));
  }
  return direct;
}
