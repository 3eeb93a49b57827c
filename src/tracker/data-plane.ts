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

export interface SwarmView {
  readonly infoHash: string;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
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
  #stopping = false;
  #stopped: () => void = () => {};
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
      if (!this.#stopping) this.#fault(new Error('the data plane has ended unexpectedly'));
      this.#stopped();
    });
  }

  /** @throws OperatorError where an address cannot be listened on or an option cannot be met */
  static async start(options: DataPlaneOptions): Promise<DataPlane> {
    const counters = createCounters();
    const start: WorkerStart = { options, counters };
    const worker = new Worker(workerFile(), { workerData: start, name: 'data-plane' });
    const ready = await new Promise<Extract<FromWorker, { type: 'ready' }>>((resolve, reject) => {
      worker.once('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve(message);
        else if (message.type === 'failed') {
          reject(message.operator ? new OperatorError(message.message, { exitCode: 1 }) : new Error(message.message));
        } else reject(new Error(`the data plane said ${message.type} before it was ready`));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the data plane ended at its start with code ${code}`)));
    }).finally(() => worker.removeAllListeners());
    return new DataPlane(worker, counters, ready);
  }

  /** Replaces the policy whole; peers that are stored are ranked anew when their swarm is next asked. */
  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.#post({ type: 'policy', topology, cost });
  }

  setAccess(access: AccessListData): void {
    this.#post({ type: 'access', access });
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
  async swarm(infoHash: InfoHash): Promise<SwarmView | null> {
    return (await this.#ask({ ask: 'swarm', infoHash: infoHashToBytes(infoHash) })) as SwarmView | null;
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
  async stop(): Promise<void> {
    if (this.#exited) return;
    this.#stopping = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
      this.#stopped = () => {
        clearTimeout(timer);
        resolve();
      };
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
