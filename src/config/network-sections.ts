/** `operator`, `topology`, `billing` and `selection`: whose network this is, what traffic costs, and what is preferred. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { configPart } from '../config-kit/config-part.js';
import {
  asn,
  directoryPath,
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
} from '../config-kit/field-schemas.js';
import { formatIp, parseIp } from '../domain/ip-address.js';

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

export const operatorPart = configPart({
  key: 'operator',
  schema: operatorSection,
  live: ['name', 'networks', 'subdomains', 'caches'],
  text: `operator:
  name: Example Telecom
  networks:                             # the first is the home AS, the others are siblings of the same operator
    - { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] }
    - { asn: 64501, prefixes: [198.51.100.0/24] }
  subdomains:                           # access networks; the longest prefix wins. Or: subdomains: { file: plan.csv }, with
                                        # lines prefix,subdomain[,asn[,uplinkBpsMax]]
    - { id: north, prefixes: [203.0.113.0/25] }
    - { id: south, prefixes: [203.0.113.128/25], uplinkBpsMax: 40000000 }   # optional: no line there uploads faster
  caches:                               # the operator's own nodes; preferredBy: the sub-domains that prefer it, else all;
    - { address: 203.0.113.10, preferredBy: [north] }                 # for the others it is the last of the inner peers
      # optional: uplinkBpsMax, of the cache itself: the limit of its sub-domain is that of customers' lines
`,
});

export const topologySection = section({
  asnDatabase: filePath.optional(),
  prefixToAs: filePath.optional(),
  asRelationships: filePath.optional(),
  asOrganisations: filePath.optional(),
  reloadEvery: duration('10s', '7d', '5m'),
});

export const topologyPart = configPart({
  key: 'topology',
  schema: topologySection.prefault({}),
  live: ['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations', 'reloadEvery'],
  text: `topology:                               # who the rest of the world is; each file is optional
  # asnDatabase: GeoLite2-ASN.mmdb      # MMDB, or CSV "start,end,asn,organisation"
  # prefixToAs: routeviews.pfx2as       # CAIDA prefix2as
  # asRelationships: 20260101.as-rel.txt
  # asOrganisations: 20260101.as-org2info.txt
  reloadEvery: 5m                       # how often the files are looked at for changes
`,
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

export const billingPart = configPart({
  key: 'billing',
  schema: billingSection.prefault({}),
  live: [
    'currency',
    'defaultRatePerGigabyte',
    'neighbours',
    'relationshipRates.customer',
    'relationshipRates.peer',
    'relationshipRates.provider',
    'schedule',
    'overrides',
  ],
  text: `billing:
  currency: EUR
  defaultRatePerGigabyte: 0.02          # for every AS of which nothing better is known
  neighbours:                           # what traffic with them costs; goes before asRelationships
    - { name: Neighbour One, asns: [64600], ratePerGigabyte: 0.002 }
  relationshipRates: {}                 # per gigabyte: customer, peer (0 unless given), provider (the default rate)
  schedule:                             # of entries that overlap the first is in force
    - { name: night, from: "01:00", to: "07:00", timeZone: Europe/Berlin, rateFactor: 0.2, foreignPeersMax: 50 }
      # optional: days: [sat, sun] (on which it begins), neighbours: [Neighbour One] (only their rates); foreignPeersMin,
      # foreignPeersMax, gatewaysMax: in place of those of selection
  overrides: []                         # pairs that count otherwise than their AS say, e.g.
    # - { requester: north, peer: AS64600, treatAs: same-operator }      # same-as, same-operator or foreign
    # - { requester: "*", peer: south, treatAs: foreign, ratePerGigabyte: 0.001 }
    # - { requester: south, peer: 203.0.113.10, treatAs: same-operator }       # one of operator.caches
`,
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

export const selectionPart = configPart({
  key: 'selection',
  schema: selectionSection.prefault({}),
  live: [
    'enoughInnerPeers',
    'foreignPeersMin',
    'foreignPeersMax',
    'foreignPeersWhenNoInnerSeed',
    'gatewaysMax',
    'capabilityWeight',
    'densityWeight',
    'grain',
  ],
  text: `selection:
  enoughInnerPeers: 12                  # draft 4.2 a, b: what "enough" is, whatever numwant the client sent
  foreignPeersMin: 0                    # even when there are enough
  foreignPeersMax: 20                   # "some foreign nodes" when there are too few
  foreignPeersWhenNoInnerSeed: 3        # and what each gateway is given; a known seed counts as two
  gatewaysMax: 16                       # at most so many inner peers of a swarm that lacks inner seeds get foreign ones; 0: off
  capabilityWeight: 0.6
  densityWeight: 0.4
  grain: as                             # or subdomain: prefer the requester's own sub-domain
`,
});

export const storageSection = section({ directory: directoryPath.prefault('./data') });

export const storagePart = configPart({
  key: 'storage',
  schema: storageSection.prefault({}),
  live: [],
  text: `storage:
  directory: ./data
`,
});

export const loggingSection = section({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'expected fatal, error, warn, info, debug, trace or silent',
    })
    .prefault('info'),
});

export const loggingPart = configPart({
  key: 'logging',
  schema: loggingSection.prefault({}),
  live: ['level'],
  text: `logging:
  level: info                           # fatal, error, warn, info, debug, trace, silent
`,
});
