/**
 * The exchange with original trackers (draft section 4.2: "reactive request as a normal P2P client"): asks them for
 * foreign peers of a torrent, and hands these on. It behaves as a client that looks in: one announce `started` as a
 * leecher, then `stopped` as soon as the answer is there, so that the swarm does not keep an address at which nobody
 * serves. Private torrents (BEP 27) are never asked for: their trackers ban what this is.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import type { Random } from '../domain/random.js';
import { announceOverHttp, scrapeOverHttp } from './announce-over-http.js';
import { announceOverUdp, scrapeOverUdp } from './announce-over-udp.js';
import { AnnounceSchedule } from './announce-schedule.js';
import { usablePeers } from './foreign-peer-filter.js';
import {
  DEFAULT_INTERVAL_SECONDS,
  MAX_CONCURRENT_REQUESTS,
  MAX_INTERVAL_SECONDS,
  MAX_NUMWANT,
  MAX_PEER_TTL_SECONDS,
  MAX_TRACKERS_CONSIDERED,
  MAX_TRACKERS_PER_REQUEST,
  MAX_WAITING_REQUESTS,
  MIN_INTERVAL_SECONDS,
  REFUSED_TORRENT_SECONDS,
  STOP_GRACE_MS,
} from './limits.js';
import { RequestSlots } from './request-slots.js';
import {
  type AnnounceReply,
  type ForeignPeer,
  type OutgoingAnnounce,
  type ScrapeCounts,
  type TrackerDestination,
  TrackerRefusal,
} from './tracker-contact.js';
import {
  DoorClosed,
  type DoorVerdict,
  OwnAddresses,
  type OwnEndpoint,
  parseTrackerUrl,
  TrackerDoor,
} from './tracker-door.js';
import type { UpstreamResolver } from './upstream-resolver.js';

/** What the exchange needs of a log; pino's loggers fit. */
export interface UpstreamLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface UpstreamExchangeOptions {
  readonly resolver: UpstreamResolver;
  /** Every address under which this installation answers, and the ports; see {@link OwnEndpoint}. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** The port we say we listen on, 1 – 65535. Nobody needs to listen there. */
  readonly announcePort: number;
  /** 20 bytes, BEP 20 style. */
  readonly peerId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** Called once for each answer that brought peers; they are usable for `ttlSeconds`. Must not throw. */
  readonly onPeers: (infoHash: InfoHash, peers: readonly ForeignPeer[], ttlSeconds: number) => void;
  /** True: private and loopback addresses take part. */
  readonly lab: boolean;
  readonly log?: UpstreamLog;
  /** The least time between two announces of a torrent to a tracker, whatever it states; 300 unless told otherwise. */
  readonly minIntervalSeconds?: number;
}

export interface ExchangeRequest {
  /** Of the client that needs peers: its trackers are asked over the same family where they can be. */
  readonly family: 4 | 6;
  /** How many peers are missing; trackers are asked in turn until they are found. */
  readonly want: number;
  /** True for a torrent whose info has `private=1`. */
  readonly private?: boolean;
}

export interface AskedTracker {
  readonly url: string;
  readonly result: 'answered' | 'refused' | 'failed' | 'too-soon' | DoorVerdict;
  readonly detail?: string;
  /** Usable ones it named. */
  readonly peers: number;
}

export interface ExchangeOutcome {
  readonly peers: number;
  readonly trackers: readonly AskedTracker[];
  /** Why no tracker was asked at all. */
  readonly skipped?: 'private' | 'overloaded' | 'stopped';
}

export interface UpstreamCounters {
  requests: number;
  /** Requests that joined one in flight, found every tracker not due, or were turned away. */
  joined: number;
  overloaded: number;
  answered: number;
  refused: number;
  failed: number;
  tooSoon: number;
  ownAddress: number;
  peers: number;
}

export interface UpstreamExchange {
  /** Never rejects. `trackers`: the original announce URLs in the torrent's order, tiers flattened. */
  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome>;
  /** What the trackers count; of the first in order that knows a torrent. Never rejects; torrents nobody knows are absent. */
  scrape(
    trackers: readonly string[],
    infoHashes: readonly InfoHash[],
  ): Promise<Map<InfoHash, ScrapeCounts & { readonly tracker: string }>>;
  counters(): UpstreamCounters;
  /** No new requests; the last answers and farewells get a second, then they are cut off. */
  stop(): Promise<void>;
}

export function createUpstreamExchange(options: UpstreamExchangeOptions): UpstreamExchange {
  return new Exchange(options);
}

