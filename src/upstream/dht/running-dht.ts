/**
 * The DHT as a part: looks up torrents of the catalogue that inner clients download and nobody inside seeds, and hands the
 * peers to the tracker. It only asks. It never announces a peer (`announce_peer`), because this installation serves no
 * torrent, and it answers no query. A private torrent is never looked up (BEP 27): the crawler leaves them out, and a torrent
 * whose description is unknown may be one.
 */
import { type Alarm, alarm } from '../../domain/alarm.js';
import { ClientError, messageOf } from '../../domain/errors.js';
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { configuredResolvers } from '../../net/configured-resolvers.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { createNameResolver, systemResolvers } from '../../net/name-resolver.js';
import type { BlockedReason } from '../../net/outbound-rules.js';
import { RateLimit } from '../../net/rate-limit.js';
import { boundToPart } from '../../part/current-part.js';
import type { Apply, PartContext, PartListener, RunningPart } from '../../part/part.js';
import type { PeerImport } from '../api/receive-peers.js';
import { RequestSlots } from '../request-slots.js';
import type { UpstreamConfig } from '../section.js';
import { createDhtCounters, type DhtCounters } from './dht-counters.js';
import type { DhtSettings } from './dht-section.js';
import { type FindPeersOptions, findPeers } from './find-peers.js';
import { KnownNodes } from './known-nodes.js';
import { randomNodeId } from './krpc.js';
import { KrpcSocket } from './krpc-socket.js';
import {
  LOOKUP_EVERY_MS,
  MAX_CONCURRENT_LOOKUPS,
  MAX_REMEMBERED_TORRENTS,
  MAX_WAITING_LOOKUPS,
  NOTHING_FOUND_MS,
  PEER_TTL_SECONDS,
} from './limits.js';

/** The tracker, as the DHT needs it. */
export interface SwarmsWithoutSeeds {
  /** Calls `listener` for a swarm that needs foreign peers. @returns unsubscribe */
  onUpstreamNeeded(listener: (infoHash: InfoHash, family: 4 | 6) => void): () => void;
  /** @returns null for a swarm that nobody announced @throws ClientError `unavailable` while the tracker restarts */
  swarm(infoHash: InfoHash): Promise<{ readonly inner: { readonly seeds: number; readonly leechers: number } } | null>;
}

export interface DhtNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly dataPlane: () => SwarmsWithoutSeeds;
  /** True for a torrent of the catalogue that is known not to be private. */
  readonly isPublicTorrent: (infoHash: InfoHash) => boolean;
  readonly importPeers: PeerImport;
  readonly blockedReason: BlockedReason;
}

export class RunningDht implements RunningPart<UpstreamConfig> {
  readonly counters: DhtCounters;
  readonly #known: KnownNodes;
  readonly #sockets: readonly KrpcSocket[];
  readonly #needs: DhtNeeds;
  readonly #finding: FindPeersOptions;
  readonly #want: number;
  readonly #slots = new RequestSlots(() => MAX_CONCURRENT_LOOKUPS, MAX_WAITING_LOOKUPS);
  readonly #rate: RateLimit;
  /** When a torrent may be looked up again, by info-hash and family. */
  readonly #dueMs = new Map<string, number>();
  readonly #unsubscribe: () => void;
  /** No node answered the last look-up. */
  #isUnreachable = false;

  /** @throws OperatorError if it cannot listen */
  static async start(config: UpstreamConfig, needs: DhtNeeds, previous: RunningDht | undefined): Promise<RunningDht> {
    const { dht } = config.upstream;
    if (dht === false) throw new Error('started only where it is configured');
    const counters = previous?.counters ?? createDhtCounters();
    const sockets: KrpcSocket[] = [];
    try {
      const listen = previous?.addresses ?? dht.listen;
      for (const endpoint of listen) sockets.push(await KrpcSocket.open(endpoint, counters));
    } catch (thrown) {
      for (const socket of sockets) socket.close();
      throw thrown;
    }
    const known = previous === undefined ? new KnownNodes() : previous.#known;
    return new RunningDht(config, dht, sockets, counters, known, needs);
  }

