/**
 * Many small writes, one fsync: work that arrives within a few milliseconds shares a transaction, and is answered only
 * when it is durable. The longer a commit takes, the more work the next one carries, so throughput follows the disk.
 */
import { ClientError } from '../domain/errors.js';
import { GROUP_COMMIT_DELAY_MS, MAX_PENDING_JOBS } from './limits.js';

export interface CommittingStore {
  commit<T>(work: () => T): T;
}

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export class GroupCommit {
  readonly #store: CommittingStore;
  readonly #onRollback: () => void;
  #waiting: Job[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** A commit failed, and memory still holds changes that it did not store. */
  #memoryIsAhead = false;

  /** @param onRollback called before the failed work is rejected: memory that the work changed must be read again */
  constructor(store: CommittingStore, onRollback: () => void) {
    this.#store = store;
    this.#onRollback = onRollback;
  }

  /**
   * Runs `work` inside the next transaction. Resolves once committed.
   * @throws ClientError `unavailable` while more waits than the disk can commit, or what the store threw
   */
  run<T>(work: () => T): Promise<T> {
    if (this.#waiting.length >= MAX_PENDING_JOBS) return Promise.reject(tooBusy());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#timer ??= setTimeout(() => this.flush(), GROUP_COMMIT_DELAY_MS);
    });
  }

  #rollBack(): void {
    this.#onRollback();
    this.#memoryIsAhead = false;
  }

  /** Commits waiting work now. Never throws. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const jobs = this.#waiting;
    if (jobs.length === 0) return;
    this.#waiting = [];
    let results: unknown[];
    try {
      if (this.#memoryIsAhead) this.#rollBack();
      results = this.#store.commit(() => jobs.map((job) => job.work()));
    } catch (thrown) {
      this.#memoryIsAhead = true;
      try {
        this.#rollBack();
      } catch {
        // The database is unreadable too: the next flush retries before it commits anything.
      }
      for (const job of jobs) job.reject(thrown);
      return;
    }
    jobs.forEach((job, i) => {
      job.resolve(results[i]);
    });
  }
}

function tooBusy(): ClientError {
  return new ClientError('unavailable', 'more reports are waiting than the disk can commit; send them again', {
    retryAfterSeconds: 1,
  });
}
