/** Maps addresses to locality groups for the data plane. `compile-topology` builds it; updates replace it completely. */

/** Plain data for the data-plane worker, opaque outside of `compile-topology` and `flat-table`. */
export interface TopologyData {
  readonly version: number;
  readonly arrays: Readonly<Record<string, Uint32Array | Uint16Array | Uint8Array>>;
}

export interface TopologyTable {
  readonly version: number;
  /** @param word the IPv4 address, unsigned. @returns a group, 0 if no prefix covers the address. */
  lookup4(word: number): number;
  lookup6(word0: number, word1: number, word2: number, word3: number): number;
}
