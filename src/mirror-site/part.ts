/** The mirror site as a part of the program: its section of the configuration, and how it is started. */
import type { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { section, text } from '../config-kit/field-schemas.js';
import type { Part } from '../part/part.js';
import type { MirrorSiteNeeds, RunningMirrorSite } from './running-mirror-site.js';

const schema = section({
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
  readonly dnsRedirect?: { readonly sites: readonly string[] } | undefined;
}

export const mirrorSitePart: Part<'mirrorSite', typeof schema, MirrorSiteConfig, MirrorSiteNeeds, RunningMirrorSite> = {
  key: 'mirrorSite',
  name: 'mirror site',
  label: 'mirror-site',
  schema,
  live: ['title', 'publicUrl'],
  text: `mirrorSite:                             # leave the section out to run without it
  listen: "http://0.0.0.0:8080"
  title: Local torrents
  # publicUrl: "http://torrents.example.net"
`,
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs, previous) => {
    const { startMirrorSite } = await import('./running-mirror-site.js');
    return startMirrorSite(config, needs, previous?.listeners[0]?.port);
  },
};
