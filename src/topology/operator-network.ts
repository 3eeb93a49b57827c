/**
 * The operator's own network: its AS (the first is the home AS), its sub-domains and its caches.
 * These prefixes take precedence over every database. Reserved addresses (private, CGNAT …) are
 * the operator's own only where a prefix within reserved space names them: 172.0.0.0/8 does not name 172.16.0.0/12.
 */

import { reservedWithin } from '../domain/bogon.js';
import type { IpAddress } from '../domain/ip-address.js';
import { formatIp, type Prefix } from '../domain/ip-address.js';
import { asGroupName, cacheGroupName, type GroupKind, subdomainGroupName } from '../domain/locality-group.js';
import { AddressRangesBuilder } from './address-ranges.js';
import { type AddressSegments, flatten, overlay, segmentOf } from './address-segments.js';

export interface OperatorNetwork {
  readonly networks: readonly { readonly asn: number; readonly prefixes: readonly Prefix[] }[];
  readonly subdomains: readonly SubdomainPrefixes[];
  readonly caches: readonly { readonly address: IpAddress }[];
}

export interface SubdomainPrefixes {
  readonly id: string;
  readonly prefixes: readonly Prefix[];
  /** Default: the AS of the operator's prefix that covers it, else the home AS. */
  readonly asn?: number;
  /** Maximum upload rate of a subscriber line there, in bits per second. */
  readonly uplinkBpsMax?: number | undefined;
  /** The file that the entry comes from, and the line of each prefix there. */
  readonly from?: { readonly file: string; readonly lines: readonly number[] };
}

/** The meaning of a label of the operator's own segments. */
export interface OwnLabel {
  readonly groupName: string;
  readonly kind: Extract<GroupKind, 'subdomain' | 'cache' | 'own-as'>;
  readonly asn: number;
  readonly subdomain?: string;
}

/** Own segments; a value v > 0 is `labels[v - 1]`. */
export interface OwnSegments {
  readonly labels: readonly OwnLabel[];
  readonly ipv4: AddressSegments;
  readonly ipv6: AddressSegments;
}

/**
 * Overlays three divisions: AS, then sub-domains, then caches. A sub-domain wins over its AS even if its prefix is
 * shorter, because an address plan may declare a whole AS a sub-domain.
 */
export function ownSegments(operator: OperatorNetwork): OwnSegments {
  const labels: OwnLabel[] = [];
  const networkEntries = operator.networks.map(({ asn, prefixes }) => {
    labels.push({ groupName: asGroupName(asn), kind: 'own-as', asn });
    return { prefixes, value: labels.length };
  });
  // Which AS a sub-domain belongs to is another question than which addresses are named.
  const networks = layer(networkEntries);
  const homeAsn = operator.networks[0]?.asn ?? 0;
  const asnOfPrefix = (prefix: Prefix): number => {
    const value = valueAt(prefix.address.family === 4 ? networks.ipv4 : networks.ipv6, prefix.address.words);
    return value === 0 ? homeAsn : labels[value - 1]!.asn;
  };
  const namedNetworks = layer(withoutReserved(networkEntries));
  const subdomains = layer(
    withoutReserved(
      [...prefixesBySubdomainAndAsn(operator.subdomains, asnOfPrefix)].flatMap(([id, byAsn]) =>
        [...byAsn].map(([asn, prefixes], i) => {
          const name = subdomainGroupName(id);
          labels.push({
            groupName: i === 0 ? name : `${name}@${asGroupName(asn)}`,
            kind: 'subdomain',
            asn,
            subdomain: id,
          });
          return { prefixes, value: labels.length };
        }),
      ),
    ),
  );
  const below = {
    ipv4: overlay(namedNetworks.ipv4, subdomains.ipv4),
    ipv6: overlay(namedNetworks.ipv6, subdomains.ipv6),
  };
  const caches = layer(
    operator.caches.map(({ address }) => {
      const around = valueAt(address.family === 4 ? below.ipv4 : below.ipv6, address.words);
      const place = around === 0 ? undefined : labels[around - 1]!;
      labels.push({
        groupName: cacheGroupName(formatIp(address)),
        kind: 'cache',
        asn: place?.asn ?? homeAsn,
        ...(place?.subdomain === undefined ? {} : { subdomain: place.subdomain }),
      });
      return { prefixes: [{ address, length: address.family === 4 ? 32 : 128 }], value: labels.length };
    }),
  );
  return { labels, ipv4: overlay(below.ipv4, caches.ipv4), ipv6: overlay(below.ipv6, caches.ipv6) };
}

/** A sub-domain that spans several of the operator's AS has one group for each AS, because the AS decides the tier. */
function prefixesBySubdomainAndAsn(
  subdomains: readonly SubdomainPrefixes[],
  asnOfPrefix: (prefix: Prefix) => number,
): Map<string, Map<number, Prefix[]>> {
  const result = new Map<string, Map<number, Prefix[]>>();
  for (const { id, prefixes, asn } of subdomains) {
    const byAsn = result.get(id) ?? new Map<number, Prefix[]>();
    result.set(id, byAsn);
    for (const prefix of prefixes) {
      const key = asn ?? asnOfPrefix(prefix);
      const list = byAsn.get(key);
      if (list === undefined) byAsn.set(key, [prefix]);
      else list.push(prefix);
    }
  }
  return result;
}

interface LayerEntry {
  readonly prefixes: readonly Prefix[];
  readonly value: number;
}

/** The reserved addresses inside the prefixes are nobody's, except where an entry names them: of two equal ones the later wins. */
function withoutReserved(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  return [{ prefixes: entries.flatMap(({ prefixes }) => prefixes.flatMap(reservedWithin)), value: 0 }, ...entries];
}

function layer(entries: readonly LayerEntry[]): {
  ipv4: AddressSegments;
  ipv6: AddressSegments;
} {
  const ipv4 = new AddressRangesBuilder(4);
  const ipv6 = new AddressRangesBuilder(6);
  for (const { prefixes, value } of entries) {
    for (const prefix of prefixes) (prefix.address.family === 4 ? ipv4 : ipv6).addPrefix(prefix, value);
  }
  return { ipv4: flatten(ipv4.build()), ipv6: flatten(ipv6.build()) };
}

function valueAt(segments: AddressSegments, words: readonly number[]): number {
  return segments.values[segmentOf(segments, words)]!;
}
