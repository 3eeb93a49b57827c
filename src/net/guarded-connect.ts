/**
 * Keeps fetches out of the operator's own network. Addresses are checked where the connection is made, so neither a name
 * nor a redirect gets around the check.
 */

import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { ClientError } from '../domain/errors.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import { allowedAddresses, literalAddress } from './allowed-addresses.js';
import type { BlockedReason } from './outbound-rules.js';

/** Rejects, or returns nothing, if the name has no address. */
export type ResolveName = (hostname: string) => Promise<readonly IpAddress[]>;

/** @throws ClientError for a protocol other than http and https, and for a literal address that is blocked */
export function checkUrl(url: URL, blockedReason: BlockedReason, allowPrivate = false): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ClientError('not-fetched', `only http and https are fetched, not ${url.protocol}`);
  }
  // A literal address never reaches the look-up.
  const address = literalAddress(url.hostname);
  const reason = address && blockedReason(address, portOf(url), allowPrivate);
  if (reason !== undefined) throw new ClientError('not-fetched', `${formatIp(address!)} ${reason}`);
}

function portOf({ port, protocol }: { readonly port: string; readonly protocol: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** A connector for undici that connects to allowed addresses only. @param more for example `timeout`, in ms */
export function guardedConnector(
  resolve: ResolveName,
  blockedReason: BlockedReason,
  more: buildConnector.BuildOptions = {},
): buildConnector.connector {
  return (options, callback) => {
    const lookup = guardedLookup(resolve, portOf(options), blockedReason);
    buildConnector({ ...more, lookup })(options, callback);
  };
}

/** For `net.connect`. */
function guardedLookup(resolve: ResolveName, port: number, blockedReason: BlockedReason): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => {
        if (addresses.length === 0) throw new ClientError('unreachable', `${hostname} has no address`);
        const result = allowedAddresses(addresses, port, blockedReason);
        if ('blocked' in result) throw new ClientError('not-fetched', `${hostname} ${result.blocked}`);
        return result.allowed.map((each) => ({ address: formatIp(each), family: each.family }));
      })
      .then(
        (allowed) => {
          if (options.all) callback(null, allowed);
          else callback(null, allowed[0]!.address, allowed[0]!.family);
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
