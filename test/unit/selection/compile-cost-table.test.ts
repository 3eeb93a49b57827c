import { describe, expect, test } from 'vitest';
import type { AsRelationships } from '../../../src/domain/as-relationships.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { LocalityGroup } from '../../../src/domain/locality-group.js';
import { AddressLevels } from '../../../src/selection/address-levels.js';
import { CapabilityTable } from '../../../src/selection/compile-capability.js';
import { type CompiledCost, type CostInput, compileCostTable } from '../../../src/selection/compile-cost-table.js';
import {
  type CostTable,
  DENSITY_LEVELS,
  FOREIGN_PARTITION,
  NEUTRAL_DENSITY_LEVEL,
} from '../../../src/selection/cost-table.js';

const GROUPS: LocalityGroup[] = [
  { number: 0, name: 'unknown', kind: 'unknown', asn: 0 },
  { number: 1, name: 'subdomain:north', kind: 'subdomain', asn: 64500, subdomain: 'north' },
  { number: 2, name: 'subdomain:south', kind: 'subdomain', asn: 64500, subdomain: 'south' },
  { number: 3, name: 'as:64500', kind: 'own-as', asn: 64500 },
  { number: 4, name: 'as:64501', kind: 'own-as', asn: 64501 },
  { number: 5, name: 'cache:203.0.113.10', kind: 'cache', asn: 64500, subdomain: 'north' },
  { number: 6, name: 'as:64600', kind: 'foreign-as', asn: 64600 },
  { number: 7, name: 'as:64700', kind: 'foreign-as', asn: 64700 },
  { number: 8, name: 'as:64800', kind: 'foreign-as', asn: 64800 },
  { number: 9, name: 'as:64810', kind: 'foreign-as', asn: 64810 },
  { number: 10, name: 'as:64820', kind: 'foreign-as', asn: 64820 },
];

const NOON_MS = Date.UTC(2026, 6, 1, 12);

function input(
  changes: Omit<Partial<CostInput>, 'billing'> & { billing?: Partial<CostInput['billing']> } = {},
): CostInput {
  return {
    version: 1,
    nowMs: NOON_MS,
    groups: GROUPS,
    ownAsns: [64500, 64501],
    mix: {
      enoughInnerPeers: 12,
      foreignPeersMin: 0,
      foreignPeersMax: 20,
      foreignPeersWhenNoInnerSeed: 5,
      gatewaysMax: 2,
      grain: 'as',
    },
    weights: { capabilityWeight: 0.6, densityWeight: 0.4 },
    caches: [{ address: '203.0.113.10' }],
    density: new Map(),
    densityFreshnessSeconds: 600,
    capability: new Map(),
    ...changes,
    billing: {
      currency: 'EUR',
      defaultRatePerGigabyte: 0.02,
      neighbours: [],
      schedule: [],
      overrides: [],
      ...changes.billing,
    },
  };
}

function relationships(pairs: {
  transit?: [provider: number, customer: number][];
  peers?: [number, number][];
}): AsRelationships {
  const { transit = [], peers = [] } = pairs;
  return {
    customersOf: (asn) => transit.filter(([provider]) => provider === asn).map(([, customer]) => customer),
    providersOf: (asn) => transit.filter(([, customer]) => customer === asn).map(([provider]) => provider),
    peersOf: (asn) => peers.flatMap(([a, b]) => (a === asn ? [b] : b === asn ? [a] : [])),
  };
}

/** Foreign AS numbers, the cheapest first. */
function byRank(cost: CompiledCost): number[] {
  return GROUPS.filter((group) => group.kind === 'foreign-as')
    .sort((a, b) => cost.table.rateRank[a.number]! - cost.table.rateRank[b.number]! || a.asn - b.asn)
    .map((group) => group.asn);
}

