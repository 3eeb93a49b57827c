import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Candidate,
  expectedSaving,
  type Holding,
  LEAST_HOLDING_MS,
  type PlannedCache,
  planContents,
} from '../../../src/caches/plan-contents.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { hashOf } from '../../support/catalogue-entries.js';

const GB = 1e9;
const NOW = 100 * LEAST_HOLDING_MS;
const LONG_AGO = 0;

function candidate(n: number, demand: number, gigabytes = 1, more: Partial<Candidate> = {}): Candidate {
  return { infoHash: hashOf(n), totalBytes: gigabytes * GB, demand, ratePerGigabyte: 0.02, ...more };
}

function cache(gigabytes: number, more: Partial<PlannedCache> = {}): PlannedCache {
  return {
    name: 'north',
    quotaBytes: gigabytes * GB,
    takesNew: true,
    serves: true,
    held: new Map(),
    permits: () => true,
    ...more,
  };
}

function holding(entries: readonly (readonly [number, number?])[], sinceMs = LONG_AGO): Map<InfoHash, Holding> {
  return new Map(entries.map(([n, gigabytes = 1]) => [hashOf(n), { sinceMs, totalBytes: gigabytes * GB }]));
}

function heldBy(plan: ReturnType<typeof planContents>, name = 'north'): number[] {
  return plan.hold.get(name)!.map((infoHash) => Number.parseInt(infoHash, 16));
}

describe('what a cache holds', () => {
  test('the saving is demand × size × rate', () => {
    expect(expectedSaving(candidate(1, 10, 2.5))).toBeCloseTo(0.5);
  });

  test('the torrents that save most for each byte, as far as the quota allows', () => {
    const wanted = [candidate(1, 5), candidate(2, 50, 3), candidate(3, 20), candidate(4, 30)];
    const plan = planContents(wanted, [cache(5)], NOW);
    expect(heldBy(plan)).toEqual([2, 4, 3]);
    expect(plan.verdict('north', hashOf(2))).toBe('wanted');
    expect(plan.verdict('north', hashOf(1))).toBe('others-save-more');
  });

  test('a smaller one uses the room that a larger one leaves', () => {
    const plan = planContents([candidate(1, 50, 3), candidate(2, 40, 3), candidate(3, 5)], [cache(4)], NOW);
    expect(heldBy(plan)).toEqual([1, 3]);
  });

  test('not a torrent that fewer clients want than the copies that the cache itself brings in', () => {
    const plan = planContents([candidate(1, 1.9)], [cache(5)], NOW);
    expect(heldBy(plan)).toEqual([]);
    expect(plan.verdict('north', hashOf(1))).toBe('too-little-demand');
  });

  test('not one that is larger than the quota, and the others all the same', () => {
    const plan = planContents([candidate(1, 90, 9), candidate(2, 5)], [cache(5)], NOW);
    expect(heldBy(plan)).toEqual([2]);
    expect(plan.verdict('north', hashOf(1))).toBe('larger-than-the-quota');
  });

  test('nothing that is not permitted, held or not', () => {
    const permits = (infoHash: InfoHash) => infoHash !== hashOf(1) && infoHash !== hashOf(2);
    const plan = planContents(
      [candidate(1, 50), candidate(2, 50)],
      [cache(5, { permits, held: holding([[2]], NOW) })],
      NOW,
    );
    expect(heldBy(plan)).toEqual([]);
    expect(plan.evict.get('north')).toEqual([hashOf(2)]);
    expect(plan.verdict('north', hashOf(1))).toBe('not-permitted');
  });
});

