/**
 * The trackers of a simulation. {@link OriginalTracker} chooses at random, as trackers do. {@link AliasTracker} is the
 * product itself: the swarm store and the selection of the data plane, with a policy compiled from the scenario as from
 * an operator's configuration. Each localised network has its own; clients of the others ask the original tracker.
 */
import { infoHashToBytes, parseInfoHash } from '../domain/info-hash.js';
import { formatIpv4, ipv4FromWord } from '../domain/ip-address.js';
import type { LocalityGroup } from '../domain/locality-group.js';
import type { Random } from '../domain/random.js';
import type { BillingPeriod } from '../selection/billing.js';
import { type CompiledCost, compileCostTable } from '../selection/compile-cost-table.js';
import { FOREIGN_PARTITION, type MixRules } from '../selection/cost-table.js';
import { HOUSEHOLD_LOCALISED, type HouseholdGroups } from '../selection/household-groups.js';
import { needsReturnWindow, returnInterval } from '../selection/return-interval.js';
import { compileTopology } from '../topology/compile-topology.js';
import { topologyTableFrom } from '../topology/flat-table.js';
import { GroupRegistry, memoryGroupStore } from '../topology/group-registry.js';
import type { TopologyTable } from '../topology/topology-table.js';
import * as announce from '../tracker/announce-request.js';
import { AnnounceOutcome } from '../tracker/swarm/announce-outcome.js';
import type { Requester } from '../tracker/swarm/choice/requester.js';
import { HASH_KEY_WORDS } from '../tracker/swarm/memory/hash-keys.js';
import { SwarmStore } from '../tracker/swarm/swarm-store.js';
import type { TrafficMeter } from '../tracker/traffic-meter.js';
import type { Population, SimulatedNetwork } from './population.js';
import { isComplete, type SimulatedPeer } from './simulated-peer.js';
import type { Directory, DirectoryEvent } from './swarm-model.js';

const PEER_PORT = 6881;
const FIRST_ASN = 64_500;
const COMPACT_PEER_BYTES = 6;
/** The tracker's clock at the start of a simulation: in its records, 0 means never. */
const CLOCK_START_SECONDS = 1_000_000;
const ARENA_BYTES = 64 * 2 ** 20;
const infoHash = infoHashToBytes(parseInfoHash('a11a5'.repeat(8)));

const EVENTS: Readonly<Record<DirectoryEvent, number>> = {
  started: announce.EVENT_STARTED,
  none: announce.EVENT_NONE,
  completed: announce.EVENT_COMPLETED,
  stopped: announce.EVENT_STOPPED,
};

/** A tracker that knows every reported peer and returns them at random. */
export class OriginalTracker implements Directory {
  readonly #online: number[] = [];
  readonly #position = new Map<number, number>();

  constructor(readonly random: Random) {}

  announce(peer: SimulatedPeer, event: DirectoryEvent, wanted: number): readonly number[] {
    this.recordPeer(peer, event);
    if (event === 'stopped') return [];
    // A partial Fisher–Yates shuffle: the first `wanted` entries are a fair draw.
    const online = this.#online;
    const limit = Math.min(wanted + 1, online.length);
    for (let i = 0; i < limit; i++) this.#swap(i, i + this.random.below(online.length - i));
    return online
      .slice(0, limit)
      .filter((id) => id !== peer.id)
      .slice(0, wanted);
  }

  /** Records a peer, whether it asks itself or another tracker reports it. */
  recordPeer(peer: SimulatedPeer, event: DirectoryEvent): void {
    if (event === 'stopped') this.#remove(peer.id);
    else if (!this.#position.has(peer.id)) {
      this.#position.set(peer.id, this.#online.length);
      this.#online.push(peer.id);
    }
  }

  #swap(i: number, j: number): void {
    const a = this.#online[i]!;
    const b = this.#online[j]!;
    this.#online[i] = b;
    this.#online[j] = a;
    this.#position.set(b, i);
    this.#position.set(a, j);
  }

  #remove(id: number): void {
    const at = this.#position.get(id);
    if (at === undefined) return;
    this.#swap(at, this.#online.length - 1);
    this.#online.pop();
    this.#position.delete(id);
  }
}

