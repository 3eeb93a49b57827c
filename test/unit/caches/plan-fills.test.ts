import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FILLS_AT_ONCE,
  type FillingCache,
  type MissingTorrent,
  planFills,
  shareRate,
} from '../../../src/caches/plan-fills.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { hashOf } from '../../support/catalogue-entries.js';

const HOUR_MS = 3_600_000;
const GB = 1e9;

function missing(n: number, more: Partial<MissingTorrent> = {}): MissingTorrent {
  return {
    infoHash: hashOf(n),
    bytesLeft: GB,
    priority: 100 - n,
    isFilling: false,
    isStalled: false,
    now: false,
    isPostponed: false,
    ...more,
  };
}

function cache(torrents: readonly MissingTorrent[], more: Partial<FillingCache> = {}): FillingCache {
  return {
    name: 'north',
    isUsable: true,
    complete: new Set(),
    missing: torrents,
    openForMs: HOUR_MS,
    bytesPerSecond: undefined,
    ...more,
  };
}

/** Numbers of the torrents that are fetched from outside, by cache. */
function crossing(caches: readonly FillingCache[], bytesPerSecond?: number): Record<string, number[]> {
  return Object.fromEntries(
    [...planFills(caches, bytesPerSecond)].map(([name, { fills }]) => [
      name,
      fills.filter(({ from }) => from.length === 0).map(({ infoHash }) => Number.parseInt(infoHash, 16)),
    ]),
  );
}

describe('inside the fill window', () => {
  test('popular torrents first, a few at a time', () => {
    expect(crossing([cache([missing(4), missing(2), missing(1), missing(3)])])).toEqual({ north: [1, 2, 3] });
  });

  test('the common rate is divided among the caches that fetch', () => {
    const plan = planFills(
      [cache([missing(1)]), cache([missing(2)], { name: 'south' }), cache([], { name: 'west' })],
      9_000,
    );
    expect([...plan].map(([name, { bytesPerSecond }]) => [name, bytesPerSecond])).toEqual([
      ['north', 4_500],
      ['south', 4_500],
      ['west', 0],
    ]);
  });

  test('what a cache may not use goes to the others', () => {
    const caches = [
      { name: 'north', bytesPerSecond: 100 },
      { name: 'south', bytesPerSecond: undefined },
      { name: 'west', bytesPerSecond: 9_000 },
    ];
    expect([...shareRate(caches, 900)].sort()).toEqual([
      ['north', 100],
      ['south', 400],
      ['west', 400],
    ]);
    expect(shareRate(caches, undefined).get('south')).toBeUndefined();
  });

  test('a torrent that cannot be complete before the window closes gives way to those that can', () => {
    const torrents = [missing(1, { bytesLeft: 9 * GB }), missing(2), missing(3)];
    expect(crossing([cache(torrents)], (2 * GB) / 3_600 + 1)).toEqual({ north: [2, 3] });
  });

  test('if none can, the most popular one begins and continues in the next window', () => {
    expect(crossing([cache([missing(1, { bytesLeft: 9 * GB }), missing(2, { bytesLeft: 8 * GB })])], 2_000)).toEqual({
      north: [1],
    });
  });

  test('what is being fetched is not interrupted', () => {
    const torrents = [missing(1), missing(2), missing(3), missing(9, { isFilling: true, bytesLeft: 90 * GB })];
    expect(crossing([cache(torrents)], GB)).toEqual({ north: [9, 1, 2] });
  });

  test('one that receives nothing does not keep others waiting', () => {
    const stalled = { isFilling: true, isStalled: true };
    const torrents = [missing(1, stalled), missing(2, stalled), missing(3, stalled), missing(4)];
    expect(crossing([cache(torrents)])).toEqual({ north: [4, 1, 2] });
  });

  test('what the operator asks for now comes first, also before what is being fetched', () => {
    const running = [1, 2, 3].map((n) => missing(n, { isFilling: true }));
    const wanted = missing(9, { now: true, bytesLeft: 90 * GB });
    expect(crossing([cache([...running, wanted])], GB / 3_600)).toEqual({ north: [9, 1, 2] });
  });

  test('what the operator asks for now comes last if it receives nothing', () => {
    const stalled = missing(9, { now: true, isFilling: true, isStalled: true });
    expect(crossing([cache([stalled, missing(1), missing(2), missing(3)])])).toEqual({ north: [1, 2, 3] });
  });

  test('what a client did not take leaves its place to others', () => {
    const plan = planFills([cache([missing(1, { isPostponed: true }), missing(2)])], undefined).get('north')!;
    expect(plan.fills).toEqual([{ infoHash: hashOf(2), from: [] }]);
    expect(plan.wait(hashOf(1))).toBe('failed-recently');
  });

  test('each torrent enters once, in the cache that has begun with it', () => {
    const south = cache([missing(1, { isFilling: true })], { name: 'south' });
    const plan = planFills([cache([missing(1), missing(2)]), south], undefined);
    expect(plan.get('north')!.fills).toEqual([{ infoHash: hashOf(2), from: [] }]);
    expect(plan.get('north')!.wait(hashOf(1))).toBe('another-cache-fetches-it');
    expect(plan.get('south')!.fills).toEqual([{ infoHash: hashOf(1), from: [] }]);
  });
});

