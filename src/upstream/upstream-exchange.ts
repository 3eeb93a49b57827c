/**
 * The exchange with original trackers (draft section 4.2: "reactive request as a normal P2P client"): asks them for
 * foreign peers of a torrent, and passes these on. It behaves as a client that joins briefly: it announces `started` as a
 * leecher, then `stopped` as soon as it has the answer, so that the swarm does not keep an address where no peer listens.
 * It never asks for private torrents (BEP 27), whose trackers ban such clients.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { Random } from '../domain/random.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import { AnnounceSchedule } from './announce-schedule.js';
import {
  MAX_CONCURRENT_REQUESTS,
  MAX_TRACKERS_CONSIDERED,
  MAX_TRACKERS_PER_REQUEST,
  MAX_WAITING_REQUESTS,
  STOP_GRACE_MS,
} from './limits.js';
import { RequestSlots } from './request-slots.js';
import { type Scraped, scrapeTrackers } from './scrape-trackers.js';
import { TrackerAccess } from './tracker-access.js';
import { type AskedTracker, TrackerAsker } from './tracker-asker.js';
import type { TakePeers } from './tracker-contact.js';
import { createUpstreamCounters, type UpstreamCounters } from './upstream-counters.js';
import type { UpstreamLog } from './upstream-log.js';

export type { UpstreamCounters } from './upstream-counters.js';

export interface UpstreamExchangeOptions {
  readonly resolver: NameResolver;
  /** Every address under which this installation answers, and the ports; see {@link OwnEndpoint}. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** Which addresses are not connected to, and why. */
  readonly blockedReason: BlockedReason;
  /** The port in our announces, 1 – 65535. No peer needs to listen on it. */
  readonly announcePort: number;
  /** 20 bytes, BEP 20 style. */
  readonly peerId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly onPeers: TakePeers;
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
  /** True for a torrent whose info has `private=1`. */
  readonly private?: boolean;
}

export interface ExchangeOutcome {
  readonly peers: number;
  readonly trackers: readonly AskedTracker[];
  /** Why no tracker was asked. */
  readonly skipped?: 'private' | 'overloaded' | 'stopped';
}

export interface UpstreamExchange {
  /** Never rejects. `trackers`: the original announce URLs in the torrent's order, tiers flattened. */
  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome>;
  /** The counts of the first tracker that knows a torrent. Never rejects. Torrents that no tracker knows are absent. */
  scrape(trackers: readonly string[], infoHashes: readonly InfoHash[]): Promise<Map<InfoHash, Scraped>>;
  counters(): UpstreamCounters;
  /** Refuses new requests. Those in flight, and announces `stopped`, get {@link STOP_GRACE_MS}, then they are aborted. */
  stop(): Promise<void>;
}

export function createUpstreamExchange(options: UpstreamExchangeOptions): UpstreamExchange {
  return new Exchange(options);
}

class Exchange implements UpstreamExchange {
  readonly #access: TrackerAccess;
  readonly #schedule: AnnounceSchedule;
  readonly #slots = new RequestSlots(MAX_CONCURRENT_REQUESTS, MAX_WAITING_REQUESTS);
  readonly #inFlight = new Map<string, Promise<ExchangeOutcome>>();
  readonly #asker: TrackerAsker;
  readonly #count = createUpstreamCounters();
  #stopped = false;
  readonly #cutOff = new AbortController();
  readonly #options: UpstreamExchangeOptions;

  constructor(options: UpstreamExchangeOptions) {
    this.#options = options;
    this.#access = new TrackerAccess(options);
    this.#schedule = new AnnounceSchedule(options.clock, options.random);
    this.#asker = new TrackerAsker({
      ...options,
      access: this.#access,
      schedule: this.#schedule,
      counters: this.#count,
      signal: this.#cutOff.signal,
    });
    setMaxListeners(0, this.#cutOff.signal); // one for each request in flight, whose number the slots bound
  }

  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome> {
    if (this.#stopped) return Promise.resolve({ peers: 0, trackers: [], skipped: 'stopped' });
    if (request.private) return Promise.resolve({ peers: 0, trackers: [], skipped: 'private' });
    this.#count.requests++;
    const key = `${infoHash} ${request.family}`;
    const running = this.#inFlight.get(key);
    if (running !== undefined) {
      this.#count.joined++;
      return running;
    }
    const outcome = this.#slots
      .run(() => this.#askOneByOne(infoHash, trackers, request))
      .then((done): ExchangeOutcome => {
        if (done === undefined) this.#count.overloaded++;
        return done ?? { peers: 0, trackers: [], skipped: 'overloaded' };
      })
      .finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, outcome);
    return outcome;
  }

  scrape(trackers: readonly string[], infoHashes: readonly InfoHash[]): Promise<Map<InfoHash, Scraped>> {
    return scrapeTrackers(
      { access: this.#access, schedule: this.#schedule, signal: this.#cutOff.signal, log: this.#options.log },
      trackers,
      infoHashes,
    );
  }

  counters(): UpstreamCounters {
    return { ...this.#count };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const finished = Promise.allSettled([...this.#inFlight.values()]).then(() => this.#asker.stopsSent());
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS);
    });
    await Promise.race([finished, graceOver]);
    clearTimeout(timer);
    this.#cutOff.abort();
  }

  async #askOneByOne(
    infoHash: InfoHash,
    trackers: readonly string[],
    request: ExchangeRequest,
  ): Promise<ExchangeOutcome> {
    const asked: AskedTracker[] = [];
    let peers = 0;
    let contacted = 0;
    for (const text of new Set(trackers.slice(0, MAX_TRACKERS_CONSIDERED))) {
      if (this.#stopped || peers >= request.want || contacted >= MAX_TRACKERS_PER_REQUEST) break;
      const result = await this.#asker.ask(infoHash, text, request.family, request.want - peers);
      asked.push(result);
      peers += result.peers;
      if (result.result === 'answered' || result.result === 'refused' || result.result === 'failed') contacted++;
    }
    return { peers, trackers: asked };
  }
}
