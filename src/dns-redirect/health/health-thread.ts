/** The control plane's handle on the thread of the health checks. */
import type { Worker } from 'node:worker_threads';
import { messageOf } from '../../domain/errors.js';
import { startThread, threadModule } from '../../threads/start-thread.js';
import type { CheckChange, FromHealthThread, HealthThreadStart, ToHealthThread } from './health-messages.js';

/** A thread that has not stopped after this is ended. */
const STOP_TIMEOUT_MS = 1_000;

export interface HealthThreadEvents {
  readonly onChange: (change: CheckChange) => void;
  readonly onEnd: (reason: Error) => void;
}

export class HealthThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #stopping = false;
  #failure: Error | undefined;

  /** Resolves once each check has been tried, or has taken too long. */
  static async start(start: HealthThreadStart, events: HealthThreadEvents): Promise<HealthThread> {
    const module = threadModule(import.meta.url, 'health-worker.js');
    const { worker, ready } = await startThread<Extract<FromHealthThread, { type: 'ready' }>>(module, {
      name: 'dns-health',
      workerData: start,
    });
    for (const change of ready.changes) events.onChange(change);
    return new HealthThread(worker, events);
  }

  private constructor(worker: Worker, events: HealthThreadEvents) {
    this.#worker = worker;
    worker.on('message', (message: FromHealthThread) => {
      if (message.type === 'changed') events.onChange(message.change);
    });
    worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error));
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        resolve();
        if (!this.#stopping) events.onEnd(this.#failure ?? new Error(`it ended with code ${code}`));
      });
    });
  }

  say(message: ToHealthThread): void {
    this.#worker.postMessage(message);
  }

  /** Ends a stuck thread. `onEnd` gets the reason. */
  abandon(reason: Error): void {
    this.#failure = reason;
    void this.#worker.terminate();
  }

  /** Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.say({ type: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
