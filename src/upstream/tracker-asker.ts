/**
 * Asks one original tracker for the peers of one torrent, if it is due. It announces `started` as a leecher, passes on the
 * usable peers, and announces `stopped` at once, so that the swarm does not keep an address where no peer listens.
 */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import { OwnAddresses } from '../domain/own-addresses.js';
import type { Random } from '../domain/random.js';
import { announceOverHttp } from './announce-over-http.js';
import { announceOverUdp } from './announce-over-udp.js';
import type { AnnounceSchedule } from './announce-schedule.js';
import {
  DEFAULT_INTERVAL_SECONDS,
  MAX_INTERVAL_SECONDS,
  MAX_NUMWANT,
  MAX_PEER_TTL_SECONDS,
  MIN_INTERVAL_SECONDS,
  REFUSED_TORRENT_SECONDS,
} from './limits.js';
import { type AccessDenial, AccessDenied, parseTrackerUrl, type TrackerAccess, trackerName } from './tracker-access.js';
import {
  type AnnounceReply,
  type OutgoingAnnounce,
  type TakePeers,
  type TrackerDestination,
  TrackerRefusal,
} from './tracker-contact.js';
import type { UpstreamCounters } from './upstream-counters.js';
import type { UpstreamLog } from './upstream-log.js';

/** Each tracker that resolves to this installation is logged once; this many are remembered. */
const MAX_WARNED_TRACKERS = 1_000;

export interface AskedTracker {
  readonly url: string;
  readonly result: 'answered' | 'refused' | 'failed' | 'too-soon' | AccessDenial;
  readonly detail?: string;
  /** The number of its peers that were taken. */
  readonly peers: number;
}

export interface TrackerAskerOptions {
  readonly access: TrackerAccess;
  readonly schedule: AnnounceSchedule;
  readonly counters: UpstreamCounters;
  readonly signal: AbortSignal;
  readonly announcePort: number;
  readonly peerId: Uint8Array;
  readonly random: Random;
  readonly onPeers: TakePeers;
  readonly log?: UpstreamLog;
  readonly minIntervalSeconds?: number;
}

export class TrackerAsker {
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #warnedOwn = new Set<string>();
  readonly #options: TrackerAskerOptions;

  constructor(options: TrackerAskerOptions) {
    this.#options = options;
  }

  /** Waits for the announces `stopped` in flight. */
  async stopsSent(): Promise<void> {
    await Promise.allSettled([...this.#inFlight]);
  }

  /**
   * Never rejects.
   * @param text the announce URL as the torrent has it
   * @param family of the tracker's address, if it has one of this family
   */
  async ask(infoHash: InfoHash, text: string, family: 4 | 6, want: number): Promise<AskedTracker> {
    let tracker = text;
    let destination: TrackerDestination | undefined;
    try {
      const url = parseTrackerUrl(text);
      tracker = trackerName(url);
      const pair = `${url.href} ${infoHash} ${family}`;
      const waitSeconds = this.#options.schedule.secondsUntilDue(tracker, pair);
      if (waitSeconds > 0) {
        this.#options.counters.tooSoon++;
        return { url: text, result: 'too-soon', detail: `due in ${waitSeconds} s`, peers: 0 };
      }
      destination = await this.#options.access.destinationOf(url, family);
      return await this.#announce(infoHash, text, tracker, pair, destination, want);
    } catch (thrown) {
      // No back-off if access was denied before the tracker was asked; one that redirects to a blocked address backs off.
      if (destination !== undefined || !(thrown instanceof AccessDenied)) this.#options.schedule.failed(tracker);
      return this.#failure(text, thrown);
    }
  }

  async #announce(
    infoHash: InfoHash,
    text: string,
    tracker: string,
    pair: string,
    destination: TrackerDestination,
    want: number,
  ): Promise<AskedTracker> {
    const announce: OutgoingAnnounce = {
      infoHash,
      peerId: this.#options.peerId,
      port: this.#options.announcePort,
      event: 'started',
      // One more, because a tracker may give us our own address.
      numWant: Math.min(MAX_NUMWANT, Math.max(1, want) + 1),
      key: this.#options.random.nextUint32(),
    };
    let reply: AnnounceReply;
    try {
      reply = await this.#send(destination, announce);
    } catch (thrown) {
      if (!(thrown instanceof TrackerRefusal)) throw thrown;
      this.#options.schedule.answered(tracker, pair, thrown.retryAfterSeconds ?? REFUSED_TORRENT_SECONDS);
      return this.#failure(text, thrown);
    }
    this.#announceStopped(destination, announce);

    const statedSeconds = Math.max(reply.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS, reply.minIntervalSeconds ?? 0);
    const leastSeconds = this.#options.minIntervalSeconds ?? MIN_INTERVAL_SECONDS;
    const intervalSeconds = Math.min(MAX_INTERVAL_SECONDS, Math.max(leastSeconds, statedSeconds));
    this.#options.schedule.answered(tracker, pair, intervalSeconds);
    this.#options.counters.answered++;
    const asker = new OwnAddresses(
      reply.ourAddresses.map((address) => ({ host: formatIp(address), port: announce.port })),
    );
    // Some trackers list the asking peer. The data plane decides which others are not imported.
    const peers = reply.peers.filter(({ address, port }) => !asker.has(address, port));
    if (peers.length === 0) return { url: text, result: 'answered', peers: 0 };
    const ttlSeconds = Math.min(MAX_PEER_TTL_SECONDS, 2 * intervalSeconds);
    const taken = await this.#options.onPeers(infoHash, peers, ttlSeconds, tracker);
    this.#options.counters.peers += taken;
    return { url: text, result: 'answered', peers: taken };
  }

  #send(destination: TrackerDestination, announce: OutgoingAnnounce): Promise<AnnounceReply> {
    return destination.url.protocol === 'udp:'
      ? announceOverUdp(destination, announce, this.#options.signal)
      : announceOverHttp(
          destination,
          announce,
          (url) => this.#options.access.redirectDestination(url, destination.address.family),
          this.#options.signal,
        );
  }

  #announceStopped(destination: TrackerDestination, announce: OutgoingAnnounce): void {
    const sent = this.#send(destination, { ...announce, event: 'stopped', numWant: 0 })
      .catch((thrown: unknown) => {
        this.#options.log?.debug(
          { tracker: destination.url.host, reason: messageOf(thrown) },
          'an original tracker did not answer the announce stopped',
        );
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  #failure(url: string, thrown: unknown): AskedTracker {
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
    return { url, result, detail, peers: 0 };
  }
}
