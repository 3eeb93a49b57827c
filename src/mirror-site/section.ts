/** The section `mirrorSite` of the configuration, and what else of the configuration the mirror site reads. */
import type { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { section, text } from '../config-kit/field-schemas.js';

export const schema = section({
  listen: listenUrl('http').prefault('http://0.0.0.0:8080'),
  title: text.prefault('Local torrents'),
  publicUrl: urlOf('http', 'https').optional(),
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
  readonly dnsRedirect?: { readonly sites: readonly string[] } | undefined;
}
