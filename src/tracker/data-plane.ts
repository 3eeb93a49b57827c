/**
 * The control plane's handle on the data plane: starts its thread, sends it policy and peers, and asks it questions. No answer
 * passes through it, so clients get answers even if the control plane is slow.
 */

import type { Worker } from 'node:worker_threads';
import { messageOf, OperatorError } from '../domain/errors.js';
import { errorOfFailure } from '../domain/failure-message.js';
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { HoursData } from '../selection/border-limits.js';
import type { CostTable, ReportedCapability } from '../selection/cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import type { RolloutRules } from '../selection/household-groups.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { BoundAddress, CertificatePair } from '../transport/transport.js';
import type { AccessListData } from './access-list.js';
import { type CacheFill, cacheFillWords } from './cache-fills.js';
import { type CountersView, readCounters } from './counters.js';
import type {
  FromWorker,
  InnerSwarmsPage,
  ListedSwarm,
  Question,
  SwarmDetails,
  SwarmsQuery,
  ToWorker,
  UpstreamPeerData,
} from './data-plane-messages.js';
import type { DataPlaneOptions, LiveOptions, Localisation } from './data-plane-options.js';
import {
  createWorkerMemory,
  type DataPlaneThread,
  type RestoredSwarms,
  type SharedTotals,
  startDataPlaneThread,
} from './data-plane-thread.js';
import type { ImportOutcome } from './import-peers.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import type { InnerPeer } from './swarm/inner-peers.js';
import { TrafficReading } from './traffic-reading.js';

/** A worker that sends nothing for this long while it stops is ended. */
const STOP_TIMEOUT_MS = 900;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface DataPlaneExplainQuery {
  readonly infoHash: InfoHash;
  readonly address: IpAddress;
  readonly numWant: number;
  /** Default: as it is in the swarm, else a leecher. */
  readonly seed?: boolean;
  /** Which client of that address; default: any that is in the swarm. */
  readonly port?: number | undefined;
}

/** @param original the announce URL of the original tracker that a client means, if it may be asked for an unknown torrent */
export type UpstreamNeeded = (infoHash: InfoHash, family: 4 | 6, original?: string) => void;

export class DataPlane {
  readonly restored: RestoredSwarms | null;
  readonly addresses: readonly BoundAddress[];
  readonly transport: 'linux' | 'portable';
  /** Why `auto` did not choose the Linux transport on Linux; for the log. */
  readonly transportFallback: string | undefined;
  private readonly worker: Worker;
  /** What the thread counts, for a data plane that replaces this one. */
  readonly totals: SharedTotals;
  private readonly waiting = new Map<number, Waiting>();
  private readonly upstreamListeners: UpstreamNeeded[] = [];
  private readonly faultListeners: ((error: Error) => void)[] = [];
  private readonly endListeners: ((reason: Error) => void)[] = [];
  private readonly snapshots: SnapshotReceiver | null = null;
  private readonly snapshotWaiters: Waiting[] = [];
  private readonly snapshotListeners: (() => void)[] = [];
  /** Of the latest snapshot. */
  private snapshotError: Error | null = null;
  private nextId = 1;
  /** Version of the last table of capability that the worker was given. */
  private capabilityVersion = -1;
  private stopping: Promise<void> | null = null;
  private exited = false;
  private lastError: Error | null = null;

  private constructor(thread: DataPlaneThread, totals: SharedTotals, snapshotFile: string | null) {
    const { worker, ready, restored } = thread;
    this.worker = worker;
    this.totals = totals;
    this.restored = restored;
    if (snapshotFile !== null) this.snapshots = this.receiveSnapshots(snapshotFile);
    this.addresses = ready.addresses;
    this.transport = ready.transport;
    this.transportFallback = ready.transportFallback;
    worker.on('message', (message: FromWorker) => {
      try {
        this.take(message);
      } catch (thrown) {
        // An error in a listener must not affect the thread.
        this.fault(thrown);
      }
    });
    worker.on('error', (error) => {
      this.lastError = error instanceof Error ? error : new Error(messageOf(error));
      this.fault(error);
    });
    worker.on('exit', () => {
      this.exited = true;
      thread.releaseSockets();
      for (const { reject } of this.waiting.values()) reject(new Error('the data plane has ended'));
      this.waiting.clear();
      if (this.stopping !== null) return;
      const reason = this.lastError ?? new Error('the data plane has ended');
      for (const listener of this.endListeners) listener(reason);
    });
  }

  /**
   * @param memory of an earlier data plane, to continue
   * @throws OperatorError if an address cannot be listened on or an option cannot be met
   */
  static async start(options: DataPlaneOptions, memory = createWorkerMemory()): Promise<DataPlane> {
    const thread = await startDataPlaneThread(options, memory);
    return new DataPlane(thread, memory, options.snapshotFile ?? null);
  }

