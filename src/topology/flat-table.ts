/**
 * Topology as the data plane reads it: for IPv4 an array with the group of each /24, where it has only one, and for all
 * else a trie (see `multibit-trie`) and the segments behind it. Flat arrays in shared memory, so that handing them to the
 * worker copies nothing. A look-up allocates nothing; most of IPv4 is one read.
 */
import type { AddressSegments } from './address-segments.js';
import {
  buildTrie,
  FIRST_REFERENCE,
  REFERENCE_BASE,
  REFERENCE_MASK,
  REFERENCE_SHIFT,
  ROOT_BITS,
  RUN,
} from './multibit-trie.js';
import type { TopologyData, TopologyTable } from './topology-table.js';

/** 32 MiB of addresses, of which only what is written to (by routed /24s) takes memory. */
const DIRECT_BITS = 24;
const DIRECT_SHIFT = 32 - DIRECT_BITS;
/** Ask the trie. It knows every address, so a group that happens to have this number is found as well. */
const SEVERAL_GROUPS = 65_535;

/** A row of `segments4` is: start, group. A row of `segments6`: the four words of the start, group. */
const ROW4 = 2;
const ROW6 = 5;

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
      segments4: rows(segments4, ROW4),
      trie6: buildTrie(segments6),
      segments6: rows(segments6, ROW6),
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
  readonly #segments4: Uint32Array;
  readonly #trie6: Uint32Array;
  readonly #segments6: Uint32Array;

  constructor(data: TopologyData) {
    const words = (name: string): Uint32Array => data.arrays[name] as Uint32Array;
    this.version = data.version;
    this.#direct4 = data.arrays.direct4 as Uint16Array;
    this.#trie4 = words('trie4');
    this.#segments4 = words('segments4');
    this.#trie6 = words('trie6');
    this.#segments6 = words('segments6');
  }

  /** Signed words do as well: above 2^31 an unsigned one may be boxed on its way here, a signed one never is. */
  lookup4(address: number): number {
    const group = this.#direct4[address >>> DIRECT_SHIFT]!;
    return group === SEVERAL_GROUPS ? this.#search4(address) : group;
  }

  #search4(address: number): number {
    const trie = this.#trie4;
    let entry = trie[REFERENCE_BASE + (address >>> ROOT_BITS)]!;
    let position = ROOT_BITS;
    while (entry >= FIRST_REFERENCE) {
      const bits = entry & REFERENCE_MASK;
      if (bits === RUN) return this.#run4((entry >>> REFERENCE_SHIFT) - REFERENCE_BASE, address >>> 0);
      entry = trie[(entry >>> REFERENCE_SHIFT) + ((address << position) >>> (32 - bits))]!;
      position += bits;
    }
    return entry;
  }

  lookup6(address0: number, address1: number, address2: number, address3: number): number {
    const trie = this.#trie6;
    let entry = trie[REFERENCE_BASE + (address0 >>> ROOT_BITS)]!;
    let position = ROOT_BITS;
    while (entry >= FIRST_REFERENCE) {
      const bits = entry & REFERENCE_MASK;
      if (bits === RUN) {
        const segment = (entry >>> REFERENCE_SHIFT) - REFERENCE_BASE;
        return this.#run6(segment, address0 >>> 0, address1 >>> 0, address2 >>> 0, address3 >>> 0);
      }
      const word = position < 64 ? (position < 32 ? address0 : address1) : position < 96 ? address2 : address3;
      entry = trie[(entry >>> REFERENCE_SHIFT) + ((word << (position & 31)) >>> (32 - bits))]!;
      position += bits;
    }
    return entry;
  }

  /** The last segment from `segment` on that starts at or before the address. */
  #run4(segment: number, address: number): number {
    const rows = this.#segments4;
    let row = segment * ROW4;
    while (row + ROW4 < rows.length && rows[row + ROW4]! <= address) row += ROW4;
    return rows[row + ROW4 - 1]!;
  }

  #run6(segment: number, word0: number, word1: number, word2: number, word3: number): number {
    const rows = this.#segments6;
    let row = segment * ROW6;
    for (let next = row + ROW6; next < rows.length; next += ROW6) {
      let difference = rows[next]! - word0;
      if (difference === 0) difference = rows[next + 1]! - word1;
      if (difference === 0) difference = rows[next + 2]! - word2;
      if (difference === 0) difference = rows[next + 3]! - word3;
      if (difference > 0) break;
      row = next;
    }
    return rows[row + ROW6 - 1]!;
  }
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

function rows({ count, starts, values }: AddressSegments, rowWords: number): Uint32Array {
  const words = rowWords - 1;
  const result = new Uint32Array(new SharedArrayBuffer(count * rowWords * 4));
  for (let i = 0; i < count; i++) {
    for (let w = 0; w < words; w++) result[i * rowWords + w] = starts[i * words + w]!;
    result[i * rowWords + words] = values[i]!;
  }
  return result;
}
