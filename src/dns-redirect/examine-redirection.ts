/** Names and resolvers of the redirection, compiled as its start compiles them. */
import { type Finding, findingsOf } from '../config-kit/examine.js';
import { compileRedirectPolicy } from './redirect-policy.js';
import { refuseOwnAddresses } from './refuse-own-addresses.js';
import type { RedirectConfig } from './section.js';

export async function examineRedirection({ dnsRedirect }: Pick<RedirectConfig, 'dnsRedirect'>): Promise<Finding[]> {
  if (dnsRedirect === undefined) return [];
  const { listen, upstreamResolvers } = dnsRedirect;
  return [
    ...(await findingsOf(['dnsRedirect'], () => compileRedirectPolicy(dnsRedirect))),
    ...(await findingsOf(['dnsRedirect', 'upstreamResolvers'], () => refuseOwnAddresses(listen, upstreamResolvers))),
  ];
}
