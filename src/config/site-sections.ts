/** `mirrorSite`, `crawler` and `dnsRedirect`: what stands in for the original sites, and how users come to it. */
import { z } from 'zod';
import { endpoint, listenUrl, urlOf } from '../config-kit/address-schemas.js';
import { configPart } from '../config-kit/config-part.js';
import {
  duration,
  durationInSeconds,
  filePath,
  hostName,
  identifier,
  ipAddress,
  prefix,
  section,
  size,
  text,
  wholeNumber,
} from '../config-kit/field-schemas.js';

const DNS_PORT = 53;

export const mirrorSiteSection = section({
  listen: listenUrl('http').prefault('http://0.0.0.0:8080'),
  title: text.prefault('Local torrents'),
  publicUrl: urlOf('http', 'https').optional(),
});

export const mirrorSitePart = configPart({
  key: 'mirrorSite',
  schema: mirrorSiteSection.optional(),
  live: ['title', 'publicUrl'],
  text: `mirrorSite:                             # leave the section out to run without it
  listen: "http://0.0.0.0:8080"
  title: Local torrents
  # publicUrl: "http://torrents.example.net"
`,
});

const selector = z.string({ error: 'expected a CSS selector' }).min(1, { error: 'expected a CSS selector' });
const webUrl = urlOf('http', 'https');

const source = z.discriminatedUnion(
  'type',
  [
    section({ name: identifier, type: z.literal('feed'), url: webUrl }),
    section({
      name: identifier,
      type: z.literal('html'),
      url: webUrl,
      item: selector,
      link: selector,
      title: selector.optional(),
      page: selector.optional(),
      seeds: selector.optional(),
      leechers: selector.optional(),
    }),
    section({ name: identifier, type: z.literal('access-log'), file: filePath }),
    section({ name: identifier, type: z.literal('announces') }),
  ],
  { error: 'expected "feed", "html", "access-log" or "announces"' },
);

export const crawlerSection = section({
  top: wholeNumber(1, 100_000).prefault(100),
  every: duration('1s', '30d', '30m'),
  retain: duration('1s', '3650d', '7d'),
  delayPerSite: duration('0ms', '1h', '1s'),
  timeout: duration('100ms', '10m', '20s'),
  maxPageSize: size('1KiB', '256MiB', '8MiB'),
  maxTorrentSize: size('1KiB', '64MiB', '8MiB'),
  userAgent: text.optional(),
  sources: z.array(source).prefault([]),
});

export const crawlerPart = configPart({
  key: 'crawler',
  schema: crawlerSection.prefault({}),
  live: [],
  text: `crawler:
  top: 100                              # how many torrents the catalogue keeps
  every: 30m
  retain: 7d                            # how long one stays after it left the top
  delayPerSite: 1s                      # between two requests to one site
  timeout: 20s
  maxPageSize: 8MiB
  maxTorrentSize: 8MiB
  # userAgent: "alias-tracker (noc@example.net)"
  sources: []                           # e.g.
    # - { name: lab, type: feed, url: "http://127.0.0.1:8181/feed.xml" }
    # - { name: site, type: html, url: "https://example.org/top", item: ".torrent-row", link: "a.download",
    #     title: "a.name", page: "a.details", seeds: ".s", leechers: ".l" }
    # - { name: proxy, type: access-log, file: /var/log/squid/access.log }
    # - { name: own, type: announces }
`,
});

export const dnsRedirectSection = section({
  listen: z.array(endpoint()).min(1, { error: 'give at least one address to listen on' }).prefault(['127.0.0.1:5353']),
  upstreamResolvers: z.array(endpoint(DNS_PORT)).prefault([]),
  clients: z.array(prefix).prefault([]),
  mirrorAddresses: z.array(ipAddress).prefault([]),
  trackerAddresses: z.array(ipAddress).prefault([]),
  sites: z.array(hostName).prefault([]),
  trackers: z.array(hostName).prefault([]),
  ttl: durationInSeconds('1s', '60s', '30s'),
  queriesPerSecondPerClient: wholeNumber(1, 1_000_000).prefault(500),
});

export const dnsRedirectPart = configPart({
  key: 'dnsRedirect',
  schema: dnsRedirectSection.optional(),
  live: ['clients', 'mirrorAddresses', 'trackerAddresses', 'sites', 'trackers', 'ttl'],
  text: `dnsRedirect:                            # leave the section out to redirect with your own resolver
  listen: ["127.0.0.1:5353"]            # UDP and TCP
  upstreamResolvers: ["192.0.2.53"]     # every other name is asked there
  clients: []                           # prefixes that are redirected; empty: everyone who asks
  mirrorAddresses: [203.0.113.20, "2001:db8:100::20"]
  trackerAddresses: [203.0.113.21]
  sites: []                             # names of original sites
  trackers: []                          # names of original trackers
  ttl: 30s
  queriesPerSecondPerClient: 500        # raise it where the clients are resolvers that ask for many
`,
});
