/**
 * Keeps what the exchange knows of original trackers over a restart: loads it at the start, and stores what has changed in
 * batches. A store that fails (a full disk) loses nothing but the restart's memory: changes are tried again.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { ExchangeStore } from '../store/sqlite/exchange-store.js';
import type { DueTimes } from './due-times.js';
import { FORGET_ORIGINAL_MS, MAX_DUE_TIMES, MAX_ORIGINALS, PRUNE_EVERY_MS, STORE_EVERY_MS } from './limits.js';
import type { Originals } from './originals.js';
import type { UpstreamLog } from './upstream-log.js';

export interface ExchangeMemoryParts {
  readonly store: ExchangeStore;
  readonly originals: Originals;
  readonly dueTimes: DueTimes;
  readonly clock: Clock;
  readonly log: UpstreamLog | undefined;
}

export class ExchangeMemory {
  readonly #parts: ExchangeMemoryParts;
  readonly #timer: NodeJS.Timeout;
  #prunedMs = 0;
  #failed = false;

  constructor(parts: ExchangeMemoryParts) {
    this.#parts = parts;
    this.#load();
    this.#timer = setInterval(() => this.save(), STORE_EVERY_MS);
    this.#timer.unref();
  }

  /** Stores what has changed. Never throws. */
  save(): void {
    const { store, originals, dueTimes, clock, log } = this.#parts;
    const changed = originals.all().filter((original) => original.isChanged);
    const due = dueTimes.takeChanges();
    const nowMs = clock.nowMs();
    const prunes = nowMs - this.#prunedMs >= PRUNE_EVERY_MS || nowMs < this.#prunedMs;
    if (changed.length === 0 && due.length === 0 && !prunes) return;
    try {
      store.save(
        changed.map((original) => original.stored()),
        due,
      );
      for (const original of changed) original.isChanged = false;
      if (prunes) {
        store.prune(nowMs, nowMs - FORGET_ORIGINAL_MS);
        this.#prunedMs = nowMs;
      }
      this.#failed = false;
    } catch (thrown) {
      dueTimes.putBack(due);
      if (!this.#failed) {
        log?.warn(
          { reason: messageOf(thrown) },
          'the state of original trackers is not stored; a restart may ask some of them too early',
        );
      }
      this.#failed = true;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.save();
  }

  #load(): void {
    const { store, originals, dueTimes, clock, log } = this.#parts;
    try {
      for (const stored of store.originals(MAX_ORIGINALS)) originals.of(stored.name).restore(stored);
      for (const { pair, dueMs } of store.dueTimes(clock.nowMs(), MAX_DUE_TIMES)) dueTimes.restore(pair, dueMs);
    } catch (thrown) {
      log?.warn(
        { reason: messageOf(thrown) },
        'the state of original trackers cannot be read; they may be asked early',
      );
    }
  }
}
