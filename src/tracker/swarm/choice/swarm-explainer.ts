/** Makes an {@link Explanation} of a swarm: runs the selection without changing anything, then counts who was chosen. */
import { FOREIGN_PARTITION, NEUTRAL_CAPABILITY_LEVEL } from '../../../selection/cost-table.js';
import {
  type ChosenPeer,
  classReason,
  type ExplainedClass,
  type Explanation,
  mixReason,
} from '../../../selection/explanation.js';
import {
  HOUSEHOLD_GROUP_NAMES,
  HOUSEHOLD_LOCALISED,
  type HouseholdGroup,
} from '../../../selection/household-groups.js';
import { PARTITION_SHIFT, SIBLING_TIER, type StandingKeys } from '../../../selection/standing-key.js';
import { seedsSuffice } from '../../../selection/supply.js';
import { AnnounceRequest } from '../../announce-request.js';
import type { ImportedPeers } from '../imported-tally.js';
import { type FamilySwarms, KIND_BUCKETED, kindOf, offsetOf } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { HashKeys } from '../memory/hash-keys.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  FLAG_REPORTED,
  FLAG_SEED,
  FLAG_UPSTREAM,
  flagsOf,
  groupOf,
  hasEvidence,
  isAddress,
  isLeecher,
  LIST_LEECHERS,
  LIST_NONE,
  LIST_SERVING,
  levelOf,
  listOfFlags,
  portOf,
} from '../memory/peer-record.js';
import { evidenceWordOf, refWordOf } from '../memory/torrent-table.js';
import type { IsInnerOnly } from './compact-peer-sink.js';
import type { PeerSelection } from './peer-selection.js';
import type { Requester } from './requester.js';

/** The most peers of any answer. */
const MAX_ANSWER_PEERS = 200;

export interface ExplainQuery {
  readonly infoHash: Uint8Array;
  readonly family: 4 | 6;
  /** One word, or four. */
  readonly words: readonly number[];
  /** The port of the client if it is in the swarm, so that it is not counted as its own candidate. */
  readonly port?: number;
  readonly group: number;
  /** Of its household; default: localised. */
  readonly household?: HouseholdGroup;
  /** Default: as it is in the swarm, else a leecher. */
  readonly seed?: boolean;
}

export function requestForExplanation(query: ExplainQuery, numWant: number): AnnounceRequest {
  const request = new AnnounceRequest();
  request.bytes = query.infoHash;
  request.family = query.family;
  request.word0 = query.words[0]!;
  request.word1 = query.words[1] ?? 0;
  request.word2 = query.words[2] ?? 0;
  request.word3 = query.words[3] ?? 0;
  request.port = query.port ?? 0;
  request.group = query.group;
  request.household = query.household ?? HOUSEHOLD_LOCALISED;
  request.seed = query.seed ?? false;
  request.numWant = numWant;
  return request;
}

/** A class while it is counted. */
interface Tally {
  readonly group: number;
  readonly level: number;
  readonly list: number;
  readonly flags: number;
  count: number;
  chosen: number;
  innerOnly: number;
}

