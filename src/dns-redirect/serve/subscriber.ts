/**
 * Who sent a query: the address, and the subscriber whose queries and connections share a limit. One household gets an IPv4
 * address or an IPv6 /64, so all addresses of a /64 are one subscriber.
 */
import type { IpAddress } from '../../domain/ip-address.js';
import type { RemoteAddress } from '../../transport/transport.js';
import type { Sharer } from '../forward/fair-shares.js';

/** The address as a value that stays the same when the transport reuses `client`. */
export function addressOf({ family, word0, word1, word2, word3 }: RemoteAddress): IpAddress {
  return { family, words: family === 4 ? [word0] : [word0, word1, word2, word3] };
}

/** A key that is equal for all addresses of one subscriber. */
export function subscriberOf({ family, word0, word1 }: RemoteAddress): string {
  return family === 4 ? String(word0) : `${word0}:${word1}`;
}

/** The subscriber for a fair share of the questions in flight. */
export function sharerOf(client: RemoteAddress, trusted: boolean): Sharer {
  return { key: subscriberOf(client), trusted };
}
