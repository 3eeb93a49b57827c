/** The section `mirrorSite` of the configuration, and what else of the configuration the mirror site reads. */
import type { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { durationInSeconds, oneOrMore, section, text, wholeNumber } from '../config-kit/field-schemas.js';
import { tlsFilesList } from '../config-kit/tls-files.js';

const limits = section({
  maxConnections: wholeNumber(1, 1_000_000).prefault(10_000),
  connectionsPerAddress: wholeNumber(1, 1_000_000).prefault(256),
});

export const schema = section({
  listen: oneOrMore(listenUrl('http', 'https'), 'address to listen on').prefault('http://0.0.0.0:8080'),
  tls: tlsFilesList.optional(),
  hsts: durationInSeconds('0s', '730d', '0s'),
  title: text.prefault('Local torrents'),
  publicUrl: urlOf('http', 'https').optional(),
  limits: limits.prefault({}),
}).optional();

export type MirrorSiteSection = NonNullable<DeepReadonly<z.output<typeof schema>>>;

/** The sections that it reads. */
export interface MirrorSiteConfig {
  readonly mirrorSite?: MirrorSiteSection | undefined;
  readonly operator: { readonly name: string };
  readonly tracker: { readonly announceUrls: readonly string[] };
  readonly crawler: {
    readonly keepOriginalTrackers: boolean;
    readonly sources: readonly { readonly name: string; readonly keepOriginalTrackers?: boolean | undefined }[];
  };
  readonly dnsRedirect?: { readonly sites: readonly { readonly name: string }[] } | undefined;
}
