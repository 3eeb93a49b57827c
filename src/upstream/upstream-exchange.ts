/**
 * The exchange with original trackers (draft section 4.2: "reactive request as a normal P2P client"): asks them for
 * foreign peers of a torrent, and passes these on. It behaves as a client that joins briefly: it announces `started` as a
 * leecher, then `stopped` as soon as it has the answer, so that the swarm does not keep an address where no peer listens.
 * Trackers of private torrents ban such clients (BEP 27), so its callers name no trackers of these.
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { Random } from '../domain/random.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import type { ExchangeStore } from '../store/sqlite/exchange-store.js';
import { AnnouncedEndpoints, type EndpointToAnnounce } from './announced-endpoints.js';
import { DueTimes } from './due-times.js';
import { ExchangeMemory } from './exchange-memory.js';
import {
  MAX_CONCURRENT_REQUESTS,
  MAX_PACE_WAIT_MS,
  MAX_REQUESTS,
  MAX_TRACKERS_CONSIDERED,
  MAX_TRACKERS_PER_REQUEST,
  OTHERS_FIRST_WAIT_MS,
  REVIEW_ENDPOINTS_MS,
  STOP_GRACE_MS,
} from './limits.js';
import type { OriginalLimits, OriginalView } from './original.js';
import { Originals } from './originals.js';
import { RequestSlots } from './request-slots.js';
import { type Scraped, scrapeTrackers } from './scrape-trackers.js';
import { parseTrackerUrl, TrackerAccess, trackerName } from './tracker-access.js';
import { type AskedTracker, pairOf, TrackerAsker } from './tracker-asker.js';
import type { TakePeers } from './tracker-contact.js';
import { UdpConnections } from './udp-connections.js';
import { createUpstreamCounters, type UpstreamCounters } from './upstream-counters.js';
import type { UpstreamLog } from './upstream-log.js';

export type { UpstreamCounters } from './upstream-counters.js';

/** Of announces for a cache, which is a peer like others: another alias tracker stores it. */
const CACHE_PEER_ID_PREFIX = '-AT0101-';

export interface UpstreamExchangeOptions {
  readonly resolver: NameResolver;
  /** Every address under which this installation answers, and the ports; see {@link OwnEndpoint}. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** Which addresses are not connected to, and why. */
  readonly blockedReason: BlockedReason;
  /** The port in our announces, 1 – 65535. No peer needs to listen on it. */
  readonly announcePort: number;
  /** 20 bytes, BEP 20 style: of announces that leave at once. */
  readonly peerId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** For each original tracker; read at each request. */
  readonly limits: () => OriginalLimits;
  readonly onPeers: TakePeers;
  /** Default: no cache is announced. */
  readonly endpointToAnnounce?: EndpointToAnnounce;
  /** Absent: a restart forgets when originals were asked. */
  readonly store?: ExchangeStore;
  /** True: trackers on private and loopback addresses are asked. */
  readonly lab: boolean;
  readonly log?: UpstreamLog;
  /** The shortest time between two announces of a torrent to a tracker, whatever it states; default 300. */
  readonly minIntervalSeconds?: number;
}

export interface ExchangeRequest {
  /** Of the client that needs peers. Trackers are asked over the same family if they have an address of it. */
  readonly family: 4 | 6;
  /** How many peers are missing. Trackers are asked one after the other until this many are taken. */
  readonly want: number;
  /** True if the torrent has had peers: then it is not asked for before those that have none. */
  readonly isRepeated?: boolean;
}

export interface ExchangeOutcome {
  readonly peers: number;
  readonly trackers: readonly AskedTracker[];
  /** Why no tracker was asked. */
  readonly skipped?: 'overloaded' | 'stopped';
  /** When one of the trackers may be asked again, in milliseconds since the epoch; undefined: none of them. */
  readonly againMs?: number;
}

