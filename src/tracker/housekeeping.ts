/**
 * Regular work between batches: drops silent peers in small slices, and copies gauges and the transport's counts to shared memory.
 * Nothing here takes long enough to delay answers noticeably.
 */
import type { TransportCounters } from '../transport/transport.js';
import {
  COUNT_EXPIRED,
  countBatch,
  GAUGE_ARENA_USED,
  GAUGE_PEERS,
  GAUGE_RECORDS,
  GAUGE_SEEDS,
  GAUGE_SWARMS,
  GAUGE_UPSTREAM_PEERS,
  TRANSPORT_ACCEPTED,
  TRANSPORT_BATCHES,
  TRANSPORT_OPEN,
  TRANSPORT_RECEIVE_ERRORS,
  TRANSPORT_RECEIVED,
  TRANSPORT_SEND_ERRORS,
  TRANSPORT_SENT,
  TRANSPORT_TIMED_OUT,
} from './counters.js';
import { HOUSEKEEPING_SLICE_PEERS } from './limits.js';
import type { SwarmStore } from './swarm/swarm-store.js';

/** A slice takes some tens of microseconds at most. */
const EXPIRE_EVERY_MS = 20;
/** Slices of a pass over all swarms: about half a minute, and a minute for ten million peers. */
const SLICES_A_PASS = 1_500;
const SMALLEST_SLICE = 64;
/**
 * Reports that came together have reached all stored peers after this: with what is waited for before, in the control plane
 * and for a sweep that is under way, within a second.
 */
const REFRESH_WITHIN_MS = 250;
/**
 * A sweep removes the peers of torrents that are no longer served, or imported peers that are inside the network now, in about this
 * time; in very large stores it takes longer. It may be slow, because no answer contains peers of such a torrent. It must be
 * cheap, because a crawl may change the list every hour.
 */
const REFUSE_WITHIN_MS = 5_000;
const COPY_EVERY_MS = 250;

export class Housekeeping {
  private readonly store: SwarmStore;
  private readonly counters: Float64Array;
  private readonly transport: TransportCounters;
  private expireAtMs = 0;
  private refreshedMs = 0;
  private copyAtMs = 0;
  private received = 0;
  private slice = SMALLEST_SLICE;

  constructor(store: SwarmStore, counters: Float64Array, transport: TransportCounters) {
    this.store = store;
    this.counters = counters;
    this.transport = transport;
  }

  /** Records how many datagrams arrived since the last call. */
  countBatch(): void {
    const received = this.transport.datagramsReceived;
    if (received === this.received) return;
    countBatch(this.counters, received - this.received);
    this.received = received;
  }

  /** Called after each batch: does a small slice, so that it never takes long. */
  refresh(nowMs: number, nowSeconds: number): void {
    const share = Math.min(1, (nowMs - this.refreshedMs) / REFRESH_WITHIN_MS);
    this.store.refreshCapability(share, nowSeconds);
    this.store.sweeps.continueRound(this.store.sweeps.denial, share, nowSeconds);
    this.refreshedMs = nowMs;
  }

  /** @param graceSeconds how much longer than usual a peer may be silent */
  work(nowMs: number, nowSeconds: number, graceSeconds: number): void {
    if (nowMs >= this.expireAtMs) {
      this.expireAtMs = nowMs + EXPIRE_EVERY_MS;
      this.counters[COUNT_EXPIRED]! += this.store.sweeps.expire(nowSeconds, this.slice, graceSeconds);
      for (const sweep of [this.store.sweeps.refusal, this.store.sweeps.importReview]) {
        this.store.sweeps.continueRound(sweep, EXPIRE_EVERY_MS / REFUSE_WITHIN_MS, nowSeconds);
      }
    }
    if (nowMs >= this.copyAtMs) {
      this.copyAtMs = nowMs + COPY_EVERY_MS;
      this.copy();
    }
  }

  copy(): void {
    const counters = this.counters;
    const stats = this.store.stats;
    // Peers, the entries of swarms, and the slots of the table, which is at most a few times as long.
    const sweepLength = stats.records + 4 * stats.swarms;
    this.slice = Math.min(HOUSEKEEPING_SLICE_PEERS, SMALLEST_SLICE + Math.ceil(sweepLength / SLICES_A_PASS));
    counters[GAUGE_PEERS] = stats.peers;
    counters[GAUGE_SEEDS] = stats.seeds;
    counters[GAUGE_UPSTREAM_PEERS] = stats.upstreamPeers;
    counters[GAUGE_RECORDS] = stats.records;
    counters[GAUGE_SWARMS] = stats.swarms;
    counters[GAUGE_ARENA_USED] = stats.usedBytes;
    const transport = this.transport;
    counters[TRANSPORT_RECEIVED] = transport.datagramsReceived;
    counters[TRANSPORT_SENT] = transport.datagramsSent;
    counters[TRANSPORT_SEND_ERRORS] = transport.sendErrors;
    counters[TRANSPORT_RECEIVE_ERRORS] = transport.receiveErrors;
    counters[TRANSPORT_BATCHES] = transport.batches;
    counters[TRANSPORT_ACCEPTED] = transport.connectionsAccepted;
    counters[TRANSPORT_OPEN] = transport.connectionsOpen;
    counters[TRANSPORT_TIMED_OUT] = transport.connectionsTimedOut;
  }
}