export interface AliasTrackerOptions {
  readonly population: Population;
  /** The network whose operator runs it. */
  readonly home: SimulatedNetwork;
  readonly mix: MixRules;
  /** False: only the AS counts, not capability and density. */
  readonly fullScore: boolean;
  readonly ratePerGigabyte: number;
  /** The periods that it knows. */
  readonly schedule: readonly BillingPeriod[];
  readonly rampForMs: number;
  /** The instant of second 0. */
  readonly startMs: number;
  readonly random: Random;
  readonly intervalSeconds: number;
  readonly minIntervalSeconds: number;
  /** Who is answered at random, and where traffic is counted; default: nobody, and nowhere. */
  readonly rollout?: { readonly households: HouseholdGroups; readonly meter: TrafficMeter };
}

export class AliasTracker implements Directory {
  readonly #store: SwarmStore;
  readonly #topology: TopologyTable;
  readonly #population: Population;
  readonly #request = new announce.AnnounceRequest();
  readonly #outcome = new AnnounceOutcome();
  /** When the client that was answered last is asked to come back; 0 at the usual interval. */
  #returnSeconds = 0;
  #answeredAtSeconds = 0;
  readonly #answer = new Uint8Array(200 * COMPACT_PEER_BYTES);

  readonly #options: AliasTrackerOptions;
  readonly #groups: readonly (LocalityGroup | undefined)[];
  #cost: CompiledCost;
  #version = 0;

