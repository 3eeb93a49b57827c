/** Peers that others have named: who named them, how many a swarm may have, and which of them go before their time. */
import { describe, expect, it } from 'vitest';
import { MAX_ORIGINS } from '../../../../src/tracker/swarm/memory/import-origins.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
  infoHash,
  SWARM_KINDS,
} from './store-fixture.js';

const NOW = 5_000;
const TTL = 900;
const TRACKER = 'udp://tracker.example.org:6969';
const OTHER = 'pushed by partner';

const foreign = (host: number, family: 4 | 6 = 4) => ({
  family,
  words: family === 4 ? [(0xcb000000 + host) >>> 0] : [0x20010db8, host, 0, 1],
  port: 6_881,
  group: CHEAP,
  seed: true,
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

interface Import {
  readonly origin?: string;
  readonly ttl?: number;
  readonly now?: number;
}
const importHosts = (
  store: SwarmStore,
  named: readonly number[],
  { origin = TRACKER, ttl = TTL, now = NOW }: Import = {},
) =>
  store.addUpstreamPeers(
    infoHash(1),
    named.map((host) => foreign(host)),
    ttl,
    now,
    origin,
  );
const originsOf = (store: SwarmStore, now = NOW) =>
  store.upstream.importedOf(infoHash(1), now).imported.map(({ origin, peers }) => [origin, peers]);
/** The imported peers: everybody whom a foreign leecher is given, except those that announce. */
const present = (store: SwarmStore, now = NOW): number[] =>
  hosts(announce(store, { host: 2_000, group: CHEAP, numWant: 200, now }).peers)
    .filter((host) => host >= 100)
    .sort((a, b) => a - b);
const sweep = (store: SwarmStore, now: number): number => store.sweeps.expire(now, 1_000_000);

describe.each(SWARM_KINDS)('imported peers of a %s swarm', (kind, thresholds) => {
  const create = (limit = 0, mix = {}): SwarmStore => {
    const store = createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      limits: { maxImportedInSwarm: limit },
      policy: costTable(FIXTURE_GROUPS, { mix }),
    });
    for (let host = 1; host <= 6; host++) announce(store, { host, group: HOME_A, now: NOW });
    return store;
  };

  it('have an origin, which an explanation and the listing of the swarm show', () => {
    const store = create();
    importHosts(store, range(100, 104));
    importHosts(store, [105, 106], { origin: OTHER, ttl: 300 });
    expect(store.upstream.importedOf(infoHash(1), NOW + 100).imported).toEqual([
      { origin: TRACKER, peers: 5, failed: 0, expiresInSeconds: TTL - 100 },
      { origin: OTHER, peers: 2, failed: 0, expiresInSeconds: 200 },
    ]);
    const { imported, chosen } = store.explain(
      { infoHash: infoHash(1), family: 4, words: [0xcb000001], group: HOME_A },
      50,
    );
    const counted = (origin?: string) => chosen.filter((peer) => peer.origin === origin).length;
    expect(imported).toEqual([
      { origin: TRACKER, peers: 5, chosen: counted(TRACKER) },
      { origin: OTHER, peers: 2, chosen: counted(OTHER) },
    ]);
    expect([counted(TRACKER), counted(OTHER), counted(undefined)]).toEqual([5, 2, 5]);
  });

  it('are never counted, neither as inner nor as foreign ones of the swarm', () => {
    const store = create();
    importHosts(store, range(100, 119));
    expect(store.swarm(infoHash(1))).toMatchObject({ seeds: 0, leechers: 6, upstreamPeers: 20 });
    expect(store.tally(infoHash(1))!.inner).toEqual({ seeds: 0, leechers: 6 });
    const { requester } = announce(store, { host: 1, group: HOME_A, now: NOW });
    expect(requester.entry).not.toBe(0);
    expect(announce(store, { host: 1, group: HOME_A, now: NOW }).outcome).toMatchObject({ seeds: 0, leechers: 6 });
  });

  it('live as long as their origin says; others may only extend that', () => {
    const store = create();
    importHosts(store, [100, 101, 102], { ttl: 600 });
    importHosts(store, [100], { ttl: 60 });
    importHosts(store, [101], { ttl: 60, origin: OTHER });
    importHosts(store, [102], { ttl: 800, origin: OTHER });
    expect(originsOf(store)).toEqual([
      [TRACKER, 2],
      [OTHER, 1],
    ]);
    expect(sweep(store, NOW + 60)).toBe(1);
    expect(present(store, NOW + 60)).toEqual([101, 102]);
    expect(sweep(store, NOW + 600)).toBe(1);
    expect(originsOf(store, NOW + 600)).toEqual([[OTHER, 1]]);
  });

  it('that announce here themselves are ordinary peers, with a history of their own', () => {
    const store = create();
    importHosts(store, [100, 101]);
    const { outcome } = announce(store, { host: 100, group: CHEAP, now: NOW + 300, uploaded: 5e9 });
    expect(outcome).toMatchObject({ known: false, leechers: 7 });
    expect(originsOf(store)).toEqual([[TRACKER, 1]]);
    importHosts(store, [100], { now: NOW + 300, origin: OTHER });
    expect(originsOf(store)).toEqual([[TRACKER, 1]]);
    const classes = store.explain({ infoHash: infoHash(1), family: 4, words: [1], group: HOME_A }, 50).classes;
    expect(classes.filter(({ group }) => group === CHEAP).map(({ capabilityLevel }) => capabilityLevel)).toEqual([
      4, 4,
    ]);
  });

  it('come back from a snapshot with their origin', () => {
    const before = create();
    importHosts(before, range(100, 103));
    importHosts(before, [104], { origin: OTHER });
    const fresh = createStore({ ...thresholds });
    for (const frame of before.exportFrames()) fresh.importFrame(frame, { nowSeconds: NOW }, NOW, 0, () => CHEAP);
    expect(originsOf(fresh)).toEqual([
      [TRACKER, 4],
      [OTHER, 1],
    ]);
    importHosts(fresh, [120, 121], { origin: 'udp://new.example:80' });
    expect(originsOf(fresh)).toEqual([
      [TRACKER, 4],
      ['udp://new.example:80', 2],
      [OTHER, 1],
    ]);
  });

  it('are limited; a new one replaces the one that expires first, of either family', () => {
    const store = create(4);
    const all = [foreign(200, 6), foreign(100), foreign(101), foreign(102)];
    store.addUpstreamPeers(infoHash(1), [all[0]!, all[1]!], 300, NOW, TRACKER);
    store.addUpstreamPeers(infoHash(1), [all[2]!, all[3]!], 600, NOW, TRACKER);
    expect(importHosts(store, [103, 104, 105], { ttl: 500, origin: OTHER })).toEqual({
      // A bucketed swarm is not walked, but that of the IPv6 peer is not bucketed.
      added: kind === 'bucketed' ? 1 : 2,
      addressLimit: 0,
      swarmLimit: kind === 'bucketed' ? 2 : 1,
      noRoom: 0,
    });
    expect(store.stats.upstreamPeers).toBe(4);
    if (kind !== 'bucketed') expect(present(store)).toEqual([101, 102, 103, 104]);
    // None of them expires before this one.
    expect(importHosts(store, [106], { ttl: 200 })).toMatchObject({ added: 0, swarmLimit: 1 });
  });

  it('that gateways could not use are dropped, and replaced before others', () => {
    const store = create(0, { gatewaysMax: 8, foreignPeersMax: 4, foreignPeersWhenNoInnerSeed: 4 });
    importHosts(store, [100, 101], { ttl: 1_800 });
    const failed = (): number[] => store.upstream.importedOf(infoHash(1), NOW).imported.map((each) => each.failed);
    // The six inner peers are gateways: each is given both seeds, and receives nothing.
    const turn = (now: number, downloaded = 0) => announce(store, { host: 1, now, downloaded });
    expect(hosts(turn(NOW + 70).peers)).toEqual(expect.arrayContaining([100, 101]));
    expect(failed()).toEqual([0]);
    expect(hosts(turn(NOW + 170).peers)).toEqual(expect.arrayContaining([100, 101]));
    expect(failed()).toEqual([kind === 'bucketed' ? 0 : 2]);
    // A client that announces again at once has not tried them.
    turn(NOW + 171);
    expect(sweep(store, NOW + 171)).toBe(0);
    if (kind === 'bucketed') return;
    store.setLimits({ ...NO_LIMITS, maxImportedInSwarm: 3 });
    importHosts(store, [102], { ttl: 60 });
    importHosts(store, [103], { ttl: 30 });
    expect(originsOf(store)).toEqual([[TRACKER, 3]]);
    expect(failed()).toEqual([1]);
    turn(NOW + 260);
    expect(sweep(store, NOW + 260)).toBeGreaterThan(0);
    expect(failed().every((count) => count <= 1)).toBe(true);
  });

  it('of gateways that make progress stay', () => {
    const store = create(0, { gatewaysMax: 8, foreignPeersMax: 4, foreignPeersWhenNoInnerSeed: 4 });
    importHosts(store, [100, 101], { ttl: 1_800 });
    for (let n = 1; n <= 8; n++) announce(store, { host: 1, now: NOW + 100 * n, downloaded: n * 1e6 });
    expect(sweep(store, NOW + 800)).toBe(0);
    expect(store.upstream.importedOf(infoHash(1), NOW + 800).imported).toMatchObject([{ peers: 2, failed: 0 }]);
  });
});

