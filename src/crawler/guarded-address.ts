/**
 * Keeps the crawler off the operator's own network: addresses are checked where the connection is made, so that neither a
 * name nor a redirect gets around it.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import type { ClosedBecause } from '../domain/outbound-rules.js';
import { FetchError } from './fetch-error.js';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export type ResolveName = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** @throws FetchError for what is not the web, and for a literal address that may not be asked */
export function checkUrl(url: URL, closedBecause: ClosedBecause): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FetchError(`only http and https are fetched, not ${url.protocol}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address never reaches the lookup.
  if (isIP(host) === 0) return;
  const reason = whyClosed(host, portOf(url), closedBecause);
  if (reason !== undefined) throw new FetchError(`${host} ${reason}`);
}

function portOf({ port, protocol }: { readonly port: string; readonly protocol: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** An address with a zone (`fe80::1%eth0`) has no form that could be checked, and is link-local. */
function whyClosed(text: string, port: number, closedBecause: ClosedBecause): string | undefined {
  let address: IpAddress;
  try {
    address = parseIp(text);
  } catch {
    return 'is not an address on the Internet';
  }
  return closedBecause(address, port);
}

/** Connects for undici to addresses that are open only. */
export function guardedConnector(resolve: ResolveName, closedBecause: ClosedBecause): buildConnector.connector {
  return (options, callback) => {
    const lookup = guardedLookup(resolve, portOf(options), closedBecause);
    buildConnector({ lookup })(options, callback);
  };
}

/** As `net.connect` wants it. */
function guardedLookup(resolve: ResolveName, port: number, closedBecause: ClosedBecause): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((all) => {
        if (all.length === 0) throw new FetchError(`${hostname} has no address`);
        const reasons = all.map(({ address }) => whyClosed(address, port, closedBecause));
        const open = all.filter((_, i) => reasons[i] === undefined);
        if (open.length === 0) throw new FetchError(`${hostname} resolves to ${all[0]!.address}, which ${reasons[0]}`);
        return open;
      })
      .then(
        (open) => {
          if (options.all) callback(null, [...open]);
          else callback(null, open[0]!.address, open[0]!.family);
        },
        (thrown: Error) => callback(thrown, ''),
      );
  };
}

export async function resolveBySystem(hostname: string): Promise<ResolvedAddress[]> {
  const found = await systemLookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}