  constructor(options: AliasTrackerOptions) {
    this.#options = options;
    this.#population = options.population;
    const topology = compileTopology({
      version: 1,
      operator: operatorOf(options.home),
      databases: [],
      groups: new GroupRegistry(memoryGroupStore()),
    });
    this.#topology = topologyTableFrom(topology.data);
    this.#groups = topology.groups;
    this.#cost = this.#compile(0);
    this.#store = new SwarmStore({
      random: options.random,
      // No stranger chooses info-hashes here, and the same seed must give the same run.
      hashSecret: new Uint32Array(HASH_KEY_WORDS),
      policy: this.#cost.table,
      arenaBytes: ARENA_BYTES,
      intervalSeconds: options.intervalSeconds,
      minIntervalSeconds: options.minIntervalSeconds,
    });
  }

  announce(peer: SimulatedPeer, event: DirectoryEvent, wanted: number, nowSeconds: number): readonly number[] {
    this.#followSchedule(nowSeconds);
    const requester = this.#tell(peer, event, wanted, nowSeconds, isComplete(peer));
    this.#returnSeconds = 0;
    this.#answeredAtSeconds = nowSeconds;
    const peers: number[] = [];
    if (event === 'stopped') return peers;
    const count = this.#store.select(this.#request, requester, this.#answer, 0, wanted);
    this.#returnSeconds = requester.returnSeconds;
    const view = new DataView(this.#answer.buffer);
    for (let i = 0; i < count; i++) {
      const id = this.#population.peerAt.get(view.getUint32(i * COMPACT_PEER_BYTES));
      if (id !== undefined) peers.push(id);
    }
    return peers;
  }

  intervalSeconds(): number {
    const { intervalSeconds, minIntervalSeconds, startMs, random } = this.#options;
    const { returnFromMs } = this.#cost.limits;
    let interval = intervalSeconds;
    if (returnFromMs !== undefined && needsReturnWindow(intervalSeconds)) {
      const untilSeconds = Math.ceil((returnFromMs - startMs) / 1000 - this.#answeredAtSeconds);
      interval = returnInterval(interval, untilSeconds, intervalSeconds, minIntervalSeconds, random.below(1000) / 1000);
    }
    const soon = this.#returnSeconds;
    return soon === 0 ? interval : Math.min(interval, Math.max(minIntervalSeconds, soon));
  }

  /**
   * Records a peer that asks another tracker, as the exchange with the original tracker does: compact peers do not mark
   * seeds.
   */
  recordPeer(peer: SimulatedPeer, event: DirectoryEvent, nowSeconds: number): void {
    this.#tell(peer, event, 0, nowSeconds, false);
  }

  /** As the policy of a running tracker does at the borders between periods. */
  #followSchedule(nowSeconds: number): void {
    const { nextChangeAtMs } = this.#cost.limits;
    if (nextChangeAtMs === undefined || this.#options.startMs + nowSeconds * 1000 < nextChangeAtMs) return;
    this.#cost = this.#compile(nowSeconds);
    this.#store.setPolicy(this.#cost.table);
  }

  #compile(nowSeconds: number): CompiledCost {
    const { home, mix, fullScore, ratePerGigabyte, schedule, rampForMs, startMs } = this.#options;
    const density = home.subdomains.flatMap(({ id, bytesPerUserPerSecond }) =>
      bytesPerUserPerSecond === undefined ? [] : [[id, { bytesPerUserPerSecond, ageSeconds: 0 }] as const],
    );
    return compileCostTable({
      version: ++this.#version,
      nowMs: startMs + nowSeconds * 1000,
      groups: this.#groups,
      ownAsns: [FIRST_ASN],
      billing: {
        currency: 'EUR',
        defaultRatePerGigabyte: ratePerGigabyte,
        neighbours: [],
        schedule,
        rampForMs,
        overrides: [],
      },
      mix,
      weights: fullScore ? { capabilityWeight: 0.6, densityWeight: 0.4 } : { capabilityWeight: 0, densityWeight: 0 },
      caches: home.caches.map((address) => ({ address: formatIpv4(address) })),
      density: new Map(fullScore ? density : []),
      densityFreshnessSeconds: 900,
      capability: new Map(),
    });
  }

  #tell(peer: SimulatedPeer, event: DirectoryEvent, wanted: number, nowSeconds: number, seed: boolean): Requester {
    const request = this.#request;
    request.bytes = infoHash;
    request.infoHashOffset = 0;
    request.peerIdOffset = 0;
    request.word0 = this.#population.addresses[peer.id]!;
    request.port = PEER_PORT;
    request.group = this.#topology.lookup4(request.word0);
    request.seed = seed;
    request.event = EVENTS[event];
    request.numWant = wanted;
    request.key = peer.id;
    request.uploadedHigh = Math.floor(peer.uploadedBytes / 2 ** 32);
    request.uploadedLow = Math.floor(peer.uploadedBytes) >>> 0;
    request.downloadedHigh = Math.floor(peer.downloadedBytes / 2 ** 32);
    request.downloadedLow = peer.downloadedBytes >>> 0;
    request.leftHigh = 0;
    request.leftLow = peer.pieceCount - peer.haveCount;
    request.nowSeconds = CLOCK_START_SECONDS + Math.floor(nowSeconds);
    const { rollout } = this.#options;
    const isInner =
      request.group < this.#cost.table.groupCount && this.#cost.table.partition[request.group] !== FOREIGN_PARTITION;
    if (rollout !== undefined && isInner) {
      rollout.households.assign(4, request.word0, 0, request.group);
      request.household = rollout.households.group;
    } else request.household = HOUSEHOLD_LOCALISED;
    const requester = this.#store.announce(request, this.#outcome);
    if (rollout !== undefined && isInner) rollout.meter.note(request, this.#outcome, rollout.households.replicate);
    return requester;
  }
}

function operatorOf(home: SimulatedNetwork): Parameters<typeof compileTopology>[0]['operator'] {
  return {
    networks: [{ asn: FIRST_ASN, prefixes: [home.prefix] }],
    subdomains: home.subdomains.map(({ id, prefix }) => ({ id, prefixes: [prefix] })),
    caches: home.caches.map((address) => ({ address: ipv4FromWord(address) })),
  };
}