  /** Replaces the policy completely; stored peers are ranked again when their swarm is next asked. */
  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.capabilityVersion = cost.reportedCapability.version;
    this.post({ type: 'policy', topology, cost });
  }

  /** Other limits of foreign peers, and when clients should announce again because of them. */
  setHours(hours: HoursData): void {
    this.post({ type: 'hours', hours });
  }

  /** Other levels of density in the policy: pairs of group and level, concatenated. */
  setDensity(changes: Uint16Array): void {
    this.post({ type: 'density', changes });
  }

  /** Other levels of reported capability. @param changed the addresses: `CHANGE_WORDS` of `address-levels` each */
  setCapability(reported: ReportedCapability, changed: Int32Array): void {
    const isKnown = reported.version === this.capabilityVersion;
    this.capabilityVersion = reported.version;
    this.post({ type: 'capability', ...(isKnown ? {} : { reported }), changed });
  }

  /** What the operator's caches may fetch over the border from now on. */
  setCacheFills(fills: readonly CacheFill[]): void {
    this.post({ type: 'cache-fills', fills: cacheFillWords(fills) });
  }

  /** Who is given the localised answer from now on. */
  setRollout(rules: RolloutRules): void {
    this.post({ type: 'rollout', rules });
  }

  /** `paused`: every inner client is answered at random, until it is `on` again. */
  setLocalisation(localisation: Localisation): void {
    this.post({ type: 'localisation', localisation });
  }

  setAccess(access: AccessListData): void {
    this.post({ type: 'access', access });
  }

  /**
   * Torrents that stay known, with their count of completed downloads, while they have no peers.
   * @param hashes concatenated, 20 bytes each; replaces those of the last call
   */
  setPinned(hashes: Uint8Array): void {
    this.post({ type: 'pinned', hashes });
  }

  /** Further torrents that are known although the catalogue does not have them. @param hashes concatenated, 20 bytes each */
  addPassed(hashes: Uint8Array): void {
    this.post({ type: 'passed', hashes });
  }

  /**
   * Imports peers of an original tracker: handed out like others for `ttlSeconds`, but not counted.
   * @param own addresses of this installation, which are refused
   * @param origin who names them, for people
   */
  async addUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly UpstreamPeerData[],
    ttlSeconds: number,
    own: readonly OwnEndpoint[] = [],
    origin = '',
  ): Promise<ImportOutcome> {
    const query = { infoHash: infoHashToBytes(infoHash), peers, ttlSeconds, own, origin };
    return (await this.ask({ ask: 'import-peers', query })) as ImportOutcome;
  }

  /**
   * Removes imported peers of a torrent.
   * @param peers null: all of them
   * @param origin only peers that it named; null: of all origins
   * @returns how many are removed
   */
  async removeUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly Omit<UpstreamPeerData, 'seed'>[] | null,
    origin: string | null,
  ): Promise<number> {
    const query = { infoHash: infoHashToBytes(infoHash), peers, origin };
    return (await this.ask({ ask: 'remove-imported', query })) as number;
  }

  /** Called when the inner clients of a swarm need foreign peers: at an announce, at most once a period for each swarm. */
  onUpstreamNeeded(listener: UpstreamNeeded): void {
    this.upstreamListeners.push(listener);
  }

  /** Called for defects in the worker. */
  onFault(listener: (error: Error) => void): void {
    this.faultListeners.push(listener);
  }

  /** Called each time that the swarms have been saved. */
  onSnapshot(listener: () => void): void {
    this.snapshotListeners.push(listener);
  }

  /** Called at once if the thread ends unexpectedly. Its ports are free then; its snapshot file is after `stop` resolves. */
  onEnd(listener: (reason: Error) => void): void {
    this.endListeners.push(listener);
  }

  /** Which peers a client would get, and why. Changes nothing. */
  async explain(query: DataPlaneExplainQuery): Promise<Explanation> {
    const { family, words } = query.address;
    const infoHash = infoHashToBytes(query.infoHash);
    const { numWant, seed, port } = query;
    const asked = {
      infoHash,
      family,
      words,
      numWant,
      ...(seed === undefined ? {} : { seed }),
      ...(port === undefined ? {} : { port }),
    };
    return (await this.ask({ ask: 'explain', query: asked })) as Explanation;
  }

  async swarms(query: SwarmsQuery): Promise<readonly ListedSwarm[]> {
    return (await this.ask({ ask: 'swarms', query })) as readonly ListedSwarm[];
  }

  /** @returns null for a swarm that nobody announced */
  async swarm(infoHash: InfoHash): Promise<SwarmDetails | null> {
    return (await this.ask({ ask: 'swarm', infoHash: infoHashToBytes(infoHash) })) as SwarmDetails | null;
  }

  /** One page of the swarms that have inner peers. @param cursor of the page before; 0: the first page */
  async innerSwarms(cursor: number): Promise<InnerSwarmsPage> {
    return (await this.ask({ ask: 'inner-swarms', cursor })) as InnerSwarmsPage;
  }

  /** Some inner peers of a swarm, seeds first; see `inner-peers.ts`. */
  async innerPeers(infoHash: InfoHash, limit: number): Promise<readonly InnerPeer[]> {
    const asked = { ask: 'inner-peers', infoHash: infoHashToBytes(infoHash), limit } as const;
    return (await this.ask(asked)) as readonly InnerPeer[];
  }

  /** Those of these swarms whose inner clients still need foreign peers. */
  async stillInNeed(infoHashes: readonly InfoHash[]): Promise<readonly InfoHash[]> {
    const concatenated = Buffer.concat(infoHashes.map(infoHashToBytes));
    const needs = (await this.ask({ ask: 'in-need', infoHashes: concatenated })) as readonly boolean[];
    return infoHashes.filter((_, i) => needs[i]);
  }

  counters(): CountersView {
    return readCounters(this.totals.counters);
  }

  /** The traffic of the operator's own clients. */
  traffic(): TrafficReading {
    return new TrafficReading(this.totals.traffic);
  }

  /** Resolves once the worker has handled everything that was sent before. */
  async flush(): Promise<void> {
    await this.ask({ ask: 'flush' });
  }

  setOptions(options: LiveOptions): void {
    this.post({ type: 'options', options });
  }

  /** For new connections to https listeners. @param pair of `readCertificate`, so that it is known to be valid */
  useCertificate(pair: CertificatePair): void {
    this.post({ type: 'certificate', pair });
  }

  /** Ends a stuck thread; `onEnd` gets the reason. */
  abandon(reason: Error): void {
    if (this.stopping !== null) return;
    this.lastError = reason;
    void this.worker.terminate();
  }

  /** Closes the listeners and ends the thread, within a second. @throws Error if the swarms could not be saved */
  stop(): Promise<void> {
    this.stopping ??= this.exited ? this.closeSnapshots() : this.end();
    return this.stopping;
  }

  /** Saves the swarms now. @throws Error if they cannot be written, OperatorError if no file is configured */
  async saveSnapshot(): Promise<void> {
    if (this.snapshots === null) throw new OperatorError('no snapshot file is configured');
    if (this.exited) throw new Error('the data plane has ended');
    await new Promise<unknown>((resolve, reject) => {
      this.snapshotWaiters.push({ resolve, reject });
      this.post({ type: 'snapshot' });
    });
  }

  private receiveSnapshots(file: string): SnapshotReceiver {
    return new SnapshotReceiver(
      file,
      (id) => this.post({ type: 'snapshot-taken', id }),
      (error) => {
        if (error === null) for (const listener of this.snapshotListeners) listener();
        for (const waiter of this.snapshotWaiters.splice(0)) {
          if (error === null) waiter.resolve(null);
          else waiter.reject(error);
        }
        this.snapshotError =
          error === null ? null : new Error(`cannot write the swarm snapshot ${file}: ${error.message}`);
        if (this.snapshotError !== null) this.fault(this.snapshotError);
      },
    );
  }

  private async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => void this.worker.terminate(), STOP_TIMEOUT_MS);
      // The last snapshot may take longer. As long as it makes progress, wait for it.
      this.worker.on('message', () => timer.refresh());
      this.worker.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.post({ type: 'stop' });
    });
    await this.closeSnapshots();
  }

  private async closeSnapshots(): Promise<void> {
    await this.snapshots?.close();
    for (const { reject } of this.snapshotWaiters.splice(0)) reject(new Error('the data plane has ended'));
    if (this.snapshotError !== null) throw this.snapshotError;
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private ask(question: Question): Promise<unknown> {
    if (this.exited) return Promise.reject(new Error('the data plane has ended'));
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      this.post({ type: 'question', id, question });
    });
  }

  private fault(error: unknown): void {
    const fault = error instanceof Error ? error : new Error(messageOf(error));
    for (const listener of this.faultListeners) listener(fault);
  }

  private take(message: FromWorker): void {
    switch (message.type) {
      case 'answer':
        this.takeWaiting(message.id)?.resolve(message.value);
        return;
      case 'refused':
        this.takeWaiting(message.id)?.reject(new Error(message.message));
        return;
      case 'upstream-needed':
        for (const listener of this.upstreamListeners) {
          listener(message.infoHash as InfoHash, message.family, message.original);
        }
        return;
      case 'snapshot-part':
        this.snapshots?.take(message);
        return;
      case 'fault': {
        const fault = new Error(message.message);
        if (message.stack !== undefined) fault.stack = message.stack;
        this.fault(fault);
        return;
      }
      case 'failed':
        this.fault(errorOfFailure(message.failure));
        return;
      default:
    }
  }

  private takeWaiting(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
