/** The section `upstream` of the configuration: the exchange with original trackers. */
import { z } from 'zod';
import { endpoint } from '../config-kit/address-schemas.js';
import type { DeepReadonly, Report } from '../config-kit/config-part.js';
import { duration, flag, identifier, section, token, wholeNumber } from '../config-kit/field-schemas.js';

const DNS_PORT = 53;

export const schema = section({
  exchange: flag.prefault(true),
  resolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  dht: flag.prefault(false),
  every: duration('1s', '24h', '5m'),
  peersMax: wholeNumber(1, 2_000).prefault(200),
  originalTrackers: z.array(section({ name: identifier, token })).prefault([]),
}).prefault({});

export interface UpstreamConfig {
  readonly upstream: DeepReadonly<z.output<typeof schema>>;
}

export function dhtIsNotAsked({ upstream }: UpstreamConfig, report: Report): void {
  if (upstream.dht) report(['upstream', 'dht'], 'foreign peers come from original trackers only; write false');
}
