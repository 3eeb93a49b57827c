/** Roll-out and savings while the program runs: the rules of the data plane, and the totals that it counts. */
import type { LocalityGroup } from '../domain/locality-group.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import { HOUSEHOLD_KEY_WORDS, type RolloutRules } from '../selection/household-groups.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { householdKey } from '../store/sqlite/household-key-store.js';
import { DEFAULT_CONTROL_PERCENT, type SavingsConfig } from './section.js';

export interface SavingsNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly database: SqliteDatabase;
  readonly topology: () => { readonly compiled: { readonly groups: readonly (LocalityGroup | undefined)[] } };
  /** Sends rules to the data plane. */
  readonly setRollout: (rules: RolloutRules) => void;
}

export class RunningSavings implements RunningPart<SavingsConfig> {
  readonly listeners = [];
  readonly #needs: SavingsNeeds;
  readonly #key: Uint32Array;
  #config: SavingsConfig;

  constructor(config: SavingsConfig, needs: SavingsNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#key = householdKey(needs.database, HOUSEHOLD_KEY_WORDS);
  }

  /** For the start of the data plane. */
  get rollout(): RolloutRules & { readonly key: Uint32Array } {
    return { ...this.#rulesOf(this.#config), key: this.#key };
  }

  start(): void {}

  prepare(next: SavingsConfig): Apply {
    return () => {
      this.#config = next;
      this.#needs.setRollout(this.#rulesOf(next));
    };
  }

  stop(): void {}

  #rulesOf({ rollout, lab }: SavingsConfig): RolloutRules {
    const { percent, subdomains, shadow } = rollout;
    // A lab has too few households for a group of one in a hundred, and its demonstrations should not depend on chance.
    const isByDefault = rollout.controlPercent === DEFAULT_CONTROL_PERCENT;
    const controlPercent = lab && isByDefault ? 0 : rollout.controlPercent;
    return { percent, controlPercent, groups: subdomains.length === 0 ? null : this.#groupsOf(subdomains), shadow };
  }

  /** Numbers of the locality groups of some sub-domains, and of the caches in them. */
  #groupsOf(subdomains: readonly string[]): number[] {
    const wanted = new Set(subdomains);
    return this.#needs
      .topology()
      .compiled.groups.flatMap((group) =>
        group?.subdomain !== undefined && wanted.has(group.subdomain) ? [group.number] : [],
      );
  }
}
