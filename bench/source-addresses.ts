/**
 * Where announces come from: addresses of 127/8, all of which are this machine's, cut into the networks that the
 * benchmark's policy knows. The first 2,000 /22 are sub-domains of the operator, the 5,000 /22 after them foreign AS.
 * Over IPv6 they are as many /64 of one unique local /48 (RFC 4193), which is made this machine's for the time being.
 */
import { type IpAddress, ipv6FromWords } from '../src/domain/ip-address.js';

export const SUBDOMAINS = 2_000;
export const FOREIGN_AS = 5_000;
export const NETWORK_BITS = 22;
const NETWORK_ADDRESSES = 1 << (32 - NETWORK_BITS);
const BASE = 0x7f01_0000;
export const IPV6_SOURCES = 'fd61:6c69:6173::/48';
export const IPV6_NETWORK_BITS = 64;
const IPV6_BASE = [0xfd61_6c69, 0x6173_0000] as const;
/** Of the sources, this share is the operator's own. */
const INNER_SHARE = 0.6;

/** First address of network `i`: sub-domains first, then foreign AS. */
export function networkAddress(i: number): number {
  return BASE + i * NETWORK_ADDRESSES;
}

/** The same of IPv6. @param host 0: the network's own address */
export function ipv6NetworkAddress(i: number, host = 0): IpAddress {
  return ipv6FromWords(IPV6_BASE[0], (IPV6_BASE[1] | i) >>> 0, 0, host);
}

/** The address of source `i` of `sources`, as a word. */
export function sourceAddress(i: number, sources: number): number {
  return networkAddress(networkOf(i, sources)) + hostOf(i, sources);
}

export function ipv6SourceAddress(i: number, sources: number): IpAddress {
  return ipv6NetworkAddress(networkOf(i, sources), hostOf(i, sources));
}

function innerSources(sources: number): number {
  return Math.round(sources * INNER_SHARE);
}

function networkOf(i: number, sources: number): number {
  const inner = innerSources(sources);
  return i < inner ? i % SUBDOMAINS : SUBDOMAINS + ((i - inner) % FOREIGN_AS);
}

function hostOf(i: number, sources: number): number {
  const inner = innerSources(sources);
  return 1 + Math.floor((i < inner ? i : i - inner) / (i < inner ? SUBDOMAINS : FOREIGN_AS));
}
