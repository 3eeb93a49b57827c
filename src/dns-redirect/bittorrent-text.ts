/**
 * TXT records by which a host says where its trackers are (BEP 34): `BITTORRENT UDP:6969 TCP:80`, in the order of preference,
 * or `BITTORRENT DENY ALL`.
 */
import type { AnnouncePort } from './coverage/announce-usage.js';

/** Whether the host says that it has no tracker. A record without any port says the same. */
export function deniesAll(texts: readonly string[]): boolean {
  const records = texts.filter((text) => /^BITTORRENT(\s|$)/.test(text));
  return records.length > 0 && !records.some((text) => /\s(UDP|TCP):\d{1,5}(?=\s|$)/.test(text));
}

/** What our own answer says of a redirected tracker: the ports that it has, UDP first, because it costs clients least. */
export function bittorrentText(ports: readonly AnnouncePort[]): string {
  const of = (transport: 'UDP' | 'TCP'): string[] =>
    ports
      .filter(({ protocol }) => (protocol === 'udp') === (transport === 'UDP'))
      .map(({ port }) => `${transport}:${port}`);
  return ['BITTORRENT', ...new Set([...of('UDP'), ...of('TCP')])].join(' ');
}
