import { describe, expect, it } from 'vitest';
import type { MixRules } from '../../../../src/selection/cost-table.js';
import type { SwarmStoreOptions } from '../../../../src/tracker/swarm/swarm-store-options.js';
import { announce, CHEAP, costTable, createStore, FIXTURE_GROUPS, HOME_A, infoHash, SIBLING } from './store-fixture.js';

describe.each([
  ['small', { smallMax: 64, rankedMax: 2_000 }],
  ['ranked', { smallMax: 2, rankedMax: 2_000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
])('the peers of a %s swarm by group', (_kind, thresholds) => {
  it('add up to its counts; inner ones are those of all of the operator’s own AS, in both families', () => {
    const store = createStore(thresholds);
    for (let host = 1; host <= 9; host++) announce(store, { host, group: CHEAP, seed: host <= 7 });
    for (let host = 21; host <= 25; host++) announce(store, { host, group: HOME_A, seed: host === 21 });
    announce(store, { host: 31, group: SIBLING, seed: true, family: 6 });
    const tally = store.tally(infoHash(1))!;
    expect(tally.inner).toEqual({ seeds: 2, leechers: 4 });
    expect(tally.groups).toEqual([
      { group: CHEAP, seeds: 7, leechers: 2, upstreamPeers: 0 },
      { group: HOME_A, seeds: 1, leechers: 4, upstreamPeers: 0 },
      { group: SIBLING, seeds: 1, leechers: 0, upstreamPeers: 0 },
    ]);
    expect(store.swarm(infoHash(1))).toMatchObject({ seeds: 9, leechers: 6 });
  });
});

it('peers of original trackers are distinguished, and a swarm that nobody announced has no tally', () => {
  const store = createStore();
  const peer = { family: 4, words: [0xcb00_0001], port: 6881, group: CHEAP, seed: true } as const;
  store.addUpstreamPeers(infoHash(1), [peer], 900, 1_000);
  expect(store.tally(infoHash(1))).toMatchObject({
    inner: { seeds: 0, leechers: 0 },
    groups: [{ group: CHEAP, seeds: 0, leechers: 0, upstreamPeers: 1 }],
  });
  expect(store.tally(infoHash(2))).toBeUndefined();
});

describe('how many foreign peers the inner leechers of a swarm are given, all together', () => {
  const LEECHERS = 12;

  /** Each inner leecher asks again, so that gateways and evidence are settled. */
  function given(
    mix: Partial<MixRules>,
    { leechers = LEECHERS, seeds = 0, ...options }: Partial<SwarmStoreOptions> & { leechers?: number; seeds?: number },
  ) {
    const store = createStore({ ...options, policy: costTable(FIXTURE_GROUPS, { mix }) });
    for (let host = 101; host <= 180; host++) announce(store, { host, group: CHEAP, seed: false });
    const ask = (seed: boolean, host: number): number =>
      announce(store, { host, group: HOME_A, seed, numWant: 200 }).peers.filter(
        (peer) => Number(peer.split(':')[0]) > 100,
      ).length;
    for (let host = 1; host <= seeds; host++) ask(true, 50 + host);
    let sum = 0;
    for (let round = 0; round < 2; round++) {
      sum = 0;
      for (let host = 1; host <= leechers; host++) sum += ask(false, host);
    }
    return { sum, foreign: store.tally(infoHash(1))!.foreign };
  }

  it.each([
    [
      'gateways',
      { gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3 },
      {},
      { peersMax: 18, gateways: 6, gatewaysWanted: 6 },
    ],
    [
      'few gateways',
      { gatewaysMax: 2, foreignPeersWhenNoInnerSeed: 3 },
      {},
      { peersMax: 6, gateways: 2, gatewaysWanted: 2 },
    ],
    [
      'gateways, and some for everybody',
      { gatewaysMax: 4, foreignPeersWhenNoInnerSeed: 3, foreignPeersMin: 1 },
      {},
      { peersMax: 4 * 3 + 8, gateways: 4, gatewaysWanted: 4 },
    ],
    [
      'a swarm of one',
      { gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3, foreignPeersMax: 20 },
      { leechers: 1 },
      { peersMax: 20 },
    ],
    [
      'no gateways and too few inner peers',
      { foreignPeersMax: 20 },
      { leechers: 4 },
      { peersMax: 80, gateways: 0, gatewaysWanted: 0 },
    ],
    [
      'no gateways, enough inner peers, no proof that seeds serve',
      { enoughInnerPeers: 5, foreignPeersWhenNoInnerSeed: 2 },
      { seeds: 2 },
      { peersMax: 24 },
    ],
    ['a closed border', { gatewaysMax: 0, foreignPeersMax: 0 }, {}, { peersMax: 0, gateways: 0, gatewaysWanted: 0 }],
    [
      'no inner leecher',
      { gatewaysMax: 16 },
      { leechers: 0, seeds: 3 },
      { peersMax: 0, gateways: 0, gatewaysWanted: 0 },
    ],
  ])('with %s', (_name, mix, swarm, expected) => {
    const { sum, foreign } = given(mix, swarm);
    expect(foreign).toMatchObject(expected);
    expect(sum).toBe(foreign.peersMax);
  });

  it('in a bucketed swarm as well', () => {
    const { sum, foreign } = given({ gatewaysMax: 16, foreignPeersWhenNoInnerSeed: 3 }, { smallMax: 2, rankedMax: 4 });
    expect(foreign).toEqual({ peersMax: 18, gateways: 6, gatewaysWanted: 6 });
    expect(sum).toBe(18);
  });
});

it('a bucketed swarm costs its buckets, not its peers', () => {
  const store = createStore({ smallMax: 2, rankedMax: 4 });
  for (let host = 1; host <= 2_000; host++) announce(store, { host, group: HOME_A });
  expect(store.tally(infoHash(1))!.steps).toBeLessThan(50);
});
