/**
 * Checks that the storage directory can be written. Otherwise a full disk would first show as a refused report or a missing
 * snapshot. Readiness shows it before.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { Health } from './health.js';
import type { Watch } from './watch.js';

const CHECK_EVERY_MS = 2_000;
/** The size of a few reports with their log. */
const TRIED_BYTES = 65_536;
const PART = 'storage';

export class StorageWatch implements Watch {
  readonly name = 'storage watch';
  readonly #file: string;
  readonly #directory: string;
  readonly #health: Pick<Health, 'report'>;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isWell = true;
  #checking = false;

  constructor(directory: string, health: Pick<Health, 'report'>, logger: Logger) {
    this.#directory = directory;
    this.#file = join(directory, 'write-test');
    this.#health = health;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => void this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** For a write that failed. */
  failed(thrown: unknown): void {
    const reason = `${this.#directory} cannot be written: ${messageOf(thrown)}`;
    this.#health.report(PART, reason);
    if (this.#isWell) {
      this.#logger.error(
        { err: thrown },
        `storage: ${reason}; until then, reports are refused and swarms are not saved; announces continue`,
      );
    }
    this.#isWell = false;
  }

  /** Writes and deletes a small file. Never throws. */
  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const file = await open(this.#file, 'w', 0o600);
      try {
        await file.writeFile(new Uint8Array(TRIED_BYTES));
        await file.datasync();
      } finally {
        await file.close();
      }
      if (!this.#isWell) this.#logger.info('storage: the directory can be written again');
      this.#isWell = true;
      this.#health.report(PART, undefined);
    } catch (thrown) {
      this.failed(thrown);
    } finally {
      await rm(this.#file, { force: true }).catch(() => {});
      this.#checking = false;
    }
  }
}
