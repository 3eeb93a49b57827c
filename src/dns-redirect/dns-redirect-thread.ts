/** The control plane's handle on the thread of the DNS redirection. */
import type { Worker } from 'node:worker_threads';
import { messageOf } from '../domain/errors.js';
import type { Endpoint } from '../net/endpoint.js';
import { startThread, threadModule } from '../threads/start-thread.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../transport/linux/descriptor-ledger.js';
import type { DnsLog } from './dns-log.js';
import type { DnsThreadStart, FromDnsThread, TargetHealth, ToDnsThread } from './dns-redirect-messages.js';
import type { SharedHealth } from './health/health-watch.js';
import type { LimitedPrefix } from './serve/client-rates.js';
import type { ServerSettings } from './server-settings.js';

/** A thread that has not stopped after this is ended. */
const STOP_TIMEOUT_MS = 1_000;

export type DnsThreadOptions = Omit<DnsThreadStart, 'descriptors'>;

export class DnsThread {
  readonly addresses: readonly Endpoint[];
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #stopping = false;
  #limited: readonly LimitedPrefix[] = [];
  #failure: Error | undefined;

  /** @throws OperatorError if it cannot listen on an address */
  static async start(given: DnsThreadOptions, log: DnsLog, onEnd: (reason: Error) => void): Promise<DnsThread> {
    const module = threadModule(import.meta.url, 'dns-redirect-worker.js');
    const start: DnsThreadStart = { ...given, descriptors: createDescriptorLedger() };
    try {
      const { worker, ready } = await startThread<Extract<FromDnsThread, { type: 'ready' }>>(module, {
        name: 'dns-redirect',
        workerData: start,
      });
      return new DnsThread(worker, start.descriptors, ready.addresses, log, onEnd);
    } catch (thrown) {
      closeNotedDescriptors(start.descriptors);
      throw thrown;
    }
  }

  private constructor(
    worker: Worker,
    descriptors: SharedArrayBuffer,
    addresses: readonly Endpoint[],
    log: DnsLog,
    onEnd: (reason: Error) => void,
  ) {
    this.#worker = worker;
    this.addresses = addresses;
    worker.on('message', (message: FromDnsThread) => {
      if (message.type === 'log') log[message.level](message.fields, message.message);
      else if (message.type === 'limited') this.#limited = message.prefixes;
    });
    worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error));
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        // Its sockets belong to the process, and would keep the ports.
        closeNotedDescriptors(descriptors);
        resolve();
        if (!this.#stopping) onEnd(this.#failure ?? new Error(`it ended with code ${code}`));
      });
    });
  }

  /** As of the last second. */
  get limitedPrefixes(): readonly LimitedPrefix[] {
    return this.#limited;
  }

  setSettings(settings: ServerSettings, checks: SharedHealth): void {
    this.#say({ type: 'settings', settings, checks });
  }

  setHealth(health: TargetHealth): void {
    this.#say({ type: 'health', health });
  }

  /** Ends a stuck thread. `onEnd` gets the reason. */
  abandon(reason: Error): void {
    this.#failure = reason;
    void this.#worker.terminate();
  }

  /** Closes the listeners and ends the thread. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#say({ type: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #say(message: ToDnsThread): void {
    this.#worker.postMessage(message);
  }
}
