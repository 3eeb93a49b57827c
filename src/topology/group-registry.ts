/**
 * Assigns numbers to locality groups. A name keeps its number for the life of the store, so that stored peers keep a valid
 * group when tables are replaced. A number is never reused for another name.
 */
import { OperatorError } from '../domain/errors.js';
import { type GroupNameStore, MAX_GROUPS, UNKNOWN_GROUP } from '../domain/locality-group.js';

/** Numbers reserved for the operator's own groups, so that foreign AS cannot exhaust them. */
const RESERVED_FOR_OPERATOR = 8_192;

export class GroupRegistry {
  readonly #store: GroupNameStore;
  readonly #numbers = new Map<string, number>();
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

  /**
   * Assigns numbers to names without one, in order, and saves them.
   * @param own names that must get a number; @param foreign names that get one while numbers last, most important first
   * @throws OperatorError if the operator's own names do not fit
   */
  assign(own: readonly string[], foreign: Iterable<string>): void {
    const added: [string, number][] = [];
    const give = (name: string): void => {
      this.#numbers.set(name, this.#next);
      added.push([name, this.#next++]);
    };
    for (const name of own) {
      if (this.#numbers.has(name)) continue;
      if (this.#next > MAX_GROUPS) {
        throw new OperatorError(
          `all ${MAX_GROUPS} locality groups are in use and "${name}" has none; delete the table locality_group of the database while the tracker is stopped (all groups get new numbers)`,
        );
      }
      give(name);
    }
    for (const name of foreign) {
      if (this.#next > MAX_GROUPS - RESERVED_FOR_OPERATOR) break;
      if (!this.#numbers.has(name)) give(name);
    }
    if (added.length > 0) this.#store.save(added);
  }
}

/** Numbers that last as long as the process: for tests, the simulator and read-only tables. */
export function memoryGroupStore(): GroupNameStore {
  const pairs: (readonly [string, number])[] = [];
  return { load: () => [...pairs], save: (added) => void pairs.push(...added) };
}
