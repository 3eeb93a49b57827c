/** The section `upstream` of the configuration: the exchange with original trackers. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { DeepReadonly, Report } from '../config-kit/config-part.js';
import { duration, flag, identifier, section, token, wholeNumber } from '../config-kit/field-schemas.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';

const DNS_PORT = 53;

export const schema = section({
  exchange: flag.prefault(true),
  resolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  dht: flag.prefault(false),
  every: duration('1s', '24h', '5m'),
  peersMax: wholeNumber(1, 2_000).prefault(200),
  originalTrackers: z.array(section({ name: identifier, token })).prefault([]),
}).prefault({});

/** The sections that it reads. */
export interface UpstreamConfig {
  readonly upstream: DeepReadonly<z.output<typeof schema>>;
  readonly dnsRedirect?:
    | { readonly upstreamResolvers: readonly Endpoint[]; readonly trackerAddresses: readonly IpAddress[] }
    | undefined;
  readonly lab: boolean;
}

export function dhtIsNotAsked({ upstream }: Pick<UpstreamConfig, 'upstream'>, report: Report): void {
  if (upstream.dht) report(['upstream', 'dht'], 'foreign peers come from original trackers only; write false');
}
