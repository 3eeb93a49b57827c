/** The exchange with original trackers as a part: it asks them when a swarm has too few inner peers. */
import { randomBytes } from 'node:crypto';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { createRandom } from '../domain/random.js';
import { configuredResolvers } from '../net/configured-resolvers.js';
import type { Endpoint } from '../net/endpoint.js';
import { createNameResolver, type NameResolver, systemResolvers } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import { ownEndpoints } from '../net/own-endpoints.js';
import { boundToPart } from '../part/current-part.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { PeerImport } from './api/receive-peers.js';
import type { UpstreamConfig } from './section.js';
import { createUpstreamExchange, type UpstreamExchange } from './upstream-exchange.js';

/** No peer listens there: the exchange joins a swarm briefly and serves nothing. */
const ANNOUNCED_PORT = 6881;
const PEER_ID_PREFIX = '-AT0100-';

/** The tracker, as the exchange needs it. */
export interface SwarmsInNeed {
  readonly addresses: readonly Endpoint[];
  /** Calls `listener` for a swarm that needs foreign peers. @returns unsubscribe */
  onUpstreamNeeded(listener: (infoHash: InfoHash, family: 4 | 6) => void): () => void;
}

export interface UpstreamNeeds extends Pick<PartContext, 'clock' | 'log'> {
  /** The original trackers of a torrent; empty if none is known. */
  readonly trackersOf: (infoHash: InfoHash) => readonly string[];
  readonly dataPlane: () => SwarmsInNeed;
  /** @throws ClientError `unavailable` while the tracker restarts */
  readonly importPeers: PeerImport;
  readonly blockedReason: BlockedReason;
  readonly seed: number;
}

export class RunningExchange implements RunningPart<UpstreamConfig> {
  readonly listeners = [];
  readonly exchange: UpstreamExchange;
  readonly resolver: NameResolver;
  readonly #unsubscribe: () => void;
  /** In force: redirected names follow a reload. */
  #config: UpstreamConfig;

  constructor(config: UpstreamConfig, needs: UpstreamNeeds) {
    const { clock, log, dataPlane } = needs;
    this.#config = config;
    this.resolver = createNameResolver(resolversOf(config, log), clock);
    this.exchange = createUpstreamExchange({
      resolver: this.resolver,
      ownEndpoints: () => ownEndpoints(dataPlane().addresses, this.#config.dnsRedirect?.trackerAddresses ?? []),
      blockedReason: needs.blockedReason,
      announcePort: ANNOUNCED_PORT,
      peerId: Buffer.concat([Buffer.from(PEER_ID_PREFIX), randomBytes(20 - PEER_ID_PREFIX.length)]),
      clock,
      random: createRandom(needs.seed),
      lab: config.lab,
      log,
      minIntervalSeconds: Math.ceil(config.upstream.everyMs / 1000),
      onPeers: async (infoHash, peers, ttlSeconds, origin) => {
        try {
          const { taken, refused } = await needs.importPeers(infoHash, peers, ttlSeconds, origin);
          if (taken < peers.length) log.debug({ infoHash, taken, refused }, 'not all peers of a tracker were imported');
          return taken;
        } catch (thrown) {
          log.debug(
            { infoHash, reason: messageOf(thrown) },
            'peers of a tracker were not imported: the data plane is not running',
          );
          return 0;
        }
      },
    });
    const ask = async (infoHash: InfoHash, family: 4 | 6): Promise<void> => {
      const trackers = needs.trackersOf(infoHash);
      if (trackers.length === 0) return;
      await this.exchange.request(infoHash, trackers, { family, want: config.upstream.peersMax });
    };
    const onNeeded = boundToPart((infoHash: InfoHash, family: 4 | 6) => {
      ask(infoHash, family).catch((thrown: unknown) =>
        log.error({ err: thrown }, `upstream: original trackers of ${infoHash} were not asked: ${messageOf(thrown)}`),
      );
    });
    this.#unsubscribe = dataPlane().onUpstreamNeeded(onNeeded);
  }

  prepare(next: UpstreamConfig): Apply {
    return () => {
      this.#config = next;
    };
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.exchange.stop();
  }
}

function resolversOf(config: UpstreamConfig, log: Pick<PartContext['log'], 'warn'>): readonly Endpoint[] {
  const configured = configuredResolvers(config);
  if (configured.length > 0) return configured;
  log.warn(
    'upstream.resolvers is empty: names of original trackers are resolved by the resolvers of this machine, which must not redirect them',
  );
  return systemResolvers();
}