describe('tiers (draft section 4.3.3)', () => {
  test('each own AS is a partition in the order of the configuration, all others are foreign', () => {
    const { partition } = compileCostTable(input()).table;
    expect([...partition]).toEqual([FOREIGN_PARTITION, 0, 0, 0, 1, 0, ...new Array(5).fill(FOREIGN_PARTITION)]);
  });

  test('the fifteenth and later own AS share a partition', () => {
    const ownAsns = Array.from({ length: 20 }, (_, i) => 64500 + i);
    const groups = ownAsns.map((asn, i): LocalityGroup => ({ number: i, name: `as:${asn}`, kind: 'own-as', asn }));
    expect([...compileCostTable(input({ groups, ownAsns })).table.partition.slice(13)]).toEqual([
      13, 14, 14, 14, 14, 14, 14,
    ]);
  });
});

describe('billing rates', () => {
  const neighbours = [
    { name: 'Dear', asns: [64600], ratePerGigabyte: 0.05 },
    { name: 'Cheap', asns: [64700], ratePerGigabyte: 0.002 },
  ];

  test('foreign AS are ranked by the operator’s rates, those without one at the default', () => {
    const cost = compileCostTable(input({ billing: { neighbours } }));
    expect(byRank(cost)).toEqual([64700, 64800, 64810, 64820, 64600]);
    expect(cost.describeGroup(6)).toMatchObject({ ratePerGigabyte: 0.05, neighbour: 'Dear' });
    expect(cost.describeGroup(8)).toMatchObject({ ratePerGigabyte: 0.02, relationship: 'unknown' });
    expect(cost.table.rateRank[0]).toBe(cost.table.rateRank[8]);
    expect(cost.describeGroup(1)).toMatchObject({ ratePerGigabyte: 0, relationship: 'own' });
  });

  test('without a rate the relationship decides: customer, peer, provider, unknown', () => {
    const cost = compileCostTable(
      input({
        relationships: relationships({
          transit: [
            [64500, 64820],
            [64700, 64500],
          ],
          peers: [[64600, 64501]],
        }),
      }),
    );
    expect(byRank(cost).slice(0, 3)).toEqual([64820, 64600, 64700]);
    expect([6, 7, 8, 10].map((group) => cost.describeGroup(group).relationship)).toEqual([
      'peer',
      'provider',
      'unknown',
      'customer',
    ]);
    expect(cost.table.rateRank[7]).toBeLessThan(cost.table.rateRank[8]!);
  });

  test('the customers of a neighbour cost what the neighbour costs, those of a provider the default', () => {
    const cost = compileCostTable(
      input({
        billing: { neighbours },
        relationships: relationships({
          transit: [
            [64700, 64800],
            [64800, 64810],
            [64600, 64500],
            [64600, 64820],
          ],
          peers: [[64500, 64700]],
        }),
      }),
    );
    expect(cost.describeGroup(9)).toMatchObject({
      ratePerGigabyte: 0.002,
      neighbour: 'Cheap',
      viaAsn: 64700,
      relationship: 'peer',
    });
    expect(cost.describeGroup(10)).toMatchObject({ ratePerGigabyte: 0.02, relationship: 'unknown' });
  });

  test('more than 256 rates keep their order', () => {
    const groups = Array.from(
      { length: 1000 },
      (_, i): LocalityGroup => ({
        number: i,
        name: i === 0 ? 'unknown' : `as:${i}`,
        kind: i === 0 ? 'unknown' : 'foreign-as',
        asn: i,
      }),
    );
    const neighbours = groups
      .slice(1)
      .map(({ asn }) => ({ name: `n${asn}`, asns: [asn], ratePerGigabyte: asn / 1000 }));
    const { rateRank } = compileCostTable(input({ groups, billing: { neighbours } })).table;
    for (let asn = 2; asn < 1000; asn++) expect(rateRank[asn]).toBeGreaterThanOrEqual(rateRank[asn - 1]!);
    expect(rateRank[1]).toBe(0);
    expect(rateRank[999]).toBe(255);
  });
});

