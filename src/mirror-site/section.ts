/** The section `mirrorSite` of the configuration, and what else of the configuration the mirror site reads. */
import { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  durationInSeconds,
  filePath,
  flag,
  oneOrMore,
  prefix,
  section,
  text,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import { tlsFilesList } from '../config-kit/tls-files.js';
import type { Prefix } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import { colour, reachable } from './identity/identity-fields.js';

const limits = section({
  maxConnections: wholeNumber(1, 1_000_000).prefault(10_000),
  connectionsPerAddress: wholeNumber(1, 1_000_000).prefault(256),
});

const passThrough = z.union(
  [z.literal(true), z.literal(false).transform(() => 'off' as const), z.enum(['torrents-only', 'off'])],
  {
    error: 'expected true, torrents-only or off',
  },
);

export const schema = section({
  listen: oneOrMore(listenUrl('http', 'https'), 'address to listen on').prefault('http://0.0.0.0:8080'),
  tls: tlsFilesList.optional(),
  hsts: durationInSeconds('0s', '730d', '0s'),
  title: text.prefault('Local torrents'),
  publicUrl: urlOf('http', 'https').optional(),
  logo: filePath.optional(),
  icon: filePath.optional(),
  colour: colour.optional(),
  contact: reachable.optional(),
  takedown: reachable.optional(),
  help: filePath.optional(),
  privacy: filePath.optional(),
  passThrough: passThrough.prefault(true),
  passThroughOptOut: z.array(prefix).prefault([]),
  forwardedFor: flag.prefault(false),
  banner: text.optional(),
  usualUplinkBps: wholeNumber(1_000, 1e12).optional(),
  limits: limits.prefault({}),
}).optional();

export type MirrorSiteSection = NonNullable<DeepReadonly<z.output<typeof schema>>>;

/** The sections that it reads. */
export interface MirrorSiteConfig {
  readonly mirrorSite?: MirrorSiteSection | undefined;
  readonly operator: {
    readonly name: string;
    readonly networks: readonly { readonly prefixes: readonly Prefix[] }[];
  };
  readonly tracker: {
    readonly announceUrls: readonly string[];
    readonly intervalMs: number;
    readonly torrents: { readonly mode: string };
  };
  readonly upstream: { readonly resolvers: readonly Endpoint[] };
  readonly crawler: {
    readonly keepOriginalTrackers: boolean;
    readonly sources: readonly {
      readonly name: string;
      readonly type: string;
      readonly keepOriginalTrackers?: boolean | undefined;
    }[];
  };
  readonly dnsRedirect?:
    | { readonly sites: readonly { readonly name: string }[]; readonly upstreamResolvers: readonly Endpoint[] }
    | undefined;
}