/** A tracker of one torrent. Times in milliseconds since the epoch; 0: now. */
export interface TorrentAtOriginal {
  readonly tracker: string;
  readonly original: string;
  readonly dueMs4: number;
  readonly dueMs6: number;
}

export interface UpstreamExchange {
  /** Never rejects. `trackers`: the original announce URLs in the torrent's order, tiers flattened. */
  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome>;
  /** The counts of the first tracker that knows a torrent. Never rejects. Torrents that no tracker knows are absent. */
  scrape(trackers: readonly string[], infoHashes: readonly InfoHash[]): Promise<Map<InfoHash, Scraped>>;
  counters(): UpstreamCounters;
  /** The last asked first. */
  originals(): OriginalView[];
  /** By the name of the original: how many torrents are not due at it yet, and when the first of them is. */
  waitingTorrents(): ReadonlyMap<string, { readonly torrents: number; readonly nextMs: number }>;
  /** When the trackers of a torrent may be asked for it. Those that are never asked are absent. */
  torrentAt(infoHash: InfoHash, trackers: readonly string[]): TorrentAtOriginal[];
  /** Endpoints of caches that originals list because of us. */
  readonly announcedEndpoints: number;
  /** Leaves originals that list a cache which does not serve the torrent any more. Called every few seconds. */
  review(): void;
  /** Refuses new requests. Those in flight, and announces `stopped`, get {@link STOP_GRACE_MS}, then they are aborted. */
  stop(): Promise<void>;
}

export function createUpstreamExchange(options: UpstreamExchangeOptions): UpstreamExchange {
  return new Exchange(options);
}

class Exchange implements UpstreamExchange {
  readonly #access: TrackerAccess;
  readonly #originals: Originals;
  readonly #dueTimes: DueTimes;
  readonly #endpoints: AnnouncedEndpoints;
  readonly #connections: UdpConnections;
  readonly #inFlight = new Map<string, Promise<ExchangeOutcome>>();
  readonly #asker: TrackerAsker;
  readonly #memory: ExchangeMemory | undefined;
  readonly #reviews: NodeJS.Timeout;
  readonly #count = createUpstreamCounters();
  #stopped = false;
  readonly #cutOff = new AbortController();
  readonly #options: UpstreamExchangeOptions;

