import { describe, expect, it } from 'vitest';
import { announce, CHEAP, createStore, HOME_A, infoHash, SIBLING } from './store-fixture.js';

describe.each([
  ['small', { smallMax: 64, rankedMax: 2_000 }],
  ['ranked', { smallMax: 2, rankedMax: 2_000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
])('the inner peers of a %s swarm', (_kind, thresholds) => {
  it('are those of all of the operator’s own AS, in both families, seeds first', () => {
    const store = createStore(thresholds);
    for (let host = 1; host <= 9; host++) announce(store, { host, group: CHEAP, seed: host <= 7 });
    for (let host = 21; host <= 25; host++) announce(store, { host, group: HOME_A, seed: host === 23 });
    announce(store, { host: 31, group: SIBLING, seed: true, family: 6 });
    const upstream = { family: 4, words: [0xcb00_0001], port: 6881, group: HOME_A, seed: true } as const;
    store.addUpstreamPeers(infoHash(1), [upstream], 900, 1_000);
    const peers = store.innerPeers(infoHash(1), 50);
    expect(peers.map(({ family, seed }) => `${family} ${seed}`)).toEqual([
      '4 true',
      '6 true',
      ...new Array<string>(4).fill('4 false'),
    ]);
    expect(new Set(peers.map(({ words, port }) => `${words.join('.')}:${port}`)).size).toBe(6);
    expect(peers.map(({ words }) => words.length)).toEqual([1, 4, 1, 1, 1, 1]);
    expect(store.innerPeers(infoHash(1), 3)).toEqual(peers.slice(0, 3));
    expect(store.innerPeers(infoHash(2), 3)).toEqual([]);
  });
});

it('leave out peers that are not handed out', () => {
  const store = createStore();
  announce(store, { host: 1, group: HOME_A, seed: true, withheld: true });
  announce(store, { host: 2, group: HOME_A });
  expect(store.innerPeers(infoHash(1), 9)).toHaveLength(1);
});
