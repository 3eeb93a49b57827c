/** The section `dnsRedirect` of the configuration, and what else of the configuration the redirection reads. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { durationInSeconds, hostName, ipAddress, prefix, section, wholeNumber } from '../config-kit/field-schemas.js';
import type { Prefix } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';

const DNS_PORT = 53;

export const schema = section({
  listen: z.array(endpoint()).min(1, { error: 'give at least one address to listen on' }).prefault(['127.0.0.1:5353']),
  upstreamResolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  clients: z.array(prefix).prefault([]),
  mirrorAddresses: z.array(ipAddress).prefault([]),
  trackerAddresses: z.array(ipAddress).prefault([]),
  sites: z.array(hostName).prefault([]),
  trackers: z.array(hostName).prefault([]),
  ttl: durationInSeconds('1s', '60s', '30s'),
  queriesPerSecondPerClient: wholeNumber(1, 1_000_000).prefault(500),
}).optional();

export type RedirectSection = NonNullable<DeepReadonly<z.output<typeof schema>>>;

/** The sections that it reads. */
export interface RedirectConfig {
  readonly dnsRedirect?: RedirectSection | undefined;
  readonly operator: { readonly networks: readonly { readonly prefixes: readonly Prefix[] }[] };
  readonly tracker: { readonly announceUrls: readonly string[]; readonly listen: readonly Endpoint[] };
  readonly mirrorSite?: { readonly listen: Endpoint | readonly Endpoint[] } | undefined;
  readonly labServices?: object | undefined;
  readonly upstream: { readonly resolvers: readonly Endpoint[] };
  readonly lab: boolean;
}
