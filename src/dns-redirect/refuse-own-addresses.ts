/** Refuses upstream resolvers that are this server itself: each query would come back until all sockets are in use. */
import { OperatorError } from '../domain/errors.js';
import { type Endpoint, formatEndpoint, sameEndpoint } from '../net/endpoint.js';
import { addressesOfListener } from '../net/machine-addresses.js';

/** Sees only direct loops; `loop-probe.ts` finds those through another resolver. @throws OperatorError */
export function refuseOwnAddresses(listening: readonly Endpoint[], resolvers: readonly Endpoint[]): void {
  const own = listening.flatMap(({ host, port }) => addressesOfListener(host).map((each) => ({ host: each, port })));
  for (const resolver of resolvers) {
    if (own.some((endpoint) => sameEndpoint(endpoint, resolver))) {
      throw new OperatorError(
        `dnsRedirect.upstreamResolvers names this server itself (${formatEndpoint(resolver)}); name the resolver that clients used before the redirection`,
      );
    }
  }
}