describe('score within a tier', () => {
  const { scoreOf } = compileCostTable(input()).table;
  const score = (capability: number, density: number): number => scoreOf[capability * DENSITY_LEVELS + density]!;

  test('the more capable U2 is preferred to U1 although its sub-domain is denser (section 4.3.1)', () => {
    for (let capability = 1; capability < 8; capability++) {
      expect(score(capability, DENSITY_LEVELS - 1)).toBeLessThan(score(capability - 1, 0));
    }
  });

  test('at equal capability the sub-domain of lower density is preferred', () => {
    for (let capability = 0; capability < 8; capability++) {
      for (let density = 2; density < DENSITY_LEVELS; density++) {
        expect(score(capability, density)).toBeGreaterThan(score(capability, density - 2));
      }
    }
  });

  test.each([
    [1, 0],
    [0, 1],
    [0.2, 0.8],
    [0.5, 0.5],
    [1, 10],
  ])('monotonic with weights %d and %d', (capabilityWeight, densityWeight) => {
    const table = compileCostTable(input({ weights: { capabilityWeight, densityWeight } })).table;
    const at = (capability: number, density: number) => table.scoreOf[capability * DENSITY_LEVELS + density]!;
    for (let capability = 0; capability < 8; capability++) {
      for (let density = 0; density < DENSITY_LEVELS; density++) {
        expect(at(capability, density)).toBeLessThan(64);
        if (capability > 0) expect(at(capability, density)).toBeLessThanOrEqual(at(capability - 1, density));
        if (density > 0) expect(at(capability, density)).toBeGreaterThanOrEqual(at(capability, density - 1));
      }
    }
    if (densityWeight === 0) expect(at(3, 0)).toBe(at(3, 15));
    if (capabilityWeight === 0) expect(at(0, 3)).toBe(at(7, 3));
  });
});

describe('density', () => {
  const levels = (readings: Record<string, [bytesPerUserPerSecond: number, ageSeconds?: number]>): number[] => {
    const density = new Map(
      Object.entries(readings).map(([id, [bytesPerUserPerSecond, ageSeconds = 0]]) => [
        id,
        { bytesPerUserPerSecond, ageSeconds },
      ]),
    );
    const { densityLevel } = compileCostTable(input()).withDensity(2, density).table;
    return [densityLevel[1]!, densityLevel[2]!];
  };

  test('is relative: the unit does not matter', () => {
    expect(levels({ north: [1], south: [2] })).toEqual(levels({ north: [1e6], south: [2e6] }));
    const [north, south] = levels({ north: [1], south: [2] });
    expect(north).toBeLessThan(NEUTRAL_DENSITY_LEVEL);
    expect(south).toBeGreaterThan(NEUTRAL_DENSITY_LEVEL);
  });

  test('a sub-domain that does not report is neutral, and so is one that reports alone', () => {
    expect(levels({ north: [123456] })).toEqual([NEUTRAL_DENSITY_LEVEL, NEUTRAL_DENSITY_LEVEL]);
    expect(levels({})).toEqual([NEUTRAL_DENSITY_LEVEL, NEUTRAL_DENSITY_LEVEL]);
    expect(levels({ north: [0], south: [0] })).toEqual([NEUTRAL_DENSITY_LEVEL, NEUTRAL_DENSITY_LEVEL]);
  });

  test('an old reading decays to neutral', () => {
    const readings = (ageSeconds: number): number => levels({ north: [1], south: [4, ageSeconds] })[1]!;
    expect(readings(600)).toBe(readings(0));
    expect(readings(900)).toBeLessThan(readings(0));
    expect(readings(900)).toBeGreaterThan(NEUTRAL_DENSITY_LEVEL);
    expect(readings(1200)).toBe(NEUTRAL_DENSITY_LEVEL);
    expect(readings(1e9)).toBe(NEUTRAL_DENSITY_LEVEL);
  });

  test('an update changes the levels and leaves the rest alone', () => {
    const before = compileCostTable(input());
    const reading = { bytesPerUserPerSecond: 5, ageSeconds: 3 };
    const after = before.withDensity(
      2,
      new Map([
        ['north', reading],
        ['south', { bytesPerUserPerSecond: 50, ageSeconds: 0 }],
      ]),
    );
    expect(after.table.version).toBe(2);
    expect(after.table.rateRank).toBe(before.table.rateRank);
    expect(before.table.densityLevel[1]).toBe(NEUTRAL_DENSITY_LEVEL);
    expect(after.describeGroup(1)).toMatchObject({ density: reading, densityLevel: after.table.densityLevel[1] });
  });
});

