/**
 * Where announces come from: addresses of 127/8, all of which are this machine's, cut into the networks that the
 * benchmark's policy knows. The first 2,000 /22 are sub-domains of the operator, the 5,000 /22 after them foreign AS.
 */
export const SUBDOMAINS = 2_000;
export const FOREIGN_AS = 5_000;
export const NETWORK_BITS = 22;
const NETWORK_ADDRESSES = 1 << (32 - NETWORK_BITS);
const BASE = 0x7f01_0000;
/** Of the sources, this share is the operator's own. */
const INNER_SHARE = 0.6;

/** First address of network `i`: sub-domains first, then foreign AS. */
export function networkAddress(i: number): number {
  return BASE + i * NETWORK_ADDRESSES;
}

/** The address of source `i` of `sources`, as a word. */
export function sourceAddress(i: number, sources: number): number {
  const inner = Math.round(sources * INNER_SHARE);
  const network = i < inner ? i % SUBDOMAINS : SUBDOMAINS + ((i - inner) % FOREIGN_AS);
  const host = 1 + Math.floor((i < inner ? i : i - inner) / (i < inner ? SUBDOMAINS : FOREIGN_AS));
  return networkAddress(network) + host;
}
