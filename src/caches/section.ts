/** The section `caches` of the configuration: the operator's nodes that run an ordinary BitTorrent client as a cache. */
import { z } from 'zod';
import { urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  directoryPath,
  identifier,
  ipAddress,
  oneOrMore,
  optionalRate,
  requiredSize,
  section,
  text,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import { messageOf } from '../domain/errors.js';
import { parseInfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { BillingPeriod } from '../selection/billing.js';

export const CLIENT_KINDS = ['transmission', 'qbittorrent', 'aria2'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

const infoHash = z.string({ error: 'expected an info-hash in quotes' }).transform((written, context) => {
  try {
    return parseInfoHash(written);
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: messageOf(thrown) });
    return z.NEVER;
  }
});

/** Patterns of names have `*` and `?`. */
const allow = section({
  sources: z.array(identifier).prefault([]),
  names: z.array(text).prefault([]),
  infoHashes: z.array(infoHash).prefault([]),
});

const cache = section({
  name: identifier,
  /** Where clients reach it. */
  address: oneOrMore(ipAddress, 'address'),
  peerPort: wholeNumber(1, 65_535).optional(),
  client: z.enum(CLIENT_KINDS, { error: `expected one of ${CLIENT_KINDS.join(', ')}` }),
  url: urlOf('http', 'https'),
  user: text.optional(),
  password: text.optional(),
  secret: text.optional(),
  directory: directoryPath.optional(),
  quota: requiredSize('1MB', '1000TB'),
  allow: allow.prefault({}),
  fillRate: optionalRate('8kbit/s', '1000Gbit/s'),
  fillWindow: z
    .array(identifier)
    .min(1, { error: 'name at least one period of billing.schedule, or leave it out' })
    .optional(),
  preferredBy: z.array(identifier).optional(),
  uplinkBpsMax: wholeNumber(1, 1e12).optional(),
});

export const schema = z
  .array(cache, { error: 'expected a list of caches, each with name, address, client, url and quota' })
  .prefault([]);

export type CachesSection = DeepReadonly<z.output<typeof schema>>;
export type CacheSettings = CachesSection[number];

/** The sections that it reads. */
export interface CachesConfig {
  readonly caches: CachesSection;
  readonly billing: {
    readonly schedule: readonly BillingPeriod[];
    /** Of all caches together, over the border. */
    readonly fillRateBytesPerSecond?: number | undefined;
  };
  readonly crawler: { readonly sources: readonly { readonly name: string }[] };
  readonly operator: {
    readonly caches: readonly {
      readonly address: IpAddress;
      readonly preferredBy?: readonly string[] | undefined;
      readonly uplinkBpsMax?: number | undefined;
    }[];
  };
}

export function addressesOf({ address }: Pick<CacheSettings, 'address'>): readonly IpAddress[] {
  return 'words' in address ? [address] : address;
}
