/**
 * Where torrents of the catalogue announce to redirected trackers and nothing listens: protocol, port, and the address that the
 * name leads to. HTTPS is left out, because it needs a certificate for a stranger's name.
 */
import type { Config } from '../config/config-schema.js';
import type { AnnounceUsage } from '../dns-redirect/coverage/announce-usage.js';
import { readUsage, type TrackersOfTorrents } from '../dns-redirect/coverage/read-usage.js';
import { compileRedirectPolicy } from '../dns-redirect/redirect-policy.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import { isWildcard } from '../net/endpoint.js';
import { formatListenUrl, type ListenUrl } from '../net/listen-url.js';
import { machineAddresses } from '../net/machine-addresses.js';

/** Far more than real trackers have. A stranger's torrents must not open without end. */
export const MAX_COVERED_PORTS = 32;

export async function portsToCover(
  { dnsRedirect }: Pick<Config, 'dnsRedirect'>,
  catalogue: TrackersOfTorrents,
  listen: readonly ListenUrl[],
): Promise<ListenUrl[]> {
  if (dnsRedirect === undefined || dnsRedirect.trackers.length === 0) return [];
  const { names } = compileRedirectPolicy({ ...dnsRedirect, percent: 100 });
  const trackers = [...names].filter(([, { target }]) => target === 'tracker');
  const usage = await readUsage(
    catalogue,
    trackers.map(([name]) => name),
  );
  const here = new Set(machineAddresses());
  const wanted = trackers.flatMap(([name, { addresses }]) =>
    portsOf(usage, name).flatMap(({ protocol, port, torrents }) =>
      addresses.map((address) => {
        const url: ListenUrl = { protocol, port, host: hostFor(address, here) };
        return { torrents, url };
      }),
    ),
  );
  wanted.sort((a, b) => b.torrents - a.torrents);
  const missing = new Map<string, ListenUrl>();
  for (const { url } of wanted) {
    if (missing.size >= MAX_COVERED_PORTS) break;
    if (![...listen, ...missing.values()].some((each) => serves(each, url))) missing.set(formatListenUrl(url), url);
  }
  return [...missing.values()];
}

function portsOf(usage: AnnounceUsage, name: string) {
  return usage
    .of(name)
    .ports.flatMap(({ protocol, port, torrents, unservable }) =>
      unservable === undefined && (protocol === 'udp' || protocol === 'http')
        ? [{ protocol, port, torrents } as const]
        : [],
    );
}

/** An address of another machine leads here if that machine forwards it, to whichever address. */
function hostFor(address: IpAddress, here: ReadonlySet<string>): string {
  const text = formatIp(address);
  const isHere = here.has(text) || text.startsWith('127.');
  return isHere ? text : address.family === 4 ? '0.0.0.0' : '::';
}

function serves(listener: ListenUrl, wanted: ListenUrl): boolean {
  if (listener.protocol !== wanted.protocol || listener.port !== wanted.port) return false;
  if (isWildcard(listener.host)) return listener.host === '::' || !wanted.host.includes(':');
  return formatIp(parseIp(listener.host)) === wanted.host;
}