/** Level, and 128 for a cache, as the data plane looks it up. */
function reportedValue(table: CostTable, address: string): number {
  return new AddressLevels(table.reportedCapability).lookup(4, parseIp(address).words[0]!, 0, 0, 0);
}

describe('reported capability', () => {
  const level = (reading: object): number => {
    const { table } = compileCostTable(input({ capability: new Map([['203.0.113.77', reading]]) }));
    return reportedValue(table, '203.0.113.77');
  };

  test('grows with the uplink, falls with the use of CPU and memory', () => {
    expect(level({ availableUplinkBps: 10e6 })).toBe(4);
    expect(level({ availableUplinkBps: 20e6 })).toBe(5);
    expect(level({ availableUplinkBps: 0 })).toBe(0);
    expect(level({ availableUplinkBps: 1e12 })).toBe(7);
    expect(level({ availableUplinkBps: 20e6, cpuUtilisation: 0.6 })).toBe(4);
    expect(level({ availableUplinkBps: 20e6, memoryUtilisation: 0.6 })).toBe(4);
    expect(level({ availableUplinkBps: 20e6, cpuUtilisation: 1 })).toBe(0);
    expect(level({ cpuUtilisation: 0 })).toBe(4);
  });

  test('a cache has the best level until it reports, and is marked', () => {
    expect(reportedValue(compileCostTable(input()).table, '203.0.113.10')).toBe(128 | 7);
    const busy = compileCostTable(input({ capability: new Map([['203.0.113.10', { availableUplinkBps: 3e6 }]]) }));
    expect(reportedValue(busy.table, '203.0.113.10')).toBe(128 | 2);
    expect(level({ availableUplinkBps: 20e6, role: 'cache' })).toBe(128 | 5);
  });
});

describe('a table of capability that is kept', () => {
  const value = (table: CapabilityTable, address: string): number =>
    reportedValue(compileCostTable(input({ capability: table.current })).table, address);
  const busy = { availableUplinkBps: 1e6 };

  test('lists what a report changes, once, and nothing where the level is as before', () => {
    const table = new CapabilityTable(1);
    table.set('203.0.113.77', busy);
    table.set('2001:db8::1', { availableUplinkBps: 20e6 });
    expect([...table.takeChanges()].map((word) => word >>> 0)).toEqual([
      ...[4, 0xcb00714d, 0, 0, 0],
      ...[6, 0x20010db8, 0, 0, 1],
    ]);
    table.set('203.0.113.77', { availableUplinkBps: 1.5e6 });
    expect([...table.takeChanges()]).toEqual([]);
    table.set('203.0.113.77', undefined);
    expect(table.takeChanges()).toHaveLength(5);
    expect(value(table, '203.0.113.77')).toBe(-1);
  });

  test('another list of caches changes those that it names and those that it does not name any more', () => {
    const table = new CapabilityTable(1);
    const readings = new Map([['203.0.113.77', busy]]);
    const readingOf = (address: string) => readings.get(address);
    for (const [address, reading] of readings) table.set(address, reading);
    table.setCaches(['203.0.113.10', '203.0.113.77'], readingOf);
    expect([value(table, '203.0.113.10'), value(table, '203.0.113.77')]).toEqual([128 | 7, 128 | 1]);
    table.takeChanges();
    table.setCaches(['203.0.113.11'], readingOf);
    expect(table.takeChanges()).toHaveLength(3 * 5);
    const now = ['203.0.113.10', '203.0.113.11', '203.0.113.77'].map((address) => value(table, address));
    expect(now).toEqual([-1, 128 | 7, 1]);
  });
});

