/** What the control plane and the data-plane worker say to each other. */
import type { FailureMessage } from '../domain/failure-message.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { HoursData } from '../selection/border-limits.js';
import type { CostTable, ReportedCapability } from '../selection/cost-table.js';
import type { ForeignOfSwarm } from '../selection/foreign-allowance.js';
import type { RolloutRules } from '../selection/household-groups.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { BoundAddress, CertificatePair } from '../transport/transport.js';
import type { AccessListData } from './access-list.js';
import type { DataPlaneOptions, LiveOptions, Localisation } from './data-plane-options.js';
import type { RestoredFiles } from './snapshot-import.js';
import type { ImportedFrom } from './swarm/imported-tally.js';
import type { SwarmSummary } from './swarm/swarm-summary.js';
import type { GroupCounts, PeerCounts } from './swarm/swarm-tally.js';
import type { LinksData } from './workers/worker-links.js';

/** A foreign peer from an original tracker, on its way to the swarm. */
export interface UpstreamPeerData {
  readonly family: 4 | 6;
  /** One or four words, most significant first. */
  readonly words: readonly number[];
  readonly port: number;
  readonly seed: boolean;
}

export interface ImportQuery {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly peers: readonly UpstreamPeerData[];
  readonly ttlSeconds: number;
  /** Addresses of this installation. */
  readonly own: readonly OwnEndpoint[];
  /** Who names them, for people; empty: not known. */
  readonly origin: string;
}

export interface RemovalQuery {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** Null: all of the torrent. */
  readonly peers: readonly Omit<UpstreamPeerData, 'seed'>[] | null;
  /** Only peers that it named are removed; null: those of all. */
  readonly origin: string | null;
}

export interface WorkerStart {
  readonly options: DataPlaneOptions;
  readonly counters: SharedArrayBuffer;
  /** See `traffic-meter.ts`. */
  readonly traffic: SharedArrayBuffer;
  /** See `torrent-traffic.ts`. */
  readonly torrents: SharedArrayBuffer;
  /** See `swarm/group-tally.ts`. */
  readonly groups: SharedArrayBuffer;
  /** Where the thread writes how it is, see the vitals of `src/threads`. */
  readonly vitals: SharedArrayBuffer;
  /** The bytes of the snapshot files; empty if there are none. */
  readonly snapshots: readonly Uint8Array[];
  /** Where the thread notes its sockets, see the transport's descriptor-ledger. */
  readonly descriptors: SharedArrayBuffer;
  /** The links to the other workers, where `options.share` says that there are some. */
  readonly links?: LinksData;
  /** 16 secret random bytes that all workers share, because any of them answers a connect. Default: made at the start. */
  readonly connectionIdKey?: Uint8Array;
}

export interface SwarmsQuery {
  /** At most MAX_LISTED_SWARMS. */
  readonly limit: number;
  readonly sort: 'peers' | 'seeds' | 'leechers' | 'completed' | 'completedInner';
}

export interface ListedSwarm extends SwarmSummary {
  readonly foreign: ForeignOfSwarm;
  /** Those of the operator's own networks. */
  readonly inner: PeerCounts;
}

export interface SwarmDetails extends ListedSwarm {
  /** The largest first. */
  readonly groups: readonly GroupCounts[];
  /** Peers that others have named, by who named them. */
  readonly imported: readonly ImportedFrom[];
}

/** A swarm with somebody of the operator's own networks in it, who alone are counted. */
export interface InnerSwarm extends PeerCounts {
  readonly infoHash: string;
  /** The operator's caches among them. */
  readonly caches: PeerCounts;
}

export interface InnerSwarmsPage {
  /** While swarms come and go, one may be on two pages. */
  readonly swarms: readonly InnerSwarm[];
  /** Of the next page; undefined after the last one. */
  readonly cursor: number | undefined;
}

export interface ExplainQuery {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly numWant: number;
  readonly seed?: boolean;
  /** Of the client in the swarm, so that it is not its own candidate. */
  readonly port?: number;
}

/** Questions with an answer. */
export type Question =
  | { readonly ask: 'swarms'; readonly query: SwarmsQuery }
  | { readonly ask: 'swarm'; readonly infoHash: Uint8Array }
  | { readonly ask: 'inner-swarms'; readonly cursor: number }
  | { readonly ask: 'inner-peers'; readonly infoHash: Uint8Array; readonly limit: number }
  /** Which of these swarms still need foreign peers; the info-hashes are concatenated. */
  | { readonly ask: 'in-need'; readonly infoHashes: Uint8Array }
  | { readonly ask: 'explain'; readonly query: ExplainQuery }
  | { readonly ask: 'import-peers'; readonly query: ImportQuery }
  | { readonly ask: 'remove-imported'; readonly query: RemovalQuery }
  | { readonly ask: 'flush' };

export type ToWorker =
  | { readonly type: 'policy'; readonly topology: TopologyData; readonly cost: CostTable }
  | { readonly type: 'hours'; readonly hours: HoursData }
  | { readonly type: 'density'; readonly changes: Uint16Array }
  /** `reported` where it is another table than the last. */
  | { readonly type: 'capability'; readonly reported?: ReportedCapability; readonly changed: Int32Array }
  /** What the operator's caches may fetch over the border now: `FILL_WORDS` of `operator-caches` each. */
  | { readonly type: 'cache-fills'; readonly fills: Uint32Array }
  /** Who is given the localised answer. The key stays. */
  | { readonly type: 'rollout'; readonly rules: RolloutRules }
  | { readonly type: 'localisation'; readonly localisation: Localisation }
  | { readonly type: 'access'; readonly access: AccessListData }
  | { readonly type: 'options'; readonly options: LiveOptions }
  /** For https listeners; already checked. */
  | { readonly type: 'certificate'; readonly pair: CertificatePair }
  | { readonly type: 'pinned'; readonly hashes: Uint8Array }
  /** Further torrents that passed through the mirror site. */
  | { readonly type: 'passed'; readonly hashes: Uint8Array }
  | { readonly type: 'question'; readonly id: number; readonly question: Question }
  | { readonly type: 'snapshot' }
  | { readonly type: 'snapshot-taken'; readonly id: number }
  | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'ready';
      readonly addresses: readonly BoundAddress[];
      readonly transport: 'linux' | 'portable';
      /** Why `auto` did not take the Linux transport on Linux. */
      readonly transportFallback?: string;
      /** Why `auto` did not take the Linux transport on Linux. */
      readonly restored: RestoredFiles | null;
    }
  | { readonly type: 'failed'; readonly failure: FailureMessage }
  | {
      readonly type: 'upstream-needed';
      readonly infoHash: string;
      readonly family: 4 | 6;
      /** The announce URL of the original tracker that the client means, where it is to be asked. */
      readonly original?: string;
    }
  | { readonly type: 'fault'; readonly message: string; readonly stack?: string }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly message: string }
  | { readonly type: 'snapshot-part'; readonly id: number; readonly bytes: Uint8Array; readonly last: boolean };
