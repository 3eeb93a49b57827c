/**
 * Gives locality groups their numbers. A name keeps its number for the life of the store, so that peers which are already
 * stored keep a valid group when tables are replaced. Numbers are never given to another name.
 */
import { OperatorError } from '../domain/errors.js';
import { type GroupNameStore, MAX_GROUPS, UNKNOWN_GROUP } from '../domain/locality-group.js';

/** Numbers that foreign AS may not use up, so that sub-domains added in years to come still get one. */
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

  /** @returns the number, {@link UNKNOWN_GROUP} for a name that has none */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? UNKNOWN_GROUP;
  }

  /** All names with their numbers, also those that no table uses any more. */
  entries(): IterableIterator<[name: string, number: number]> {
    return this.#numbers.entries();
  }

  /**
   * Gives numbers to names that have none, in order, and saves them.
   * @param own names that must get one; @param foreign names that get one while numbers last, the most important first
   * @throws OperatorError when even the operator's own names do not fit
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

/** Numbers that last as long as the process: for tests, the simulator, and tables that are only looked at. */
export function memoryGroupStore(): GroupNameStore {
  const pairs: (readonly [string, number])[] = [];
  return { load: () => [...pairs], save: (added) => void pairs.push(...added) };
}
