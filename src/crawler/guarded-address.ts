/**
 * Keeps the crawler off the operator's own network: addresses are checked where the connection is made, so that neither a
 * name nor a redirect gets around it.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { FetchError } from './fetch-error.js';
import { isPublicAddress } from './public-address.js';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** @throws FetchError for what is not the web, and for a literal address that may not be asked */
export function checkUrl(url: URL, allowPrivateAddresses: boolean): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FetchError(`only http and https are fetched, not ${url.protocol}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address never reaches the lookup.
  if (isIP(host) !== 0 && !allowPrivateAddresses && !isPublicAddress(host)) throw privateAddress(host);
}

function privateAddress(host: string): FetchError {
  return new FetchError(`${host} is a private or reserved address; those are only asked with "lab: true"`);
}

/** As `net.connect` wants it. */
export function guardedLookup(
  resolve: (hostname: string) => Promise<readonly ResolvedAddress[]>,
  allowPrivateAddresses: boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((all) => {
        const allowed = allowPrivateAddresses ? all : all.filter(({ address }) => isPublicAddress(address));
        if (all.length === 0) throw new FetchError(`${hostname} has no address`);
        if (allowed.length === 0) throw privateAddress(hostname);
        return allowed;
      })
      .then(
        (allowed) => {
          if (options.all) callback(null, [...allowed]);
          else callback(null, allowed[0]!.address, allowed[0]!.family);
        },
        (thrown: Error) => callback(thrown, ''),
      );
  };
}

export async function resolveBySystem(hostname: string): Promise<ResolvedAddress[]> {
  const found = await systemLookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}
