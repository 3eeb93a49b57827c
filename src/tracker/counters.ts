/**
 * What the data plane counts, in shared memory: the worker adds to plain numbers, the control plane reads them whenever
 * it likes, without locks and without asking. Each number is a 64-bit float at an aligned address, written by one thread
 * only, so a reader sees a value that was true a moment ago.
 */
import type { Histogram } from '../control-api/metric-families.js';
import { sumOf } from '../domain/sum-of.js';
import { REFUSALS } from './refusals.js';

export const COUNT_ANNOUNCES_UDP = 0;
export const COUNT_ANNOUNCES_HTTP = 1;
export const COUNT_SCRAPES_UDP = 2;
export const COUNT_SCRAPES_HTTP = 3;
export const COUNT_CONNECTS = 4;
export const COUNT_DROPPED = 5;
export const COUNT_PEERS_GIVEN = 6;
export const COUNT_SAMPLED_TO_INNER = 7;
export const COUNT_EARLY_REPEATS = 8;
export const COUNT_WITHHELD = 9;
export const COUNT_ADDRESS_LIMIT = 10;
export const COUNT_STORE_FULL = 11;
export const COUNT_COMPLETED = 12;
export const COUNT_UPSTREAM_ASKED = 13;
export const COUNT_URL_DATA = 14;
export const COUNT_EXPIRED = 15;
export const COUNT_DEFECTS = 16;
/** Copied from the store and the transport by the worker, about once a second. */
export const GAUGE_PEERS = 17;
export const GAUGE_SEEDS = 18;
export const GAUGE_UPSTREAM_PEERS = 19;
export const GAUGE_SWARMS = 20;
export const GAUGE_ARENA_USED = 21;
export const TRANSPORT_RECEIVED = 22;
export const TRANSPORT_SENT = 23;
export const TRANSPORT_SEND_ERRORS = 24;
export const TRANSPORT_RECEIVE_ERRORS = 25;
export const TRANSPORT_BATCHES = 26;
export const TRANSPORT_ACCEPTED = 27;
export const TRANSPORT_OPEN = 28;
export const TRANSPORT_TIMED_OUT = 29;
export const COUNT_SAMPLED_INNER_TO_INNER = 30;
export const COUNT_SAMPLED_TO_FOREIGN = 31;
export const COUNT_SAMPLED_INNER_TO_FOREIGN = 32;
export const COUNT_FULL_FOR_FOREIGN = 33;
export const GAUGE_RECORDS = 34;
export const COUNT_UNNAMED_BEHIND_PROXY = 35;
export const COUNT_PASSED = 36;
const SIMPLE_COUNTERS = 37;

const REFUSALS_AT = SIMPLE_COUNTERS;
/** Upper bounds of the answer-time histogram in microseconds; one more bucket holds what is above. */
export const ANSWER_TIME_BOUNDS_US = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000, 100_000] as const;
const ANSWER_TIME_AT = REFUSALS_AT + REFUSALS.length;
const ANSWER_TIME_SUM = ANSWER_TIME_AT + ANSWER_TIME_BOUNDS_US.length + 1;
/** Upper bounds of the batch-size histogram in datagrams. */
export const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024] as const;
const BATCH_SIZE_AT = ANSWER_TIME_SUM + 1;
const COUNTERS = BATCH_SIZE_AT + BATCH_SIZE_BOUNDS.length + 1;

/** A reading of all counters; counts are since the start of the worker. */
export interface CountersView {
  readonly announces: { readonly udp: number; readonly http: number };
  readonly scrapes: { readonly udp: number; readonly http: number };
  readonly connects: number;
  /** Datagrams that got no answer: too short, unknown action, source port 0, unknown connection id. */
  readonly droppedDatagrams: number;
  /** By reason, as in refusals.ts. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly peersGiven: number;
  /**
   * Whose peers were given to whom, from a sample of answers (all of them at a moderate load): to the operator's own
   * clients and to others, how many peers, and how many of these were the operator's own.
   */
  readonly sampledPeers: {
    readonly toInner: { readonly peers: number; readonly inner: number };
    readonly toForeign: { readonly peers: number; readonly inner: number };
  };
  readonly earlyRepeats: number;
  readonly withheldAnnounces: number;
  readonly addressLimitHits: number;
  /** New peers that were not stored because the store is full. */
  readonly storeFullHits: number;
  /** New peers from outside that were not stored because only the room of the operator's own clients is left. */
  readonly fullForForeignHits: number;
  /** Announces whose client is a trusted proxy itself: it did not say for whom it asks. */
  readonly unnamedBehindProxy: number;
  /** Requests that this worker has passed to the owner of their swarm, and its questions to the owners of a scrape's swarms. */
  readonly passedToWorkers: number;
  readonly completed: number;
  readonly upstreamAsked: number;
  readonly urlDataAnnounces: number;
  readonly expiredPeers: number;
  readonly defects: number;
  readonly peers: number;
  readonly seeds: number;
  readonly upstreamPeers: number;
  /** Stored peers of all kinds: what the limit of peers counts. */
  readonly records: number;
  readonly swarms: number;
  readonly arenaUsedBytes: number;
  readonly transport: {
    readonly datagramsReceived: number;
    readonly datagramsSent: number;
    readonly sendErrors: number;
    readonly receiveErrors: number;
    readonly batches: number;
    readonly connectionsAccepted: number;
    readonly connectionsOpen: number;
    readonly connectionsTimedOut: number;
  };
  /** Sampled: one answer in {@link ANSWER_TIME_SAMPLE}; microseconds. */
  readonly answerTimeUs: Histogram;
  readonly batchSize: Histogram;
}

