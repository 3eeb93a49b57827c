/**
 * Asks one original tracker for the peers of one torrent, if it is due. It announces `started` as a leecher, passes on the
 * usable peers, and announces `stopped` at once, so that the swarm does not keep an address where no peer listens. If a cache of
 * the operator serves the torrent, its endpoint is announced and stays, provided that the tracker takes it.
 */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import { OwnAddresses } from '../domain/own-addresses.js';
import type { Random } from '../domain/random.js';
import { announceOverHttp } from './announce-over-http.js';
import { announceOverUdp } from './announce-over-udp.js';
import { type AnnouncedEndpoints, addressUseIn, type Presence } from './announced-endpoints.js';
import type { DueTimes } from './due-times.js';
import {
  DEFAULT_INTERVAL_SECONDS,
  FIRST_BACKOFF_SECONDS,
  MAX_CONCURRENT_LOOKUPS,
  MAX_INTERVAL_SECONDS,
  MAX_NUMWANT,
  MAX_PEER_TTL_SECONDS,
  MAX_REQUESTS,
  MIN_INTERVAL_SECONDS,
  REFUSED_TORRENT_SECONDS,
} from './limits.js';
import { NotNow, type Original, type Postponement } from './original.js';
import type { Originals } from './originals.js';
import { RequestSlots } from './request-slots.js';
import { type AccessDenial, AccessDenied, parseTrackerUrl, type TrackerAccess, trackerName } from './tracker-access.js';
import {
  type AnnounceReply,
  type OutgoingAnnounce,
  type TakePeers,
  type TrackerDestination,
  TrackerRefusal,
} from './tracker-contact.js';
import type { UdpConnections } from './udp-connections.js';
import type { UpstreamCounters } from './upstream-counters.js';
import type { UpstreamLog } from './upstream-log.js';

/** Each tracker that resolves to this installation is logged once; this many are remembered. */
const MAX_WARNED_TRACKERS = 1_000;

export interface AskedTracker {
  readonly url: string;
  readonly result: 'answered' | 'refused' | 'failed' | 'too-soon' | Postponement | AccessDenial;
  readonly detail?: string;
  /** The number of its peers that were taken. */
  readonly peers: number;
  /** When it may be asked for this torrent again, in milliseconds since the epoch; undefined: it must not be asked. */
  readonly againMs?: number;
}

export interface TrackerAskerOptions {
  readonly access: TrackerAccess;
  readonly originals: Originals;
  readonly dueTimes: DueTimes;
  readonly endpoints: AnnouncedEndpoints;
  readonly connections: UdpConnections;
  readonly counters: UpstreamCounters;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly announcePort: number;
  /** Of announces that leave at once, and of those for a cache. */
  readonly peerId: Uint8Array;
  readonly cachePeerId: Uint8Array;
  readonly random: Random;
  readonly onPeers: TakePeers;
  readonly log?: UpstreamLog;
  readonly minIntervalSeconds?: number;
}

/** One torrent at one original. */
interface Errand {
  readonly infoHash: InfoHash;
  /** The announce URL as the torrent has it. */
  readonly text: string;
  readonly original: Original;
  readonly destination: TrackerDestination;
  readonly pair: string;
  readonly want: number;
}

export class TrackerAsker {
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #lookups = new RequestSlots(() => MAX_CONCURRENT_LOOKUPS, MAX_REQUESTS);
  readonly #warnedOwn = new Set<string>();
  readonly #options: TrackerAskerOptions;

  constructor(options: TrackerAskerOptions) {
    this.#options = options;
  }

