/** The section `reports` of the configuration: who may report, and how long what they say counts. */
import { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { duration, identifier, section, token, wholeNumber } from '../config-kit/field-schemas.js';
import type { ConfiguredTokens } from '../control-api/token-directory.js';
import type { IpAddress } from '../domain/ip-address.js';

const probe = section({
  id: identifier,
  subdomains: z.array(identifier).min(1, { error: 'give the sub-domains that it may report on' }),
  token: token.optional(),
});

export const schema = section({
  probes: z.array(probe).prefault([]),
  /** Nobody's line uploads more, whatever it reports; a sub-domain may say otherwise. */
  uplinkBpsMax: wholeNumber(1, 1e12).prefault(1_000_000_000),
  freshness: duration('1s', '7d', '15m'),
  history: duration('1m', '3650d', '366d'),
}).prefault({});

export type ReportsSection = DeepReadonly<z.output<typeof schema>>;

/** The sections that it reads: its own, the limits of caches, and everybody who has a token. */
export interface ReportsConfig {
  readonly reports: ReportsSection;
  readonly operator: {
    readonly caches: readonly { readonly address: IpAddress; readonly uplinkBpsMax?: number | undefined }[];
  };
  readonly control?: { readonly token?: string | undefined; readonly viewerToken?: string | undefined } | undefined;
  readonly upstream: { readonly originalTrackers: NonNullable<ConfiguredTokens['upstreams']> };
  readonly crawler: { readonly sources: readonly { readonly name: string; readonly token?: string | undefined }[] };
}
