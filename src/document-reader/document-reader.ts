/**
 * Reads documents that strangers wrote in a separate thread, one at a time, each with a limit on time and memory. A
 * document that exceeds a limit ends the thread, not the process: its caller gets a {@link ClientError}, and the next
 * document gets a new thread. The thread runs the tasks (serve-tasks.ts) of the module that the caller names.
 *
 * The limits are the second line of defence. Memory outside the heap (buffers) is bounded only by the size of the
 * input, which the caller limits. V8 ends the process if a single table or list outgrows the heap. So every reader also
 * limits the number of items that it stores.
 */
import { Worker } from 'node:worker_threads';
import { ClientError, errorCodeOf } from '../domain/errors.js';
import { errorOfFailure } from '../domain/failure-message.js';
import { IDLE_MS, MAX_HEAP_MB, MAX_READ_MS, MAX_WAITING_DOCUMENTS, YOUNG_HEAP_MB } from './limits.js';
import type { ReplyMessage, TaskMessage, Tasks } from './serve-tasks.js';

export interface DocumentReaderOptions {
  /** Compiled module that calls `serveTasks`. */
  readonly module: URL;
  /** Of the thread, as operators' tools show it. */
  readonly name: string;
  /** Passed to the module as its `workerData`. */
  readonly workerData?: unknown;
  readonly maxReadMs?: number | undefined;
  readonly maxHeapMb?: number | undefined;
  readonly maxWaiting?: number | undefined;
}

export interface ReadOptions {
  /** Names the document in messages, for example `http://site.example/feed.xml`. */
  readonly about: string;
  readonly signal?: AbortSignal | undefined;
}

interface Job {
  readonly task: string;
  readonly input: unknown;
  readonly options: ReadOptions;
  readonly resolve: (output: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly stopListening: () => void;
}

export class DocumentReader<T extends Tasks> {
  readonly #options: DocumentReaderOptions;
  readonly #waiting: Job[] = [];
  #thread: ReadingThread | undefined;
  #current: Job | undefined;
  #closed = false;

  constructor(options: DocumentReaderOptions) {
    this.#options = options;
  }

  /**
   * @returns what the task returns
   * @throws what the task throws; ClientError `too-costly` if the document takes too long or too much memory,
   *   `reader-busy` if too many wait; the signal's reason if it is aborted
   */
  run<K extends keyof T & string>(
    task: K,
    input: Parameters<T[K]>[0],
    options: ReadOptions,
  ): Promise<ReturnType<T[K]>> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      if (this.#closed) return reject(new Error('the document reader is closed'));
      const { maxWaiting = MAX_WAITING_DOCUMENTS } = this.#options;
      if (this.#waiting.length >= maxWaiting) {
        return reject(new ClientError('reader-busy', `${options.about} was not read: ${maxWaiting} documents wait`));
      }
      const abort = (): void => this.#abort(job);
      const job: Job = {
        task,
        input,
        options,
        resolve: (output) => resolve(output as ReturnType<T[K]>),
        reject,
        stopListening: () => signal?.removeEventListener('abort', abort),
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(job);
      this.#next();
    });
  }

  /** Ends the thread at once, even while it reads; rejects current and waiting documents. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const reason = new Error('the document reader was closed');
    for (const job of this.#waiting.splice(0)) settle(job, () => job.reject(reason));
    await this.#replaceThread(reason);
  }

  #next(): void {
    if (this.#current !== undefined || this.#closed) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#thread?.rest();
      return;
    }
    this.#current = job;
    this.#thread ??= new ReadingThread(this.#options, (thread) => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    const thread = this.#thread;
    thread.read(job).then(
      (output) => this.#finished(job, () => job.resolve(output)),
      (reason: unknown) => this.#finished(job, () => job.reject(reason)),
    );
  }

  #finished(job: Job, report: () => void): void {
    if (this.#current !== job) return;
    this.#current = undefined;
    settle(job, report);
    this.#next();
  }

  #abort(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    const reason: unknown = job.options.signal?.reason;
    if (this.#current === job) void this.#replaceThread(reason);
    else settle(job, () => job.reject(reason));
  }

  /** Rejects the document that the thread reads, with the reason. */
  async #replaceThread(reason: unknown): Promise<void> {
    const thread = this.#thread;
    const job = this.#current;
    this.#thread = undefined;
    if (job !== undefined) this.#finished(job, () => job.reject(reason));
    await thread?.end();
  }
}

function settle(job: Job, report: () => void): void {
  job.stopListening();
  report();
}

/** One thread from start to end. It reads one document at a time. */
class ReadingThread {
  readonly #options: DocumentReaderOptions;
  readonly #onEnd: (thread: ReadingThread) => void;
  readonly #worker: Worker;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<Error>;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #failure: Error | undefined;

  constructor(options: DocumentReaderOptions, onEnd: (thread: ReadingThread) => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    const { module, name, workerData, maxHeapMb = MAX_HEAP_MB } = options;
    const worker = new Worker(module, {
      name,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#worker = worker;
    this.#ready = new Promise((resolve) => {
      worker.once('message', () => resolve());
    });
    worker.on('error', (error) => {
      this.#failure = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        clearTimeout(this.#timer);
        onEnd(this);
        resolve(this.#failure ?? new Error(`the thread ${name} ended with code ${code}`));
      });
    });
    // The thread keeps the process alive only while it reads: `read` calls ref, `rest` calls unref.
    worker.unref();
  }

  /** @throws as {@link DocumentReader.run} */
  async read({ task, input, options: { about } }: Job): Promise<unknown> {
    clearTimeout(this.#timer);
    this.#worker.ref();
    const id = ++this.#lastId;
    const { maxReadMs = MAX_READ_MS } = this.#options;
    const fate = this.#ended.then((error) => {
      throw this.#explain(error, about);
    });
    await Promise.race([this.#ready, fate]);
    const answer = new Promise<ReplyMessage>((resolve) => {
      this.#worker.once('message', resolve);
    });
    this.#worker.postMessage({ id, task, input } satisfies TaskMessage);
    this.#timer = setTimeout(() => {
      this.#failure = new ClientError(
        'too-costly',
        `${about} took longer than ${maxReadMs / 1_000} s to read; skipped`,
      );
      void this.#worker.terminate();
    }, maxReadMs);
    const reply = await Promise.race([answer, fate]);
    clearTimeout(this.#timer);
    if (reply.type === 'failed') throw errorOfFailure(reply.failure);
    if (reply.type !== 'done' || reply.id !== id) throw new Error('the reading thread answered out of order');
    return reply.output;
  }

  /** Ends the thread after a while without work. */
  rest(): void {
    this.#worker.unref();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // First, so that no document is passed to a thread that is ending.
      this.#onEnd(this);
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker.terminate();
  }

  #explain(error: Error, about: string): Error {
    if (errorCodeOf(error) !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
    const { maxHeapMb = MAX_HEAP_MB } = this.#options;
    return new ClientError('too-costly', `${about} takes more than ${maxHeapMb} MB of memory to read; skipped`);
  }
}
