/** Hours of time series for every series of `src/history`, with as many sub-domains as the benchmark has. */
import { createRandom } from '../../src/domain/random.js';
import { Compactor } from '../../src/history/compact.js';
import { Recorder } from '../../src/history/recorder.js';
import type { Sample } from '../../src/history/sampler.js';
import { SERIES } from '../../src/history/series-list.js';
import type { SqliteDatabase } from '../../src/store/sqlite/database.js';
import { HistoryStore } from '../../src/store/sqlite/history-store.js';

/** A period of blocks, and an hour that is not compacted yet. */
const MINUTES = 5 * 60;
const KEPT = { 60: 48 * 3_600, 300: 30 * 86_400, 3600: 730 * 86_400 };
/** What separates the series that are not of sub-domains: few values each. */
const LABELS = ['a', 'b', 'c'];

export function fillHistory(database: SqliteDatabase, subdomains: readonly string[], nowMs: number): void {
  const random = createRandom(5);
  const store = new HistoryStore(database);
  const log = { warn: () => {}, info: () => {} };
  const recorder = new Recorder({ store, definitions: SERIES, log });
  const labelled = SERIES.map((definition) => ({
    definition,
    labels: definition.label === 'subdomain' ? subdomains : definition.label === undefined ? [''] : LABELS,
  }));
  const startSeconds = Math.floor(nowMs / 60_000 - MINUTES) * 60;
  for (let minute = 0; minute < MINUTES; minute++) {
    const samples = labelled.flatMap(({ definition, labels }) =>
      labels.map((label): Sample => ({ definition, label, value: random.below(1_000_000) })),
    );
    recorder.add(startSeconds + minute * 60, samples);
    recorder.flush();
  }
  const compactor = new Compactor({ store, kept: KEPT, series: () => recorder.series() });
  while (compactor.compact(Math.floor(nowMs / 1_000))) {}
}