describe('overrides', () => {
  const order = (cost: CompiledCost, requester: number, peer: number): number | undefined =>
    cost.table.overrides.get(requester * 65_536 + peer);

  test('the neighbour next door may cost more than the data centre', () => {
    const cost = compileCostTable(
      input({
        billing: {
          neighbours: [{ name: 'Cheap', asns: [64700], ratePerGigabyte: 0.002 }],
          overrides: [{ requester: 'north', peer: 'south', treatAs: 'foreign', ratePerGigabyte: 0.01 }],
        },
      }),
    );
    const pair = order(cost, 1, 2)!;
    expect(pair).toBeGreaterThan(512 + cost.table.rateRank[7]!);
    expect(pair).toBeLessThan(512 + cost.table.rateRank[8]!);
    expect(order(cost, 2, 1)).toBeUndefined();
  });

  test('may name an AS, a cache, or every inner group', () => {
    const cost = compileCostTable(
      input({
        billing: {
          overrides: [
            { requester: 'north', peer: 'AS64600', treatAs: 'same-operator' },
            { requester: '*', peer: '203.0.113.10', treatAs: 'same-as' },
            { requester: 'AS64501', peer: 'as64500', treatAs: 'foreign' },
          ],
        },
      }),
    );
    expect(order(cost, 1, 6)).toBe(256);
    expect(order(cost, 6, 1)).toBeUndefined();
    expect([1, 2, 3].map((group) => order(cost, group, 5))).toEqual([0, 0, 0]);
    expect([1, 2, 3, 5].map((group) => order(cost, 4, group))).toEqual(
      new Array(4).fill(512 + cost.table.rateRank[8]!),
    );
  });

  test('what nobody knows is an error that names it', () => {
    const overrides = [{ requester: 'nrth', peer: 'south', treatAs: 'foreign' as const }];
    expect(() => compileCostTable(input({ billing: { overrides } }))).toThrow(/"nrth"/);
  });

  test('a cache that only some sub-domains prefer comes after every other inner peer for the rest', () => {
    const cost = compileCostTable(input({ caches: [{ address: '203.0.113.10', preferredBy: ['north'] }] }));
    expect(order(cost, 1, 5)).toBeUndefined();
    expect(order(cost, 2, 5)).toBe(511);
    expect(order(cost, 4, 5)).toBe(511);
  });
});

describe('time of day', () => {
  const night = {
    name: 'night',
    fromMinutes: 60,
    toMinutes: 420,
    timeZone: 'Europe/Berlin',
    rateFactor: 0.2,
    foreignPeersMax: 50,
  };

  test('rates fall and the limit of foreign peers opens at night', () => {
    const billing = { schedule: [night] };
    const day = compileCostTable(input({ billing }));
    const later = compileCostTable(input({ billing, nowMs: Date.UTC(2026, 6, 1, 0) }));
    expect(day.table.mix.foreignPeersMax).toBe(20);
    expect(day.describeGroup(6).ratePerGigabyte).toBe(0.02);
    expect(later.limits.period?.name).toBe('night');
    expect(later.table.mix.foreignPeersMax).toBe(50);
    expect(later.describeGroup(6).ratePerGigabyte).toBeCloseTo(0.004);
    expect(day.limits.nextChangeAtMs).toBe(Date.UTC(2026, 6, 1, 23));
    expect(later.limits.nextChangeAtMs).toBe(Date.UTC(2026, 6, 1, 5));
  });

  test('a factor for one neighbour changes the order', () => {
    const neighbours = [
      { name: 'Dear', asns: [64600], ratePerGigabyte: 0.05 },
      { name: 'Cheap', asns: [64700], ratePerGigabyte: 0.02 },
    ];
    const schedule = [{ ...night, neighbours: ['Dear'] }];
    const at = (nowMs: number) => byRank(compileCostTable(input({ billing: { neighbours, schedule }, nowMs })))[0];
    expect(at(NOON_MS)).toBe(64700);
    expect(at(Date.UTC(2026, 6, 1, 0))).toBe(64600);
  });
});
