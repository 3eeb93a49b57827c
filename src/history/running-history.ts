/** The time series of a running tracker: measures once a minute, compacts what is finished, and answers questions. */
import { performance } from 'node:perf_hooks';
import type { MetricFamily } from '../control-api/metrics.js';
import { messageOf } from '../domain/errors.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { HistoryStore, type StoredMark } from '../store/sqlite/history-store.js';
import { Compactor } from './compact.js';
import { CHUNK_PAUSE_MS, type Kept, MAX_MARKS, STEADY_BEFORE_DELETE_MS } from './levels.js';
import { processFamilies } from './process-families.js';
import { querySeries, type SeriesAnswer, type Span } from './query.js';
import { type RecordedSeries, Recorder } from './recorder.js';
import { type Sample, Sampler } from './sampler.js';
import type { HistoryConfig } from './section.js';
import { type SeriesDefinition, valueKind } from './series-definition.js';
import { SERIES } from './series-list.js';
import { type MarkSource, MarkWatch } from './watch-marks.js';

export interface HistoryNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly database: SqliteDatabase;
  /** Of all parts. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  readonly markSources: readonly MarkSource[];
}

const MINUTE_MS = 60_000;
/** After the end of a minute, so that it is over by every reading of the clock. */
const AFTER_MINUTE_MS = 50;
/** The wall clock and the time that has passed may differ by so much before the clock was set. */
const CLOCK_STEP_MS = 5_000;
/** After a delay of the main thread, the growth of counters is spread over at most this many minutes. */
const MAX_SPREAD_MINUTES = 60;

export class RunningHistory implements RunningPart<HistoryConfig> {
  readonly listeners = [];
  readonly store: HistoryStore;
  readonly #needs: HistoryNeeds;
  readonly #kept: Kept;
  readonly #sampler: Sampler;
  readonly #recorder: Recorder;
  readonly #compactor: Compactor;
  readonly #marks: MarkWatch;
  readonly #monotonicMs: () => number;
  #lastMs = 0;
  #lastMonotonicMs = 0;
  /** Since when the clock has not been set. */
  #steadySinceMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #chunkTimer: NodeJS.Timeout | undefined;
  #measuring: Promise<void> = Promise.resolve();
  #compactionFails = false;

