/** A history with a clock and counters that the test moves, on a database of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { family } from '../../../src/control-api/metric-families.js';
import type { MetricFamily } from '../../../src/control-api/metrics.js';
import { RunningHistory } from '../../../src/history/running-history.js';
import type { MarkSource } from '../../../src/history/watch-marks.js';
import { createLogger } from '../../../src/logging/logger.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';

/** A full hour, and the beginning of a block of every level. */
export const START_MS = Date.UTC(1970, 0, 1) + 1_250 * 16 * 86_400_000;

export const KEPT = { minutesMs: 48 * 3_600_000, fiveMinutesMs: 30 * 86_400_000, hoursMs: 730 * 86_400_000 };

export class HistoryFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'alias-tracker-history-'));
  readonly file = join(this.directory, 'alias-tracker.sqlite');
  database: SqliteDatabase = openDatabase(this.file);
  nowMs = START_MS;
  monotonicMs = 0;
  announces = 0;
  peers = 0;
  density = new Map<string, number>();
  readonly messages: string[] = [];
  markSources: MarkSource[] = [];
  running: RunningHistory;

  constructor() {
    this.running = this.#create();
  }

  #create(): RunningHistory {
    const note = (...parts: unknown[]): void => {
      this.messages.push(String(parts.at(-1)));
    };
    const log = Object.assign(createLogger('silent'), { warn: note, info: note, error: note });
    return new RunningHistory(
      { history: KEPT },
      {
        clock: { nowMs: () => this.nowMs },
        log,
        database: this.database,
        metrics: async () => this.families(),
        markSources: this.markSources,
      },
      () => this.monotonicMs,
    );
  }

  /** As after the start of a process: counters begin at what they are. */
  async measureOnly(): Promise<void> {
    this.running.start();
    await this.running.ready;
  }

  /** The process ends cleanly and another one starts. */
  async restart(): Promise<void> {
    await this.running.stop();
    this.database.close();
    this.database = openDatabase(this.file);
    this.announces = 0;
    this.running = this.#create();
    await this.measureOnly();
  }

  families(): MetricFamily[] {
    return [
      family('counter', 'announces_total', '', () => [{ labels: { protocol: 'udp' }, value: this.announces }], [
        'protocol',
      ]),
      family('gauge', 'peers', '', () => [{ labels: {}, value: this.peers }]),
      family(
        'gauge',
        'density_bytes_per_user_second',
        '',
        () => [...this.density].map(([subdomain, value]) => ({ labels: { subdomain }, value })),
        ['subdomain'],
      ),
    ];
  }

  passes(seconds: number): void {
    this.nowMs += seconds * 1_000;
    this.monotonicMs += seconds * 1_000;
  }

  /** A minute passes, with so many announces in it. */
  async minute(announces = 0, peers = this.peers): Promise<void> {
    this.passes(60);
    this.announces += announces;
    this.peers = peers;
    await this.running.tick();
  }

  values(name: string, fromMs: number, toMs: number, points = 2_000): { step: number; columns: (number | null)[][] } {
    const wanted = this.running.series().filter(({ definition }) => definition.name === name);
    const answer = this.running.query(wanted, { fromSeconds: fromMs / 1_000, toSeconds: toMs / 1_000, points });
    const columns = answer.series[0]?.columns ?? [];
    const plain = columns.map((column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value)));
    return { step: answer.stepSeconds, columns: plain };
  }

  async close(): Promise<void> {
    await this.running.stop();
    this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