describe('what replaces what', () => {
  const held = holding([[1]]);

  test('a torrent that saves a little more does not', () => {
    const plan = planContents([candidate(1, 10), candidate(2, 14)], [cache(1, { held })], NOW);
    expect(heldBy(plan)).toEqual([1]);
  });

  test('one that saves much more does', () => {
    const plan = planContents([candidate(1, 10), candidate(2, 16)], [cache(1, { held })], NOW);
    expect(heldBy(plan)).toEqual([2]);
    expect(plan.evict.get('north')).toEqual([hashOf(1)]);
    expect(plan.verdict('north', hashOf(1))).toBe('others-save-more');
  });

  test('not within the least holding time', () => {
    const recent = holding([[1]], NOW - LEAST_HOLDING_MS + 1);
    const plan = planContents([candidate(1, 10), candidate(2, 90)], [cache(1, { held: recent })], NOW);
    expect(heldBy(plan)).toEqual([1]);
  });

  test('the torrent that saves least for each byte goes first', () => {
    const plan = planContents(
      [candidate(1, 10), candidate(2, 30), candidate(3, 20), candidate(4, 90)],
      [cache(3, { held: holding([[1], [2], [3]]) })],
      NOW,
    );
    expect(plan.evict.get('north')).toEqual([hashOf(1)]);
  });

  test('a torrent without demand stays as long as nothing needs its room', () => {
    expect(heldBy(planContents([], [cache(1, { held })], NOW))).toEqual([1]);
    expect(heldBy(planContents([candidate(2, 3)], [cache(2, { held })], NOW))).toEqual([2, 1]);
    expect(heldBy(planContents([candidate(2, 3)], [cache(1, { held })], NOW))).toEqual([2]);
  });

  test('a smaller quota removes the torrents that save least, also recent ones', () => {
    const recent = holding([[1], [2]], NOW);
    const plan = planContents([candidate(1, 10), candidate(2, 30)], [cache(1, { held: recent })], NOW);
    expect(heldBy(plan)).toEqual([2]);
  });

  test('what the operator asks for is held whatever its demand', () => {
    const asked = candidate(2, 0, 1, { requestedFor: [undefined] });
    expect(heldBy(planContents([candidate(1, 50), asked], [cache(1, { held })], NOW))).toEqual([2]);
    const elsewhere = candidate(2, 0, 1, { requestedFor: ['south'] });
    expect(heldBy(planContents([candidate(1, 50), elsewhere], [cache(1, { held })], NOW))).toEqual([1]);
  });
});

describe('several caches', () => {
  const south = { name: 'south' };

  test('share the torrents, one copy of each', () => {
    const wanted = [candidate(1, 50), candidate(2, 40), candidate(3, 30), candidate(4, 20)];
    const plan = planContents(wanted, [cache(2), cache(2, south)], NOW);
    expect([...heldBy(plan), ...heldBy(plan, 'south')].sort()).toEqual([1, 2, 3, 4]);
  });

  test('do not move what one of them holds', () => {
    const plan = planContents([candidate(1, 50)], [cache(9), cache(2, { ...south, held: holding([[1]]) })], NOW);
    expect(heldBy(plan)).toEqual([]);
    expect(heldBy(plan, 'south')).toEqual([1]);
    expect(plan.verdict('north', hashOf(1))).toBe('enough-copies');
  });

  test('take a new torrent where it displaces nothing', () => {
    const plan = planContents(
      [candidate(1, 5), candidate(2, 90)],
      [cache(3, { held: holding([[1, 2.5]]) }), cache(1, south)],
      NOW,
    );
    expect([heldBy(plan), heldBy(plan, 'south')]).toEqual([[1], [2]]);
  });

  test('hold a second copy if the demand is more than the uplink of one', () => {
    const uplinkBytesPerDay = 100 * GB;
    const caches = [cache(2, { uplinkBytesPerDay }), cache(2, { ...south, uplinkBytesPerDay })];
    const copiesAt = (demand: number) => {
      const plan = planContents([candidate(1, demand)], caches, NOW);
      return heldBy(plan).length + heldBy(plan, 'south').length;
    };
    expect([copiesAt(20), copiesAt(30), copiesAt(90)]).toEqual([1, 2, 2]);
  });

  test('a second copy does not take the room of another torrent', () => {
    const uplinkBytesPerDay = 100 * GB;
    const caches = [cache(1, { uplinkBytesPerDay }), cache(1, { ...south, uplinkBytesPerDay })];
    const plan = planContents([candidate(1, 90), candidate(2, 5)], caches, NOW);
    expect([...heldBy(plan), ...heldBy(plan, 'south')].sort()).toEqual([1, 2]);
  });

  test('a copy in a cache that does not serve is not a copy; that cache keeps what it has and takes nothing', () => {
    const drained = cache(2, { ...south, serves: false, takesNew: false, held: holding([[1]]) });
    const plan = planContents([candidate(1, 50), candidate(2, 40)], [cache(1), drained], NOW);
    expect([heldBy(plan), heldBy(plan, 'south')]).toEqual([[1], [1]]);
    expect(plan.verdict('south', hashOf(2))).toBe('takes-nothing-new');
  });
});

