/** The sections `billing` and `selection` of the configuration: what traffic costs, and which peers are preferred. */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  asn,
  duration,
  identifier,
  numberFrom,
  optionalDuration,
  optionalRate,
  section,
  text,
  timePeriodFields,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';

const ratePerGigabyte = numberFrom(0, 1_000_000);
const foreignPeers = wholeNumber(0, 200);
const gateways = wholeNumber(0, 1_000);
/** Half of a day: a ramp is cut to half of its period anyway. */
const LONGEST_RAMP = '12h';

const neighbour = section({
  name: text,
  asns: z.array(asn).min(1, { error: 'give at least one AS number' }),
  ratePerGigabyte,
});

export const rampFor = duration('0s', LONGEST_RAMP, '30m');

/** One period of the schedule. */
export const scheduleEntry = section({
  name: identifier,
  ...timePeriodFields,
  rateFactor: numberFrom(0, 1_000).prefault(1),
  neighbours: z.array(text).optional(),
  foreignPeersMin: foreignPeers.optional(),
  foreignPeersMax: foreignPeers.optional(),
  foreignPeersWhenNoInnerSeed: foreignPeers.optional(),
  gatewaysMax: gateways.optional(),
  rampFor: optionalDuration('0s', LONGEST_RAMP),
});

/** A sub-domain's id, or `AS64600`; a requester may be `*` (every inner one), a peer one of `operator.caches`. */
const groupName = z
  .string({ error: 'expected a sub-domain or an AS, e.g. "north" or "AS64600"' })
  .min(1, { error: 'must not be empty' })
  .transform((name) => (isIP(name) === 0 ? name : formatIp(parseIp(name))));
const override = section({
  requester: groupName,
  peer: groupName,
  treatAs: z.enum(['same-as', 'same-operator', 'foreign'], {
    error: 'expected "same-as", "same-operator" or "foreign"',
  }),
  ratePerGigabyte: ratePerGigabyte.optional(),
});

export const billingSection = section({
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'expected a currency code of three letters, e.g. "EUR"' })
    .prefault('EUR'),
  defaultRatePerGigabyte: ratePerGigabyte.prefault(0.02),
  neighbours: z.array(neighbour).prefault([]),
  relationshipRates: section({
    customer: ratePerGigabyte.optional(),
    peer: ratePerGigabyte.optional(),
    provider: ratePerGigabyte.optional(),
  }).prefault({}),
  /** Of all caches together, over the border. */
  fillRate: optionalRate('8kbit/s', '1000Gbit/s'),
  rampFor,
  schedule: z.array(scheduleEntry).prefault([]),
  overrides: z.array(override).prefault([]),
}).prefault({});

const weight = numberFrom(0, 1);

export const selectionSection = section({
  enoughInnerPeers: wholeNumber(0, 200).prefault(12),
  foreignPeersMin: foreignPeers.prefault(0),
  foreignPeersMax: foreignPeers.prefault(20),
  foreignPeersWhenNoInnerSeed: foreignPeers.prefault(3),
  gatewaysMax: gateways.prefault(16),
  capabilityWeight: weight.prefault(0.6),
  densityWeight: weight.prefault(0.4),
  grain: z.enum(['as', 'subdomain'], { error: 'expected "as" or "subdomain"' }).prefault('as'),
}).prefault({});

/** The sections that the policy and the checks read. */
export interface PolicyConfig {
  readonly billing: DeepReadonly<z.output<typeof billingSection>>;
  readonly selection: DeepReadonly<z.output<typeof selectionSection>>;
  readonly operator: {
    readonly networks: readonly { readonly asn: number }[];
    readonly caches: readonly { readonly address: IpAddress; readonly preferredBy?: readonly string[] | undefined }[];
  };
  readonly reports: { readonly freshnessMs: number };
}
