/**
 * Stores reports that wait for the tracker, one file each in a separate directory. A file is written and renamed before
 * anything is sent, and removed when the tracker has acknowledged it. Remaining files are sent again; the tracker
 * recognises a report by its number.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf, messageOf, OperatorError } from '../../domain/errors.js';

/** A month of five-minute periods; above it the oldest are dropped. */
const MAX_FILES = 10_000;
const NAME = /^(\d{15})\.json$/;

export interface SpooledReport {
  readonly name: string;
  readonly report: unknown;
}

export class ReportSpool {
  readonly #directory: string;

  /** @param directory belongs to one probe */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws OperatorError if the directory cannot be created or written */
  async add(sequence: number, report: unknown): Promise<void> {
    const name = `${String(sequence).padStart(15, '0')}.json`;
    const temporary = join(this.#directory, `${name}.part`);
    try {
      await mkdir(this.#directory, { recursive: true });
      const handle = await open(temporary, 'w');
      try {
        await handle.writeFile(JSON.stringify(report));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, join(this.#directory, name));
    } catch (thrown) {
      throw new OperatorError(
        `cannot write to the spool ${this.#directory}: ${messageOf(thrown)}; choose another --spool`,
        {
          code: 'file-access',
          cause: thrown,
        },
      );
    }
  }

  /** @returns how many files there were, after the oldest above the limit were dropped */
  async trim(): Promise<{ waiting: number; dropped: number }> {
    const names = await this.#names();
    const surplus = names.slice(0, Math.max(0, names.length - MAX_FILES));
    for (const name of surplus) await this.remove(name);
    return { waiting: names.length - surplus.length, dropped: surplus.length };
  }

  /** At most `limit`, by ascending number. A file that is not a report is renamed to `.broken`. */
  async oldest(limit: number): Promise<SpooledReport[]> {
    const reports: SpooledReport[] = [];
    for (const name of (await this.#names()).slice(0, limit)) {
      try {
        reports.push({ name, report: JSON.parse(await readFile(join(this.#directory, name), 'utf8')) });
      } catch {
        await this.setAside(name, 'broken');
      }
    }
    return reports;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true });
  }

  /** Renames it, so that people can inspect it and it does not block others. */
  async setAside(name: string, why: 'broken' | 'refused'): Promise<void> {
    await rename(join(this.#directory, name), join(this.#directory, `${name}.${why}`));
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#directory)).filter((name) => NAME.test(name)).sort();
    } catch (thrown) {
      if (errorCodeOf(thrown) === 'ENOENT') return [];
      throw thrown;
    }
  }
}
