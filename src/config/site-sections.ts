/** `mirrorSite`, `crawler` and `dnsRedirect`: what stands in for the original sites, and how users come to it. */
import { z } from 'zod';
import { endpoint, listenUrl, urlOf } from './address-schemas.js';
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
} from './field-schemas.js';

const DNS_PORT = 53;

export const mirrorSiteSection = section({
  listen: listenUrl('http').prefault('http://0.0.0.0:8080'),
  title: text.prefault('Local torrents'),
  publicUrl: urlOf('http', 'https').optional(),
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
