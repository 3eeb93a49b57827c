/** The section `tracker` of the configuration: announces, scrapes and their limits. */
import { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { duration, filePath, flag, marksFile, prefix, section, wholeNumber } from '../config-kit/field-schemas.js';
import { tlsFiles } from '../config-kit/tls-files.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { RedirectedNames } from './unknown/redirected-trackers.js';
import { MAX_WORKERS } from './workers/worker-count.js';

/**
 * Address space for a peer or a torrent, IPv6 in half-empty tables included, so that the limits are met before the space
 * ends. It is reserved, not used: docs/benchmarks.md has what peers really take.
 */
export const STORE_BYTES_EACH = 96;
/** The store counts words in 30 bits: 4 GiB, a part of it spare. */
export const MAX_PEERS_AND_TORRENTS = 44_000_000;

const limits = section({
  maxPeers: wholeNumber(1_000, MAX_PEERS_AND_TORRENTS).prefault(4_000_000),
  maxTorrents: wholeNumber(100, MAX_PEERS_AND_TORRENTS).prefault(1_000_000),
  reservedForInnerPercent: wholeNumber(0, 90).prefault(20),
  peersPerAddressPerSwarm: wholeNumber(0, 32).prefault(16),
  peersPerAddress: wholeNumber(0, 1_000_000).prefault(4_000),
  peersPerSitePerSwarm: wholeNumber(0, 1_000_000).prefault(64),
  peersPerSite: wholeNumber(0, 10_000_000).prefault(16_000),
  importedPeersPerSwarm: wholeNumber(1, 10_000).prefault(1_000),
  minPeerPort: wholeNumber(1, 65_535).prefault(1),
  maxConnections: wholeNumber(1, 1_000_000).prefault(10_000),
  requestTimeout: duration('100ms', '5m', '10s'),
  keepAliveTimeout: duration('100ms', '1h', '30s'),
});

/** `open`, `catalogue`, or a file of info-hashes, one to a line. */
const listOfTorrents = z
  .string({ error: 'expected "open", "catalogue", or a file of info-hashes' })
  .min(1, { error: 'expected "open", "catalogue", or a file of info-hashes' })
  .transform((value): { mode: 'open' | 'catalogue' } | { mode: 'allow-list'; file: string } =>
    value === 'open' || value === 'catalogue' ? { mode: value } : { mode: 'allow-list', file: value },
  );

const torrents = marksFile('file', listOfTorrents, (value, replace) => {
  const chosen = value as z.output<typeof listOfTorrents>;
  return 'file' in chosen ? { ...chosen, file: replace(chosen.file) } : chosen;
});

const workers = z.union([z.literal('auto'), wholeNumber(1, MAX_WORKERS)], {
  error: `expected "auto", or a whole number from 1 to ${MAX_WORKERS}`,
});

export const schema = section({
  listen: z
    .array(listenUrl('udp', 'http', 'https'))
    .min(1, { error: 'give at least one address to listen on' })
    .prefault(['udp://0.0.0.0:6969', 'http://0.0.0.0:6969']),
  coverPorts: flag.prefault(false),
  announceUrls: z.array(urlOf('udp', 'http', 'https')).prefault([]),
  interval: duration('1s', '24h', '30m'),
  minInterval: duration('1s', '24h', '1m'),
  numWantDefault: wholeNumber(0, 200).prefault(50),
  numWantMax: wholeNumber(1, 200).prefault(200),
  torrents: torrents.prefault('open'),
  unknownTorrents: z
    .enum(['track', 'exchange', 'refuse'], { error: 'expected "track", "exchange" or "refuse"' })
    .prefault('track'),
  transport: z
    .enum(['auto', 'linux', 'portable'], { error: 'expected "auto", "linux" or "portable"' })
    .prefault('auto'),
  workers: workers.prefault('auto'),
  connectionId: z.enum(['strict', 'lenient'], { error: 'expected "strict" or "lenient"' }).prefault('lenient'),
  fullScrape: flag.prefault(false),
  trustedNetworks: z.array(prefix).prefault([]),
  trustedProxies: z.array(prefix).prefault([]),
  /** Of `listen`, as written there. */
  proxyProtocol: z.array(listenUrl('http', 'https')).prefault([]),
  denyList: section({ addresses: z.array(prefix).prefault([]), torrents: filePath.optional() }).prefault({}),
  tls: tlsFiles.optional(),
  snapshotEvery: duration('1s', '24h', '1m'),
  limits: limits.prefault({}),
}).prefault({});

export type TrackerSection = DeepReadonly<z.output<typeof schema>>;

/** The sections that it and its checks read. */
export interface TrackerConfig {
  readonly tracker: TrackerSection;
  readonly selection: { readonly enoughInnerPeers: number };
  readonly upstream: { readonly exchange: boolean; readonly dht: object | false; readonly everyMs: number };
  readonly storage: { readonly directory: string };
  readonly lab: boolean;
  readonly dnsRedirect?: (RedirectedNames & { readonly mirrorAddresses: readonly IpAddress[] }) | undefined;
  readonly crawler: { readonly sources: readonly unknown[] };
}
