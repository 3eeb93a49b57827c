/**
 * The data plane's thread: owns the swarms and the transport, answers peers, and between batches handles messages of the control
 * plane. Started by `data-plane.ts`. It is an entry point, so it is one of the few places that read the machine's clock.
 */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { failureMessage } from '../domain/failure-message.js';
import { type InfoHash, infoHashFromBytes } from '../domain/info-hash.js';
import { createRandom } from '../domain/random.js';
import type { CostTable } from '../selection/cost-table.js';
import { VitalsWriter } from '../threads/thread-vitals.js';
import { topologyTableFrom } from '../topology/flat-table.js';
import type { TopologyData } from '../topology/topology-table.js';
import { type ChosenTransport, chooseTransport } from '../transport/choose-transport.js';
import type { RemoteAddress, Transport, TransportListener } from '../transport/transport.js';
import { ACCESS_PERMITTED, AccessList } from './access-list.js';
import type { Announcer } from './announcer.js';
import { AnswerQuestions } from './answer-questions.js';
import { buildAnnouncer, buildStore, networkSetOf } from './build-tracker.js';
import { CONNECTION_ID_KEY_BYTES, ConnectionIds } from './connection-id.js';
import { COUNT_DEFECTS, countersOver } from './counters.js';
import type { FromWorker, ToWorker, WorkerStart } from './data-plane-messages.js';
import type { DataPlaneOptions, LiveOptions } from './data-plane-options.js';
import { type Guard, GuardedDatagramHandler, GuardedHttpHandler } from './guarded-handlers.js';
import { Housekeeping } from './housekeeping.js';
import { HttpHandler } from './http-handler.js';
import { reviewImports } from './import-peers.js';
import { InfoHashSet } from './info-hash-set.js';
import { inlineMore } from './inlining.js';
import {
  DEFAULT_KEEP_ALIVE_TIMEOUT_MS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_REQUEST_TIMEOUT_MS,
  DEFAULT_SNAPSHOT_EVERY_SECONDS,
  MAX_MESSAGES_AT_ONCE,
} from './limits.js';
import { SnapshotExport } from './snapshot-export.js';
import { type RestoredFiles, restoreRules, restoreSwarms } from './snapshot-import.js';
import { GroupTally } from './swarm/group-tally.js';
import type { SwarmStore } from './swarm/swarm-store.js';
import { warmUpSwarms } from './swarm/warm-up.js';
import { TorrentTraffic } from './torrent-traffic.js';
import { TrafficMeter } from './traffic-meter.js';
import { UdpHandler } from './udp-handler.js';
import { NOTHING_REDIRECTED } from './unknown/redirected-trackers.js';
import { OtherWorkers } from './workers/other-workers.js';
import { ONLY_WORKER, owns } from './workers/owner.js';
import type { LinksData } from './workers/worker-links.js';

/** How often the worker checks messages and clocks while nobody announces. */
const TICK_MS = 20;
/** The shortest time between two checks under load: each costs about as much as one answer. */
const WORK_EVERY_MS = 2;
/** Answers whose peers are counted by network, for each check: all, up to a thousand or two announces a second. */
const SAMPLES_PER_INTERVAL = 4;
/** Several beats a second, so that a watcher that checks every second always finds one. */
const BEAT_EVERY_MS = 250;
/** Of consecutive defects, one a second is reported. */
const REPORT_DEFECT_EVERY_MS = 1_000;

/** The warm-up must be the same every time. */
const WARM_UP_SEED = 1;

