/** The DNS redirection as a part of the program: its section of the configuration, and how it is started. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { durationInSeconds, hostName, ipAddress, prefix, section, wholeNumber } from '../config-kit/field-schemas.js';
import type { Prefix } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Part } from '../part/part.js';
import { redirectionHasTargets, redirectionIsPossible } from './check-redirection.js';
import type { RedirectNeeds, RunningRedirection } from './running-redirection.js';

const DNS_PORT = 53;

const schema = section({
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
  readonly tracker: { readonly announceUrls: readonly string[] };
  readonly upstream: { readonly resolvers: readonly Endpoint[] };
  readonly lab: boolean;
}

export const dnsRedirectPart: Part<'dnsRedirect', typeof schema, RedirectConfig, RedirectNeeds, RunningRedirection> = {
  key: 'dnsRedirect',
  name: 'DNS redirection',
  label: 'dns-redirect',
  schema,
  live: ['clients', 'mirrorAddresses', 'trackerAddresses', 'sites', 'trackers', 'ttl'],
  checks: [redirectionHasTargets, redirectionIsPossible],
  text: `dnsRedirect:                            # leave the section out to redirect with your own resolver
  listen: ["127.0.0.1:5353"]            # UDP and TCP
  upstreamResolvers: ["192.0.2.53"]     # every other name is asked there
  clients: []                           # prefixes that are redirected; empty: everyone who asks
  mirrorAddresses: [203.0.113.20, "2001:db8:100::20"]
  trackerAddresses: [203.0.113.21]
  sites: []                             # names of original sites
  trackers: []                          # names of original trackers
  ttl: 30s
  queriesPerSecondPerClient: 500        # raise it where the clients are resolvers that ask for many
`,
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs) => (await import('./running-redirection.js')).RunningRedirection.start(config, needs),
};