export class SwarmExplainer {
  private readonly out = new Uint8Array(MAX_ANSWER_PEERS * 18);
  private readonly other: Endpoint;
  private bySource = true;
  private peersAtAddress = 0;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly selection: PeerSelection,
    private readonly importedPeers: ImportedPeers,
    hashKeys: HashKeys,
    private readonly isInnerOnly: IsInnerOnly | null,
  ) {
    this.other = new Endpoint(hashKeys);
  }

  /** The answer, and what a household that is answered at random would get if it were localised. */
  explainWithAlternative(request: AnnounceRequest, requester: Requester): Omit<Explanation, 'foreign'> {
    const explained = this.explain(request, requester);
    const { household, inner } = explained.requester;
    if (household === 'localised' || !inner) return { ...explained, localised: null };
    request.household = HOUSEHOLD_LOCALISED;
    const { mix } = this.explain(request, requester);
    return { ...explained, localised: { reason: mix.reason, inner: mix.inner, foreign: mix.foreign } };
  }

  private explain(request: AnnounceRequest, requester: Requester): Omit<Explanation, 'foreign' | 'localised'> {
    const { selection, keys } = this;
    const words = this.arena.words;
    const { entry } = requester;
    const want = Math.min(request.numWant, MAX_ANSWER_PEERS);
    const partition = keys.partitionOf(request.group);
    const ref = entry === 0 ? 0 : words[refWordOf(entry, request.family)]!;
    const count = entry === 0 ? 0 : selection.select(request, requester, want, this.out, 0);
    const tallies = ref === 0 ? new Map<number, Tally>() : this.tally(ref, request.family, requester.record);
    if (ref !== 0 && partition === FOREIGN_PARTITION)
      this.tallyInnerOnly(ref, request.family, requester.record, tallies);
    const chosen = this.readChosen(ref, request.family, count, tallies);
    const { plan, situation } = selection;
    return {
      found: entry !== 0,
      requester: {
        group: request.group,
        partition,
        inner: partition !== FOREIGN_PARTITION,
        seed: request.seed,
        inSwarm: requester.record !== 0,
        port: requester.record === 0 ? null : request.port,
        peersAtAddress: this.peersAtAddress,
        household: HOUSEHOLD_GROUP_NAMES[this.isCache(requester) ? HOUSEHOLD_LOCALISED : request.household]!,
        gateway: entry !== 0 && selection.roster.isGateway(entry, selection.hostPeer),
      },
      mix: {
        reason: entry === 0 ? 'nothing-wanted' : mixReason(plan),
        want,
        inner: entry === 0 ? 0 : plan.inner,
        foreign: entry === 0 ? 0 : plan.foreign,
        innerAvailable: entry === 0 ? 0 : situation.innerAvailable,
        foreignAvailable: entry === 0 ? 0 : situation.foreignAvailable,
      },
      supply: this.supplyOf(request, requester, tallies),
      gateways: entry === 0 ? 0 : selection.roster.gatewayCount(entry, selection.hostPeer.family),
      classes: this.describe(request, partition, tallies),
      imported: this.imported(entry, request.nowSeconds, chosen),
      chosen,
    };
  }

  private isCache({ record, endpoint }: Requester): boolean {
    return record !== 0 && (flagsOf(this.arena.words, record + endpoint.addressWords) & FLAG_CACHE) !== 0;
  }

  private supplyOf(request: AnnounceRequest, requester: Requester, tallies: Map<number, Tally>): Explanation['supply'] {
    const inner = [...tallies.values()].filter(({ group }) => this.keys.partitionOf(group) !== FOREIGN_PARTITION);
    const countOf = (list: number): number =>
      inner.reduce((sum, tally) => sum + (tally.list === list ? tally.count : 0), 0);
    const isWaiting = !request.seed && this.keys.partitionOf(request.group) !== FOREIGN_PARTITION;
    const innerLeechers = countOf(LIST_LEECHERS) + (isWaiting ? 1 : 0);
    const block = requester.entry === 0 ? 0 : this.arena.words[evidenceWordOf(requester.entry, request.family)]!;
    const serving = this.selection.blocks.servingSeeds(block);
    const starving = this.selection.blocks.starvedLeechers(block);
    return {
      innerSeeds: countOf(LIST_SERVING),
      serving,
      starving,
      innerLeechers,
      suffices: seedsSuffice(innerLeechers, serving, starving),
      requesterStarves: requester.starving,
    };
  }

  /**
   * Searches the swarm for the requester. If only its address is known, takes the first client found at that address, so that no
   * client is offered itself. Its role in the swarm applies unless the question sets another.
   */
  findRequester(query: ExplainQuery, request: AnnounceRequest, requester: Requester): void {
    this.peersAtAddress = 0;
    this.findByAddress(query.port === undefined, request, requester);
    if (requester.record === 0) return;
    const meta = requester.record + requester.endpoint.addressWords;
    const flags = flagsOf(this.arena.words, meta);
    requester.starving = isLeecher(flags) && hasEvidence(this.arena.words, meta);
    if (query.seed === undefined) request.seed = (flags & FLAG_SEED) !== 0;
  }

  private findByAddress(anyPort: boolean, request: AnnounceRequest, requester: Requester): void {
    const { arena, swarms } = this;
    const { endpoint } = requester;
    if (requester.entry === 0) return;
    let found = 0;
    const ref = arena.words[refWordOf(requester.entry, request.family)]!;
    const { addressWords } = endpoint;
    for (let slot = 0; ; slot++) {
      slot = swarms.nextUsedSlot(ref, slot, addressWords);
      if (slot < 0) break;
      const record = swarms.recordInSlot(ref, slot, addressWords);
      if (!isAddress(arena.words, record, endpoint)) continue;
      this.peersAtAddress++;
      if (found === 0) found = record;
    }
    if (!anyPort || found === 0) return;
    requester.record = found;
    request.port = portOf(arena.words, found + addressWords);
    endpoint.setFromRequest(request);
  }

  /** Counts the peers of a swarm by class, without the requester. */
  private tally(ref: number, family: 4 | 6, self: number): Map<number, Tally> {
    const addressWords = addressWordsOf(family);
    const tallies = new Map<number, Tally>();
    this.bySource = kindOf(ref) !== KIND_BUCKETED;
    if (!this.bySource) {
      const swarm = this.swarms.bucketed.swarmOf(offsetOf(ref));
      for (let id = 1; id < swarm.nextId; id++) {
        const size = swarm.sizes[id]!;
        if (size > 0) this.addTo(tallies, swarm.bases[id]! + addressWords, size);
      }
    } else {
      for (let slot = 0; ; slot++) {
        slot = this.swarms.nextUsedSlot(ref, slot, addressWords);
        if (slot < 0) break;
        this.addTo(tallies, this.swarms.recordInSlot(ref, slot, addressWords) + addressWords, 1);
      }
    }
    if (self !== 0) {
      const own = tallies.get(this.classKey(self + addressWords));
      if (own !== undefined) own.count--;
    }
    return tallies;
  }

  /** Counts the inner peers that a foreign requester cannot reach. */
  private tallyInnerOnly(ref: number, family: 4 | 6, self: number, tallies: Map<number, Tally>): void {
    const { isInnerOnly, keys, swarms } = this;
    const { caches } = this.selection;
    if (isInnerOnly === null && caches.isEmpty) return;
    const { words } = this.arena;
    const addressWords = addressWordsOf(family);
    for (let slot = swarms.nextUsedSlot(ref, 0, addressWords); slot >= 0; ) {
      const record = swarms.recordInSlot(ref, slot, addressWords);
      const meta = record + addressWords;
      if (record !== self && keys.partitionOf(groupOf(words, meta)) !== FOREIGN_PARTITION) {
        const tally = tallies.get(this.classKey(meta));
        const isOut = isInnerOnly?.(words, record, addressWords) || caches.hasAddress(words, record, addressWords);
        if (tally !== undefined && isOut) tally.innerOnly++;
      }
      slot = swarms.nextUsedSlot(ref, slot + 1, addressWords);
    }
  }

  private addTo(tallies: Map<number, Tally>, meta: number, count: number): void {
    const words = this.arena.words;
    const key = this.classKey(meta);
    const known = tallies.get(key);
    if (known !== undefined) known.count += count;
    else {
      const flags = flagsOf(words, meta);
      const list = listOfFlags(flags);
      tallies.set(key, {
        group: groupOf(words, meta),
        level: levelOf(words, meta),
        list,
        flags,
        count,
        chosen: 0,
        innerOnly: 0,
      });
    }
  }

  private readChosen(ref: number, family: 4 | 6, count: number, tallies: Map<number, Tally>): Explanation['chosen'] {
    const view = new DataView(this.out.buffer);
    const addressWords = addressWordsOf(family);
    const { words: memory } = this.arena;
    const chosen: ChosenPeer[] = [];
    for (let i = 0, at = 0; i < count; i++, at += addressWords * 4 + 2) {
      const words = [0, 4, 8, 12].slice(0, addressWords).map((offset) => view.getUint32(at + offset));
      const port = view.getUint16(at + addressWords * 4);
      this.other.setAddress(family, words[0]!, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0, port);
      const record = this.swarms.findPeer(ref, this.other);
      const tally = record === 0 ? undefined : tallies.get(this.classKey(record + addressWords));
      if (tally !== undefined) tally.chosen++;
      const isImported = record !== 0 && (flagsOf(memory, record + addressWords) & FLAG_UPSTREAM) !== 0;
      chosen.push({
        words,
        port,
        ...(isImported ? { origin: this.importedPeers.originOf(record + addressWords) } : {}),
      });
    }
    return chosen;
  }

  private imported(entry: number, nowSeconds: number, chosen: readonly ChosenPeer[]): Explanation['imported'] {
    if (entry === 0) return [];
    return this.importedPeers.count(entry, nowSeconds).imported.map(({ origin, peers }) => ({
      origin,
      peers,
      chosen: chosen.filter((peer) => peer.origin === origin).length,
    }));
  }

  private describe(request: AnnounceRequest, partition: number, tallies: Map<number, Tally>): ExplainedClass[] {
    const { keys, selection } = this;
    const ranked = [...tallies.values()]
      .filter((tally) => tally.count > 0)
      .map((tally) => ({ tally, key: keys.pairKey(request.group, partition, tally.group, tally.level) }))
      .sort((a, b) => a.key - b.key || a.tally.list - b.tally.list);
    return ranked.map(({ tally, key }): ExplainedClass => {
      const tierKey = key >>> PARTITION_SHIFT;
      const withheld = tally.list === LIST_NONE;
      const tier = tierKey > SIBLING_TIER ? 2 : tierKey === SIBLING_TIER ? 1 : 0;
      const offered = tally.list === LIST_LEECHERS || !request.seed;
      return {
        group: tally.group,
        role: tally.list === LIST_SERVING ? 'serving' : 'leecher',
        withheld,
        partition: keys.partitionOf(tally.group),
        tier,
        overridden: keys.table.overrides.has(request.group * 65_536 + tally.group),
        rateRank: keys.rateRankOf(tally.group),
        densityLevel: keys.densityLevelOf(tally.group),
        capabilityLevel: tally.level,
        capabilitySource:
          (tally.flags & FLAG_REPORTED) !== 0
            ? 'reported'
            : tally.level === NEUTRAL_CAPABILITY_LEVEL
              ? 'neutral'
              : 'observed',
        cache: (tally.flags & FLAG_CACHE) !== 0,
        score: keys.scoreOfPeer(tally.group, tally.level),
        count: tally.count,
        chosen: tally.chosen,
        innerOnly: tally.innerOnly,
        reason: classReason(selection.plan, { ...tally, tier, withheld }, offered),
      };
    });
  }

  /** Group, level, list and the source of the level in one number; buckets do not distinguish sources. */
  private classKey(meta: number): number {
    const words = this.arena.words;
    const flags = flagsOf(words, meta);
    const source = this.bySource ? (flags & (FLAG_REPORTED | FLAG_CACHE)) >>> 6 : 0;
    return ((groupOf(words, meta) * 8 + levelOf(words, meta)) * 4 + listOfFlags(flags)) * 4 + source;
  }
}
