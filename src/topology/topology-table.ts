/** Address → locality group, as the data plane asks for it. Built by `compile-topology`, replaced whole. */

/** Plain data that crosses to the data-plane worker; what is in it is `compile-topology`'s business. */
export interface TopologyData {
  readonly version: number;
  readonly arrays: Readonly<Record<string, Uint32Array | Uint16Array | Uint8Array>>;
}

export interface TopologyTable {
  readonly version: number;
  /** @param word the IPv4 address, unsigned. @returns a group, 0 where no prefix covers it. */
  lookup4(word: number): number;
  lookup6(word0: number, word1: number, word2: number, word3: number): number;
}
