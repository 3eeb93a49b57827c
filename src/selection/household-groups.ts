/**
 * Which households are answered at random: the permanent control group, and those that the roll-out has not reached. A household is
 * an IPv4 address or an IPv6 /56. A keyed hash decides, so a household stays in its group as long as the key does, and a higher
 * percentage only moves households from `plain` to `localised`. After the method of RFC 5632, with a randomised control group.
 */
import { scramble } from '../domain/address-hash.js';
import { HalfSipHash } from '../domain/half-sip-hash.js';

/** Ranked by the policy. */
export const HOUSEHOLD_LOCALISED = 0;
/** Answered at random, because the roll-out has not reached it or localisation is switched off. */
export const HOUSEHOLD_PLAIN = 1;
/** Answered at random for good: the baseline that savings are measured against. */
export const HOUSEHOLD_CONTROL = 2;

export type HouseholdGroup = typeof HOUSEHOLD_LOCALISED | typeof HOUSEHOLD_PLAIN | typeof HOUSEHOLD_CONTROL;
export const HOUSEHOLD_GROUP_NAMES = ['localised', 'plain', 'control'] as const;

/** Households are divided into this many equal parts, over which the jackknife estimates the error. */
export const REPLICATES = 32;

/** Words of the secret key. */
export const HOUSEHOLD_KEY_WORDS = 2;

const SHARE_BITS = 16;
const REPLICATE_SHIFT = 27;
const SITE_MASK = 0xffffff00;

export interface RolloutRules {
  /** The share of households that are localised, apart from the control group; 0 … 100. */
  readonly percent: number;
  /** The share of households in the control group; 0 … 100. */
  readonly controlPercent: number;
  /** Numbers of the locality groups that are localised; null: all. */
  readonly groups: readonly number[] | null;
  /** Nobody is given the localised answer, but it is computed and counted. */
  readonly shadow: boolean;
}

export const FULL_ROLLOUT: RolloutRules = { percent: 100, controlPercent: 0, groups: null, shadow: false };

export class HouseholdGroups {
  /** Of the last household: its group, by {@link HOUSEHOLD_GROUP_NAMES}. */
  group: HouseholdGroup = HOUSEHOLD_LOCALISED;
  /** Of the last household, 0 … {@link REPLICATES} − 1. */
  replicate = 0;
  /** The last household would be localised if it were not for the shadow mode. */
  isShadowed = false;
  private readonly hash: HalfSipHash;
  private readonly words = new Uint32Array(2);
  private controlBelow = 0;
  private localisedBelow = 0;
  private localisedGroups: Uint8Array | null = null;
  private isShadow = false;
  private isPaused = false;

  /** @param key {@link HOUSEHOLD_KEY_WORDS} secret words */
  constructor(key: Uint32Array, rules: RolloutRules = FULL_ROLLOUT) {
    this.hash = new HalfSipHash(key);
    this.setRules(rules);
  }

  setRules({ percent, controlPercent, groups, shadow }: RolloutRules): void {
    this.controlBelow = Math.round((controlPercent / 100) * 2 ** SHARE_BITS);
    this.localisedBelow = Math.round((percent / 100) * 2 ** SHARE_BITS);
    this.localisedGroups = groups === null ? null : flagsOf(groups);
    this.isShadow = shadow;
  }

  /** While localisation is paused every household is answered at random, and nothing is computed for it. */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
  }

  /** Sets {@link group}, {@link replicate} and {@link isShadowed}. @param group the locality group of the address */
  assign(family: 4 | 6, word0: number, word1: number, group: number): void {
    const { words } = this;
    words[0] = word0;
    words[1] = family === 4 ? 0 : word1 & SITE_MASK;
    const hash = this.hash.hash(words, 0, family === 4 ? 1 : 2);
    this.replicate = scramble(hash ^ 0x5bd1e995) >>> REPLICATE_SHIFT;
    this.isShadowed = false;
    this.group = HOUSEHOLD_PLAIN;
    if (hash >>> SHARE_BITS < this.controlBelow) this.group = HOUSEHOLD_CONTROL;
    else if (!this.isPaused && this.isReached(hash, group)) {
      this.isShadowed = this.isShadow;
      if (!this.isShadow) this.group = HOUSEHOLD_LOCALISED;
    }
  }

  private isReached(hash: number, group: number): boolean {
    if ((hash & (2 ** SHARE_BITS - 1)) >= this.localisedBelow) return false;
    return this.localisedGroups === null || this.localisedGroups[group] === 1;
  }
}

function flagsOf(groups: readonly number[]): Uint8Array {
  const flags = new Uint8Array(groups.reduce((most, group) => Math.max(most, group + 1), 0));
  for (const group of groups) flags[group] = 1;
  return flags;
}
