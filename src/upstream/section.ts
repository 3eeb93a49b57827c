/** The section `upstream` of the configuration: the exchange with original trackers. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { ConfiguredSocket, DeepReadonly } from '../config-kit/config-part.js';
import {
  duration,
  flag,
  hostName,
  identifier,
  ipAddress,
  numberFrom,
  section,
  token,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import { formatIp } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import type { RedirectionTargets } from '../net/own-endpoints.js';
import { dht } from './dht/dht-section.js';
import { MAX_CONCURRENT_REQUESTS } from './limits.js';

const DNS_PORT = 53;

const trackerHost = z.union([hostName, ipAddress.transform(formatIp)], {
  error: 'expected the host of an announce URL, without scheme and port, e.g. "tracker.example.org"',
});

/** Without a token here it has one of `alias-tracker token new --upstream NAME`. */
const originalTracker = section({
  name: identifier,
  token: token.optional(),
  hosts: z.array(trackerHost).prefault([]),
});

export const schema = section({
  exchange: flag.prefault(true),
  resolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  dht,
  every: duration('1s', '24h', '5m'),
  peersMax: wholeNumber(1, 2_000).prefault(200),
  limits: section({
    requestsPerSecond: numberFrom(0.1, 1_000).prefault(20),
    concurrentRequests: wholeNumber(1, MAX_CONCURRENT_REQUESTS).prefault(8),
    requestsPerHour: wholeNumber(1, 10_000_000).prefault(20_000),
  }).prefault({}),
  originalTrackers: z.array(originalTracker).prefault([]),
}).prefault({});

/** The sections that it reads. */
export interface UpstreamConfig {
  readonly upstream: DeepReadonly<z.output<typeof schema>>;
  readonly dnsRedirect?: (RedirectionTargets & { readonly upstreamResolvers: readonly Endpoint[] }) | undefined;
  readonly lab: boolean;
}

/** A partner without hosts is not limited to its own torrents. */
export function partnersWithoutHosts({ upstream }: Pick<UpstreamConfig, 'upstream'>): string[] {
  return upstream.originalTrackers.flatMap(({ name, hosts }, i) =>
    hosts.length > 0
      ? []
      : [
          `upstream.originalTrackers[${i}].hosts: ${name} may push peers of the torrents of all trackers; list the hosts of its announce URLs, e.g. [tracker.example.org]`,
        ],
  );
}

/** Port 0 is never taken. */
export function dhtSockets({ upstream }: Pick<UpstreamConfig, 'upstream'>): ConfiguredSocket[] {
  if (upstream.dht === false) return [];
  return upstream.dht.listen.map((each, i) => ({ ...each, path: ['upstream', 'dht', 'listen', i], protocol: 'udp' }));
}