class Worker {
  private readonly port: MessagePort;
  private readonly options: DataPlaneOptions;
  private readonly store: SwarmStore;
  private readonly announcer: Announcer;
  private readonly transport: Transport;
  private readonly fallbackReason: string | undefined;
  private readonly housekeeping: Housekeeping;
  private readonly questions: AnswerQuestions;
  private readonly guard: Guard;
  private readonly listeners: TransportListener[] = [];
  private readonly connectionIds: ConnectionIds;
  /** Null: this worker has all swarms. */
  private readonly others: OtherWorkers | null;
  private readonly restored: RestoredFiles | null;
  private snapshot: SnapshotExport | null = null;
  private snapshotId = 0;
  private snapshotAtMs = Number.POSITIVE_INFINITY;
  private pinned: Uint8Array = new Uint8Array(0);
  private readonly vitals: VitalsWriter;
  private workAtMs = 0;
  private lastBatchMs = performance.now();
  private longestBatchMs = 0;
  private beatAtMs = 0;
  private defectReportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort, start: WorkerStart, { transport, fallbackReason }: ChosenTransport) {
    const { options, counters: shared } = start;
    this.port = port;
    this.options = options;
    this.transport = transport;
    this.fallbackReason = fallbackReason;
    const counters = countersOver(shared);
    this.vitals = new VitalsWriter(start.vitals);
    this.store = buildStore(options, new GroupTally(start.groups, systemClock));
    transport.preferHugePages(this.store.memory);
    const traffic = new TrafficMeter(start.traffic, new TorrentTraffic(start.torrents));
    this.announcer = buildAnnouncer(options, this.store, counters, traffic, (bytes, offset, family) =>
      this.askUpstream(infoHashFromBytes(bytes, offset), family),
    );
    this.announcer.useRedirectedTrackers(options.redirectedTrackers ?? NOTHING_REDIRECTED);
    this.guard = {
      counters,
      nowMs: () => performance.now(),
      onDefect: (error) => this.reportDefect(error),
    };
    this.housekeeping = new Housekeeping(this.store, counters, transport.counters);
    this.questions = new AnswerQuestions(this.announcer, (message) => this.post(message));
    const { connectionIdKey, links } = start;
    this.connectionIds = new ConnectionIds(
      connectionIdKey ?? randomBytes(CONNECTION_ID_KEY_BYTES),
      options.connectionId ?? 'lenient',
      connectionIdKey !== undefined,
    );
    this.others = links === undefined ? null : this.linkTo(links);
    this.restored = start.snapshots.length === 0 ? null : this.restore(start.snapshots);
    // The snapshot may hold peers that the current rules do not allow.
    this.store.sweeps.denial.denyAddresses(networkSetOf(options.deniedAddresses));
    this.removeRefusedTorrents();
  }

  private linkTo(links: LinksData): OtherWorkers {
    const { transport, options } = this;
    const share = options.share ?? ONLY_WORKER;
    transport.wakeOn(links.events[share.index]!);
    return new OtherWorkers(links, share, this.announcer, this.guard, (event) => transport.writeEvent(event));
  }

  private restore(snapshots: readonly Uint8Array[]): RestoredFiles {
    const nowSeconds = Math.floor(performance.now() / 1_000);
    const rules = restoreRules(this.announcer, this.options.ownEndpoints ?? []);
    const damages = snapshots.map(
      (bytes) => restoreSwarms(this.store, bytes, rules, systemClock.nowMs(), nowSeconds).damage,
    );
    const { peers, swarms } = this.store.stats;
    return { peers, swarms, damages };
  }

  private askUpstream(infoHash: InfoHash, family: 4 | 6): void {
    const original = this.announcer.unknown.originalOfAnnounce();
    this.post({ type: 'upstream-needed', infoHash, family, ...(original === undefined ? {} : { original }) });
  }

  private post(message: FromWorker): void {
    this.port.postMessage(message);
  }

  private reportDefect(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.defectReportedAtMs < REPORT_DEFECT_EVERY_MS) return;
    this.defectReportedAtMs = nowMs;
    const stack = error instanceof Error ? error.stack : undefined;
    this.post({ type: 'fault', message: messageOf(error), ...(stack === undefined ? {} : { stack }) });
  }

  private async listen(): Promise<void> {
    const options = this.options;
    const proxies = networkSetOf(options.proxies);
    const isProxy = (remote: RemoteAddress): boolean =>
      proxies.has(remote.family, remote.word0, remote.word1, remote.word2, remote.word3);
    const limits = {
      maxConnections: options.limits?.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      requestTimeoutMs: options.limits?.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      keepAliveTimeoutMs: options.limits?.keepAliveTimeoutMs ?? DEFAULT_KEEP_ALIVE_TIMEOUT_MS,
    };
    for (const [number, address] of options.listen.entries()) {
      if (address.protocol === 'udp') {
        const handler = new UdpHandler(this.announcer, this.connectionIds, this.others);
        const listener = await this.transport.listenUdp(address, new GuardedDatagramHandler(handler, this.guard));
        handler.listener = listener;
        this.listeners.push(listener);
        continue;
      }
      const passing = this.others?.passingAt(number);
      const settings = {
        proxies,
        fullScrape: options.fullScrape ?? false,
        protocol: address.protocol,
        ...(passing === undefined ? {} : { passing }),
      };
      const handler = new GuardedHttpHandler(new HttpHandler(this.announcer, settings), this.guard);
      const trust = address.proxyProtocol === true ? isProxy : undefined;
      const listener = await this.transport.listenHttp(address, handler, limits, address.tls, trust);
      this.others?.serve(number, handler, listener);
      this.listeners.push(listener);
    }
  }

  async run(): Promise<void> {
    const { warmUp, lab, cost } = this.options;
    if (warmUp ?? !lab) warmUpSwarms(createRandom(WARM_UP_SEED), cost);
    await this.listen();
    const addresses = this.listeners.map(({ address }) => address);
    const fallback = this.fallbackReason;
    this.post({
      type: 'ready',
      addresses,
      transport: this.transport.name,
      ...(fallback === undefined ? {} : { transportFallback: fallback }),
      restored: this.restored,
    });
    this.readClock(performance.now());
    this.scheduleSnapshot();
    this.lastBatchMs = performance.now();
    await this.transport.run(() => this.betweenBatches(), TICK_MS);
    if (this.options.snapshotFile !== undefined) {
      const last = this.beginSnapshot();
      while (!last.next(false));
    }
    this.port.close();
  }

  private readClock(nowMs: number): void {
    this.announcer.setClock(Math.floor(nowMs / 1_000), SAMPLES_PER_INTERVAL);
  }

  private betweenBatches(): void {
    const nowMs = performance.now();
    const turnMs = nowMs - this.lastBatchMs;
    this.lastBatchMs = nowMs;
    if (turnMs > this.longestBatchMs) this.longestBatchMs = turnMs;
    if (nowMs >= this.beatAtMs) this.beat(nowMs);
    this.housekeeping.countBatch();
    try {
      this.others?.work();
      this.housekeeping.refresh(nowMs, this.announcer.nowSeconds);
      if (nowMs < this.workAtMs) return;
      this.workAtMs = nowMs + WORK_EVERY_MS;
      this.readClock(nowMs);
      this.work(nowMs);
    } catch (error) {
      this.guard.counters[COUNT_DEFECTS]!++;
      this.reportDefect(error);
    }
  }

  /** A turn without any work takes as long as the wait for it. */
  private beat(nowMs: number): void {
    this.vitals.beat(systemClock.nowMs() / 1_000, this.longestBatchMs - TICK_MS);
    this.longestBatchMs = 0;
    this.beatAtMs = nowMs + BEAT_EVERY_MS;
  }

  private work(nowMs: number): void {
    for (let i = 0; i < MAX_MESSAGES_AT_ONCE; i++) {
      const received = receiveMessageOnPort(this.port) as { message: ToWorker } | undefined;
      if (received === undefined) break;
      this.takeMessage(received.message);
    }
    this.questions.work();
    // One that a slow disk holds up past its time is finished first: otherwise none would ever be.
    if (this.snapshot === null && nowMs >= this.snapshotAtMs) this.snapshot = this.beginSnapshot();
    if (this.snapshot?.next(true)) this.snapshot = null;
    const { nowSeconds, returnTimes } = this.announcer;
    this.housekeeping.work(nowMs, nowSeconds, returnTimes.graceSeconds(nowSeconds));
  }

  private scheduleSnapshot(): void {
    if (this.options.snapshotFile === undefined) return;
    const seconds = this.options.snapshotEverySeconds ?? DEFAULT_SNAPSHOT_EVERY_SECONDS;
    this.snapshotAtMs = performance.now() + seconds * 1_000;
  }

  private beginSnapshot(): SnapshotExport {
    this.scheduleSnapshot();
    this.snapshotId++;
    const nowSeconds = Math.floor(performance.now() / 1_000);
    return new SnapshotExport(this.snapshotId, this.store, systemClock.nowMs(), nowSeconds, (message) =>
      this.post(message),
    );
  }

  private takeMessage(message: ToWorker): void {
    switch (message.type) {
      case 'policy':
        this.setPolicy(message.topology, message.cost);
        return;
      case 'hours':
        this.store.keys.setLimits(message.hours.limits);
        this.announcer.returnTimes.setNext(message.hours.returnInMs, performance.now());
        return;
      case 'density':
        this.store.setDensity(message.changes);
        return;
      case 'capability':
        this.store.setCapability(message.reported, message.changed);
        return;
      case 'cache-fills':
        this.store.setCacheFills(message.fills);
        return;
      case 'rollout':
        this.announcer.households.setRules(message.rules);
        return;
      case 'localisation':
        this.announcer.households.setPaused(message.localisation === 'paused');
        return;
      case 'access':
        this.announcer.access = new AccessList(message.access);
        this.removeRefusedTorrents();
        return;
      case 'options':
        this.applyOptions(message.options);
        return;
      case 'certificate':
        for (const listener of this.listeners) listener.useCertificate?.(message.pair);
        return;
      case 'pinned':
        this.setPinned(message.hashes);
        return;
      case 'passed':
        this.announcer.unknown.addPassed(message.hashes);
        return;
      case 'question':
        this.questions.take(message.id, message.question);
        return;
      case 'snapshot':
        this.snapshot = this.beginSnapshot();
        return;
      case 'snapshot-taken':
        if (this.snapshot?.id === message.id) this.snapshot.taken();
        return;
      case 'stop':
        this.transport.stop();
        return;
    }
  }

  /** Peers of torrents that the access list refuses would stay until they expire: nobody can announce them any more. */
  private removeRefusedTorrents(): void {
    const { access } = this.announcer;
    const isRefused = (infoHash: Uint8Array): boolean => access.check(infoHash, 0) !== ACCESS_PERMITTED;
    this.store.sweeps.refusal.refuseTorrents(access.isOpen ? null : isRefused);
  }

  private setPolicy(topology: TopologyData, cost: CostTable): void {
    const isMoved =
      topology.version !== this.announcer.topology.version || !sameBytes(cost.partition, this.announcer.partition);
    if (topology.version !== this.announcer.topology.version) this.announcer.topology = topologyTableFrom(topology);
    this.announcer.partition = cost.partition;
    this.store.setPolicy(cost);
    if (isMoved && this.store.stats.upstreamPeers > 0) reviewImports(this.announcer);
  }

  /** Torrents of the catalogue stay known without peers; those that have left it go with their last peer. */
  private setPinned(hashes: Uint8Array): void {
    const kept = new InfoHashSet(hashes);
    for (let at = 0; at + 20 <= this.pinned.length; at += 20) {
      if (!kept.has(this.pinned, at)) this.store.setPinned(this.pinned.subarray(at, at + 20), false);
    }
    const share = this.options.share ?? ONLY_WORKER;
    for (let at = 0; at + 20 <= hashes.length; at += 20) {
      if (owns(share, hashes, at)) this.store.setPinned(hashes.subarray(at, at + 20), true);
    }
    this.pinned = hashes;
  }

  private applyOptions({ deniedAddresses, upstreamWantedBelow, redirectedTrackers }: LiveOptions): void {
    this.announcer.useRedirectedTrackers(redirectedTrackers);
    const denied = networkSetOf(deniedAddresses);
    this.announcer.settings = { ...this.announcer.settings, denied };
    this.store.sweeps.denial.denyAddresses(denied);
    this.store.foreignDemand.wantedBelow = upstreamWantedBelow;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new OperatorError('the data-plane worker is started by the program, not by hand');
  const start = workerData as WorkerStart;
  inlineMore();
  try {
    const chosen = await chooseTransport(start.options.transport ?? 'auto', systemClock, start.descriptors);
    await new Worker(port, start, chosen).run();
  } catch (error) {
    const failed: FromWorker = { type: 'failed', failure: failureMessage(error) };
    port.postMessage(failed);
    port.close();
    if (!(error instanceof OperatorError)) throw error;
  }
}

await main();
