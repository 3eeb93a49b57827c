import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MixRules } from '../../../src/selection/cost-table.js';
import {
  MIX_ENOUGH_INNER,
  MIX_NO_INNER,
  MIX_NO_INNER_SEED,
  MIX_NOT_A_GATEWAY,
  MIX_STARVING,
  MIX_TOO_FEW_INNER,
  MIX_UNPROVEN,
  MixPlan,
  MixSituation,
  planMix,
} from '../../../src/selection/mix.js';

const RULES: MixRules = {
  enoughInnerPeers: 12,
  foreignPeersMin: 0,
  foreignPeersMax: 20,
  foreignPeersWhenNoInnerSeed: 5,
  gatewaysMax: 0,
  grain: 'as',
};

function plan(situation: Partial<MixSituation>, rules: Partial<MixRules> = {}): MixPlan {
  const made = new MixPlan();
  const full = Object.assign(new MixSituation(), {
    want: 50,
    supplied: true,
    foreignAvailable: 1000,
    innerCounted: situation.innerAvailable ?? 0,
    ...situation,
  });
  planMix({ ...RULES, ...rules }, full, made);
  return made;
}

describe('the mix of inner and foreign peers', () => {
  it('a) enough inner: only inner, as many as wanted', () => {
    expect(plan({ innerAvailable: 12 })).toMatchObject({ inner: 12, foreign: 0, reason: MIX_ENOUGH_INNER });
    expect(plan({ innerAvailable: 300 })).toMatchObject({ inner: 50, foreign: 0 });
  });

  it('b) too few inner: all of them and some foreign', () => {
    expect(plan({ innerAvailable: 11 })).toMatchObject({ inner: 11, foreign: 20, reason: MIX_TOO_FEW_INNER });
    expect(plan({ innerAvailable: 0 })).toMatchObject({ inner: 0, foreign: 20, reason: MIX_NO_INNER });
  });

  it('enough is never more than was asked for', () => {
    expect(plan({ innerAvailable: 5, want: 5 })).toMatchObject({ inner: 5, foreign: 0 });
  });

  it('without an inner seed some places are kept for foreign peers', () => {
    expect(plan({ innerAvailable: 300, supplied: false })).toMatchObject({
      inner: 45,
      foreign: 5,
      reason: MIX_NO_INNER_SEED,
    });
  });

  it('with gateways in force only they are given foreign peers, and those who have nobody else', () => {
    const rules = { gatewaysMax: 3 };
    expect(plan({ innerAvailable: 3, supplied: false }, rules)).toMatchObject({
      foreign: 0,
      reason: MIX_NOT_A_GATEWAY,
    });
    expect(plan({ innerAvailable: 3, supplied: false, gateway: true, givenToGateway: 2 }, rules)).toMatchObject({
      inner: 3,
      foreign: 2,
    });
    expect(plan({ innerAvailable: 0 }, rules)).toMatchObject({ foreign: 20 });
    expect(plan({ innerAvailable: 30 }, { ...rules, foreignPeersMin: 2 })).toMatchObject({ inner: 30, foreign: 2 });
  });

  it('foreign requesters are shown a gateway and foreign peers; without any foreign peer, inner ones', () => {
    expect(plan({ inner: false, innerAvailable: 30 }, { gatewaysMax: 3 })).toMatchObject({
      gatewaysOnly: true,
      inner: 1,
    });
    expect(plan({ inner: false, innerAvailable: 30, foreignAvailable: 0 }, { gatewaysMax: 3 })).toMatchObject({
      gatewaysOnly: false,
      inner: 20,
      foreign: 0,
    });
    expect(plan({ inner: false, innerAvailable: 30 })).toMatchObject({ inner: 1, foreign: 49 });
  });

  it('a foreign seed waits for nobody: where nobody foreign downloads any more, it is shown a gateway at most', () => {
    const situation = { inner: false, seed: true, innerAvailable: 30, foreignAvailable: 0 };
    expect(plan(situation, { gatewaysMax: 3 })).toMatchObject({ gatewaysOnly: true, inner: 1, foreign: 0 });
    expect(plan(situation)).toMatchObject({ gatewaysOnly: false, inner: 20 });
  });

  it('a gateway is given so many seeds among the others', () => {
    const situation = { innerAvailable: 3, supplied: false, gateway: true };
    const rules = { gatewaysMax: 3 };
    expect(plan({ ...situation, givenToGateway: 2, seedsToGateway: 1 }, rules)).toMatchObject({
      foreign: 2,
      foreignSeeds: 1,
    });
  });

  it('a client with no other inner peer, or only seeds that have not shown that they serve, is given foreign seeds first', () => {
    const lone = { inner: 0, foreign: 20, foreignSeeds: 20, reason: MIX_NO_INNER };
    expect(plan({ innerAvailable: 0 }, { gatewaysMax: 3 })).toMatchObject(lone);
    expect(plan({ innerAvailable: 2, innerCounted: 0, supplied: false })).toMatchObject({
      ...lone,
      inner: 2,
      reason: MIX_UNPROVEN,
    });
    expect(plan({ innerAvailable: 30, innerCounted: 0, supplied: false, want: 10 })).toMatchObject({
      inner: 5,
      foreign: 5,
    });
  });

  it('without gateways a starving client is given foreign peers, whatever is listed', () => {
    const situation = { innerAvailable: 30, supplied: false, starving: true };
    expect(plan(situation)).toMatchObject({ foreign: 5, reason: MIX_STARVING });
    expect(plan({ innerAvailable: 30 })).toMatchObject({ foreign: 0, reason: MIX_ENOUGH_INNER });
  });

  it('never plans more than there are or are wanted, keeps the limits, and is monotonic in inner peers', () => {
    fc.assert(
      fc.property(
        fc.record({
          want: fc.nat(200),
          inner: fc.boolean(),
          gateway: fc.boolean(),
          givenToGateway: fc.nat(10),
          innerAvailable: fc.nat(300),
          foreignAvailable: fc.nat(300),
          supplied: fc.boolean(),
        }),
        fc.record({
          enoughInnerPeers: fc.nat(50),
          foreignPeersMin: fc.nat(10),
          foreignPeersMax: fc.nat(50),
          foreignPeersWhenNoInnerSeed: fc.nat(10),
          gatewaysMax: fc.nat(4),
        }),
        (drawn, rules) => {
          // What the roster of gateways decides: nobody is a gateway if gateways are off or inner seeds suffice, and
          // only caches are given more than a requester that is alone.
          const gateway = drawn.gateway && rules.gatewaysMax > 0 && !drawn.supplied;
          const givenToGateway = gateway ? Math.min(drawn.givenToGateway, rules.foreignPeersWhenNoInnerSeed) : 0;
          const situation = { ...drawn, gateway, givenToGateway };
          const made = plan(situation, rules);
          expect(made.inner).toBeLessThanOrEqual(Math.max(situation.innerAvailable, made.gatewaysOnly ? 1 : 0));
          expect(made.foreign).toBeLessThanOrEqual(situation.foreignAvailable);
          if (!made.gatewaysOnly) expect(made.inner + made.foreign).toBeLessThanOrEqual(situation.want);
          expect(Math.min(made.inner, made.foreign)).toBeGreaterThanOrEqual(0);
          if (!situation.inner) return;
          const { foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed } = rules;
          expect(made.foreign).toBeLessThanOrEqual(
            Math.max(foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, situation.givenToGateway),
          );
          const more = plan({ ...situation, innerAvailable: situation.innerAvailable + 1 }, rules);
          if (situation.innerAvailable > 0) expect(more.inner).toBeGreaterThanOrEqual(made.inner);
          expect(more.foreign).toBeLessThanOrEqual(made.foreign);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
