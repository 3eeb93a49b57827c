/** `operator`, `topology`, `billing` and `selection`: whose network this is, what traffic costs, and what is preferred. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { formatIp, parseIp } from '../domain/ip-address.js';
import {
  asn,
  duration,
  filePath,
  identifier,
  ipAddress,
  numberFrom,
  prefix,
  section,
  text,
  timeOfDay,
  timeZone,
  wholeNumber,
} from './field-schemas.js';

const network = section({ asn, prefixes: z.array(prefix).min(1, { error: 'give at least one prefix' }) });

const subdomain = section({
  id: identifier,
  prefixes: z.array(prefix).min(1, { error: 'give at least one prefix' }),
  uplinkBpsMax: wholeNumber(1, 1e12).optional(),
});
/** CSV `prefix,subdomain[,asn[,uplinkBpsMax]]`, exported from an address plan. */
const subdomainFile = section({ file: filePath });

const cache = section({
  address: ipAddress,
  preferredBy: z.array(identifier).optional(),
  uplinkBpsMax: wholeNumber(1, 1e12).optional(),
});

export const operatorSection = section({
  name: text,
  networks: z
    .array(network, { error: 'expected a list of networks, e.g. [ { asn: 64500, prefixes: [203.0.113.0/24] } ]' })
    .min(1, { error: 'give at least one network; the first is the home AS' }),
  subdomains: z
    .union([z.array(subdomain), subdomainFile], { error: 'expected a list of sub-domains, or "file: FILE.csv"' })
    .prefault([]),
  caches: z.array(cache).prefault([]),
});

export const topologySection = section({
  asnDatabase: filePath.optional(),
  prefixToAs: filePath.optional(),
  asRelationships: filePath.optional(),
  asOrganisations: filePath.optional(),
  reloadEvery: duration('10s', '7d', '5m'),
});

const ratePerGigabyte = numberFrom(0, 1_000_000);
const foreignPeers = wholeNumber(0, 200);
const gateways = wholeNumber(0, 1_000);

const neighbour = section({
  name: text,
  asns: z.array(asn).min(1, { error: 'give at least one AS number' }),
  ratePerGigabyte,
});

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const scheduleEntry = section({
  name: identifier,
  from: timeOfDay,
  to: timeOfDay,
  timeZone: timeZone.prefault('UTC'),
  days: z.array(z.enum(weekdays, { error: `expected days: ${weekdays.join(', ')}` })).prefault([...weekdays]),
  rateFactor: numberFrom(0, 1_000).prefault(1),
  neighbours: z.array(text).optional(),
  foreignPeersMin: foreignPeers.optional(),
  foreignPeersMax: foreignPeers.optional(),
  gatewaysMax: gateways.optional(),
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
  schedule: z.array(scheduleEntry).prefault([]),
  overrides: z.array(override).prefault([]),
});

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
});

export const storageSection = section({ directory: filePath.prefault('./data') });

export const loggingSection = section({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'expected fatal, error, warn, info, debug, trace or silent',
    })
    .prefault('info'),
});
