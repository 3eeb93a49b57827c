/** The mirror site as a part of the program: its section of the configuration, and how it is started. */
import { listed } from '../config-kit/field-schemas.js';
import type { Part } from '../part/part.js';
import { certificatesWithoutListener, httpsHasACertificate, sitesWithoutCertificate } from './check-section.js';
import type { MirrorSiteNeeds, RunningMirrorSite } from './running-mirror-site.js';
import { type MirrorSiteConfig, schema } from './section.js';

export const mirrorSitePart: Part<'mirrorSite', typeof schema, MirrorSiteConfig, MirrorSiteNeeds, RunningMirrorSite> = {
  key: 'mirrorSite',
  name: 'mirror site',
  label: 'mirror-site',
  schema,
  live: [
    'tls',
    'hsts',
    'title',
    'publicUrl',
    'logo',
    'icon',
    'colour',
    'contact',
    'takedown',
    'help',
    'privacy',
    'passThrough',
    'passThroughOptOut',
    'forwardedFor',
    'banner',
    'usualUplinkBps',
  ],
  checks: [httpsHasACertificate],
  advice: [certificatesWithoutListener, sitesWithoutCertificate],
  examine: async (config) => (await import('./check-section.js')).examineMirrorSite(config),
  sockets: ({ mirrorSite }) =>
    mirrorSite === undefined
      ? []
      : listed(mirrorSite.listen).map(({ value, path }) => ({
          ...value,
          path: ['mirrorSite', 'listen', ...path],
          protocol: 'tcp',
        })),
  text: `mirrorSite:                             # leave the section out to run without it
  listen: "http://0.0.0.0:8080"         # or a list: ["http://0.0.0.0:80", "https://0.0.0.0:443"], https:// with tls
  # tls: { certificate: chain.pem, key: key.pem }   # or a list; clients get the first that is for the name they ask for
  hsts: 0s                              # e.g. 180d: browsers use https alone for that long; never under names of dnsRedirect.sites
  title: Local torrents
  # publicUrl: "http://torrents.example.net"
  passThrough: true                     # under the names of dnsRedirect.sites, what is not a torrent of the catalogue comes from
                                        # the original; torrents-only: the catalogue in its place; off: no original is asked
  passThroughOptOut: []                 # addresses that get the original's bytes, e.g. [203.0.113.99/32]
  forwardedFor: false                   # true: tell originals the addresses of readers (X-Forwarded-For)
  # banner: "Torrents by Example Telecom"   # at the top of the original's pages, with a link to the choice of readers
  # logo: logo.svg                      # PNG, WebP or SVG, up to 256 KiB
  # icon: icon.png                      # of the browser's tab; the same kinds
  # colour: "#0b6e4f"                   # of links and buttons; made darker or lighter where it could not be read
  # contact: "mailto:noc@example.net"   # or tel:, https://
  # takedown: "https://example.net/abuse"   # where to ask for the removal of a torrent; default: contact
  # help: help.txt                      # text of your own on that page: see docs/mirror-site.md
  # privacy: privacy.txt
  # usualUplinkBps: 10000000           # what a line here usually uploads: for "about 40 Mbit/s from inside"
  limits:
    maxConnections: 10000
    connectionsPerAddress: 256          # an IPv6 /64 counts as an address
`,
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs, previous) => {
    const { startMirrorSite } = await import('./running-mirror-site.js');
    return startMirrorSite(
      config,
      needs,
      previous?.listeners.map(({ port }) => port),
    );
  },
  metrics: async (running) => (await import('./metrics.js')).mirrorSiteMetrics(() => running().measure()),
};