describe('outside of the fill window', () => {
  const closed = { openForMs: 0 };

  test('nothing is fetched from outside', () => {
    const plan = planFills([cache([missing(1), missing(2, { isFilling: true })], closed)], undefined).get('north')!;
    expect(plan.fills).toEqual([]);
    expect(plan.bytesPerSecond).toBe(0);
    expect(plan.wait(hashOf(1))).toBe('fill-window');
  });

  test('except what the operator asks for now, under the same rate', () => {
    const plan = planFills([cache([missing(1), missing(2, { now: true })], closed)], 9_000).get('north')!;
    expect(plan.fills).toEqual([{ infoHash: hashOf(2), from: [] }]);
    expect(plan.bytesPerSecond).toBe(9_000);
  });

  test('a cache fetches from another one at any hour and without a limit', () => {
    const south = cache([], { name: 'south', complete: new Set([hashOf(2)]), ...closed });
    const plan = planFills([cache([missing(1), missing(2)], closed), south], 900).get('north')!;
    expect(plan.fills).toEqual([{ infoHash: hashOf(2), from: ['south'] }]);
    expect(plan.bytesPerSecond).toBeUndefined();
  });
});

describe('fetching from other caches', () => {
  const south = cache([], { name: 'south', complete: new Set([hashOf(2)]) });

  test('goes before anything that crosses the border', () => {
    expect(planFills([cache([missing(1), missing(2)]), south], 900).get('north')!.fills).toEqual([
      { infoHash: hashOf(2), from: ['south'] },
    ]);
  });

  test('not from one whose client does not answer', () => {
    expect(crossing([cache([missing(2)]), { ...south, isUsable: false }])).toMatchObject({ north: [2] });
  });

  test('not from one that delivers nothing: then from outside', () => {
    expect(crossing([cache([missing(2, { isFilling: true, isStalled: true })]), south])).toMatchObject({ north: [2] });
  });
});

test('a cache whose client does not answer fetches nothing', () => {
  const plan = planFills([cache([missing(1)], { isUsable: false })], undefined).get('north')!;
  expect(plan.fills).toEqual([]);
  expect(plan.wait(hashOf(1))).toBe('cache-not-usable');
});

describe('whatever is missing', () => {
  const torrent = fc.record({
    n: fc.integer({ min: 1, max: 20 }),
    bytesLeft: fc.integer({ min: 1, max: 1e12 }),
    isFilling: fc.boolean(),
    isStalled: fc.boolean(),
    now: fc.boolean(),
  });
  const caches = fc
    .array(
      fc.record({
        torrents: fc.uniqueArray(torrent, { selector: ({ n }) => n, maxLength: 10 }),
        complete: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 }),
        isUsable: fc.boolean(),
        openForMs: fc.constantFrom(0, 60_000, HOUR_MS),
        bytesPerSecond: fc.option(fc.integer({ min: 1_000, max: 1e9 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((nodes) =>
      nodes.map(({ torrents, complete, ...node }, i) =>
        cache(
          torrents.filter(({ n }) => !complete.includes(n)).map(({ n, ...more }) => missing(n, more)),
          { ...node, name: `cache-${i}`, complete: new Set(complete.map(hashOf)) },
        ),
      ),
    );

  test('the caches together stay under the common rate, each torrent enters once, and nothing crosses at other hours', () => {
    fc.assert(
      fc.property(caches, fc.integer({ min: 1_000, max: 1e9 }), (nodes, common) => {
        const plan = planFills(nodes, common);
        const entering: InfoHash[] = [];
        let sum = 0;
        for (const { name, openForMs, isUsable, missing: torrents } of nodes) {
          const { fills, bytesPerSecond } = plan.get(name)!;
          expect(fills.length).toBeLessThanOrEqual(FILLS_AT_ONCE);
          if (!isUsable) expect(fills).toEqual([]);
          for (const { infoHash, from } of fills) {
            if (from.length > 0) continue;
            entering.push(infoHash);
            expect(openForMs > 0 || torrents.find((each) => each.infoHash === infoHash)!.now).toBe(true);
          }
          if (fills.some(({ from }) => from.length === 0)) sum += bytesPerSecond!;
        }
        expect(sum).toBeLessThanOrEqual(common);
        expect(new Set(entering).size).toBe(entering.length);
      }),
    );
  });
});
