/**
 * What the exchange may announce without poisoning the swarm of an original tracker: the endpoint of a node of the operator that
 * serves the torrent (a cache), if the tracker takes an address that differs from the sender's. Many list the sender's address
 * instead, where no peer listens: opentracker ignores `ip=` unless it was compiled to take it, and the field of BEP 15 always;
 * bittorrent-tracker's server ignores `ip=` and misreads the field. So each original is observed, and left where it did not take
 * the endpoint. Without a cache the exchange leaves at once.
 */
import type { Clock } from '../domain/clock.js';
import { forgetOldest } from '../domain/forget-oldest.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import { MAX_ORIGINALS, MAX_PRESENT_ENDPOINTS, OBSERVE_AGAIN_MS, OBSERVE_UNSEEN_AGAIN_MS } from './limits.js';
import type { AnnounceReply, ForeignPeer, OutgoingAnnounce, TrackerDestination } from './tracker-contact.js';

/** Where a node of the operator serves a torrent to foreign peers. */
export interface ServingEndpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** @returns the endpoint to announce for this torrent and family; undefined: no cache serves it to foreign peers */
export type EndpointToAnnounce = (infoHash: InfoHash, family: 4 | 6) => ServingEndpoint | undefined;

/** Whether an original lists the address that is announced to it. */
export type AddressUse = 'unknown' | 'announced' | 'sender';

/** An endpoint that an original lists because of us. */
export interface Presence {
  readonly infoHash: InfoHash;
  readonly destination: TrackerDestination;
  readonly announce: OutgoingAnnounce;
  /** When the original has forgotten it unless it is announced again. */
  readonly untilMs: number;
}

export class AnnouncedEndpoints {
  readonly #uses = new Map<string, { use: AddressUse; untilMs: number }>();
  readonly #present = new Map<string, Presence>();
  readonly #endpointOf: EndpointToAnnounce;
  readonly #clock: Clock;

  constructor(endpointOf: EndpointToAnnounce, clock: Clock) {
    this.#endpointOf = endpointOf;
    this.#clock = clock;
  }

  /** The endpoint to announce to this original; undefined: none, so leave at once. */
  endpointFor(infoHash: InfoHash, { url, address }: TrackerDestination, original: string): ServingEndpoint | undefined {
    // BEP 15 has a field for an IPv4 address only.
    if (url.protocol === 'udp:' && address.family === 6) return undefined;
    if (this.useOf(original, address.family) === 'sender' || this.#present.size >= MAX_PRESENT_ENDPOINTS)
      return undefined;
    return this.#endpointOf(infoHash, address.family);
  }

  useOf(original: string, family: 4 | 6): AddressUse {
    const known = this.#uses.get(`${original} ${family}`);
    return known === undefined || known.untilMs <= this.#clock.nowMs() ? 'unknown' : known.use;
  }

  /** Whether the original should be looked at: it is not known what it lists, and no look has just failed. */
  isUnobserved(original: string, family: 4 | 6): boolean {
    const known = this.#uses.get(`${original} ${family}`);
    return known === undefined || known.untilMs <= this.#clock.nowMs();
  }

  /** What an original turned out to list; `unknown` if neither address was among its peers. */
  observed(original: string, family: 4 | 6, use: AddressUse): void {
    const untilMs = this.#clock.nowMs() + (use === 'unknown' ? OBSERVE_UNSEEN_AGAIN_MS : OBSERVE_AGAIN_MS);
    const key = `${original} ${family}`;
    this.#uses.delete(key);
    this.#uses.set(key, { use, untilMs });
    forgetOldest(this.#uses, MAX_ORIGINALS);
  }

  present(pair: string): Presence | undefined {
    return this.#present.get(pair);
  }

  stay(pair: string, presence: Presence): void {
    this.#present.set(pair, presence);
  }

  /** Removes and returns those whose cache does not serve their torrent any more. */
  takeEnded(): Presence[] {
    const nowMs = this.#clock.nowMs();
    const ended: Presence[] = [];
    for (const [pair, presence] of this.#present) {
      const { infoHash, destination, announce, untilMs } = presence;
      const now = this.#endpointOf(infoHash, destination.address.family);
      const serves = now !== undefined && isSame(now, announce.address, announce.port);
      if (serves && nowMs < untilMs) continue;
      this.#present.delete(pair);
      if (!serves) ended.push(presence);
    }
    return ended;
  }

  get size(): number {
    return this.#present.size;
  }
}

/** What the peers in an answer say about the address of an announce. */
export function addressUseIn(
  reply: AnnounceReply,
  announce: OutgoingAnnounce,
  senders = reply.ourAddresses,
): AddressUse {
  const lists = (address: IpAddress | undefined): boolean =>
    reply.peers.some((peer: ForeignPeer) => isSame(peer, address, announce.port));
  if (lists(announce.address)) return 'announced';
  return senders.some(lists) ? 'sender' : 'unknown';
}

export function isSame(endpoint: ServingEndpoint, address: IpAddress | undefined, port: number): boolean {
  return address !== undefined && endpoint.port === port && formatIp(endpoint.address) === formatIp(address);
}
