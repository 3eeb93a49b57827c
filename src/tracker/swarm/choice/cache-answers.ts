/**
 * Answers to the operator's caches. A cache takes part inside only, unless it may fetch the torrent over the border and no other
 * cache has it. One that fetches what other caches have is given those caches and nobody else, so that it does not use the uplinks
 * of users. One that is out is given nobody.
 */
import { GATEWAY_RETURN_SECONDS } from '../../../selection/gateways.js';
import {
  isCacheAnswer,
  isInsideOnly,
  MIX_CACHE_OUT,
  MIX_FROM_CACHES,
  type MixPlan,
  type MixSituation,
  planForCache,
} from '../../../selection/mix.js';
import { type AnnounceRequest, EVENT_PAUSED } from '../../announce-request.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import { HostScan } from '../layouts/host-scan.js';
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import type { InfoHashWords } from '../memory/info-hash-words.js';
import { addressWordsOf, FLAG_CACHE, FLAG_SEED, FLAG_WITHHELD, flagsOf, isAddress } from '../memory/peer-record.js';
import { refWordOf } from '../memory/torrent-table.js';
import type { OperatorCaches } from '../operator-caches.js';
import type { CompactPeerSink } from './compact-peer-sink.js';
import type { GatewayRoster } from './gateway-roster.js';
import type { HostPeer } from './host-peer.js';
import type { Requester } from './requester.js';

const COMPLETE_CACHE = FLAG_CACHE | FLAG_SEED;

export class CacheAnswers {
  private readonly scan = new HostScan();

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly caches: OperatorCaches,
    private readonly roster: GatewayRoster,
    private readonly mixPlan: MixPlan,
    private readonly situation: MixSituation,
    private readonly sink: CompactPeerSink,
    /** For this object alone. */
    private readonly endpoint: Endpoint,
    private readonly infoHash: InfoHashWords,
  ) {}

  /**
   * Replaces the plan of an ordinary inner requester by that of a cache, which is stored.
   * @returns whether the answer is complete
   */
  plan(request: AnnounceRequest, requester: Requester, hostPeer: HostPeer): boolean {
    const { mixPlan, situation, caches, roster } = this;
    const { words } = this.arena;
    const { record, entry } = requester;
    const addressWords = addressWordsOf(request.family);
    const isManaged = caches.isManaged(words, record, addressWords);
    if (caches.isOut(words, record, addressWords)) planForCache(situation, mixPlan, MIX_CACHE_OUT, 0);
    else {
      // One that does not fetch, a partial seed among them (BEP 21), has nothing to ask other caches for.
      const fetches = isManaged && !request.seed && request.event !== EVENT_PAUSED;
      const others = fetches ? this.offerCaches(request, requester) : 0;
      if (others > 0) planForCache(situation, mixPlan, MIX_FROM_CACHES, others);
      else if (!roster.mayCross(record, addressWords)) planForCache(situation, mixPlan);
    }
    // Its controller may let it fetch, or put it back, at any moment.
    if (isManaged && !request.seed) requester.returnSeconds = GATEWAY_RETURN_SECONDS;
    if (situation.gateway && isInsideOnly(mixPlan)) {
      situation.gateway = false;
      if (requester.announced) roster.removeGateway(entry, hostPeer.family, hostPeer.endpoint);
    }
    return isCacheAnswer(mixPlan);
  }

  /**
   * What caches may fetch over the border from now on: those that may not any more are no longer gateways.
   * @param fills `FILL_WORDS` of `operator-caches` each
   */
  setFills(fills: Uint32Array): void {
    this.caches.setFills(fills, (fill) => {
      this.infoHash.setWords(fill);
      const entry = this.infoHash.findTorrent();
      if (entry !== 0) this.closeBorder(entry, fill[5] === 4 ? 4 : 6, fill.subarray(6));
    });
  }

  /** @param address words */
  private closeBorder(entry: number, family: 4 | 6, address: Uint32Array): void {
    const { scan, endpoint } = this;
    const { words } = this.arena;
    endpoint.setAddress(family, address[0]!, address[1]!, address[2]!, address[3]!, 0);
    this.swarms.scanHost(words[refWordOf(entry, family)]!, endpoint, scan);
    for (let i = 0; i < scan.listedCount; i++) {
      endpoint.setFromRecord(words, scan.records[i]!, addressWordsOf(family));
      this.roster.removeGateway(entry, family, endpoint);
    }
  }

  /** Offers the other caches that have the torrent completely. @returns how many */
  private offerCaches(request: AnnounceRequest, requester: Requester): number {
    const { scan, endpoint, sink, situation } = this;
    const { words } = this.arena;
    const ref = words[refWordOf(requester.entry, request.family)]!;
    for (const { family, words: address } of this.caches.known) {
      if (family !== request.family || sink.written >= situation.want) continue;
      endpoint.setAddress(family, address[0]!, address[1]!, address[2]!, address[3]!, 0);
      this.swarms.scanHost(ref, endpoint, scan);
      for (let i = 0; i < scan.listedCount && sink.written < situation.want; i++) {
        const record = scan.records[i]!;
        // The host of an IPv6 peer is its /64.
        if (!isAddress(words, record, endpoint)) continue;
        const flags = flagsOf(words, record + addressWordsOf(family));
        if ((flags & (COMPLETE_CACHE | FLAG_WITHHELD)) === COMPLETE_CACHE) sink.offer(record);
      }
    }
    return sink.written;
  }
}
