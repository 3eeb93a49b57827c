/** The swarms and the announcer of one data plane, made from its options: where defaults are filled in. */
import { randomInt } from 'node:crypto';
import { randomHashKey } from '../domain/half-sip-hash.js';
import { parsePrefix } from '../domain/ip-address.js';
import { NetworkSet } from '../domain/network-set.js';
import { createRandom, type Random } from '../domain/random.js';
import { HOUSEHOLD_KEY_WORDS, HouseholdGroups } from '../selection/household-groups.js';
import { topologyTableFrom } from '../topology/flat-table.js';
import { AccessList, OPEN_ACCESS } from './access-list.js';
import { Announcer, type UpstreamNeed } from './announcer.js';
import { isInnerOnly } from './bogons.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import {
  DEFAULT_ARENA_BYTES,
  DEFAULT_INTERVAL_SECONDS,
  DEFAULT_MAX_IMPORTED_IN_SWARM,
  DEFAULT_MAX_PEERS_PER_ADDRESS,
  DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM,
  DEFAULT_MAX_PEERS_PER_SITE,
  DEFAULT_MAX_PEERS_PER_SITE_IN_SWARM,
  DEFAULT_NUM_WANT,
  DEFAULT_PORT_FLOOR,
  MAX_NUM_WANT,
  MIN_INTERVAL_SHARE,
} from './limits.js';
import type { GroupTally } from './swarm/group-tally.js';
import { SwarmStore } from './swarm/swarm-store.js';
import type { TrafficMeter } from './traffic-meter.js';

/** @throws ClientError `invalid-value` if the text is not an address or prefix */
export function networkSetOf(prefixes: readonly string[] | undefined): NetworkSet {
  return new NetworkSet((prefixes ?? []).map(parsePrefix));
}

/** Two sources that are drawn from apart: one for jitter, one for choosing peers. */
function randomOf(options: DataPlaneOptions, purpose: number): Random {
  return createRandom(options.seed === undefined ? randomInt(0x1_0000_0000) : options.seed + purpose);
}

function intervalsOf(options: DataPlaneOptions): { intervalSeconds: number; minIntervalSeconds: number } {
  const intervalSeconds = options.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
  const minIntervalSeconds = options.minIntervalSeconds ?? Math.floor(intervalSeconds * MIN_INTERVAL_SHARE);
  return { intervalSeconds, minIntervalSeconds };
}

/** @param groupTally counts peers by locality group; default: nobody does */
export function buildStore(options: DataPlaneOptions, groupTally?: GroupTally): SwarmStore {
  const { limits = {}, upstreamWantedBelow, upstreamAskEverySeconds } = options;
  return new SwarmStore({
    random: randomOf(options, 0),
    policy: options.cost,
    ...intervalsOf(options),
    ...(options.share === undefined ? {} : { share: options.share }),
    isInnerOnly: options.lab === true ? null : isInnerOnly,
    arenaBytes: limits.arenaBytes ?? DEFAULT_ARENA_BYTES,
    limits: {
      maxPeersPerAddressInSwarm: limits.maxPeersPerAddressInSwarm ?? DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM,
      maxPeersPerAddress: limits.maxPeersPerAddress ?? DEFAULT_MAX_PEERS_PER_ADDRESS,
      maxPeersPerSiteInSwarm: limits.maxPeersPerSiteInSwarm ?? DEFAULT_MAX_PEERS_PER_SITE_IN_SWARM,
      maxPeersPerSite: limits.maxPeersPerSite ?? DEFAULT_MAX_PEERS_PER_SITE,
      maxImportedInSwarm: limits.maxImportedInSwarm ?? DEFAULT_MAX_IMPORTED_IN_SWARM,
    },
    ...(groupTally === undefined ? {} : { groupTally }),
    ...(limits.store === undefined ? {} : { storeLimits: limits.store }),
    ...(upstreamWantedBelow === undefined ? {} : { upstreamWantedBelow }),
    ...(upstreamAskEverySeconds === undefined ? {} : { upstreamAskEverySeconds }),
  });
}

function householdsOf({ rollout, localisation }: DataPlaneOptions): HouseholdGroups {
  const households = new HouseholdGroups(rollout?.key ?? randomHashKey(HOUSEHOLD_KEY_WORDS), rollout);
  households.setPaused(localisation === 'paused');
  return households;
}

export function buildAnnouncer(
  options: DataPlaneOptions,
  store: SwarmStore,
  counters: Float64Array,
  traffic: TrafficMeter,
  onUpstreamNeeded: UpstreamNeed,
): Announcer {
  return new Announcer({
    settings: {
      ...intervalsOf(options),
      defaultNumWant: options.defaultNumWant ?? DEFAULT_NUM_WANT,
      maxNumWant: Math.min(options.maxNumWant ?? MAX_NUM_WANT, MAX_NUM_WANT),
      portFloor: options.limits?.portFloor ?? DEFAULT_PORT_FLOOR,
      lab: options.lab ?? false,
      denied: networkSetOf(options.deniedAddresses),
      trusted: networkSetOf(options.trustedNetworks),
    },
    store,
    topology: topologyTableFrom(options.topology),
    partition: options.cost.partition,
    access: new AccessList(options.access ?? OPEN_ACCESS),
    counters,
    traffic,
    households: householdsOf(options),
    random: randomOf(options, 1),
    onUpstreamNeeded,
  });
}
