/** The sections `operator` and `topology` of the configuration: whose network this is, and who the rest of the world is. */
import { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  asn,
  duration,
  filePath,
  identifier,
  ipAddress,
  prefix,
  section,
  text,
  wholeNumber,
} from '../config-kit/field-schemas.js';

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
}).prefault({});

export type OperatorSection = DeepReadonly<z.output<typeof operatorSection>>;

export interface OperatorConfig {
  readonly operator: OperatorSection;
}

/** The sections that the topology is compiled from. */
export interface TopologyConfig extends OperatorConfig {
  readonly topology: DeepReadonly<z.output<typeof topologySection>>;
  readonly billing: {
    readonly neighbours: readonly { readonly asns: readonly number[] }[];
    readonly overrides: readonly { readonly requester: string; readonly peer: string }[];
  };
  readonly storage: { readonly directory: string };
}
