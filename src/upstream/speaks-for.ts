/**
 * Whether an original tracker may name peers of a torrent: where the trackers of the torrent are known, one of them has to be
 * its own. Otherwise one partner could fill the swarms of all others.
 */
import { formatIp } from '../domain/ip-address.js';
import { literalAddress } from '../net/allowed-addresses.js';

/**
 * @param hosts host names and addresses of the original tracker's announce URLs
 * @param trackers the announce URLs of the torrent
 */
export function speaksFor(hosts: readonly string[], trackers: readonly string[]): boolean {
  const own = new Set(hosts);
  return trackers.some((tracker) => own.has(hostOf(tracker)));
}

/** Empty for a text that is not a URL. */
function hostOf(url: string): string {
  if (!URL.canParse(url)) return '';
  const { hostname } = new URL(url);
  const literal = literalAddress(hostname);
  return literal === undefined ? hostname.toLowerCase().replace(/\.$/, '') : formatIp(literal);
}
