/**
 * The control plane's handle on the data plane: starts its thread, hands it policy and peers, asks it questions. Nothing
 * here is on the path of an answer; if the control plane is slow, peers are answered all the same.
 */
import { Worker } from 'node:worker_threads';
import { messageOf, OperatorError } from '../domain/errors.js';
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { CostTable } from '../selection/cost-table.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { BoundAddress } from '../transport/transport.js';
import type { AccessListData } from './access-list.js';
import { type CountersView, createCounters, readCounters } from './counters.js';
import type {
  FromWorker,
  Question,
  SwarmSummary,
  SwarmsQuery,
  ToWorker,
  UpstreamPeerData,
  WorkerStart,
} from './data-plane-messages.js';
import type { DataPlaneOptions } from './data-plane-options.js';

/** A worker that has not stopped by then is ended. */
const STOP_TIMEOUT_MS = 900;

/** A worker runs compiled code; from sources (tests) it is the build's. */
function workerFile(): URL {
  const here = import.meta.url;
  const compiled = here.endsWith('.ts') ? here.replace(/\/src\/tracker\/[^/]*$/, '/dist/tracker/') : here;
  return new URL('data-plane-worker.js', compiled);
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Ready = Extract<FromWorker, { type: 'ready' }>;

/** Resolves once the worker listens; rejects with what keeps it from that. */
function firstWord(worker: Worker): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'ready') settle(() => resolve(message));
      else if (message.type !== 'failed') settle(() => reject(new Error(`${message.type} came before ready`)));
      else if (message.operator) settle(() => reject(new OperatorError(message.message, { exitCode: 1 })));
      else settle(() => reject(new Error(message.message)));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => onError(new Error(`the data plane ended at its start with code ${code}`));
    // One by one: Node keeps listeners of its own on a worker.
    const settle = (how: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      how();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

export type UpstreamNeeded = (infoHash: InfoHash, family: 4 | 6) => void;

export class DataPlane {
  readonly addresses: readonly BoundAddress[];
  readonly transport: 'linux' | 'portable';
  readonly #worker: Worker;
  readonly #counters: SharedArrayBuffer;
  readonly #waiting = new Map<number, Waiting>();
  readonly #upstreamListeners: UpstreamNeeded[] = [];
  readonly #faultListeners: ((error: Error) => void)[] = [];
  #nextId = 1;
  #stopping: Promise<void> | null = null;
  #exited = false;

  private constructor(worker: Worker, counters: SharedArrayBuffer, ready: Extract<FromWorker, { type: 'ready' }>) {
    this.#worker = worker;
    this.#counters = counters;
    this.addresses = ready.addresses;
    this.transport = ready.transport;
    worker.on('message', (message: FromWorker) => this.#take(message));
    worker.on('error', (error) => this.#fault(error));
    worker.on('exit', () => {
      this.#exited = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('the data plane has ended'));
      this.#waiting.clear();
      if (this.#stopping === null) this.#fault(new Error('the data plane has ended unexpectedly'));
    });
  }

  /** @throws OperatorError where an address cannot be listened on or an option cannot be met */
  static async start(options: DataPlaneOptions): Promise<DataPlane> {
    const counters = createCounters();
    const start: WorkerStart = { options, counters };
    const worker = new Worker(workerFile(), { workerData: start, name: 'data-plane' });
    const ready = await firstWord(worker);
    return new DataPlane(worker, counters, ready);
  }

  /** Replaces the policy whole; peers that are stored are ranked anew when their swarm is next asked. */
  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.#post({ type: 'policy', topology, cost });
  }

  setAccess(access: AccessListData): void {
    this.#post({ type: 'access', access });
  }

  /**
   * Torrents that stay known, with their count of completed downloads, while they have no peers.
   * @param hashes 20 bytes each, one behind the other; replaces those of the last call
   */
  setKept(hashes: Uint8Array): void {
    this.#post({ type: 'kept', hashes });
  }

  /** Peers that an original tracker knows: handed out like others for `ttlSeconds`, but not counted. */
  addUpstreamPeers(infoHash: InfoHash, peers: readonly UpstreamPeerData[], ttlSeconds: number): void {
    this.#post({ type: 'upstream-peers', infoHash: infoHashToBytes(infoHash), peers, ttlSeconds });
  }

  /** Called when a swarm has too few peers to offer, at most once a period for each. */
  onUpstreamNeeded(listener: UpstreamNeeded): void {
    this.#upstreamListeners.push(listener);
  }

  /** Called for defects in the worker, and if it ends without being told to. */
  onFault(listener: (error: Error) => void): void {
    this.#faultListeners.push(listener);
  }

  async explain(query: { infoHash: InfoHash; address: IpAddress; numWant: number }): Promise<unknown> {
    const { family, words } = query.address;
    const infoHash = infoHashToBytes(query.infoHash);
    return this.#ask({ ask: 'explain', query: { infoHash, family, words, numWant: query.numWant } });
  }

  async swarms(query: SwarmsQuery): Promise<readonly SwarmSummary[]> {
    return (await this.#ask({ ask: 'swarms', query })) as readonly SwarmSummary[];
  }

  /** @returns null for a swarm that nobody announced */
  async swarm(infoHash: InfoHash): Promise<SwarmSummary | null> {
    return (await this.#ask({ ask: 'swarm', infoHash: infoHashToBytes(infoHash) })) as SwarmSummary | null;
  }

  counters(): CountersView {
    return readCounters(this.#counters);
  }

  /** Resolves once the worker has taken everything that was sent before. */
  async settled(): Promise<void> {
    await this.#ask({ ask: 'settled' });
  }

  /** Reads the certificates of https listeners again. @throws Error that names the file; the old ones then stay */
  async reloadCertificates(): Promise<void> {
    await this.#ask({ ask: 'reload-certificates' });
  }

  /** Closes the listeners and ends the thread, within a second. */
  stop(): Promise<void> {
    this.#stopping ??= this.#exited ? Promise.resolve() : this.#end();
    return this.#stopping;
  }

  #end(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
      this.#worker.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#post({ type: 'stop' });
    });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #ask(question: Question): Promise<unknown> {
    if (this.#exited) return Promise.reject(new Error('the data plane has ended'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: 'question', id, question });
    });
  }

  #fault(error: unknown): void {
    const fault = error instanceof Error ? error : new Error(messageOf(error));
    for (const listener of this.#faultListeners) listener(fault);
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'answer':
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'refused':
        this.#settle(message.id)?.reject(new Error(message.message));
        return;
      case 'upstream-needed':
        for (const listener of this.#upstreamListeners) listener(message.infoHash as InfoHash, message.family);
        return;
      case 'fault': {
        const fault = new Error(message.message);
        if (message.stack !== undefined) fault.stack = message.stack;
        this.#fault(fault);
        return;
      }
      case 'failed':
        this.#fault(new Error(message.message));
        return;
      default:
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
