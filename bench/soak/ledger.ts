/**
 * What the program has acknowledged: density reports (202) and denied torrents (200). After the process was killed, the database must
 * still have all of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withinTime } from '../../src/domain/deadline.js';
import { openDatabase, type SqliteDatabase } from '../../src/store/sqlite/database.js';
import { CONTROL_TOKEN, PROBE_TOKEN } from './setting.js';

const REPORT_EVERY_MS = 250;
const DENY_EVERY_REPORTS = 4;
const PATIENCE_MS = 5_000;

export class Ledger {
  readonly #controller = new AbortController();
  readonly #sequences = new Set<number>();
  readonly #denied = new Set<string>();
  /** Requests that were not acknowledged: refused, or without an answer. */
  refused = 0;
  #sequence = 0;
  #running: Promise<void> | undefined;

  constructor(private readonly control: string) {}

  get acknowledged(): { readonly reports: number; readonly denials: number } {
    return { reports: this.#sequences.size, denials: this.#denied.size };
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#running;
  }

  /** @returns what is missing in the database, one line each */
  missingIn(file: string): string[] {
    const database: SqliteDatabase = openDatabase(file);
    try {
      const stored = new Set(
        database.prepare<[], number>('SELECT sequence FROM density_report').pluck().all() as number[],
      );
      const decided = new Set(
        database.prepare<[], string>('SELECT info_hash FROM catalogue_decision').pluck().all() as string[],
      );
      return [
        ...[...this.#sequences].filter((each) => !stored.has(each)).map((each) => `report ${each}`),
        ...[...this.#denied].filter((each) => !decided.has(each)).map((each) => `denial of ${each}`),
      ];
    } finally {
      database.close();
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      await this.#report();
      if (this.#sequence % DENY_EVERY_REPORTS === 0) await this.#deny();
      await sleep(REPORT_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #report(): Promise<void> {
    const sequence = ++this.#sequence;
    const bytes = 1e6 + (sequence % 100) * 1e3;
    const body = {
      probe: 'dp-north',
      sequence,
      periodStart: new Date(Date.now() - 1_000).toISOString(),
      periodSeconds: 1,
      subdomains: [{ id: 'north', bytes, users: 100 }],
    };
    if (await this.#post('/api/v1/density', PROBE_TOKEN, body, 202)) this.#sequences.add(sequence);
    else this.refused++;
  }

  async #deny(): Promise<void> {
    const infoHash = this.#sequence.toString(16).padStart(40, '0');
    const body = { action: 'deny', infoHash, reason: 'soak' };
    if (await this.#post('/api/v1/catalogue/actions', CONTROL_TOKEN, body, 200)) this.#denied.add(infoHash);
    else this.refused++;
  }

  async #post(path: string, token: string, body: object, wanted: number): Promise<boolean> {
    try {
      const status = await withinTime(PATIENCE_MS, this.#controller.signal, async (signal) => {
        const response = await fetch(`${this.control}${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal,
        });
        await response.arrayBuffer();
        return response.status;
      });
      return status === wanted;
    } catch {
      return false;
    }
  }
}
