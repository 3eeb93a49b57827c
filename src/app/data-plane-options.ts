/** From the configuration to what the data plane is started with. */
import { join } from 'node:path';
import { formatListenUrl } from '../config/address-schemas.js';
import type { Config } from '../config/config-schema.js';
import { isIpv6Only } from '../config/listeners.js';
import { STORE_BYTES_EACH } from '../config/tracker-section.js';
import { formatPrefix } from '../domain/ip-address.js';
import type { Policy } from './policy.js';

type Options = import('../tracker/data-plane-options.js').DataPlaneOptions;

/** For what is not counted by peers and torrents: blocks on their way to another size. */
const SPARE_ARENA_BYTES = 16 * 2 ** 20;

export function dataPlaneOptions(
  config: Config,
  policy: Policy,
  access: NonNullable<Options['access']>,
  seed?: number,
): Options {
  const { tracker, upstream, selection } = config;
  const { limits } = tracker;
  const arenaBytes = (limits.maxPeers + limits.maxTorrents) * STORE_BYTES_EACH + SPARE_ARENA_BYTES;
  const behindBalancer = new Set(tracker.proxyProtocol.map(formatListenUrl));
  const tls = tracker.tls && { certificateFile: tracker.tls.certificate, keyFile: tracker.tls.key };
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
    deniedAddresses: tracker.denyList.addresses.map(formatPrefix),
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
    upstreamWantedBelow: upstream.exchange ? selection.enoughInnerPeers : 0,
    upstreamAskEverySeconds: Math.ceil(upstream.everyMs / 1000),
    snapshotFile: join(config.storage.directory, 'swarms.snapshot'),
    snapshotEverySeconds: Math.ceil(tracker.snapshotEveryMs / 1000),
    ...(seed === undefined ? {} : { seed }),
  };
}
