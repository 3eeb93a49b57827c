/** The options of the data plane, from the configuration. */
import { join } from 'node:path';
import { formatPrefix } from '../domain/ip-address.js';
import { formatListenUrl } from '../net/listen-url.js';
import type { PartContext } from '../part/part.js';
import type { TlsMaterial } from '../transport/transport.js';
import type { LiveOptions, DataPlaneOptions as Options } from './data-plane-options.js';
import { endpointsOfNoPeer } from './import-foreign-peers.js';
import { STORE_BYTES_EACH, type TrackerConfig, type TrackerSection } from './section.js';
import { redirectedTrackers } from './unknown/redirected-trackers.js';
import { workerCount } from './workers/worker-count.js';

/** What does not lie in the configuration. */
export interface OptionsNeeds extends Pick<PartContext, 'isIpv6Only'> {
  readonly policy: Pick<Options, 'topology' | 'cost'>;
  readonly access: NonNullable<Options['access']>;
  readonly rollout?: Options['rollout'];
  readonly seed?: number | undefined;
}

/** For blocks that exist twice while a swarm grows or shrinks. */
const SPARE_ARENA_BYTES = 16 * 2 ** 20;

/** The options that a reload changes. */
export function liveOptions(config: TrackerConfig): LiveOptions {
  const { tracker, selection, upstream, dnsRedirect } = config;
  // A list of the operator is what the operator knows.
  const unknownTorrents =
    tracker.torrents.mode === 'open' || tracker.unknownTorrents === 'exchange' ? tracker.unknownTorrents : 'track';
  return {
    // For swarms that come from a snapshot when the thread restarts.
    ownEndpoints: endpointsOfNoPeer(config, tracker.listen),
    deniedAddresses: tracker.denyList.addresses.map(formatPrefix),
    redirectedTrackers: redirectedTrackers(unknownTorrents, dnsRedirect),
    upstreamWantedBelow: upstream.exchange || upstream.dht !== false ? selection.enoughInnerPeers : 0,
  };
}

export function tlsMaterial(tls: NonNullable<TrackerSection['tls']>): TlsMaterial {
  return { certificateFile: tls.certificate, keyFile: tls.key };
}

export function dataPlaneOptions(
  config: TrackerConfig,
  { policy, access, isIpv6Only, rollout, seed }: OptionsNeeds,
): Options {
  const { tracker, upstream } = config;
  const { limits } = tracker;
  const arenaBytes = (limits.maxPeers + limits.maxTorrents) * STORE_BYTES_EACH + SPARE_ARENA_BYTES;
  const behindBalancer = new Set(tracker.proxyProtocol.map(formatListenUrl));
  const tls = tracker.tls && tlsMaterial(tracker.tls);
  return {
    listen: tracker.listen.map((listen) => ({
      ...listen,
      ...(isIpv6Only(listen, listen.protocol === 'udp' ? 'udp' : 'tcp') ? { ipv6Only: true } : {}),
      ...(listen.protocol === 'https' && tls ? { tls } : {}),
      ...(behindBalancer.has(formatListenUrl(listen)) ? { proxyProtocol: true } : {}),
    })),
    topology: policy.topology,
    cost: policy.cost,
    transport: tracker.transport,
    workers: workerCount(tracker.workers),
    access,
    intervalSeconds: Math.round(tracker.intervalMs / 1000),
    minIntervalSeconds: Math.round(tracker.minIntervalMs / 1000),
    defaultNumWant: tracker.numWantDefault,
    maxNumWant: tracker.numWantMax,
    connectionId: tracker.connectionId,
    lab: config.lab,
    fullScrape: tracker.fullScrape,
    trustedNetworks: tracker.trustedNetworks.map(formatPrefix),
    proxies: tracker.trustedProxies.map(formatPrefix),
    limits: {
      maxPeersPerAddressInSwarm: limits.peersPerAddressPerSwarm,
      maxPeersPerAddress: limits.peersPerAddress,
      maxPeersPerSiteInSwarm: limits.peersPerSitePerSwarm,
      maxPeersPerSite: limits.peersPerSite,
      maxImportedInSwarm: limits.importedPeersPerSwarm,
      store: {
        maxPeers: limits.maxPeers,
        maxTorrents: limits.maxTorrents,
        reservedForInner: limits.reservedForInnerPercent / 100,
      },
      portFloor: limits.minPeerPort,
      maxConnections: limits.maxConnections,
      requestTimeoutMs: limits.requestTimeoutMs,
      keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
      arenaBytes,
    },
    ...liveOptions(config),
    upstreamAskEverySeconds: Math.ceil(upstream.everyMs / 1000),
    snapshotFile: join(config.storage.directory, 'swarms.snapshot'),
    snapshotEverySeconds: tracker.snapshotEveryMs / 1_000,
    ...(rollout === undefined ? {} : { rollout }),
    ...(seed === undefined ? {} : { seed }),
  };
}
