/**
 * The topology table of the data plane: for IPv4 an array with the group of each /24 that has only one group, for all other
 * addresses a trie (see `address-trie`). The arrays are in shared memory, so that passing them to the worker copies nothing.
 * A look-up allocates nothing; most IPv4 look-ups are one read.
 */
import type { AddressSegments } from './address-segments.js';
import { buildTrie, FIRST_REFERENCE, LIST, REFERENCE_MASK, REFERENCE_SHIFT, ROOT, ROOT_BITS } from './address-trie.js';
import type { TopologyData, TopologyTable } from './topology-table.js';

/** 32 MiB of address space; only pages of routed /24s are written and so take memory. */
const DIRECT_BITS = 24;
const DIRECT_SHIFT = 32 - DIRECT_BITS;
/** Marks a /24 to be looked up in the trie. The trie covers every address, so a group with this number still works. */
const SEVERAL_GROUPS = 65_535;

/** @param segments4 values are group numbers; @param segments6 likewise */
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

/** The table over data from `flatTopologyData`, made in this thread or another. */
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

  /** Accepts signed words, because V8 may allocate for an unsigned word above 2^31 but never for a signed one. */
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

/** The value of the last break at or before `word`. */
function valueInList(trie: Uint32Array, offset: number, word: number): number {
  const unsigned = word >>> 0;
  const last = offset + 2 * trie[offset]!;
  let at = offset;
  while (at < last && trie[at + 2]! <= unsigned) at += 2;
  return trie[at + 1]!;
}

/** The value of the last break at or before `key`: the set bits below its own count the breaks before it. */
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
    // Zeros are skipped, so that unused pages are never allocated.
    if (values[i] !== 0) direct.fill(values[i]!, Math.ceil(start), Math.max(Math.ceil(start), end));
  }
  return direct;
}