  constructor(options: UpstreamExchangeOptions) {
    const { clock, random, limits, store, log } = options;
    this.#options = options;
    this.#access = new TrackerAccess(options);
    this.#dueTimes = new DueTimes(clock);
    const slots = new RequestSlots(() => MAX_CONCURRENT_REQUESTS, MAX_REQUESTS);
    this.#originals = new Originals({ clock, random, limits, slots, signal: this.#cutOff.signal });
    this.#endpoints = new AnnouncedEndpoints(options.endpointToAnnounce ?? (() => undefined), clock);
    this.#connections = new UdpConnections(clock);
    this.#asker = new TrackerAsker({
      ...options,
      access: this.#access,
      originals: this.#originals,
      dueTimes: this.#dueTimes,
      endpoints: this.#endpoints,
      connections: this.#connections,
      cachePeerId: Buffer.concat([Buffer.from(CACHE_PEER_ID_PREFIX), randomBytes(20 - CACHE_PEER_ID_PREFIX.length)]),
      counters: this.#count,
      signal: this.#cutOff.signal,
      nowMs: () => clock.nowMs(),
    });
    setMaxListeners(0, this.#cutOff.signal); // one for each request in flight or waiting, whose number is bounded
    if (store) {
      this.#memory = new ExchangeMemory({ store, originals: this.#originals, dueTimes: this.#dueTimes, clock, log });
    }
    this.#reviews = setInterval(() => this.review(), REVIEW_ENDPOINTS_MS);
    this.#reviews.unref();
  }

  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome> {
    if (this.#stopped) return Promise.resolve({ peers: 0, trackers: [], skipped: 'stopped' });
    this.#count.requests++;
    const key = `${infoHash} ${request.family}`;
    const running = this.#inFlight.get(key);
    if (running !== undefined) {
      this.#count.joined++;
      return running;
    }
    if (this.#inFlight.size >= MAX_REQUESTS) {
      this.#count.overloaded++;
      const againMs = this.#options.clock.nowMs() + MAX_PACE_WAIT_MS;
      return Promise.resolve({ peers: 0, trackers: [], skipped: 'overloaded', againMs });
    }
    const outcome = this.#askOneByOne(infoHash, trackers, request).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, outcome);
    return outcome;
  }

  scrape(trackers: readonly string[], infoHashes: readonly InfoHash[]): Promise<Map<InfoHash, Scraped>> {
    return scrapeTrackers(
      {
        access: this.#access,
        originals: this.#originals,
        connections: this.#connections,
        signal: this.#cutOff.signal,
        log: this.#options.log,
      },
      trackers,
      infoHashes,
    );
  }

  counters(): UpstreamCounters {
    return { ...this.#count };
  }

  originals(): OriginalView[] {
    return this.#originals
      .all()
      .map((original) => original.view())
      .sort((a, b) => b.askedMs - a.askedMs);
  }

  waitingTorrents() {
    return this.#dueTimes.waiting();
  }

  torrentAt(infoHash: InfoHash, trackers: readonly string[]): TorrentAtOriginal[] {
    return trackers.slice(0, MAX_TRACKERS_CONSIDERED).flatMap((tracker) => {
      const original = nameOf(tracker);
      if (original === undefined) return [];
      const [dueMs4, dueMs6] = ([4, 6] as const).map((family) =>
        this.#dueTimes.dueMs(pairOf(original, infoHash, family)),
      ) as [number, number];
      return [{ tracker, original, dueMs4, dueMs6 }];
    });
  }

  get announcedEndpoints(): number {
    return this.#endpoints.size;
  }

  review(): void {
    this.#asker.leaveEnded();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#reviews);
    const finished = Promise.allSettled([...this.#inFlight.values()]).then(() => this.#asker.stopsSent());
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS);
    });
    await Promise.race([finished, graceOver]);
    clearTimeout(timer);
    this.#cutOff.abort();
    this.#memory?.stop();
  }

  async #askOneByOne(
    infoHash: InfoHash,
    trackers: readonly string[],
    request: ExchangeRequest,
  ): Promise<ExchangeOutcome> {
    const maxWaitMs = request.isRepeated ? 0 : undefined;
    const asked: AskedTracker[] = [];
    let peers = 0;
    let contacted = 0;
    for (const text of this.#inOrder(trackers)) {
      if (this.#stopped || peers >= request.want || contacted >= MAX_TRACKERS_PER_REQUEST) break;
      const result = await this.#asker.ask(infoHash, text, request.family, request.want - peers, maxWaitMs);
      asked.push(result);
      peers += result.peers;
      if (result.result === 'answered' || result.result === 'refused' || result.result === 'failed') contacted++;
    }
    const againMs = Math.min(...asked.map((each) => each.againMs ?? Number.POSITIVE_INFINITY));
    return { peers, trackers: asked, ...(Number.isFinite(againMs) ? { againMs } : {}) };
  }

  /** In the torrent's order, but those that would let the request wait come last. */
  #inOrder(trackers: readonly string[]): string[] {
    const distinct = [...new Set(trackers.slice(0, MAX_TRACKERS_CONSIDERED))];
    const waits = distinct.map((text) => this.#asker.paceWaitMs(text) > OTHERS_FIRST_WAIT_MS);
    return [...distinct.filter((_, i) => !waits[i]), ...distinct.filter((_, i) => waits[i])];
  }
}

function nameOf(tracker: string): string | undefined {
  try {
    return trackerName(parseTrackerUrl(tracker));
  } catch {
    return undefined;
  }
}
