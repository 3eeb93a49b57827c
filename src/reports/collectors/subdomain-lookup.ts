/**
 * Finds the sub-domain of an address by the operator's prefixes; the longest wins, as in the tracker's own topology.
 */
import { ClientError } from '../../domain/errors.js';
import { type IpAddress, parseIp } from '../../domain/ip-address.js';
import { segmentOf } from '../../topology/address-segments.js';
import { ownSegments, type SubdomainPrefixes } from '../../topology/operator-network.js';

/** An inner user: its sub-domain, and what distinguishes it from others there. */
export interface InnerUser {
  readonly subdomain: string;
  /** IPv4: the address. IPv6: its /64, because a user's devices change their addresses all the time. */
  readonly user: number | string;
}

export type SubdomainLookup = (address: string) => InnerUser | undefined;

/** undefined for addresses outside, and for text that is not an address. */
export function createSubdomainLookup(subdomains: readonly SubdomainPrefixes[]): SubdomainLookup {
  const { labels, ipv4, ipv6 } = ownSegments({ networks: [], subdomains, caches: [] });
  return (text) => {
    const address = addressOf(text);
    if (address === undefined) return undefined;
    const segments = address.family === 4 ? ipv4 : ipv6;
    const value = segments.values[segmentOf(segments, address.words)]!;
    const subdomain = value === 0 ? undefined : labels[value - 1]!.subdomain;
    if (subdomain === undefined) return undefined;
    const [first, second] = address.words;
    return { subdomain, user: address.family === 4 ? first! : `${first}:${second}` };
  };
}

function addressOf(text: string): IpAddress | undefined {
  try {
    return parseIp(text);
  } catch (thrown) {
    if (thrown instanceof ClientError) return undefined;
    throw thrown;
  }
}
