/** Makes the exchange with original trackers. It asks them when a swarm has too few inner peers. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { Random } from '../domain/random.js';
import type { Logger } from '../logging/logger.js';
import type { Endpoint } from '../net/endpoint.js';
import { createNameResolver, type NameResolver, systemResolvers } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { createUpstreamExchange, type UpstreamExchange } from '../upstream/upstream-exchange.js';
import { importForeignPeers } from './data-plane/import-foreign-peers.js';
import type { SupervisedDataPlane } from './data-plane/supervised-data-plane.js';
import { configuredResolvers } from './outbound.js';
import { ownEndpoints } from './own-endpoints.js';
import { boundToPart } from './supervision/current-part.js';

/** No peer listens there: the exchange joins a swarm briefly and serves nothing. */
const ANNOUNCED_PORT = 6881;
const PEER_ID_PREFIX = '-AT0100-';

export interface ExchangePart {
  readonly exchange: UpstreamExchange;
  readonly resolver: NameResolver;
  stop(): Promise<void>;
}

export interface ExchangeContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly catalogue: Catalogue;
  readonly dataPlane: SupervisedDataPlane;
  readonly blockedReason: BlockedReason;
  /** The addresses of redirected tracker names, by the configuration in force. */
  readonly redirectedTo: () => readonly IpAddress[];
}

/** @param current the configuration in force: which peers are taken follows a reload */
export function createExchange(current: () => Config, context: ExchangeContext): ExchangePart {
  const config = current();
  const { clock, logger, random, catalogue, dataPlane, blockedReason } = context;
  const resolver = createNameResolver(resolversOf(config, logger), clock);
  const exchange = createUpstreamExchange({
    resolver,
    ownEndpoints: () => ownEndpoints(dataPlane.addresses, context.redirectedTo()),
    blockedReason,
    announcePort: ANNOUNCED_PORT,
    peerId: Buffer.concat([Buffer.from(PEER_ID_PREFIX), randomBytes(20 - PEER_ID_PREFIX.length)]),
    clock,
    random,
    lab: config.lab,
    log: logger,
    minIntervalSeconds: Math.ceil(config.upstream.everyMs / 1000),
    onPeers: async (infoHash, peers, ttlSeconds) => {
      try {
        const { taken, refused } = await importForeignPeers(current(), dataPlane, infoHash, peers, ttlSeconds);
        if (taken < peers.length)
          logger.debug({ infoHash, taken, refused }, 'not all peers of a tracker were imported');
        return taken;
      } catch (thrown) {
        logger.debug(
          { infoHash, reason: messageOf(thrown) },
          'peers of a tracker were not imported: the data plane is not running',
        );
        return 0;
      }
    },
  });
  const onNeeded = boundToPart((infoHash: InfoHash, family: 4 | 6) => {
    const ask = async (): Promise<void> => {
      const trackers = catalogue.get(infoHash)?.trackerTiers.flat() ?? [];
      if (trackers.length === 0) return;
      await exchange.request(infoHash, trackers, { family, want: config.upstream.peersMax });
    };
    ask().catch((thrown: unknown) =>
      logger.error({ err: thrown }, `upstream: original trackers of ${infoHash} were not asked: ${messageOf(thrown)}`),
    );
  });
  const unsubscribe = dataPlane.onUpstreamNeeded(onNeeded);
  return {
    exchange,
    resolver,
    stop: async () => {
      unsubscribe();
      await exchange.stop();
    },
  };
}

function resolversOf(config: Config, logger: Logger): readonly Endpoint[] {
  const configured = configuredResolvers(config);
  if (configured.length > 0) return configured;
  logger.warn(
    'upstream.resolvers is empty: names of original trackers are resolved by the resolvers of this machine, which must not redirect them',
  );
  return systemResolvers();
}
