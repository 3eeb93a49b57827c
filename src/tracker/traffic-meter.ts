/**
 * The traffic of the operator's own clients, as growth of the totals that they announce, in shared memory: the worker adds, the
 * control plane reads, as with `counters.ts`. Bytes are by household group and replicate, by locality group, and, from a sample of
 * answers, by the network that foreign peers belong to. Nothing here says who transferred what.
 */
import { MAX_GROUPS } from '../domain/locality-group.js';
import { HOUSEHOLD_LOCALISED, HOUSEHOLD_PLAIN, REPLICATES } from '../selection/household-groups.js';
import { ANNOUNCE_KINDS, GROUP_MEASURES, TRAFFIC_CLASSES, TRAFFIC_MEASURES } from '../selection/traffic-classes.js';
import type { AnnounceRequest } from './announce-request.js';
import { type AnnounceOutcome, TRAFFIC_COUNTED, TRAFFIC_NONE } from './swarm/announce-outcome.js';
import type { Requester } from './swarm/choice/requester.js';
import type { TorrentTraffic } from './torrent-traffic.js';

const CLASS_CACHE = 3;

export const MEASURES = TRAFFIC_MEASURES.length;

const CELLS = TRAFFIC_CLASSES.length * REPLICATES * MEASURES;
/** Announces by what they said of traffic: `TRAFFIC_COUNTED` and those after it. */
export const ANNOUNCES_AT = CELLS;
/** In shadow mode: peers of the localised answers that were not given, and how many of them were foreign. */
export const SHADOW_PEERS = ANNOUNCES_AT + ANNOUNCE_KINDS.length;
export const SHADOW_FOREIGN = SHADOW_PEERS + 1;
/** Peers of sampled answers and how many of them were foreign, by class. */
export const SAMPLED_AT = SHADOW_FOREIGN + 1;
export const BY_GROUP_AT = SAMPLED_AT + 2 * TRAFFIC_CLASSES.length;
export const GROUPS = MAX_GROUPS + 1;
const VALUES = BY_GROUP_AT + GROUP_MEASURES.length * GROUPS;

export function createTrafficMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(VALUES * Float64Array.BYTES_PER_ELEMENT);
}

export class TrafficMeter {
  private readonly values: Float64Array;

  /** @param torrents where bytes are counted by torrent; absent: nowhere */
  constructor(
    memory: ArrayBufferLike = createTrafficMemory(),
    private readonly torrents?: TorrentTraffic,
  ) {
    this.values = new Float64Array(memory);
  }

  /** An inner client has announced. @param replicate of its household */
  note(request: AnnounceRequest, outcome: AnnounceOutcome, replicate: number): void {
    const { traffic } = outcome;
    if (traffic === TRAFFIC_NONE) return;
    const { values } = this;
    values[ANNOUNCES_AT + traffic - TRAFFIC_COUNTED]!++;
    if (traffic !== TRAFFIC_COUNTED) return;
    const { downloadedBytes, uploadedBytes, foreignShare } = outcome;
    const trafficClass = outcome.isCache ? CLASS_CACHE : request.household;
    const cell = (trafficClass * REPLICATES + replicate) * MEASURES;
    const foreign = downloadedBytes * foreignShare;
    values[cell]! += downloadedBytes;
    values[cell + 1]! += uploadedBytes;
    values[cell + 2]! += foreign;
    if (outcome.uploadsInside) values[cell + 3]! += uploadedBytes;
    if (trafficClass !== HOUSEHOLD_LOCALISED || downloadedBytes === 0) return;
    const group = BY_GROUP_AT + outcome.trafficGroup;
    values[group]! += downloadedBytes;
    values[group + GROUPS]! += foreign;
    this.torrents?.note(request.bytes, request.infoHashOffset, downloadedBytes, foreign);
  }

  /** An answer in shadow mode. */
  noteShadow({ shadowGiven, shadowForeign }: Requester): void {
    if (shadowGiven < 0) return;
    this.values[SHADOW_PEERS]! += shadowGiven;
    this.values[SHADOW_FOREIGN]! += shadowForeign;
  }

  /** A foreign peer in a sampled answer to an inner leecher. */
  noteSource(group: number, atRandom: boolean): void {
    this.values[BY_GROUP_AT + (atRandom ? 3 : 2) * GROUPS + group]!++;
  }

  /** A sampled answer to an inner leecher. */
  noteSample(atRandom: boolean, household: number, peers: number, foreign: number): void {
    const trafficClass = atRandom ? Math.max(household, HOUSEHOLD_PLAIN) : HOUSEHOLD_LOCALISED;
    this.values[SAMPLED_AT + 2 * trafficClass]! += peers;
    this.values[SAMPLED_AT + 2 * trafficClass + 1]! += foreign;
  }
}
