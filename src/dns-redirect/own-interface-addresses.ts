/** Which addresses a listening address stands for: itself, or every one of this machine where it is a wildcard. */
import { networkInterfaces } from 'node:os';
import { type Endpoint, formatEndpoint, sameEndpoint } from '../domain/endpoint.js';
import { OperatorError } from '../domain/errors.js';

export function ownInterfaceAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const family = host === '::' ? 'IPv6' : 'IPv4';
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [host, ...addresses.filter((each) => each.family === family).map((each) => each.address.replace(/%.*$/, ''))];
}

/** The loop that can be seen without asking anybody. @throws OperatorError */
export function refuseOwnAddresses(listening: readonly Endpoint[], resolvers: readonly Endpoint[]): void {
  const own = listening.flatMap(({ host, port }) => ownInterfaceAddresses(host).map((each) => ({ host: each, port })));
  for (const resolver of resolvers) {
    if (own.some((endpoint) => sameEndpoint(endpoint, resolver))) {
      throw new OperatorError(
        `dnsRedirect.upstreamResolvers names this server itself (${formatEndpoint(resolver)}); give the resolver that answered before it`,
      );
    }
  }
}
