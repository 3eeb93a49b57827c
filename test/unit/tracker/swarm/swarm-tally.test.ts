import { describe, expect, it } from 'vitest';
import { announce, CHEAP, createStore, HOME_A, infoHash, SIBLING } from './store-fixture.js';

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

it('a bucketed swarm costs its buckets, not its peers', () => {
  const store = createStore({ smallMax: 2, rankedMax: 4 });
  for (let host = 1; host <= 2_000; host++) announce(store, { host, group: HOME_A });
  expect(store.tally(infoHash(1))!.steps).toBeLessThan(50);
});
