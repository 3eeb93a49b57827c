/** The options of the data plane, from the configuration. */
import { join } from 'node:path';
import type { Config } from '../../config/config-schema.js';
import { isIpv6Only } from '../../config/listeners.js';
import { formatPrefix } from '../../domain/ip-address.js';
import { formatListenUrl } from '../../net/listen-url.js';
import type { LiveOptions, DataPlaneOptions as Options } from '../../tracker/data-plane-options.js';
import { STORE_BYTES_EACH } from '../../tracker/section.js';
import type { TlsMaterial } from '../../transport/transport.js';
import { endpointsOfNoPeer } from './import-foreign-peers.js';
import type { Policy } from './policy.js';

/** For blocks that exist twice while a swarm grows or shrinks. */
const SPARE_ARENA_BYTES = 16 * 2 ** 20;

/** The options that a reload changes. */
export function liveOptions(config: Config): LiveOptions {
  const { tracker, selection, upstream } = config;
  return {
    // For swarms that come back from a snapshot when the thread is started again.
    ownEndpoints: endpointsOfNoPeer(config, tracker.listen),
    deniedAddresses: tracker.denyList.addresses.map(formatPrefix),
    upstreamWantedBelow: upstream.exchange ? selection.enoughInnerPeers : 0,
  };
}

export function tlsMaterial(tls: NonNullable<Config['tracker']['tls']>): TlsMaterial {
  return { certificateFile: tls.certificate, keyFile: tls.key };
}

export function dataPlaneOptions(
  config: Config,
  policy: Pick<Policy, 'current'>,
  access: NonNullable<Options['access']>,
  seed?: number,
): Options {
  const { tracker, upstream } = config;
  const { limits } = tracker;
  const arenaBytes = (limits.maxPeers + limits.maxTorrents) * STORE_BYTES_EACH + SPARE_ARENA_BYTES;
  const behindBalancer = new Set(tracker.proxyProtocol.map(formatListenUrl));
  const tls = tracker.tls && tlsMaterial(tracker.tls);
  return {
    listen: tracker.listen.map((listen) => ({
      ...listen,
      ...(isIpv6Only(listen, listen.protocol === 'udp' ? 'udp' : 'tcp', config) ? { ipv6Only: true } : {}),
      ...(listen.protocol === 'https' && tls ? { tls } : {}),
      ...(behindBalancer.has(formatListenUrl(listen)) ? { proxyProtocol: true } : {}),
    })),
    topology: policy.current.topology,
    cost: policy.current.cost,
    transport: tracker.transport,
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
    snapshotEverySeconds: Math.ceil(tracker.snapshotEveryMs / 1000),
    ...(seed === undefined ? {} : { seed }),
  };
}
