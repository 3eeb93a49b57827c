/**
 * Assigns numbers to locality groups. A name keeps its number for the life of the store, so that stored peers keep a valid
 * group when tables are replaced. A number is never reused for another name.
 */
import { counted } from '../domain/counted.js';
import { OperatorError } from '../domain/errors.js';
import { type GroupNameStore, MAX_GROUPS, UNKNOWN_GROUP } from '../domain/locality-group.js';

/** Numbers reserved for the operator's own groups, so that foreign AS cannot exhaust them. */
const RESERVED_FOR_OPERATOR = 8_192;

export class GroupRegistry {
  readonly #store: GroupNameStore;
  readonly #numbers = new Map<string, number>();
  #unsaved: [string, number][] = [];
  #next = 1;

  constructor(store: GroupNameStore) {
    this.#store = store;
    for (const [name, number] of store.load()) {
      this.#numbers.set(name, number);
      this.#next = Math.max(this.#next, number + 1);
    }
  }

  /** @returns the number, {@link UNKNOWN_GROUP} if the name has none */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? UNKNOWN_GROUP;
  }

  /** All names with their numbers, including names that no table uses. */
  entries(): IterableIterator<[name: string, number: number]> {
    return this.#numbers.entries();
  }

  /** A copy to compile with, whose numbers count only once they are {@link adopt}ed. */
  draft(): GroupRegistry {
    return new GroupRegistry({ load: () => [...this.#numbers], save: () => {} });
  }

  /** Takes the numbers that a draft of this registry has given. Nothing may have been assigned here since it was made. */
  adopt(draft: GroupRegistry): void {
    for (const [name, number] of draft.#numbers) if (!this.#numbers.has(name)) this.#give(name, number);
  }

  /** Saves what was adopted. @throws Error if the store cannot; the numbers then stay to be saved at the next call */
  save(): void {
    if (this.#unsaved.length === 0) return;
    this.#store.save(this.#unsaved);
    this.#unsaved = [];
  }

  /**
   * Assigns numbers to names without one, in order, and saves them.
   * @param own names that must get a number; @param foreign names that get one while numbers last, most important first
   * @throws OperatorError if the operator's own names do not fit, before any gets a number
   */
  assign(own: readonly string[], foreign: Iterable<string>): void {
    const added = [...new Set(own)].filter((name) => !this.#numbers.has(name));
    if (this.#next - 1 + added.length > MAX_GROUPS) {
      throw new OperatorError(
        `the operator's ${own.length} sub-domains, AS and caches need ${counted(added.length, 'more locality group')}, and ${MAX_GROUPS - this.#next + 1} of ${MAX_GROUPS} are left; name fewer sub-domains, or delete the table locality_group of the database while the tracker is stopped (all groups get new numbers)`,
      );
    }
    for (const name of added) this.#give(name, this.#next);
    for (const name of foreign) {
      if (this.#next > MAX_GROUPS - RESERVED_FOR_OPERATOR) break;
      if (!this.#numbers.has(name)) this.#give(name, this.#next);
    }
    this.save();
  }

  #give(name: string, number: number): void {
    this.#numbers.set(name, number);
    this.#unsaved.push([name, number]);
    this.#next = Math.max(this.#next, number + 1);
  }
}

/** Numbers that last as long as the process: for tests, the simulator and read-only tables. */
export function memoryGroupStore(): GroupNameStore {
  const pairs: (readonly [string, number])[] = [];
  return { load: () => [...pairs], save: (added) => void pairs.push(...added) };
}