/** One answer in this many is timed: reading the clock costs as much as a good part of an answer. */
export const ANSWER_TIME_SAMPLE = 64;

export function createCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTERS * 8);
}

/** The numbers, by the `COUNT_`, `GAUGE_` and `TRANSPORT_` constants. */
export function countersOver(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory);
}

export function countRefusal(counters: Float64Array, refusal: number): void {
  counters[REFUSALS_AT + refusal]!++;
}

function bucketOf(bounds: readonly number[], value: number): number {
  let i = 0;
  while (i < bounds.length && value > bounds[i]!) i++;
  return i;
}

export function countAnswerTime(counters: Float64Array, microseconds: number): void {
  counters[ANSWER_TIME_AT + bucketOf(ANSWER_TIME_BOUNDS_US, microseconds)]!++;
  counters[ANSWER_TIME_SUM]! += microseconds;
}

export function countBatch(counters: Float64Array, size: number): void {
  counters[BATCH_SIZE_AT + bucketOf(BATCH_SIZE_BOUNDS, size)]!++;
}

/** @param memories of all workers, whose counts are added up */
export function readCounters(...memories: readonly SharedArrayBuffer[]): CountersView {
  const c = sumOf(memories);
  const at = (index: number): number => c[index]!;
  const slice = (start: number, length: number): number[] => Array.from(c.subarray(start, start + length));
  return {
    announces: { udp: at(COUNT_ANNOUNCES_UDP), http: at(COUNT_ANNOUNCES_HTTP) },
    scrapes: { udp: at(COUNT_SCRAPES_UDP), http: at(COUNT_SCRAPES_HTTP) },
    connects: at(COUNT_CONNECTS),
    droppedDatagrams: at(COUNT_DROPPED),
    refusals: Object.fromEntries(REFUSALS.slice(1).map(({ name }, i) => [name, at(REFUSALS_AT + 1 + i)])),
    peersGiven: at(COUNT_PEERS_GIVEN),
    sampledPeers: {
      toInner: { peers: at(COUNT_SAMPLED_TO_INNER), inner: at(COUNT_SAMPLED_INNER_TO_INNER) },
      toForeign: { peers: at(COUNT_SAMPLED_TO_FOREIGN), inner: at(COUNT_SAMPLED_INNER_TO_FOREIGN) },
    },
    earlyRepeats: at(COUNT_EARLY_REPEATS),
    withheldAnnounces: at(COUNT_WITHHELD),
    addressLimitHits: at(COUNT_ADDRESS_LIMIT),
    storeFullHits: at(COUNT_STORE_FULL),
    fullForForeignHits: at(COUNT_FULL_FOR_FOREIGN),
    unnamedBehindProxy: at(COUNT_UNNAMED_BEHIND_PROXY),
    passedToWorkers: at(COUNT_PASSED),
    completed: at(COUNT_COMPLETED),
    upstreamAsked: at(COUNT_UPSTREAM_ASKED),
    urlDataAnnounces: at(COUNT_URL_DATA),
    expiredPeers: at(COUNT_EXPIRED),
    defects: at(COUNT_DEFECTS),
    peers: at(GAUGE_PEERS),
    seeds: at(GAUGE_SEEDS),
    upstreamPeers: at(GAUGE_UPSTREAM_PEERS),
    records: at(GAUGE_RECORDS),
    swarms: at(GAUGE_SWARMS),
    arenaUsedBytes: at(GAUGE_ARENA_USED),
    transport: {
      datagramsReceived: at(TRANSPORT_RECEIVED),
      datagramsSent: at(TRANSPORT_SENT),
      sendErrors: at(TRANSPORT_SEND_ERRORS),
      receiveErrors: at(TRANSPORT_RECEIVE_ERRORS),
      batches: at(TRANSPORT_BATCHES),
      connectionsAccepted: at(TRANSPORT_ACCEPTED),
      connectionsOpen: at(TRANSPORT_OPEN),
      connectionsTimedOut: at(TRANSPORT_TIMED_OUT),
    },
    answerTimeUs: {
      bounds: ANSWER_TIME_BOUNDS_US,
      counts: slice(ANSWER_TIME_AT, ANSWER_TIME_BOUNDS_US.length + 1),
      sum: at(ANSWER_TIME_SUM),
    },
    batchSize: {
      bounds: BATCH_SIZE_BOUNDS,
      counts: slice(BATCH_SIZE_AT, BATCH_SIZE_BOUNDS.length + 1),
      sum: at(TRANSPORT_RECEIVED),
    },
  };
}