class Exchange implements UpstreamExchange {
  private readonly door: TrackerDoor;
  private readonly schedule: AnnounceSchedule;
  private readonly slots = new RequestSlots(MAX_CONCURRENT_REQUESTS, MAX_WAITING_REQUESTS);
  private readonly inFlight = new Map<string, Promise<ExchangeOutcome>>();
  private readonly farewells = new Set<Promise<unknown>>();
  private readonly warnedOwn = new Set<string>();
  private stopped = false;
  private readonly cutOff = new AbortController();
  private readonly count: UpstreamCounters = {
    requests: 0,
    joined: 0,
    overloaded: 0,
    answered: 0,
    refused: 0,
    failed: 0,
    tooSoon: 0,
    ownAddress: 0,
    peers: 0,
  };

  constructor(private readonly options: UpstreamExchangeOptions) {
    this.door = new TrackerDoor(options);
    this.schedule = new AnnounceSchedule(options.clock, options.random);
    setMaxListeners(0, this.cutOff.signal); // one for each exchange under way; their number is bounded by the slots
  }

  request(infoHash: InfoHash, trackers: readonly string[], request: ExchangeRequest): Promise<ExchangeOutcome> {
    if (this.stopped) return Promise.resolve({ peers: 0, trackers: [], skipped: 'stopped' });
    if (request.private) return Promise.resolve({ peers: 0, trackers: [], skipped: 'private' });
    this.count.requests++;
    const key = `${infoHash} ${request.family}`;
    const running = this.inFlight.get(key);
    if (running !== undefined) {
      this.count.joined++;
      return running;
    }
    const outcome = this.slots
      .run(() => this.askInTurn(infoHash, trackers, request))
      .then((done): ExchangeOutcome => {
        if (done === undefined) this.count.overloaded++;
        return done ?? { peers: 0, trackers: [], skipped: 'overloaded' };
      })
      .finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, outcome);
    return outcome;
  }

  async scrape(
    trackers: readonly string[],
    infoHashes: readonly InfoHash[],
  ): Promise<Map<InfoHash, ScrapeCounts & { readonly tracker: string }>> {
    const found = new Map<InfoHash, ScrapeCounts & { tracker: string }>();
    for (const text of trackers.slice(0, MAX_TRACKERS_PER_REQUEST)) {
      const missing = infoHashes.filter((infoHash) => !found.has(infoHash));
      if (missing.length === 0 || this.stopped) break;
      let tracker = text;
      try {
        const url = parseTrackerUrl(text);
        tracker = `${url.protocol}//${url.host}`;
        if (this.schedule.secondsUntilDue(tracker, '') > 0) continue; // it failed lately
        const destination = await this.door.open(url, 4);
        const { signal } = this.cutOff;
        const counts =
          url.protocol === 'udp:'
            ? await scrapeOverUdp(destination, missing, signal)
            : await scrapeOverHttp(destination, missing, (next) => this.redirected(next, 4), signal);
        for (const [infoHash, each] of counts) found.set(infoHash, { ...each, tracker: text });
      } catch (thrown) {
        if (!(thrown instanceof DoorClosed || thrown instanceof TrackerRefusal)) this.schedule.failed(tracker);
        this.options.log?.debug({ tracker: text, reason: messageOf(thrown) }, 'scrape of an original tracker failed');
      }
    }
    return found;
  }

  counters(): UpstreamCounters {
    return { ...this.count };
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const settled = Promise.allSettled([...this.inFlight.values()]).then(() => Promise.allSettled([...this.farewells]));
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS);
    });
    await Promise.race([settled, graceOver]);
    clearTimeout(timer);
    this.cutOff.abort();
  }

  private async askInTurn(
    infoHash: InfoHash,
    trackers: readonly string[],
    request: ExchangeRequest,
  ): Promise<ExchangeOutcome> {
    const asked: AskedTracker[] = [];
    let peers = 0;
    let contacted = 0;
    for (const text of new Set(trackers.slice(0, MAX_TRACKERS_CONSIDERED))) {
      if (this.stopped || peers >= request.want || contacted >= MAX_TRACKERS_PER_REQUEST) break;
      const result = await this.askOne(infoHash, text, request, request.want - peers);
      asked.push(result);
      peers += result.peers;
      if (result.result === 'answered' || result.result === 'refused' || result.result === 'failed') contacted++;
    }
    return { peers, trackers: asked };
  }

  private async askOne(
    infoHash: InfoHash,
    text: string,
    request: ExchangeRequest,
    want: number,
  ): Promise<AskedTracker> {
    let tracker = text;
    try {
      const url = parseTrackerUrl(text);
      tracker = `${url.protocol}//${url.host}`;
      const pair = `${url.href} ${infoHash} ${request.family}`;
      const waitSeconds = this.schedule.secondsUntilDue(tracker, pair);
      if (waitSeconds > 0) {
        this.count.tooSoon++;
        return { url: text, result: 'too-soon', detail: `due in ${waitSeconds} s`, peers: 0 };
      }
      const destination = await this.door.open(url, request.family);
      return await this.announce(infoHash, text, tracker, pair, destination, want);
    } catch (thrown) {
      if (!(thrown instanceof DoorClosed)) this.schedule.failed(tracker);
      return this.failure(text, thrown);
    }
  }

  private async announce(
    infoHash: InfoHash,
    text: string,
    tracker: string,
    pair: string,
    destination: TrackerDestination,
    want: number,
  ): Promise<AskedTracker> {
    const announce: OutgoingAnnounce = {
      infoHash,
      peerId: this.options.peerId,
      port: this.options.announcePort,
      event: 'started',
      // One more, since a tracker may count ourselves in.
      numWant: Math.min(MAX_NUMWANT, Math.max(1, want) + 1),
      key: this.options.random.nextUint32(),
    };
    let reply: AnnounceReply;
    try {
      reply = await this.send(destination, announce);
    } catch (thrown) {
      if (!(thrown instanceof TrackerRefusal)) throw thrown;
      this.schedule.answered(tracker, pair, thrown.retryAfterSeconds ?? REFUSED_TORRENT_SECONDS);
      return this.failure(text, thrown);
    }
    this.sayFarewell(destination, announce);

    const statedSeconds = Math.max(reply.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS, reply.minIntervalSeconds ?? 0);
    const leastSeconds = this.options.minIntervalSeconds ?? MIN_INTERVAL_SECONDS;
    const intervalSeconds = Math.min(MAX_INTERVAL_SECONDS, Math.max(leastSeconds, statedSeconds));
    this.schedule.answered(tracker, pair, intervalSeconds);
    this.count.answered++;
    const own = this.door.ownAddresses();
    const asker = new OwnAddresses(
      reply.ourAddresses.map((address) => ({ host: formatIp(address), port: announce.port })),
    );
    const peers = usablePeers(reply.peers, {
      lab: this.options.lab,
      // Some trackers name the one who asks among the peers.
      isOurselves: ({ address, port }) => own.has(address, port) || asker.has(address, port),
    });
    this.count.peers += peers.length;
    if (peers.length > 0) {
      this.options.onPeers(infoHash, peers, Math.min(MAX_PEER_TTL_SECONDS, 2 * intervalSeconds));
    }
    return { url: text, result: 'answered', peers: peers.length };
  }

  private send(destination: TrackerDestination, announce: OutgoingAnnounce): Promise<AnnounceReply> {
    return destination.url.protocol === 'udp:'
      ? announceOverUdp(destination, announce, this.cutOff.signal)
      : announceOverHttp(
          destination,
          announce,
          (url) => this.redirected(url, destination.address.family),
          this.cutOff.signal,
        );
  }

  private sayFarewell(destination: TrackerDestination, announce: OutgoingAnnounce): void {
    const farewell = this.send(destination, { ...announce, event: 'stopped', numWant: 0 })
      .catch((thrown: unknown) => {
        this.options.log?.debug({ tracker: destination.url.host, reason: messageOf(thrown) }, 'farewell not answered');
      })
      .finally(() => this.farewells.delete(farewell));
    this.farewells.add(farewell);
  }

  private async redirected(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    if (url.protocol === 'udp:') throw new DoorClosed('unsupported-protocol', 'redirected from HTTP to UDP');
    return this.door.open(parseTrackerUrl(url.href), family);
  }

  private failure(url: string, thrown: unknown): AskedTracker {
    const detail = messageOf(thrown);
    const result =
      thrown instanceof DoorClosed ? thrown.verdict : thrown instanceof TrackerRefusal ? 'refused' : 'failed';
    if (result === 'refused') this.count.refused++;
    else if (result === 'own-address') this.count.ownAddress++;
    else this.count.failed++;
    if (result === 'own-address' && !this.warnedOwn.has(url) && this.warnedOwn.size < 1_000) {
      this.warnedOwn.add(url);
      this.options.log?.warn({ tracker: url, reason: detail }, 'an original tracker leads back to this alias tracker');
    } else {
      this.options.log?.debug({ tracker: url, result, reason: detail }, 'an original tracker was of no help');
    }
    return { url, result, detail, peers: 0 };
  }
}