  private constructor(
    config: UpstreamConfig,
    settings: DhtSettings,
    sockets: readonly KrpcSocket[],
    counters: DhtCounters,
    known: KnownNodes,
    needs: DhtNeeds,
  ) {
    const { clock, blockedReason, dataPlane } = needs;
    this.#sockets = sockets;
    this.addresses = sockets.map(({ endpoint }) => endpoint);
    this.counters = counters;
    this.#known = known;
    this.#needs = needs;
    this.#want = config.upstream.peersMax;
    this.#rate = new RateLimit(settings.lookupsPerMinute / 60, Math.max(1, settings.lookupsPerMinute / 6));
    const resolvers = configuredResolvers(config);
    const resolver = createNameResolver(resolvers.length > 0 ? resolvers : systemResolvers(), clock);
    const { bootstrap } = settings;
    const { lab } = config;
    this.#finding = { nodeId: randomNodeId(), known, bootstrap, resolver, blockedReason, clock, lab };
    const onNeeded = boundToPart((infoHash: InfoHash, family: 4 | 6) => {
      this.#lookUp(infoHash, family).catch((thrown: unknown) =>
        needs.log.error({ err: thrown }, `DHT: ${infoHash} was not looked up: ${messageOf(thrown)}`),
      );
    });
    this.#unsubscribe = dataPlane().onUpstreamNeeded(onNeeded);
  }

  /** Of the sockets. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];

  get listeners(): readonly PartListener[] {
    return this.addresses.map((address) => ({
      ...address,
      url: `udp://${formatEndpoint(address)}`,
      about: 'look-ups in the DHT; answers nobody',
    }));
  }

  /** Nodes from which look-ups start. */
  get knownNodes(): number {
    return this.#known.size;
  }

  alarms(): readonly Alarm[] {
    if (!this.#isUnreachable) return [];
    return [alarm('dht-unreachable', { text: 'DHT: no node answered the last look-up, so no peers come from there' })];
  }

  prepare(): Apply {
    return () => undefined;
  }

  stop(): void {
    this.#unsubscribe();
    for (const socket of this.#sockets) socket.close();
  }

  async #lookUp(infoHash: InfoHash, family: 4 | 6): Promise<void> {
    const socket = this.#sockets.find((each) => each.family === family);
    if (socket === undefined || !(await this.#isDue(infoHash, family))) {
      this.counters.notNeeded++;
      return;
    }
    if (this.#rate.take('', this.#needs.clock.nowMs()) > 0) {
      this.counters.overloaded++;
      return;
    }
    this.#noteLookUp(infoHash, family, LOOKUP_EVERY_MS);
    const done = await this.#slots.run(async () => {
      this.counters.lookups++;
      const { peers, answers } = await findPeers(socket, infoHash, this.#want, this.#finding);
      this.#isUnreachable = answers === 0;
      this.#noteLookUp(infoHash, family, answers === 0 ? 0 : peers.length === 0 ? NOTHING_FOUND_MS : LOOKUP_EVERY_MS);
      this.counters.found += peers.length;
      if (peers.length > 0) await this.#import(infoHash, family, peers);
      return true;
    });
    if (done !== undefined) return;
    this.counters.overloaded++;
    this.#noteLookUp(infoHash, family, 0);
  }

  /** Only a torrent that somebody inside downloads and nobody inside seeds, and not again too soon. */
  async #isDue(infoHash: InfoHash, family: 4 | 6): Promise<boolean> {
    const { clock, isPublicTorrent, dataPlane } = this.#needs;
    const waitMs = (this.#dueMs.get(`${infoHash} ${family}`) ?? 0) - clock.nowMs();
    // Longer than it ever waits: the clock was set back.
    if (waitMs > 0 && waitMs <= LOOKUP_EVERY_MS) return false;
    if (!isPublicTorrent(infoHash)) return false;
    const swarm = await dataPlane().swarm(infoHash);
    return swarm !== null && swarm.inner.leechers > 0 && swarm.inner.seeds === 0;
  }

  /** @param waitMs how long it is not looked up again; 0: as soon as the swarm asks */
  #noteLookUp(infoHash: InfoHash, family: 4 | 6, waitMs: number): void {
    const key = `${infoHash} ${family}`;
    this.#dueMs.delete(key);
    this.#dueMs.set(key, this.#needs.clock.nowMs() + waitMs);
    forgetOldest(this.#dueMs, MAX_REMEMBERED_TORRENTS);
  }

  async #import(infoHash: InfoHash, family: 4 | 6, peers: Parameters<PeerImport>[1]): Promise<void> {
    const { importPeers, log } = this.#needs;
    try {
      const { taken, refused } = await importPeers(infoHash, peers, PEER_TTL_SECONDS, 'DHT');
      this.counters.peers += taken;
      if (taken < peers.length) log.debug({ infoHash, taken, refused }, 'not all peers of the DHT were imported');
    } catch (thrown) {
      this.#noteLookUp(infoHash, family, NOTHING_FOUND_MS);
      if (!(thrown instanceof ClientError && thrown.code === 'unavailable')) throw thrown;
      log.debug(
        { infoHash, reason: thrown.message },
        'peers of the DHT were not imported: the data plane is not running',
      );
    }
  }
}
