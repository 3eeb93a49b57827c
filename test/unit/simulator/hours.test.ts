/** Scenarios with hours of the day: a border that opens in a window, and caches that fill then. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { defaultMix } from '../../../src/policy/default-mix.js';
import { windowTimes } from '../../../src/simulator/hours.js';
import { summariseHours } from '../../../src/simulator/hours-result.js';
import { hoursHeader, hoursRows } from '../../../src/simulator/hours-table.js';
import { htmlReport } from '../../../src/simulator/html-report.js';
import { populate } from '../../../src/simulator/population.js';
import { type PolicyResult, runScenario, type ScenarioResult } from '../../../src/simulator/run-scenario.js';
import { parseScenario } from '../../../src/simulator/scenario.js';

/** Downloads of a few minutes. By day the border is closed; the first users have no seed until the window opens. */
const TEXT = `
name: a short night
startsAt: "00:20"
content: { pieces: 40, pieceBytes: 1000000 }
client: { minIntervalSeconds: 60, neighbours: 20, maxConnections: 30 }
networks:
  - name: home
    peers: 40
    uplinkBps: 1000000
    downlinkBps: 4000000
    arrivalSeconds: 5400
    seedForSeconds: 300
    localised: true
    caches: [ { uplinkBps: 20000000, downlinkBps: 4000000, fills: window } ]
  - { name: other, count: 2, peers: 20, uplinkBps: 1000000, downlinkBps: 4000000, arrivalSeconds: 5400, seedForSeconds: 600 }
origin: { uplinkBps: 4000000 }
billing:
  ratePerGigabyte: 1
  rampFor: 0s
  schedule:
    - { name: night, from: "01:00", to: "01:20", rateFactor: 0.1 }
    - { name: day, from: "01:20", to: "01:00", foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0 }
endSeconds: 9000
`;
const scenario = parseScenario(TEXT, 'night.yaml');
const changed = (from: string, to: string): string => {
  expect(TEXT).toContain(from);
  return TEXT.replace(from, to);
};

describe('the keys of hours', () => {
  it.each([
    ['startsAt: "00:20"', 'startsAt: evening', /night\.yaml: startsAt: /],
    ['ratePerGigabyte: 1', 'window: noon', /night\.yaml: billing\.window: billing\.schedule has no period "noon"/],
    ['rateFactor: 0.1', 'rateFactor: 0.1, neighbours: [One]', /billing\.schedule\.0\.neighbours: a scenario has no/],
    ['rateFactor: 0.1', 'rateFacto: 0.1', /night\.yaml: billing\.schedule\.0: .*rateFactor/],
    ['fills: window', 'fills: night', /networks\.0\.caches\.0\.fills: /],
    [
      TEXT.slice(TEXT.indexOf('  schedule:'), TEXT.indexOf('endSeconds')),
      '',
      /`fills: window` needs billing\.schedule/,
    ],
    [TEXT.slice(TEXT.indexOf('    caches:'), TEXT.indexOf('  - { name: other')), 'policies: [hours-cache]', /: /],
  ])('%s → %s is refused by name', (from, to, message) => {
    expect(() => parseScenario(changed(from, to), 'night.yaml')).toThrow(message);
  });

  it('policies that a scenario cannot tell apart are refused', () => {
    const without = 'name: x\ncontent: { pieces: 1, pieceBytes: 1 }\nnetworks: []\norigin: { uplinkBps: 1 }\n'.replace(
      'networks: []',
      'networks: [ { name: home, peers: 1, uplinkBps: 1, downlinkBps: 1 } ]',
    );
    expect(parseScenario(without, 'x').policies).toEqual(['random', 'as-only', 'full']);
    expect(() => parseScenario(`${without}policies: [hours]`, 'x')).toThrow(
      /policies: .*"hours" needs billing.schedule/,
    );
    const night = '{ name: night, from: "01:00", to: "02:00" }';
    const scheduled = `${without}billing: { schedule: [ ${night} ] }\n`;
    expect(parseScenario(scheduled, 'x').policies).toEqual(['random', 'full', 'hours']);
    expect(() => parseScenario(`${scheduled}policies: [hours-cache]`, 'x')).toThrow(/needs a cache with/);
  });

  it('the window is the first cheap period, unless a name says otherwise, in seconds from the start', () => {
    expect(windowTimes(scenario)).toEqual([{ fromSeconds: 2400, toSeconds: 3600 }]);
    const day = parseScenario(changed('ratePerGigabyte: 1', 'window: day'), 'x');
    expect(windowTimes(day)).toEqual([
      { fromSeconds: 0, toSeconds: 2400 },
      { fromSeconds: 3600, toSeconds: 9000 },
    ]);
    const dear = parseScenario(
      changed('rateFactor: 0.1', 'rateFactor: 2').replace('foreignPeersMax: 0', 'rateFactor: 0.5'),
      'x',
    );
    expect(dear.billing.window).toBe('day');
    const weekend = parseScenario(changed('rateFactor: 0.1', 'days: [tue]').replace('9000', '100000'), 'x');
    expect(windowTimes(weekend), 'the run begins on a Monday').toEqual([{ fromSeconds: 88_800, toSeconds: 90_000 }]);
  });

  it('users have the same addresses with and without the cache', () => {
    const without = populate(scenario, createRandom(1));
    const withCache = populate(scenario, createRandom(1), windowTimes(scenario));
    expect(withCache.peers).toHaveLength(without.peers.length + 1);
    const cache = withCache.peers.findIndex(({ fillTimes }) => fillTimes !== undefined);
    expect(withCache.networks[1]!.caches).toEqual([withCache.addresses[cache]]);
    expect([...withCache.addresses].toSpliced(cache, 1)).toEqual([...without.addresses]);
  });
});

