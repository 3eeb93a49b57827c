/**
 * Clients in a response policy zone: the names of `rpz-client-ip` records, and which prefixes they must name so that only
 * the configured clients are redirected. draft-vixie-dnsop-dns-rpz-00 section 4.1.1.
 */
import { formatIp, type Prefix } from '../../domain/ip-address.js';

/** ::ffff:0:0/96. BIND stores IPv4 clients there, so an IPv6 prefix that covers it would exempt every IPv4 client. */
const MAPPED_IPV4: Prefix = { address: { family: 6, words: [0, 0, 0xffff, 0] }, length: 96 };
const ALL_IPV4: Prefix = { address: { family: 4, words: [0] }, length: 0 };
const ALL_IPV6: Prefix = { address: { family: 6, words: [0, 0, 0, 0] }, length: 0 };

/**
 * Prefixes whose clients are not redirected: those that opted out, and everyone outside `clients`.
 * @param clients undefined: everyone is redirected
 * @returns none contains another; IPv4 first
 */
export function exemptPrefixes(clients: readonly Prefix[] | undefined, optOut: readonly Prefix[]): Prefix[] {
  const others = clients === undefined ? [] : [ALL_IPV4, ALL_IPV6].flatMap((all) => without(all, clients));
  const exempt = [...others, ...optOut].flatMap((each) => without(each, [MAPPED_IPV4]));
  // A record must have a length of at least 1.
  const writable = exempt.flatMap((each) => (each.length === 0 ? halvesOf(each) : [each]));
  // Prefixes are nested or apart, so one that is covered follows the one that covers it.
  let last: Prefix | undefined;
  return writable.sort(comparePrefixes).filter((each) => {
    if (last !== undefined && covers(last, each)) return false;
    last = each;
    return true;
  });
}

/** `32.101.113.0.203.rpz-client-ip`, `48.zz.100.db8.2001.rpz-client-ip`: relative to the zone. */
export function clientIpOwner({ address, length }: Prefix): string {
  const text = formatIp(address);
  const groups =
    address.family === 4
      ? text.split('.')
      : text
          .replace('::', ':zz:')
          .split(':')
          .filter((group) => group !== '');
  return [String(length), ...groups.reverse(), 'rpz-client-ip'].join('.');
}

/** What of `prefix` lies outside all of `excluded`, as few prefixes as possible. */
function without(prefix: Prefix, excluded: readonly Prefix[]): Prefix[] {
  if (excluded.some((each) => covers(each, prefix))) return [];
  const inside = excluded.filter((each) => covers(prefix, each));
  return inside.length === 0 ? [prefix] : halvesOf(prefix).flatMap((half) => without(half, inside));
}

function halvesOf({ address, length }: Prefix): Prefix[] {
  const upper = address.words.map((word, i) =>
    i === length >>> 5 ? (word | (0x80000000 >>> (length & 31))) >>> 0 : word,
  );
  return [address.words, upper].map((words) => ({ address: { family: address.family, words }, length: length + 1 }));
}

function covers(outer: Prefix, inner: Prefix): boolean {
  if (outer.address.family !== inner.address.family || outer.length > inner.length) return false;
  return outer.address.words.every((word, i) => {
    const bits = Math.min(32, Math.max(0, outer.length - 32 * i));
    return bits === 0 || (word ^ inner.address.words[i]!) >>> (32 - bits) === 0;
  });
}

function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  const i = a.address.words.findIndex((word, at) => word !== b.address.words[at]);
  return i < 0 ? a.length - b.length : a.address.words[i]! - b.address.words[i]!;
}
