/** Notices events that plots show as marks: the state behind each kind is read once a minute, and a change is a mark. */
import type { StoredMark } from '../store/sqlite/history-store.js';

export interface MarkSource {
  /** `reload`, `restart`, `billing period` … */
  readonly kind: string;
  /** The state now, by what it belongs to; the value's change is the event. */
  read(): ReadonlyMap<string, string | number>;
  /** In words, e.g. `tracker restarted`. */
  describe(what: string, value: string | number): string;
}

export class MarkWatch {
  readonly #sources: readonly MarkSource[];
  readonly #before = new Map<MarkSource, ReadonlyMap<string, string | number>>();

  constructor(sources: readonly MarkSource[]) {
    this.#sources = sources;
  }

  /** Events since the last call; the first one only remembers. A source that throws is left out until the next call. */
  changes(nowMs: number): StoredMark[] {
    return this.#sources.flatMap((source) => {
      let now: ReadonlyMap<string, string | number>;
      try {
        now = source.read();
      } catch {
        return [];
      }
      const before = this.#before.get(source);
      this.#before.set(source, now);
      if (before === undefined) return [];
      return [...now]
        .filter(([what, value]) => before.get(what) !== value && before.has(what))
        .map(([what, value]) => ({ atMs: nowMs, kind: source.kind, text: source.describe(what, value) }));
    });
  }
}