describe('the summary of hours', () => {
  const windows = [
    { fromSeconds: 600, toSeconds: 1200 },
    { fromSeconds: 3000, toSeconds: 3600 },
  ];

  it('counts bytes in all windows, the tail of the first in slots until one is quiet, and the downloads of the evening', () => {
    const foreign = new Array<number>(60).fill(0);
    foreign[5] = 50; // before
    foreign.fill(100, 10, 20); // the window
    foreign.fill(20, 20, 25); // the first slot after it
    foreign[27] = 5; // 1 % of the peak, 500: not quiet yet
    foreign[32] = 4; // less
    foreign[55] = 41; // the second window
    const downloads = [
      { arrivalSeconds: 0, completedAtSeconds: 1200 },
      { arrivalSeconds: 599, completedAtSeconds: 1201 },
      { arrivalSeconds: 599, completedAtSeconds: Number.NaN },
      { arrivalSeconds: 600, completedAtSeconds: 700 },
    ];
    const hours = summariseHours(foreign, windows, downloads);
    expect(hours.insideWindowShare).toBeCloseTo(1041 / 1200);
    expect(hours.tail).toEqual({ seconds: 600, bytes: 105, bytesBySlot: [100, 5] });
    expect(hours.evening).toEqual({ started: 3, completeAtClosing: 1 });
    expect(hours.foreignBytes.slice(0, 6)).toEqual([0, 50, 500, 500, 100, 5]);
  });

  it('a tail that is never quiet ends where the window opens again', () => {
    const hours = summariseHours(new Array<number>(60).fill(1), windows, []);
    expect(hours.tail.seconds).toBe(1800);
    expect(summariseHours([], windows, [])).toMatchObject({ insideWindowShare: 0, tail: { seconds: 0 } });
  });
});

describe('a run with hours', () => {
  let result: ScenarioResult;
  const of = (policy: string): PolicyResult => result.policies.find((each) => each.policy === policy)!;

  beforeAll(async () => {
    result = await runScenario(scenario, { defaultMix });
  });

  it('shows what each step adds: localisation, the window, the cache', () => {
    expect(result.policies.map(({ policy }) => policy)).toEqual(['random', 'full', 'hours', 'hours-cache']);
    const [random, full, hours, cache] = ['random', 'full', 'hours', 'hours-cache'].map(of);
    expect(full!.meanCopiesIn).toBeLessThan(random!.meanCopiesIn / 2);
    expect(hours!.hours!.insideWindowShare).toBeGreaterThan(0.8);
    expect(full!.hours!.insideWindowShare).toBeLessThan(0.7);
    expect(hours!.cost).toBeLessThan(full!.cost / 2);
    expect(cache!.meanCopiesIn).toBeLessThan(hours!.meanCopiesIn);
    expect(cache!.hours!.insideWindowShare).toBeGreaterThan(0.9);
  });

  it('nothing comes in before the window opens, and the downloads of the evening are complete when it closes', () => {
    for (const policy of ['hours', 'hours-cache']) {
      const { foreignBytes, slotSeconds, evening } = of(policy).hours!;
      expect(foreignBytes.slice(0, 2400 / slotSeconds).reduce((sum, bytes) => sum + bytes)).toBe(0);
      expect(evening.started).toBeGreaterThan(10);
      expect(evening.completeAtClosing).toBe(evening.started);
    }
  });

  it('the cache serves by day those who came too late for the window; without it some wait for the next one', () => {
    expect(of('hours-cache').incomplete).toBe(0);
    expect(of('hours-cache').completionSeconds).toHaveLength(40);
    expect(of('hours').incomplete).toBeGreaterThan(0);
  });

  it('all bytes are in the slots, and cost what the hour costs', () => {
    for (const { hours, networks, cost } of result.policies) {
      const bytesIn = networks.find(({ localised }) => localised)!.bytesIn;
      expect(hours!.foreignBytes.reduce((sum, bytes) => sum + bytes)).toBeCloseTo(bytesIn, 0);
      const inside = hours!.insideWindowShare * bytesIn;
      expect(cost).toBeCloseTo((inside * 0.1 + (bytesIn - inside)) / 1e9, 6);
    }
  });

  it('is shown with the window shaded, and as a table', () => {
    const html = htmlReport(result);
    expect(html.match(/<svg/g)).toHaveLength(4);
    expect(html.match(/class="window"/g)).toHaveLength(1);
    expect(html).toContain('>01:15</text>');
    expect(hoursHeader(result)[2]).toBe('traffic after 01:20 for');
    expect(hoursRows(result).map(([policy]) => policy)).toEqual(['random', 'full', 'hours', 'hours-cache']);
  });
});