describe('whatever the demand', () => {
  const torrents = fc.uniqueArray(
    fc.record({
      n: fc.integer({ min: 1, max: 60 }),
      demand: fc.double({ min: 3, max: 1_000, noNaN: true }),
      gigabytes: fc.double({ min: 0.1, max: 8, noNaN: true }),
    }),
    { selector: ({ n }) => n, maxLength: 40 },
  );
  const nodes = fc.array(
    fc.record({
      gigabytes: fc.integer({ min: 0, max: 30 }),
      forbidden: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
      held: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 10 }),
      ageHours: fc.integer({ min: 0, max: 48 }),
      uplink: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
      takesNew: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  );

  const cachesOf = (specification: unknown): PlannedCache[] =>
    (
      specification as {
        gigabytes: number;
        forbidden: number[];
        held: number[];
        ageHours: number;
        uplink: number | undefined;
        takesNew: boolean;
      }[]
    ).map((node, i) =>
      cache(node.gigabytes, {
        name: `cache-${i}`,
        takesNew: node.takesNew,
        uplinkBytesPerDay: node.uplink === undefined ? undefined : node.uplink * GB,
        held: holding(
          node.held.map((n) => [n, 1] as const),
          NOW - node.ageHours * 3_600_000,
        ),
        permits: (infoHash) => !node.forbidden.some((n) => hashOf(n) === infoHash),
      }),
    );

  test('no cache is over its quota, and none holds what it may not', () => {
    fc.assert(
      fc.property(torrents, nodes, (wanted, specification) => {
        const candidates = wanted.map(({ n, demand, gigabytes }) => candidate(n, demand, gigabytes));
        const caches = cachesOf(specification);
        const plan = planContents(candidates, caches, NOW);
        for (const node of caches) {
          const sizeOf = (infoHash: InfoHash) =>
            candidates.find((each) => each.infoHash === infoHash)?.totalBytes ?? node.held.get(infoHash)!.totalBytes;
          const hold = plan.hold.get(node.name)!;
          expect(hold.reduce((sum, infoHash) => sum + sizeOf(infoHash), 0)).toBeLessThanOrEqual(node.quotaBytes);
          expect(hold.filter((infoHash) => !node.permits(infoHash))).toEqual([]);
          if (!node.takesNew) expect(hold.filter((infoHash) => !node.held.has(infoHash))).toEqual([]);
        }
      }),
    );
  });

  test('once the plan is carried out, noise of a tenth moves nothing', () => {
    const noise = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(torrents, nodes, noise, (wanted, specification, factors) => {
        const candidates = wanted.map(({ n, demand, gigabytes }) => candidate(n, demand, gigabytes));
        const caches = cachesOf(specification).map((node) => ({
          ...node,
          held: new Map(),
          uplinkBytesPerDay: undefined,
        }));
        const before = planContents(candidates, caches, NOW);
        const sizes = new Map(candidates.map(({ infoHash, totalBytes }) => [infoHash, totalBytes]));
        const filled = caches.map((node) => ({
          ...node,
          held: new Map(
            before.hold
              .get(node.name)!
              .map((infoHash) => [infoHash, { sinceMs: LONG_AGO, totalBytes: sizes.get(infoHash)! }]),
          ),
        }));
        const noisy = candidates.map((each, i) => ({ ...each, demand: each.demand * factors[i % factors.length]! }));
        const after = planContents(noisy, filled, NOW);
        for (const { name } of caches) {
          expect(new Set(after.hold.get(name))).toEqual(new Set(before.hold.get(name)));
          expect(after.evict.get(name)).toEqual([]);
        }
      }),
    );
  });
});
