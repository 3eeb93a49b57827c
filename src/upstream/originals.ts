/** The original trackers that the exchange knows, by name; and which of them it forgets when there are too many. */
import { MAX_ORIGINALS } from './limits.js';
import { Original, type OriginalParts } from './original.js';

export class Originals {
  /** In the order of their last use. */
  readonly #byName = new Map<string, Original>();
  readonly #parts: OriginalParts;

  constructor(parts: OriginalParts) {
    this.#parts = parts;
  }

  /** @param name of {@link trackerName} */
  of(name: string): Original {
    const original = this.#byName.get(name) ?? new Original(name, this.#parts);
    this.#byName.delete(name);
    this.#makeRoom();
    this.#byName.set(name, original);
    return original;
  }

  find(name: string): Original | undefined {
    return this.#byName.get(name);
  }

  all(): Original[] {
    return [...this.#byName.values()];
  }

  /** One that keeps failing is forgotten last: else a torrent with many dead trackers would have them asked again. */
  #makeRoom(): void {
    if (this.#byName.size < MAX_ORIGINALS) return;
    for (const [name, original] of this.#byName) {
      if (!original.isIdle) continue;
      this.#byName.delete(name);
      return;
    }
    const [oldest] = this.#byName.keys();
    this.#byName.delete(oldest!);
  }
}
