/** The resolvers that do not redirect, as the sections `upstream` and `dnsRedirect` of the configuration name them. */
import type { Endpoint } from './endpoint.js';

export interface ResolverSections {
  readonly upstream: { readonly resolvers: readonly Endpoint[] };
  readonly dnsRedirect?: { readonly upstreamResolvers: readonly Endpoint[] } | undefined;
}

/** Those of `upstream`, else those that the DNS redirection forwards to. May be empty. */
export function configuredResolvers({ upstream, dnsRedirect }: ResolverSections): readonly Endpoint[] {
  return upstream.resolvers.length > 0 ? upstream.resolvers : (dnsRedirect?.upstreamResolvers ?? []);
}
