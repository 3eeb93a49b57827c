/** Draws from classes of many buckets, which continue where the last one ended: fair whatever is asked in between. */
import { expect, it } from 'vitest';
import { announce, CHEAP, costTable, createStore, HOME_A, requestOf } from '../store-fixture.js';

const GROUPS = 40;
const PEERS = 400;
const NUM_WANT = 7;
const ANSWERS = 24_000;

/** Group 0 unknown, 1 the operator's, 2 … of equal foreign rate. */
const groups = [
  { partition: 15, rateRank: 9 },
  { partition: 0 },
  ...Array.from({ length: GROUPS }, () => ({ partition: 15, rateRank: 1 })),
];
const groupOf = (host: number): number => 2 + (host % GROUPS);
const isSeed = (host: number): boolean => host % 3 > 0;

/** 400 foreign peers of equal rate, of which a third are leechers. @returns how often each was given to others */
function handOuts(requesters: readonly { group: number; seed: boolean }[], overrides = new Map<number, number>()) {
  const store = createStore({
    policy: costTable(groups, { mix: { enoughInnerPeers: 10, foreignPeersMax: 50 }, overrides }),
    smallMax: 2,
    rankedMax: 4,
  });
  for (let host = 1; host <= PEERS; host++) announce(store, { host, group: groupOf(host), seed: isSeed(host) });
  const requests = requesters.map((one, i) => requestOf({ host: PEERS + 1 + i, ...one, numWant: NUM_WANT }));
  const given = new Uint32Array(PEERS + 1);
  const out = new Uint8Array(NUM_WANT * 6);
  let fullAndDistinct = 0;
  for (let i = 0; i < ANSWERS; i++) {
    const request = requests[i % requests.length]!;
    const count = store.select(request, store.locate(request), out, 0, NUM_WANT);
    // The host is the last two bytes of the address.
    const hosts = Array.from({ length: count }, (_, peer) => out[peer * 6 + 2]! * 256 + out[peer * 6 + 3]!);
    if (new Set(hosts).size === NUM_WANT) fullAndDistinct++;
    for (const host of hosts) given[host]!++;
  }
  expect(fullAndDistinct).toBe(ANSWERS);
  return [...given].slice(1);
}

function unfairness(counts: readonly number[]): number {
  return Math.max(...counts) / (counts.reduce((sum, count) => sum + count, 0) / counts.length);
}

it.each([
  ['seeds for inner leechers', [{ group: HOME_A, seed: false }], new Map()],
  [
    'leechers and seeds, inner and foreign, in turn',
    [
      { group: HOME_A, seed: false },
      { group: HOME_A, seed: true },
      { group: CHEAP, seed: true },
      { group: CHEAP, seed: false },
      { group: HOME_A, seed: true },
    ],
    new Map(),
  ],
  ['seeds for requesters with overrides', [{ group: HOME_A, seed: false }], new Map([[HOME_A * 65_536 + HOME_A, 256]])],
])('%s are given each of a class equally often', (_, requesters, overrides) => {
  const given = handOuts(requesters, overrides);
  // A client with no other peers is given seeds before leechers, and there are enough of them.
  const isLone = requesters.length === 1;
  if (isLone) expect(given.every((count, i) => isSeed(i + 1) || count === 0)).toBe(true);
  for (const seeds of isLone ? [true] : [true, false]) {
    const counts = given.filter((__, i) => isSeed(i + 1) === seeds);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(unfairness(counts)).toBeLessThan(1.3);
  }
});
