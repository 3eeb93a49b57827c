import { describe, expect, test } from 'vitest';
import { formatIp } from '../../../../src/domain/ip-address.js';
import { createRandom } from '../../../../src/domain/random.js';
import { reportedCapability } from '../../../../src/selection/address-levels.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, costTable, createStore, FIXTURE_GROUPS, requestOf } from './store-fixture.js';

const EVERYTHING = 1;
let version = 1;

function report(store: SwarmStore, levels: Record<string, number>, sweep = true): void {
  store.setPolicy(costTable(FIXTURE_GROUPS, { version: ++version, reported: new Map(Object.entries(levels)) }));
  if (sweep) store.refreshCapability(EVERYTHING, 1000);
}

function addressOf(host: number, family: 4 | 6 = 4): string {
  const { word0, word1, word2, word3 } = requestOf({ host, family });
  return formatIp({ family, words: family === 4 ? [word0] : [word0, word1, word2, word3] });
}

/** The hosts in the order of an answer to somebody else. */
function order(store: SwarmStore, family: 4 | 6 = 4, torrent = 1): number[] {
  return announce(store, { host: 9_999, family, torrent, numWant: 200 }).peers.map((peer) =>
    Number(peer.split(':')[0]),
  );
}

/** Small, ranked and bucketed swarms with few peers. */
const REGIMES = [
  ['small', { smallMax: 32, rankedMax: 2_000 }],
  ['ranked', { smallMax: 2, rankedMax: 2_000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
] as const;

describe.each(REGIMES)('a report reaches stored peers without an announce of theirs (%s swarm)', (_name, options) => {
  test.each([4, 6] as const)('IPv%i', (family) => {
    const store = createStore(options);
    for (let host = 1; host <= 12; host++) announce(store, { host, family });
    report(store, { [addressOf(7, family)]: 7, [addressOf(3, family)]: 6 });
    expect(order(store, family).slice(0, 2)).toEqual([7, 3]);
    report(store, { [addressOf(7, family)]: 5, [addressOf(3, family)]: 6 });
    expect(order(store, family).slice(0, 2)).toEqual([3, 7]);
    report(store, { [addressOf(3, family)]: 6, [addressOf(5, family)]: 0 });
    const last = order(store, family);
    expect(last[0]).toBe(3);
    expect(last.at(-1)).toBe(5);
  });

  test('in every swarm and on every port of the address', () => {
    const store = createStore(options);
    for (const torrent of [1, 2]) {
      for (let host = 1; host <= 6; host++) announce(store, { host, torrent });
      announce(store, { host: 4, port: 7_000, torrent, peerId: 77 });
    }
    report(store, { [addressOf(4)]: 7 });
    for (const torrent of [1, 2]) expect(order(store, 4, torrent).slice(0, 2)).toEqual([4, 4]);
  });
});

test('a known address is found without a sweep, where it announced since it was swept for as well', () => {
  const store = createStore();
  for (let host = 1; host <= 5; host++) announce(store, { host });
  report(store, { [addressOf(2)]: 7, [addressOf(90)]: 7 });
  announce(store, { host: 90 });
  expect(order(store).slice(0, 2).sort()).toEqual([2, 90]);
  report(store, { [addressOf(2)]: 0, [addressOf(90)]: 1 }, false);
  store.refreshCapability(1e-9, 1000);
  store.refreshCapability(1e-9, 1000);
  expect(order(store).slice(-2)).toEqual([90, 2]);
});

test('many changes take as many turns as their share says, and then they are all done', () => {
  const hosts = Array.from({ length: 200 }, (_, i) => i + 1);
  const store = createStore({ smallMax: 2, rankedMax: 2_000 });
  for (const host of hosts) announce(store, { host });
  const all = (level: number) => Object.fromEntries(hosts.map((host) => [addressOf(host), level]));
  report(store, all(7));
  const changes = Int32Array.from(hosts.flatMap((host) => [4, requestOf({ host }).word0, 0, 0, 0]));
  const levels = new Map(hosts.map((host) => [addressOf(host), host === 150 ? 6 : 0]));
  store.setCapability(reportedCapability(levels, ++version), changes);
  const turnsUntil = (isDone: () => boolean): number => {
    for (let turns = 0; turns <= 10; turns++) {
      if (isDone()) return turns;
      store.refreshCapability(0.1, 1000);
    }
    return Number.POSITIVE_INFINITY;
  };
  expect(turnsUntil(() => order(store)[0] === 150)).toBe(10);
});

test('the sweep goes on in slices, also within one swarm', () => {
  const store = createStore({ smallMax: 2, rankedMax: 4 });
  for (let host = 1; host <= 300; host++) announce(store, { host });
  report(store, { [addressOf(300)]: 7 }, false);
  let slices = 0;
  while (order(store)[0] !== 300 && slices < 10_000) {
    store.refreshCapability(0.001, 1000);
    slices++;
  }
  expect(order(store)[0]).toBe(300);
  expect(slices).toBeGreaterThan(1);
});

test('a peer that left, and came back on another port, is what it announces', () => {
  const store = createStore();
  for (let host = 1; host <= 5; host++) announce(store, { host });
  report(store, { [addressOf(2)]: 7 });
  announce(store, { host: 2, event: 3 });
  report(store, { [addressOf(2)]: 0 });
  announce(store, { host: 2, port: 7_001, peerId: 5 });
  expect(order(store).at(-1)).toBe(2);
  report(store, { [addressOf(2)]: 7 });
  expect(order(store)[0]).toBe(2);
});

test('random reports, announces and departures: levels are those last reported', () => {
  for (const [, options] of REGIMES) {
    const random = createRandom(5);
    const store = createStore(options);
    const here = new Set<number>();
    let levels: Record<string, number> = {};
    for (let step = 0; step < 400; step++) {
      const host = 1 + random.below(40);
      const what = random.below(3);
      if (what === 0) {
        announce(store, { host });
        here.add(host);
      } else if (what === 1) {
        announce(store, { host, event: 3 });
        here.delete(host);
      } else {
        levels = { ...levels, [addressOf(host)]: random.below(8) };
        report(store, levels);
      }
    }
    const got = order(store).filter((host) => host !== 9_999);
    expect([...got].sort((a, b) => a - b)).toEqual([...here].sort((a, b) => a - b));
    const level = (host: number): number => levels[addressOf(host)] ?? 4;
    for (let i = 1; i < got.length; i++) expect(level(got[i - 1]!)).toBeGreaterThanOrEqual(level(got[i]!));
  }
});
