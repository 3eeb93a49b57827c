/**
 * Keeps fetches out of the operator's own network. Addresses are checked where the connection is made, so neither a name
 * nor a redirect gets around the check.
 */

import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { ClientError } from '../domain/errors.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import { literalAddress, openAddresses } from './open-addresses.js';
import type { ClosedBecause } from './outbound-rules.js';

/** Rejects, or returns nothing, if the name has no address. */
export type ResolveName = (hostname: string) => Promise<readonly IpAddress[]>;

/** @throws ClientError for a protocol other than http and https, and for a literal address that is closed */
export function checkUrl(url: URL, closedBecause: ClosedBecause): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ClientError('not-fetched', `only http and https are fetched, not ${url.protocol}`);
  }
  // A literal address never reaches the look-up.
  const address = literalAddress(url.hostname);
  const reason = address && closedBecause(address, portOf(url));
  if (reason !== undefined) throw new ClientError('not-fetched', `${formatIp(address!)} ${reason}`);
}

function portOf({ port, protocol }: { readonly port: string; readonly protocol: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** A connector for undici that connects to open addresses only. */
export function guardedConnector(resolve: ResolveName, closedBecause: ClosedBecause): buildConnector.connector {
  return (options, callback) => {
    const lookup = guardedLookup(resolve, portOf(options), closedBecause);
    buildConnector({ lookup })(options, callback);
  };
}

/** For `net.connect`. */
function guardedLookup(resolve: ResolveName, port: number, closedBecause: ClosedBecause): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => {
        if (addresses.length === 0) throw new ClientError('unreachable', `${hostname} has no address`);
        const result = openAddresses(addresses, port, closedBecause);
        if ('closed' in result) throw new ClientError('not-fetched', `${hostname} ${result.closed}`);
        return result.open.map((each) => ({ address: formatIp(each), family: each.family }));
      })
      .then(
        (open) => {
          if (options.all) callback(null, open);
          else callback(null, open[0]!.address, open[0]!.family);
        },
        (thrown: Error) => callback(thrown, ''),
      );
  };
}

/** Leaves out addresses with a zone (`fe80::1%eth0`): they are link-local. */
export async function resolveBySystem(hostname: string): Promise<IpAddress[]> {
  const found = await systemLookup(hostname, { all: true });
  return found.flatMap(({ address }) => literalAddress(address) ?? []);
}
