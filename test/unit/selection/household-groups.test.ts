/** Households and their groups: stable, of the configured size, and moved one way by a higher percentage. */
import { describe, expect, it } from 'vitest';
import {
  FULL_ROLLOUT,
  HOUSEHOLD_CONTROL,
  HOUSEHOLD_LOCALISED,
  HOUSEHOLD_PLAIN,
  HouseholdGroups,
  REPLICATES,
  type RolloutRules,
} from '../../../src/selection/household-groups.js';

const KEY = Uint32Array.of(0x12345678, 0x9abcdef0);
const GROUP = 7;

function groups(rules: Partial<RolloutRules>): HouseholdGroups {
  return new HouseholdGroups(KEY, { ...FULL_ROLLOUT, ...rules });
}

function assigned(of: HouseholdGroups, count = 20_000): number[] {
  return Array.from({ length: count }, (_, i) => {
    of.assign(4, 0x0a000000 + i, 0, GROUP);
    return of.group;
  });
}

describe('the group of a household', () => {
  it('is the control group for about the configured share', () => {
    const control = assigned(groups({ controlPercent: 5 })).filter((group) => group === HOUSEHOLD_CONTROL).length;
    expect(control / 20_000).toBeGreaterThan(0.04);
    expect(control / 20_000).toBeLessThan(0.06);
  });

  it('stays the same with the same key, and is another one with another key', () => {
    const rules = { controlPercent: 50 };
    expect(assigned(groups(rules))).toEqual(assigned(groups(rules)));
    const other = new HouseholdGroups(Uint32Array.of(1, 2), { ...FULL_ROLLOUT, ...rules });
    expect(assigned(other)).not.toEqual(assigned(groups(rules)));
  });

  it('only moves from plain to localised when the percentage grows', () => {
    const few = assigned(groups({ percent: 20, controlPercent: 3 }));
    const more = assigned(groups({ percent: 60, controlPercent: 3 }));
    few.forEach((group, i) => {
      if (group !== HOUSEHOLD_PLAIN) expect(more[i]).toBe(group);
    });
    expect(more.filter((group) => group === HOUSEHOLD_LOCALISED).length / 20_000).toBeCloseTo(0.6 * 0.97, 1);
  });

  it('is the same for all addresses of an IPv6 /56, and of different /56 not always', () => {
    const half = groups({ controlPercent: 50 });
    const of = (word1: number): number => {
      half.assign(6, 0x20010db8, word1, GROUP);
      return half.group * REPLICATES + half.replicate;
    };
    expect(new Set(Array.from({ length: 256 }, (_, i) => of(0x11223300 + i))).size).toBe(1);
    expect(new Set(Array.from({ length: 256 }, (_, i) => of(i << 8))).size).toBeGreaterThan(20);
  });

  it('is plain outside the sub-domains of the roll-out, in shadow mode and while localisation is paused', () => {
    const some = groups({ groups: [GROUP] });
    some.assign(4, 1, 0, GROUP);
    expect(some.group).toBe(HOUSEHOLD_LOCALISED);
    some.assign(4, 1, 0, GROUP + 1);
    expect(some.group).toBe(HOUSEHOLD_PLAIN);
    some.setRules({ ...FULL_ROLLOUT, shadow: true });
    some.assign(4, 1, 0, GROUP);
    expect([some.group, some.isShadowed]).toEqual([HOUSEHOLD_PLAIN, true]);
    some.setPaused(true);
    some.assign(4, 1, 0, GROUP);
    expect([some.group, some.isShadowed]).toEqual([HOUSEHOLD_PLAIN, false]);
  });

  it('has replicates of about the same size', () => {
    const counts = new Array<number>(REPLICATES).fill(0);
    const all = groups({});
    for (let i = 0; i < 32_000; i++) {
      all.assign(4, 0x0a000000 + i, 0, GROUP);
      counts[all.replicate]!++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});