  /** Waits for the announces `stopped` in flight. */
  async stopsSent(): Promise<void> {
    await Promise.allSettled([...this.#inFlight]);
  }

  /** How long a request to this tracker would wait for its place, in milliseconds. */
  paceWaitMs(text: string): number {
    try {
      return this.#options.originals.find(trackerName(parseTrackerUrl(text)))?.paceWaitMs() ?? 0;
    } catch {
      return 0;
    }
  }

  /**
   * Never rejects.
   * @param text the announce URL as the torrent has it
   * @param family of the tracker's address, if it has one of this family
   * @param maxWaitMs how long the request may wait for its place in the pace
   */
  async ask(infoHash: InfoHash, text: string, family: 4 | 6, want: number, maxWaitMs?: number): Promise<AskedTracker> {
    try {
      const url = parseTrackerUrl(text);
      const original = this.#options.originals.of(trackerName(url));
      const postponed = original.postponement(maxWaitMs);
      if (postponed !== undefined) throw postponed;
      const destination = await this.#lookUp(url, family);
      // By the family of the address, because a tracker that has only one is asked over it for clients of both.
      const pair = pairOf(original.name, infoHash, destination.address.family);
      const errand = { infoHash, text, original, destination, pair, want };
      return this.#tooSoon(errand) ?? (await original.announce(() => this.#announceOnce(errand), maxWaitMs));
    } catch (thrown) {
      return this.#failure(text, thrown);
    }
  }

  /** Leaves the originals that list a cache which does not serve the torrent any more. */
  leaveEnded(): void {
    for (const { destination, announce } of this.#options.endpoints.takeEnded()) {
      this.#background(this.#leave(destination, announce));
    }
  }

  async #lookUp(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    const destination = await this.#lookups.run(() => this.#options.access.destinationOf(url, family));
    if (destination === undefined) throw new NotNow('busy', this.#options.nowMs());
    return destination;
  }

  #tooSoon({ text, pair }: Errand): AskedTracker | undefined {
    const dueMs = this.#options.dueTimes.dueMs(pair);
    if (dueMs === 0) return undefined;
    this.#options.counters.tooSoon++;
    const seconds = Math.ceil((dueMs - this.#options.nowMs()) / 1_000);
    return { url: text, result: 'too-soon', detail: `due in ${seconds} s`, peers: 0, againMs: dueMs };
  }

  async #announceOnce(errand: Errand): Promise<AskedTracker> {
    // Another request for the torrent may have been faster.
    const tooSoon = this.#tooSoon(errand);
    if (tooSoon !== undefined) return tooSoon;
    const { dueTimes } = this.#options;
    // Until the answer arrives, and after a failure.
    dueTimes.wait(errand.pair, FIRST_BACKOFF_SECONDS);
    try {
      return await this.#announce(errand);
    } catch (thrown) {
      if (thrown instanceof TrackerRefusal) {
        dueTimes.wait(errand.pair, Math.max(this.#leastSeconds, thrown.retryAfterSeconds ?? REFUSED_TORRENT_SECONDS));
      }
      const againMs = dueTimes.dueMs(errand.pair);
      if (thrown instanceof TrackerRefusal) return { ...this.#failure(errand.text, thrown), againMs };
      throw thrown;
    }
  }

  async #announce(errand: Errand): Promise<AskedTracker> {
    const { infoHash, text, original, destination, pair, want } = errand;
    const { announcePort, counters, dueTimes, endpoints, random } = this.#options;
    const endpoint = endpoints.endpointFor(infoHash, destination, original.name);
    const announce: OutgoingAnnounce = {
      infoHash,
      peerId: endpoint === undefined ? this.#options.peerId : this.#options.cachePeerId,
      port: endpoint?.port ?? announcePort,
      ...(endpoint === undefined ? {} : { address: endpoint.address }),
      event: endpoint !== undefined && endpoints.present(pair) !== undefined ? 'none' : 'started',
      // One more, because a tracker may give us our own address.
      numWant: Math.min(MAX_NUMWANT, Math.max(1, want) + 1),
      key: random.nextUint32(),
    };
    const reply = await this.#send(destination, announce);
    const intervalSeconds = this.#intervalOf(reply);
    original.intervalSeconds = intervalSeconds;
    dueTimes.wait(pair, intervalSeconds);
    if (endpoint === undefined) this.#background(this.#leave(destination, announce));
    else this.#background(this.#stayOrLeave(errand, announce, reply, intervalSeconds));
    counters.answered++;
    const taken = await this.#handOn(errand, reply, announce, intervalSeconds);
    counters.peers += taken;
    return { url: text, result: 'answered', peers: taken, againMs: dueTimes.dueMs(pair) };
  }

  #intervalOf(reply: AnnounceReply): number {
    const stated = Math.max(reply.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS, reply.minIntervalSeconds ?? 0);
    return Math.min(MAX_INTERVAL_SECONDS, Math.max(this.#leastSeconds, stated));
  }

  /** Between two announces of a torrent, whatever the original states. */
  get #leastSeconds(): number {
    return this.#options.minIntervalSeconds ?? MIN_INTERVAL_SECONDS;
  }

  async #handOn(
    { infoHash, original }: Errand,
    reply: AnnounceReply,
    announce: OutgoingAnnounce,
    intervalSeconds: number,
  ): Promise<number> {
    const asker = new OwnAddresses(
      reply.ourAddresses.map((address) => ({ host: formatIp(address), port: announce.port })),
    );
    // Some trackers list the asking peer. The data plane decides which others are not imported.
    const peers = reply.peers.filter(({ address, port }) => !asker.has(address, port));
    if (peers.length === 0) return 0;
    const ttlSeconds = Math.min(MAX_PEER_TTL_SECONDS, 2 * intervalSeconds);
    return this.#options.onPeers(infoHash, peers, ttlSeconds, original.name);
  }

  #send(destination: TrackerDestination, announce: OutgoingAnnounce): Promise<AnnounceReply> {
    return destination.url.protocol === 'udp:'
      ? announceOverUdp(destination, announce, this.#options.signal, undefined, this.#options.connections)
      : announceOverHttp(
          destination,
          announce,
          (url) => this.#options.access.redirectDestination(url, destination.address.family),
          this.#options.signal,
        );
  }

  /** After the announce of a cache: it stays if the original lists it; else it leaves, because its own address would be listed. */
  async #stayOrLeave(
    errand: Errand,
    announce: OutgoingAnnounce,
    reply: AnnounceReply,
    intervalSeconds: number,
  ): Promise<void> {
    const { infoHash, destination, original, pair } = errand;
    const { endpoints, nowMs } = this.#options;
    const { family } = destination.address;
    let use = addressUseIn(reply, announce);
    if (use !== 'unknown') endpoints.observed(original.name, family, use);
    else if (endpoints.isUnobserved(original.name, family)) use = await this.#look(errand, announce, reply);
    else use = endpoints.useOf(original.name, family);
    if (use !== 'announced') return this.#leave(destination, announce);
    const presence: Presence = { infoHash, destination, announce, untilMs: nowMs() + 2_000 * intervalSeconds };
    endpoints.stay(pair, presence);
  }

  /** Announces as another peer, because many trackers do not list the peer that asks. Once a day for each original. */
  async #look({ destination, original }: Errand, announce: OutgoingAnnounce, first: AnnounceReply) {
    const { announcePort, endpoints, peerId, random } = this.#options;
    const { infoHash } = announce;
    const other: OutgoingAnnounce = {
      infoHash,
      peerId,
      port: announcePort,
      event: 'started',
      numWant: MAX_NUMWANT,
      key: random.nextUint32(),
    };
    // Before the look, so that requests for other torrents of this original do not look at the same time.
    endpoints.observed(original.name, destination.address.family, 'unknown');
    const seen = await this.#send(destination, other).catch(() => undefined);
    const use =
      seen === undefined ? 'unknown' : addressUseIn(seen, announce, [...first.ourAddresses, ...seen.ourAddresses]);
    endpoints.observed(original.name, destination.address.family, use);
    await this.#leave(destination, other);
    return use;
  }

  async #leave(destination: TrackerDestination, announce: OutgoingAnnounce): Promise<void> {
    try {
      await this.#send(destination, { ...announce, event: 'stopped', numWant: 0 });
    } catch (thrown) {
      this.#options.log?.debug(
        { tracker: destination.url.host, reason: messageOf(thrown) },
        'an original tracker did not answer the announce stopped',
      );
    }
  }

  /** @param work must not reject */
  #background(work: Promise<void>): void {
    const done = work.finally(() => this.#inFlight.delete(done));
    this.#inFlight.add(done);
  }

  #failure(url: string, thrown: unknown): AskedTracker {
    if (thrown instanceof NotNow) {
      this.#options.counters.postponed++;
      return { url, result: thrown.reason, peers: 0, againMs: thrown.againMs };
    }
    const detail = messageOf(thrown);
    const result =
      thrown instanceof AccessDenied ? thrown.reason : thrown instanceof TrackerRefusal ? 'refused' : 'failed';
    if (result === 'refused') this.#options.counters.refused++;
    else if (result === 'own-address') this.#options.counters.ownAddress++;
    else this.#options.counters.failed++;
    if (result === 'own-address' && !this.#warnedOwn.has(url) && this.#warnedOwn.size < MAX_WARNED_TRACKERS) {
      this.#warnedOwn.add(url);
      this.#options.log?.warn({ tracker: url, reason: detail }, 'an original tracker resolves to this alias tracker');
    } else {
      this.#options.log?.debug({ tracker: url, result, reason: detail }, 'an original tracker gave no peers');
    }
    const againMs = this.#options.nowMs() + FIRST_BACKOFF_SECONDS * 1_000;
    // An address of our own or inside stays one; a name that does not resolve may.
    const isFinal = thrown instanceof AccessDenied && thrown.reason !== 'unresolvable';
    return { url, result, detail, peers: 0, ...(isFinal ? {} : { againMs }) };
  }
}

/** The key of a torrent at an original. */
export function pairOf(original: string, infoHash: InfoHash, family: 4 | 6): string {
  return `${original} ${infoHash} ${family}`;
}
