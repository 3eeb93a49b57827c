/**
 * Stores the values of each minute. What a full disk or a busy database refuses waits in memory for the next minute, so that only
 * a long failure loses points; it is reported once. A minute that nobody measured is a gap.
 */
import { messageOf } from '../domain/errors.js';
import type { HistoryStore, StoredMark } from '../store/sqlite/history-store.js';
import { MAX_SERIES, MAX_WAITING_SLICES } from './levels.js';
import type { Sample } from './sampler.js';
import { type SeriesDefinition, valueKind } from './series-definition.js';
import { encodeSlice, type KeyedValue } from './slice.js';

export interface RecorderOptions {
  readonly store: HistoryStore;
  readonly definitions: readonly SeriesDefinition[];
  readonly log: { warn(message: string): void; info(message: string): void };
}

export interface RecordedSeries {
  readonly key: number;
  readonly label: string;
  readonly definition: SeriesDefinition;
}

interface Waiting {
  readonly atSeconds: number;
  readonly samples: readonly Sample[];
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #definitions: ReadonlyMap<string, SeriesDefinition>;
  /** By name and label. */
  #known = new Map<string, RecordedSeries>();
  #keys = 0;
  #waiting: Waiting[] = [];
  #marks: StoredMark[] = [];
  #lost = 0;
  #isFailing = false;
  #hasWarnedOfMany = false;

  /** @throws what the database throws */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#definitions = new Map(options.definitions.map((definition) => [definition.name, definition]));
    this.#load();
  }

  /** Of definitions that exist now, in the order of their keys. */
  series(): readonly RecordedSeries[] {
    return [...this.#known.values()];
  }

  add(atSeconds: number, samples: readonly Sample[]): void {
    this.#waiting.push({ atSeconds, samples });
    if (this.#waiting.length <= MAX_WAITING_SLICES) return;
    this.#waiting.shift();
    this.#lost++;
  }

  mark(mark: StoredMark): void {
    this.#marks.push(mark);
    if (this.#marks.length > MAX_WAITING_SLICES) this.#marks.shift();
  }

  /** Writes what waits, in one transaction. Never throws. */
  flush(): void {
    const { store, log } = this.#options;
    if (this.#waiting.length === 0 && this.#marks.length === 0) return;
    try {
      store.commitBriefly(() => {
        for (const { atSeconds, samples } of this.#waiting) this.#write(atSeconds, samples);
        for (const mark of this.#marks) store.addMark(mark);
      });
    } catch (thrown) {
      if (!this.#isFailing)
        log.warn(`history: the time series cannot be written, points wait in memory: ${messageOf(thrown)}`);
      this.#isFailing = true;
      this.#forgetUncommitted();
      return;
    }
    this.#waiting = [];
    this.#marks = [];
    if (this.#isFailing) log.info(`history: the time series are written again; minutes lost: ${this.#lost}`);
    this.#isFailing = false;
    this.#lost = 0;
  }

  #write(atSeconds: number, samples: readonly Sample[]): void {
    const { store } = this.#options;
    const values: KeyedValue[] = [];
    for (const { definition, label, value } of samples) {
      const key = this.#keyOf(definition, label);
      if (key !== undefined) values.push({ key, kind: valueKind(definition), value });
    }
    if (values.length > 0) store.saveSlice(atSeconds, encodeSlice(values, store.slice(atSeconds)));
  }

  #keyOf(definition: SeriesDefinition, label: string): number | undefined {
    const id = idOf(definition.name, label);
    const known = this.#known.get(id);
    if (known !== undefined) return known.key;
    if (this.#keys >= MAX_SERIES) {
      const message = `history: more than ${MAX_SERIES} series; new ones are not recorded`;
      if (!this.#hasWarnedOfMany) this.#options.log.warn(message);
      this.#hasWarnedOfMany = true;
      return undefined;
    }
    const key = this.#options.store.addSeries(definition.name, label);
    this.#known.set(id, { key, label, definition });
    this.#keys++;
    return key;
  }

  /** Keys of a transaction that was rolled back must not be used. */
  #forgetUncommitted(): void {
    try {
      this.#load();
    } catch {
      // The next flush fails as well, and this is tried again.
      this.#known.clear();
    }
  }

  #load(): void {
    const rows = this.#options.store.loadSeries();
    this.#keys = rows.length;
    this.#known = new Map();
    for (const { key, name, label } of rows) {
      const definition = this.#definitions.get(name);
      if (definition !== undefined) this.#known.set(idOf(name, label), { key, label, definition });
    }
  }
}

function idOf(name: string, label: string): string {
  return `${name}\0${label}`;
}