const NO_LIMITS = {
  maxPeersPerAddressInSwarm: 0,
  maxPeersPerAddress: 0,
  maxPeersPerSiteInSwarm: 0,
  maxPeersPerSite: 0,
};

describe('origins', () => {
  const torrentOf = (n: number): Uint8Array => Uint8Array.from({ length: 20 }, (_, i) => (i < 4 ? n >>> (8 * i) : 7));
  const importFrom = (store: SwarmStore, n: number, now: number) =>
    store.addUpstreamPeers(torrentOf(n), [foreign(100)], 60, now, `udp://t${n}.example:80`);
  const originOf = (store: SwarmStore, n: number, now: number) =>
    store.upstream.importedOf(torrentOf(n), now).imported[0]?.origin;

  it('are bounded: one more is not known, until no peer can have the oldest any more', () => {
    const store = createStore({ intervalSeconds: 1_200 });
    for (let n = 1; n <= MAX_ORIGINS; n++) importFrom(store, n, n === 1 ? NOW : NOW + 100);
    importFrom(store, 5_000, NOW + 200);
    expect([originOf(store, 1, NOW + 200), originOf(store, 5_000, NOW + 200)]).toEqual(['udp://t1.example:80', null]);
    store.sweeps.expire(NOW + 1_801, 1_000_000);
    importFrom(store, 5_001, NOW + 1_801);
    expect(originOf(store, 5_001, NOW + 1_801)).toBe('udp://t5001.example:80');
    importFrom(store, 5_002, NOW + 1_801);
    expect(originOf(store, 5_002, NOW + 1_801)).toBeNull();
  });

  it('are cut to a length that a snapshot takes, and may be left out', () => {
    const store = createStore();
    store.addUpstreamPeers(infoHash(1), [foreign(100)], 60, NOW, `udp://${'ä'.repeat(400)}`);
    store.addUpstreamPeers(infoHash(2), [foreign(101)], 60, NOW);
    const copy = createStore();
    for (const frame of store.exportFrames()) copy.importFrame(frame, { nowSeconds: NOW }, NOW, 0, () => CHEAP);
    expect(Buffer.byteLength(copy.upstream.importedOf(infoHash(1), NOW).imported[0]!.origin!)).toBeLessThanOrEqual(300);
    expect(copy.upstream.importedOf(infoHash(2), NOW).imported).toMatchObject([{ origin: null, peers: 1 }]);
  });
});
