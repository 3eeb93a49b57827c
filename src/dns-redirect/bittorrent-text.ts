/**
 * TXT records by which a host says where its trackers are (BEP 34): `BITTORRENT UDP:6969 TCP:80`, in the order of preference,
 * or `BITTORRENT DENY ALL`.
 */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import { type Endpoint, isWildcard } from '../net/endpoint.js';
import type { AnnouncePort } from './coverage/announce-usage.js';

/** Where this tracker listens. */
export type AnnounceListener = AnnouncePort & Pick<Endpoint, 'host'>;

const RECORD = /^BITTORRENT(\s|$)/;

/** Whether the text is such a record. */
export function isBittorrentText(text: string): boolean {
  return RECORD.test(text);
}

/** Whether the host says that it has no tracker. A record without any port says the same. */
export function deniesAll(texts: readonly string[]): boolean {
  const records = texts.filter(isBittorrentText);
  return records.length > 0 && !records.some((text) => /\s(UDP|TCP):\d{1,5}(?=\s|$)/.test(text));
}

/**
 * The TXT record of a redirected tracker: the ports at its addresses, UDP first, because it costs clients least.
 * @param listeners HTTPS ones are left out, because BEP 34 has no word for them. If none has one of the addresses, another
 *   machine forwards them, so all of them count
 * @returns undefined without a port, because a record without ports tells clients to leave
 */
export function announceText(
  listeners: readonly AnnounceListener[],
  addresses: readonly IpAddress[],
): string | undefined {
  const plain = listeners.filter(({ protocol }) => protocol !== 'https');
  const texts = addresses.map(formatIp);
  const there = plain.filter(({ host }) => isWildcard(host) || texts.includes(host));
  const ports = there.length > 0 ? there : plain;
  return ports.length === 0 ? undefined : bittorrentText(ports);
}

function bittorrentText(ports: readonly AnnouncePort[]): string {
  const of = (transport: 'UDP' | 'TCP'): string[] =>
    ports
      .filter(({ protocol }) => (protocol === 'udp') === (transport === 'UDP'))
      .map(({ port }) => `${transport}:${port}`);
  return ['BITTORRENT', ...new Set([...of('UDP'), ...of('TCP')])].join(' ');
}
