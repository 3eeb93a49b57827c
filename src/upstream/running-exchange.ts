/** The exchange with original trackers as a part: it asks them while inner clients of a torrent need foreign peers. */

import { randomBytes } from 'node:crypto';
import type { Alarm } from '../domain/alarm.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { createRandom } from '../domain/random.js';
import { configuredResolvers } from '../net/configured-resolvers.js';
import type { Endpoint } from '../net/endpoint.js';
import { createNameResolver, type NameResolver, systemResolvers } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import { ownEndpoints, trackerTargets } from '../net/own-endpoints.js';
import { boundToPart } from '../part/current-part.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { ExchangeStore } from '../store/sqlite/exchange-store.js';
import { EXCHANGE_PEER_ID_PREFIX } from '../wire/exchange-peer-id.js';
import type { EndpointToAnnounce } from './announced-endpoints.js';
import type { PeerImport } from './api/receive-peers.js';
import { exchangeAlarms } from './exchange-alarms.js';
import type { UpstreamConfig } from './section.js';
import { TorrentsInNeed } from './torrents-in-need.js';
import type { TakePeers } from './tracker-contact.js';
import { createUpstreamExchange, type UpstreamExchange } from './upstream-exchange.js';

/** No peer listens there: the exchange joins a swarm briefly and serves nothing. */
const ANNOUNCED_PORT = 6881;

/** The tracker, as the exchange needs it. */
export interface SwarmsInNeed {
  readonly addresses: readonly Endpoint[];
  /** Calls `listener` for a swarm whose inner clients need foreign peers. @returns unsubscribe */
  onUpstreamNeeded(listener: (infoHash: InfoHash, family: 4 | 6) => void): () => void;
  /** Those of the swarms that still do. @throws ClientError `unavailable` while the tracker restarts */
  stillInNeed(infoHashes: readonly InfoHash[]): Promise<readonly InfoHash[]>;
}

export interface UpstreamNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly database: SqliteDatabase;
  /** The original trackers of a torrent; empty if none is known. */
  readonly trackersOf: (infoHash: InfoHash) => readonly string[];
  readonly dataPlane: () => SwarmsInNeed;
  /** @throws ClientError `unavailable` while the tracker restarts */
  readonly importPeers: PeerImport;
  /** The endpoint of a cache that serves a torrent to foreign peers. Absent: there are no caches. */
  readonly endpointToAnnounce?: EndpointToAnnounce;
  readonly blockedReason: BlockedReason;
  readonly seed: number;
}

export class RunningExchange implements RunningPart<UpstreamConfig> {
  readonly listeners = [];
  readonly exchange: UpstreamExchange;
  readonly inNeed: TorrentsInNeed;
  readonly resolver: NameResolver;
  readonly #unsubscribe: () => void;
  readonly #needs: UpstreamNeeds;
  /** In force: limits and redirected names follow a reload. */
  #config: UpstreamConfig;

  constructor(config: UpstreamConfig, needs: UpstreamNeeds) {
    const { clock, log, dataPlane } = needs;
    this.#config = config;
    this.#needs = needs;
    this.resolver = createNameResolver(resolversOf(config, log), clock);
    const random = createRandom(needs.seed);
    this.exchange = createUpstreamExchange({
      resolver: this.resolver,
      ownEndpoints: () => ownEndpoints(dataPlane().addresses, trackerTargets(this.#config.dnsRedirect)),
      blockedReason: needs.blockedReason,
      announcePort: ANNOUNCED_PORT,
      peerId: Buffer.concat([Buffer.from(EXCHANGE_PEER_ID_PREFIX), randomBytes(20 - EXCHANGE_PEER_ID_PREFIX.length)]),
      clock,
      random,
      limits: () => this.#config.upstream.limits,
      lab: config.lab,
      log,
      minIntervalSeconds: Math.ceil(config.upstream.everyMs / 1000),
      ...(needs.endpointToAnnounce === undefined ? {} : { endpointToAnnounce: needs.endpointToAnnounce }),
      store: new ExchangeStore(needs.database),
      onPeers: (infoHash, peers, ttlSeconds, origin) => this.#import(infoHash, peers, ttlSeconds, origin),
    });
    this.inNeed = new TorrentsInNeed({
      clock,
      random,
      log,
      ask: async (infoHash, family, isRepeated) => {
        const trackers = needs.trackersOf(infoHash);
        return trackers.length === 0
          ? { peers: 0 }
          : this.exchange.request(infoHash, trackers, { family, want: config.upstream.peersMax, isRepeated });
      },
      stillInNeed: (infoHashes) => dataPlane().stillInNeed(infoHashes),
    });
    const onNeeded = boundToPart((infoHash: InfoHash, family: 4 | 6) => this.inNeed.report(infoHash, family));
    this.#unsubscribe = dataPlane().onUpstreamNeeded(onNeeded);
  }

  /** What the control API shows. */
  get shown() {
    return { exchange: this.exchange, inNeed: this.inNeed, limits: this.#config.upstream.limits };
  }

  alarms(): readonly Alarm[] {
    return exchangeAlarms(this.exchange.originals(), this.#needs.clock.nowMs());
  }

  prepare(next: UpstreamConfig): Apply {
    return () => {
      this.#config = next;
    };
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.inNeed.stop();
    await this.exchange.stop();
  }

  async #import(...[infoHash, peers, ttlSeconds, origin]: Parameters<TakePeers>): Promise<number> {
    const { log, importPeers } = this.#needs;
    try {
      const { taken, refused } = await importPeers(infoHash, peers, ttlSeconds, origin);
      if (taken < peers.length) log.debug({ infoHash, taken, refused }, 'not all peers of a tracker were imported');
      return taken;
    } catch (thrown) {
      log.debug(
        { infoHash, reason: messageOf(thrown) },
        'peers of a tracker were not imported: the data plane is not running',
      );
      return 0;
    }
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