  constructor({ history }: HistoryConfig, needs: HistoryNeeds, monotonicMs: () => number = () => performance.now()) {
    const { log, database } = needs;
    this.#needs = needs;
    this.#monotonicMs = monotonicMs;
    this.#kept = { 60: history.minutesMs / 1_000, 300: history.fiveMinutesMs / 1_000, 3600: history.hoursMs / 1_000 };
    this.store = new HistoryStore(database);
    this.#sampler = new Sampler({
      definitions: SERIES,
      onError: (name, reason) => log.warn(`history: the series ${name} cannot be read: ${reason}`),
    });
    this.#recorder = new Recorder({ store: this.store, definitions: SERIES, log });
    this.#compactor = new Compactor({ store: this.store, kept: this.#kept, series: () => this.#recorder.series() });
    this.#marks = new MarkWatch(needs.markSources);
  }

  /** Begins to measure. The counters of this moment are what the first minute is compared with. */
  start(): void {
    this.#steadySinceMs = this.#monotonicMs();
    this.#remember(this.#needs.clock.nowMs());
    this.#measuring = this.#attempt(async () => {
      this.#sampler.sample(await this.#families());
      this.#marks.changes(this.#needs.clock.nowMs());
    });
    this.#plan();
  }

  /** Stores the begun minute, so that a restart loses none of it. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#chunkTimer);
    this.#timer = undefined;
    await this.#measuring;
    const nowMs = this.#needs.clock.nowMs();
    if (nowMs !== this.#lastMs) await this.#attempt(() => this.#measure(Math.floor(nowMs / MINUTE_MS), nowMs));
  }

  /** Resolves when the counters of the start are known. */
  get ready(): Promise<void> {
    return this.#measuring;
  }

  prepare(): Apply {
    return () => {};
  }

  /** An event that plots show. */
  mark(kind: string, text: string): void {
    this.#recorder.mark({ atMs: this.#needs.clock.nowMs(), kind, text });
  }

  get definitions(): readonly SeriesDefinition[] {
    return SERIES;
  }

  series(): readonly RecordedSeries[] {
    return this.#recorder.series();
  }

  /** Values of series over a span of time. */
  query(wanted: readonly RecordedSeries[], span: Span): SeriesAnswer {
    const nowSeconds = this.#needs.clock.nowMs() / 1_000;
    return querySeries(this.store, wanted, span, { nowSeconds, kept: this.#kept });
  }

  marks(fromMs: number, toMs: number): StoredMark[] {
    return this.store.marks(fromMs, toMs, MAX_MARKS);
  }

  /** Measures the minute that has ended, and stores it. Called by the timer, and by tests. */
  async tick(): Promise<void> {
    const nowMs = this.#needs.clock.nowMs();
    this.#measuring = this.#attempt(() => this.#measure(Math.floor(nowMs / MINUTE_MS) - 1, nowMs));
    await this.#measuring;
    this.compactChunk();
  }

  /** Does one chunk of what is due, and plans the next one. @returns true if more is due */
  compactChunk(): boolean {
    clearTimeout(this.#chunkTimer);
    const nowSeconds = Math.floor(this.#needs.clock.nowMs() / 1_000);
    try {
      const mayDelete = this.#monotonicMs() - this.#steadySinceMs >= STEADY_BEFORE_DELETE_MS;
      const hasMore = this.#compactor.compact(nowSeconds) || (mayDelete && this.#compactor.prune(nowSeconds));
      this.#compactionFails = false;
      if (hasMore && this.#timer !== undefined) {
        this.#chunkTimer = setTimeout(() => this.compactChunk(), CHUNK_PAUSE_MS).unref();
      }
      return hasMore;
    } catch (thrown) {
      if (!this.#compactionFails)
        this.#needs.log.warn(`history: compacting failed, it is tried again: ${messageOf(thrown)}`);
      this.#compactionFails = true;
      return false;
    }
  }

  #plan(): void {
    const waitMs = MINUTE_MS - (this.#needs.clock.nowMs() % MINUTE_MS) + AFTER_MINUTE_MS;
    this.#timer = setTimeout(() => {
      this.#plan();
      void this.tick();
    }, waitMs).unref();
  }

  /** @param minute since the epoch */
  async #measure(minute: number, nowMs: number): Promise<void> {
    const samples = this.#sampler.sample(await this.#families());
    const minutes = this.#minutesSince(nowMs);
    for (let i = minutes - 1; i >= 0; i--) {
      const share = i === 0 ? samples.map((each) => shareOf(each, minutes)) : countsOf(samples, minutes);
      this.#recorder.add((minute - i) * 60, share);
    }
    for (const mark of this.#marks.changes(nowMs)) this.#recorder.mark(mark);
    this.#recorder.flush();
  }

  /** Over how many minutes the growth of counters is spread: more than 1 after a delay of this thread. */
  #minutesSince(nowMs: number): number {
    const passedMs = this.#monotonicMs() - this.#lastMonotonicMs;
    const minutes = Math.floor(nowMs / MINUTE_MS) - Math.floor(this.#lastMs / MINUTE_MS);
    const wasSet = Math.abs(nowMs - this.#lastMs - passedMs) > CLOCK_STEP_MS;
    if (wasSet) this.#steadySinceMs = this.#monotonicMs();
    this.#remember(nowMs);
    return wasSet || minutes > MAX_SPREAD_MINUTES ? 1 : Math.max(1, minutes);
  }

  #remember(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#lastMonotonicMs = this.#monotonicMs();
  }

  async #families(): Promise<ReadonlyMap<string, MetricFamily>> {
    const families = [...(await this.#needs.metrics()), ...processFamilies()];
    return new Map(families.map((family) => [family.name, family]));
  }

  /** A minute that cannot be measured is a gap, and no reason for a restart. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#needs.log.error({ err: thrown }, `history: a minute was not measured: ${messageOf(thrown)}`);
    }
  }
}

function shareOf(sample: Sample, minutes: number): Sample {
  const isCounter = valueKind(sample.definition) === 'counter';
  return isCounter && minutes > 1 ? { ...sample, value: sample.value / minutes } : sample;
}

/** Nobody knows what the gauges were in these minutes, so they are gaps. */
function countsOf(samples: readonly Sample[], minutes: number): Sample[] {
  return samples
    .filter(({ definition }) => valueKind(definition) === 'counter')
    .map((sample) => shareOf(sample, minutes));
}
