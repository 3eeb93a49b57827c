/** What the data plane is started with: plain data, since it crosses to a worker thread. Prefixes are text, as configured. */
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { CostTable } from '../selection/cost-table.js';
import type { RolloutRules } from '../selection/household-groups.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { TransportChoice } from '../transport/choose-transport.js';
import type { ListenAddress, TlsMaterial, TransportLimits } from '../transport/transport.js';
import type { AccessListData } from './access-list.js';
import type { ConnectionIdMode } from './connection-id.js';
import type { StoreLimits } from './swarm/swarm-store-options.js';
import type { RedirectedTrackersData } from './unknown/redirected-trackers.js';
import type { WorkerShare } from './workers/owner.js';

export interface DataPlaneListener extends ListenAddress {
  /** Connections start with a PROXY protocol header, from an address in `proxies`. */
  readonly proxyProtocol?: boolean;
  /** https only. */
  readonly tls?: TlsMaterial;
}

export interface DataPlaneLimits extends Partial<TransportLimits> {
  /** 0 switches one of these five off; see `SwarmLimits`. */
  readonly maxPeersPerAddressInSwarm?: number;
  readonly maxPeersPerAddress?: number;
  readonly maxPeersPerSiteInSwarm?: number;
  readonly maxPeersPerSite?: number;
  readonly maxImportedInSwarm?: number;
  /** Exact limits of the store; see `StoreLimits`. Default: what the address space holds. */
  readonly store?: StoreLimits;
  /** Peers on lower ports are counted but not handed out. */
  readonly portFloor?: number;
  /** Address space reserved for swarms. */
  readonly arenaBytes?: number;
}

/** Who is given the localised answer; see `HouseholdGroups`. */
export interface RolloutOptions extends RolloutRules {
  /** {@link HOUSEHOLD_KEY_WORDS} words: the same key keeps households in their groups. */
  readonly key: Uint32Array;
}

/** `paused`: every inner client is answered at random, as an ordinary tracker would, until it is `on` again. */
export type Localisation = 'on' | 'paused';

/** Options that a running data plane takes. */
export type LiveOptions = Required<
  Pick<DataPlaneOptions, 'deniedAddresses' | 'upstreamWantedBelow' | 'ownEndpoints' | 'redirectedTrackers'>
>;

export interface DataPlaneOptions {
  /** How many workers share the swarms. Default: one. */
  readonly workers?: number;
  /** Which part of the swarms this worker has. Default: all. */
  readonly share?: WorkerShare;
  readonly listen: readonly DataPlaneListener[];
  readonly topology: TopologyData;
  readonly cost: CostTable;
  /** Default `auto`: linux where it runs. */
  readonly transport?: TransportChoice;
  readonly access?: AccessListData;
  readonly intervalSeconds?: number;
  readonly minIntervalSeconds?: number;
  readonly defaultNumWant?: number;
  readonly maxNumWant?: number;
  /** Default `lenient`. */
  readonly connectionId?: ConnectionIdMode;
  /** Loopback and private addresses take part. */
  readonly lab?: boolean;
  readonly fullScrape?: boolean;
  /** Prefixes whose hosts may name another address than their own (`ip=`). */
  readonly trustedNetworks?: readonly string[];
  /** Prefixes of reverse proxies: their X-Forwarded-For and PROXY headers are believed. */
  readonly proxies?: readonly string[];
  /** Addresses of this installation: foreign peers that have one are not taken. Those that come later bring their own list. */
  readonly ownEndpoints?: readonly OwnEndpoint[];
  /** Default: none, and every torrent is tracked. */
  readonly redirectedTrackers?: RedirectedTrackersData;
  /** Prefixes of addresses that are counted but not handed out. */
  readonly deniedAddresses?: readonly string[];
  readonly limits?: DataPlaneLimits;
  /** `onUpstreamNeeded` is called only for swarms with fewer peers to offer, at most once a period for each. 0: never. */
  readonly upstreamWantedBelow?: number;
  readonly upstreamAskEverySeconds?: number;
  /** Swarms are kept here over restarts; without it they start empty. */
  readonly snapshotFile?: string;
  /** Read where that file does not exist: the snapshots of another number of workers. */
  readonly earlierSnapshots?: readonly string[];
  /** Default a minute. */
  readonly snapshotEverySeconds?: number;
  /**
   * Runs the code of every kind of swarm before listening, about half a second, so that no first client waits for the
   * compiler. Default: not in a lab. A restart leaves it out, because clients are waiting.
   */
  readonly warmUp?: boolean;
  /** Default: every household is localised. */
  readonly rollout?: RolloutOptions;
  /** Default `on`. */
  readonly localisation?: Localisation;
  /** Makes random choices repeatable; for tests. */
  readonly seed?: number;
}
