/**
 * Addresses that no stranger can have on the Internet: private, loopback, link-local, documentation, multicast and
 * reserved ones (the IANA special-purpose registries, RFC 6890 and its updates). Such a peer or tracker is a mistake,
 * or an attempt to make others connect to an internal machine. This is the only list of them. It contains all IPv6
 * addresses that carry an IPv4 address (RFC 6052, 6to4, Teredo), whatever they carry.
 */
import { type IpAddress, type Prefix, parsePrefix, prefixContains } from './ip-address.js';

export const BOGON_PREFIXES: readonly Prefix[] = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, and cloud metadata services
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // former 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and the limited broadcast
].map(parsePrefix);

/** IANA has allocated global unicast IPv6 from 2000::/3; these parts of it are special. */
const IPV6_GLOBAL_UNICAST = parsePrefix('2000::/3');
const IPV6_SPECIAL: readonly Prefix[] = [
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: embeds any IPv4 address
  '3fff::/20', // documentation
].map(parsePrefix);

/**
 * Addresses that a laboratory uses in place of the Internet: loopback, private addresses, and those for documentation
 * and benchmarks. Link-local addresses are excluded, because the metadata service of a cloud listens on one.
 */
const LABORATORY: readonly Prefix[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '::1/128',
  'fc00::/7',
  '2001:db8::/32',
  '3fff::/20',
].map(parsePrefix);

export function isBogon(address: IpAddress): boolean {
  if (address.family === 4) return BOGON_PREFIXES.some((prefix) => prefixContains(prefix, address));
  return (
    !prefixContains(IPV6_GLOBAL_UNICAST, address) || IPV6_SPECIAL.some((prefix) => prefixContains(prefix, address))
  );
}

/** The prefixes of both families for which {@link isBogon} is true. */
export const RESERVED_PREFIXES: readonly Prefix[] = [
  ...BOGON_PREFIXES,
  // Everything except 2000::/3.
  ...['::/3', '4000::/2', '8000::/1'].map(parsePrefix),
  ...IPV6_SPECIAL,
];

/** True if the whole prefix is reserved. An operator who names such a network intends it. */
export function isReservedPrefix(prefix: Prefix): boolean {
  return RESERVED_PREFIXES.some((one) => one.length <= prefix.length && prefixContains(one, prefix.address));
}

/**
 * The reserved prefixes inside a prefix that is not itself reserved: `172.16.0.0/12` of `172.0.0.0/8`, none of
 * `172.16.0.0/16`. An operator who names such a prefix does not intend these.
 */
export function reservedWithin(prefix: Prefix): readonly Prefix[] {
  return isReservedPrefix(prefix)
    ? []
    : RESERVED_PREFIXES.filter((one) => one.length > prefix.length && prefixContains(prefix, one.address));
}

/** True for the bogons that `lab: true` lets the installation connect to. */
export function isLaboratoryAddress(address: IpAddress): boolean {
  return LABORATORY.some((prefix) => prefixContains(prefix, address));
}
