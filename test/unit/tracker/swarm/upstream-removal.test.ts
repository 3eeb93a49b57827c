import { describe, expect, it } from 'vitest';
import { announce, createStore, HOME_A, infoHash } from './store-fixture.js';

const NOW_SECONDS = 1_000;
const of = (torrent: number, origin?: number) => ({ infoHash: infoHash(torrent), origin });
const imported = (n: number, family: 4 | 6 = 4) =>
  ({
    family,
    words: family === 4 ? [0x0808_0000 + n] : [0x2a00_0000, 0, 0, n],
    port: 6_881,
    group: HOME_A,
    seed: n % 2 === 0,
  }) as const;
const many = Array.from({ length: 60 }, (_, n) => imported(n, n % 3 === 0 ? 6 : 4));

describe.each([
  ['small', { smallMax: 512, rankedMax: 2_000 }],
  ['ranked', { smallMax: 2, rankedMax: 2_000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
])('imported peers of a %s swarm', (_kind, thresholds) => {
  function filled() {
    const store = createStore(thresholds);
    for (let host = 1; host <= 9; host++) announce(store, { host, group: HOME_A, seed: host <= 3 });
    store.addUpstreamPeers(infoHash(1), many, 900, NOW_SECONDS);
    expect(store.stats).toMatchObject({ peers: 9, upstreamPeers: 60, records: 69 });
    return store;
  }

  it('are removed by name; what is not imported, or not there, stays', () => {
    const store = filled();
    const [inner] = store.innerPeers(infoHash(1), 1);
    expect(store.upstream.removal.removeNamed(of(1), [many[0]!, many[1]!, imported(999), inner!], NOW_SECONDS)).toBe(2);
    expect(store.stats).toMatchObject({ peers: 9, upstreamPeers: 58, records: 67 });
    expect(store.upstream.removal.removeNamed(of(1), [many[0]!, many[1]!], NOW_SECONDS)).toBe(0);
    expect(store.upstream.removal.removeNamed(of(2), [many[2]!], NOW_SECONDS)).toBe(0);
  });

  it('are all removed, in slices, while peers that announce here come and stay', () => {
    const store = filled();
    const cursor = { family: 4, slot: 0, ref: 0, removed: 0, ended: false } as const;
    const at = { ...cursor } as Parameters<typeof store.upstream.removal.removeSlice>[1];
    let slices = 0;
    while (!at.ended && slices++ < 500) {
      expect(store.upstream.removal.removeSlice(of(1), at, 10, NOW_SECONDS)).toBeLessThanOrEqual(10 + 5);
      if (slices === 3) for (let host = 40; host <= 80; host++) announce(store, { host, group: HOME_A });
    }
    expect(slices).toBeGreaterThan(5);
    expect(at.removed).toBe(60);
    expect(store.stats).toMatchObject({ peers: 50, upstreamPeers: 0, records: 50 });
  });
});

it('a torrent of imported peers only is gone with them', () => {
  const store = createStore();
  for (const remove of ['named', 'all'] as const) {
    store.addUpstreamPeers(infoHash(1), many, 900, NOW_SECONDS);
    expect(store.stats.swarms).toBe(1);
    if (remove === 'named') store.upstream.removal.removeNamed(of(1), many, NOW_SECONDS);
    else {
      const cursor = { family: 4 as const, slot: 0, ref: 0, removed: 0, ended: false };
      store.upstream.removal.removeSlice(of(1), cursor, 1_000, NOW_SECONDS);
    }
    expect(store.stats).toMatchObject({ swarms: 0, records: 0, upstreamPeers: 0 });
  }
});

it('peers that another origin has named since stay', () => {
  const store = createStore();
  const { removal, origins } = store.upstream;
  const [a, b, c] = many as unknown as [(typeof many)[0], (typeof many)[0], (typeof many)[0]];
  store.addUpstreamPeers(infoHash(1), [a, b], 600, NOW_SECONDS, 'pushed by a');
  store.addUpstreamPeers(infoHash(1), [b, c], 900, NOW_SECONDS, 'DHT');
  const origin = origins.findNumber('pushed by a')!;
  expect(removal.removeNamed(of(1, origin), [a, b, c], NOW_SECONDS)).toBe(1);
  const cursor = { family: 4 as const, slot: 0, ref: 0, removed: 0, ended: false };
  removal.removeSlice(of(1, origins.findNumber('DHT')), cursor, 1_000, NOW_SECONDS);
  expect(cursor.removed).toBe(2);
  expect(origins.findNumber('pushed by nobody')).toBeUndefined();
});
