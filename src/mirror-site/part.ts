/** The mirror site as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import type { MirrorSiteNeeds, RunningMirrorSite } from './running-mirror-site.js';
import { type MirrorSiteConfig, schema } from './section.js';

export const mirrorSitePart: Part<'mirrorSite', typeof schema, MirrorSiteConfig, MirrorSiteNeeds, RunningMirrorSite> = {
  key: 'mirrorSite',
  name: 'mirror site',
  label: 'mirror-site',
  schema,
  live: ['title', 'publicUrl'],
  sockets: ({ mirrorSite }) =>
    mirrorSite ? [{ ...mirrorSite.listen, path: ['mirrorSite', 'listen'], protocol: 'tcp' }] : [],
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
