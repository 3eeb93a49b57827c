/** The section `dnsRedirect` of the configuration, and what else of the configuration the redirection reads. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  durationInSeconds,
  flag,
  hostName,
  ipAddress,
  numberFrom,
  prefix,
  section,
  size,
  timePeriodFields,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import type { Prefix } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import type { AnnouncePort } from './coverage/announce-usage.js';
import { DEFAULT_SITE_PORT } from './redirect-policy.js';
import { rpzSchema } from './rpz/rpz-section.js';

const DNS_PORT = 53;
const MAX_QUERIES_PER_SECOND = 10_000_000;

const siteFields = section({
  name: hostName,
  port: wholeNumber(1, 65_535).prefault(DEFAULT_SITE_PORT),
  https: z.enum(['check', 'ignore'], { error: 'expected check or ignore' }).prefault('check'),
});
const plainSite = hostName.transform(
  (name): z.output<typeof siteFields> => ({ name, port: DEFAULT_SITE_PORT, https: 'check' }),
);
const site = z.union([plainSite, siteFields], {
  error: 'expected a host name, or { name: HOST, port: 8080, https: check }',
});

const addresses = z.union([ipAddress.transform((address) => [address]), z.array(ipAddress).min(1)], {
  error: 'expected an address, or a list of addresses',
});
const plainTracker = hostName.transform((name): { name: string; address?: undefined } => ({ name }));
const tracker = z.union([plainTracker, section({ name: hostName, address: addresses.optional() })], {
  error: 'expected a host name, or { name: HOST, address: ADDRESS }',
});
const DEFAULT_LISTEN: readonly Endpoint[] = [{ host: '127.0.0.1', port: 10_053 }];

const rateLimit = section({ prefix, queriesPerSecond: wholeNumber(1, MAX_QUERIES_PER_SECOND) });

const fields = section({
  listen: z.array(endpoint()).optional(),
  upstreamResolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  clients: z.array(prefix).prefault([]),
  optOut: z.array(prefix).prefault([]),
  percent: numberFrom(0, 100).prefault(100),
  schedule: z.array(section(timePeriodFields)).prefault([]),
  mode: z.enum(['redirect', 'shadow'], { error: 'expected "redirect" or "shadow"' }).prefault('redirect'),
  mirrorAddresses: z.array(ipAddress).prefault([]),
  trackerAddresses: z.array(ipAddress).prefault([]),
  sites: z.array(site).prefault([]),
  trackers: z.array(tracker).prefault([]),
  healthChecks: flag.prefault(true),
  ttl: durationInSeconds('1s', '60s', '30s'),
  signedNames: z.enum(['leave', 'redirect'], { error: 'expected "leave" or "redirect"' }).prefault('leave'),
  canaries: flag.prefault(false),
  allowQueries: z.array(prefix).prefault([]),
  trustedResolvers: z.array(prefix).prefault([]),
  queriesPerSecondPerClient: wholeNumber(1, MAX_QUERIES_PER_SECOND).prefault(500),
  ipv4ClientPrefix: wholeNumber(8, 32).prefault(32),
  ipv6ClientPrefix: wholeNumber(32, 64).prefault(64),
  rateLimits: z.array(rateLimit).prefault([]),
  cacheSize: size('0B', '8GiB', '64MiB'),
  rpz: rpzSchema,
});

/** With `rpz`, the own server runs only if `listen` is set. */
export const schema = fields
  .transform((section) => ({ ...section, listen: section.listen ?? (section.rpz ? [] : DEFAULT_LISTEN) }))
  .optional();

export type RedirectSection = NonNullable<DeepReadonly<z.output<typeof schema>>>;

/** An entry of `tracker.listen`. */
export type TrackerListener = Endpoint & AnnouncePort;

/** The sections that it reads. */
export interface RedirectConfig {
  readonly dnsRedirect?: RedirectSection | undefined;
  readonly operator: { readonly networks: readonly { readonly prefixes: readonly Prefix[] }[] };
  readonly tracker: { readonly announceUrls: readonly string[]; readonly listen: readonly TrackerListener[] };
  readonly mirrorSite?: { readonly listen: Endpoint | readonly Endpoint[] } | undefined;
  readonly labServices?: object | undefined;
  readonly storage: { readonly directory: string };
  readonly upstream: { readonly resolvers: readonly Endpoint[] };
  readonly lab: boolean;
}
