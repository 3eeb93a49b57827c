/**
 * Which clients are redirected (draft section 4.2). A percentage of the clients is chosen by a keyed hash of the IPv4 address or
 * the IPv6 /64, so all devices of a household get the same answer, also after a restart. The client of a question is the source
 * of the packet: behind a resolver, that is the resolver.
 */
import { HalfSipHash } from '../domain/half-sip-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import { prefixSetHas } from '../domain/prefix-set.js';
import type { ClientRules } from './redirect-policy.js';

const HASHES = 2 ** 32;
/** The hash input is the family and the network, so an IPv4 address and an IPv6 network never have the same input. */
const message = new Uint32Array(3);

export function isRedirectedClient({ only, except, chosenBy }: ClientRules, client: IpAddress): boolean {
  if (only !== undefined && !prefixSetHas(only, client)) return false;
  if (prefixSetHas(except, client)) return false;
  return chosenBy === undefined || shareOf(client, chosenBy.key) * 100 < chosenBy.percent;
}

/** @param key two secret words. @returns from 0 to below 1, evenly spread over clients */
function shareOf({ family, words }: IpAddress, key: Uint32Array): number {
  message[0] = family;
  message[1] = words[0]!;
  message[2] = family === 4 ? 0 : words[1]!;
  return (new HalfSipHash(key).hash(message, 0, 3) >>> 0) / HASHES;
}
