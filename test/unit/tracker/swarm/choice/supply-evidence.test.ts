/** Which inner seeds count: what clients say of themselves is not evidence, what others receive is. */
import { describe, expect, it } from 'vitest';
import {
  EVENT_COMPLETED,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from '../../../../../src/tracker/announce-request.js';
import type { SwarmStore } from '../../../../../src/tracker/swarm/swarm-store.js';
import {
  type Announce,
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  hosts,
  infoHash,
  SWARM_KINDS,
} from '../store-fixture.js';

/** Foreign hosts are 200 and up. */
const isForeign = (host: number): boolean => host >= 200;
const MEGABYTE = 1e6;

describe.each(SWARM_KINDS)('evidence in a %s swarm', (_kind, thresholds) => {
  const create = (mix = {}, reported = new Map<string, number>()): SwarmStore => {
    const store = createStore({
      ...thresholds,
      policy: costTable(FIXTURE_GROUPS, {
        mix: { gatewaysMax: 16, foreignPeersMax: 20, foreignPeersWhenNoInnerSeed: 3, ...mix },
        reported,
      }),
    });
    for (let host = 200; host < 210; host++) announce(store, { host, group: CHEAP, seed: true });
    return store;
  };
  const foreignOf = (store: SwarmStore, spec: Announce): number =>
    hosts(announce(store, spec).peers).filter(isForeign).length;
  /** Leechers 1 … count announce. @returns how many of them were given foreign peers */
  const crowd = (store: SwarmStore, count: number, spec: Partial<Announce> = {}): number =>
    Array.from({ length: count }, (_, i) => foreignOf(store, { host: i + 1, ...spec })).filter((foreign) => foreign > 0)
      .length;
  const supplyOf = (store: SwarmStore) =>
    store.explain({ infoHash: infoHash(1), family: 4, words: [0xcb0000c0], group: 1 }, 50).supply;
  /** A seed and some leechers, who have received something from it: it is believed. */
  const createServed = (leechers: number, seeds: number): SwarmStore => {
    const store = create();
    for (let seed = 0; seed < seeds; seed++) announce(store, { host: 100 + seed, seed: true });
    crowd(store, leechers);
    crowd(store, leechers, { now: 1_060, downloaded: MEGABYTE });
    for (let seed = 0; seed < seeds; seed++) {
      announce(store, { host: 100 + seed, seed: true, now: 1_070, uploaded: MEGABYTE });
    }
    return store;
  };

  it('a silent inner seed cuts nobody off: one leecher has all that it would have alone, several have gateways', () => {
    const lone = create();
    announce(lone, { host: 100, seed: true });
    expect(foreignOf(lone, { host: 1 })).toBe(10);
    for (const [leechers, gateways] of [
      [4, 4],
      [8, 6],
      [30, 10],
    ] as const) {
      const store = create();
      announce(store, { host: 100, seed: true });
      expect(crowd(store, leechers)).toBe(gateways);
    }
  });

  it.each(['one address', 'sixteen addresses'])('sixteen invented seeds of %s change nothing', (where) => {
    const store = create();
    for (let i = 0; i < 16; i++) {
      const host = where === 'one address' ? 100 : 100 + i;
      announce(store, { host, port: 2_000 + i, seed: true, peerId: 7_000 + i });
    }
    expect(crowd(store, 60)).toBe(16);
  });

  it('a seed counts once its uploads grow and a leecher of another host has received something', () => {
    const store = createServed(8, 1);
    expect(supplyOf(store)).toMatchObject({ serving: 1, suffices: false, innerLeechers: 9 });
    announce(store, { host: 8, now: 1_071, event: EVENT_STOPPED });
    expect(supplyOf(store)).toMatchObject({ serving: 1, suffices: true, innerLeechers: 8 });
    expect(foreignOf(store, { host: 9, now: 1_080 })).toBe(0);
    // Gateways that are not wanted any more are not given others.
    expect(crowd(store, 7, { now: 1_120, downloaded: 2 * MEGABYTE })).toBe(0);
  });

  it('what a seed says of its own uploads is not evidence while nobody receives anything', () => {
    const store = create();
    announce(store, { host: 100, seed: true });
    crowd(store, 4);
    for (let now = 1_060; now < 3_000; now += 60) {
      announce(store, { host: 100, seed: true, now, uploaded: (now - 1_000) * MEGABYTE });
      expect(crowd(store, 4, { now: now + 1 })).toBe(4);
    }
    expect(supplyOf(store).serving).toBe(0);
  });

  it('one host cannot vouch for itself with a leecher of its own', () => {
    const store = create();
    announce(store, { host: 100, seed: true });
    announce(store, { host: 100, port: 7_000 });
    crowd(store, 4);
    for (let now = 1_060; now < 3_000; now += 60) {
      announce(store, { host: 100, port: 7_000, now, downloaded: (now - 1_000) * MEGABYTE });
      announce(store, { host: 100, seed: true, now, uploaded: (now - 1_000) * MEGABYTE });
    }
    expect(supplyOf(store).serving).toBe(0);
    expect(foreignOf(store, { host: 5, now: 3_000 })).toBeGreaterThan(0);
  });

  it('several seeds of one host count once, also when the one that counted leaves', () => {
    const store = create();
    for (let port = 1; port <= 5; port++) announce(store, { host: 100, port, seed: true });
    crowd(store, 40);
    crowd(store, 40, { now: 1_060, downloaded: MEGABYTE });
    const serve = (now: number, uploaded: number): void => {
      for (let port = 1; port <= 5; port++) announce(store, { host: 100, port, seed: true, now, uploaded });
    };
    serve(1_070, MEGABYTE);
    expect(supplyOf(store).serving).toBe(1);
    announce(store, { host: 100, port: 1, seed: true, event: EVENT_STOPPED });
    expect(supplyOf(store).serving).toBe(0);
    crowd(store, 1, { now: 1_130, downloaded: 2 * MEGABYTE });
    serve(1_140, 2 * MEGABYTE);
    expect(supplyOf(store).serving).toBe(1);
  });

  it('a starving leecher alone is given foreign peers, whatever is listed', () => {
    const store = createServed(12, 4);
    expect(foreignOf(store, { host: 3, now: 1_200, downloaded: MEGABYTE })).toBeGreaterThan(0);
    expect(supplyOf(store)).toMatchObject({ serving: 4, starving: 1, suffices: true });
    expect(foreignOf(store, { host: 4, now: 1_200, downloaded: 2 * MEGABYTE })).toBe(0);
    expect(foreignOf(store, { host: 13, now: 1_200 })).toBe(0);
    // Once it progresses it stays inside again.
    expect(foreignOf(store, { host: 3, now: 1_300, downloaded: 2 * MEGABYTE })).toBe(0);
    expect(supplyOf(store).starving).toBe(0);
  });

  it('several starving leechers of one host count once', () => {
    const store = createServed(6, 4);
    for (let port = 1; port <= 9; port++) announce(store, { host: 50, port, now: 1_100 });
    for (let port = 1; port <= 9; port++) announce(store, { host: 50, port, now: 1_200 });
    expect(supplyOf(store)).toMatchObject({ starving: 1, suffices: true });
  });

  it('leechers that never receive anything do not make everybody fetch from abroad', () => {
    const store = createServed(12, 4);
    for (const host of [60, 61, 62]) announce(store, { host, now: 1_080 });
    for (let now = 1_200; now < 6_000; now += 120) {
      for (const host of [60, 61, 62]) announce(store, { host, now });
      const downloaded = (now / 60) * MEGABYTE;
      const given = Array.from({ length: 12 }, (_, i) => foreignOf(store, { host: i + 1, now, downloaded }));
      expect(given).toEqual(Array(12).fill(0));
    }
  });

  it('seeds that stop serving later are found out: all of them have to show again that they serve', () => {
    const store = createServed(8, 2);
    expect(crowd(store, 8, { now: 1_200, downloaded: 2 * MEGABYTE })).toBe(0);
    // The third of eight that starves decides.
    const empty = Array.from({ length: 8 }, (_, i) =>
      foreignOf(store, { host: i + 1, now: 1_500, downloaded: 2 * MEGABYTE }),
    );
    expect(empty.every((foreign) => foreign > 0)).toBe(true);
    expect(supplyOf(store)).toMatchObject({ serving: 0, suffices: false });
    // From now on the progress of leechers that were given foreign peers proves nothing for a seed.
    expect(crowd(store, 8, { now: 1_600, downloaded: 3 * MEGABYTE })).toBeGreaterThan(0);
    announce(store, { host: 100, seed: true, now: 1_610, uploaded: 2 * MEGABYTE });
    expect(supplyOf(store).serving).toBe(0);
    // That of one that was given none does.
    const inner = { host: 40, numWant: 0 };
    announce(store, { ...inner, now: 1_620 });
    announce(store, { ...inner, now: 1_680, downloaded: MEGABYTE });
    announce(store, { host: 100, seed: true, now: 1_690, uploaded: 3 * MEGABYTE });
    expect(supplyOf(store).serving).toBe(1);
  });

  it('a seed that serves nobody while a leecher starves does not count any more', () => {
    const store = createServed(8, 2);
    announce(store, { host: 1, now: 1_200, downloaded: MEGABYTE });
    announce(store, { host: 100, seed: true, now: 1_210, uploaded: MEGABYTE });
    announce(store, { host: 101, seed: true, now: 1_210, uploaded: 2 * MEGABYTE });
    expect(supplyOf(store)).toMatchObject({ serving: 1, starving: 1 });
  });

  it('a seed that idles because nobody downloads keeps its good name', () => {
    const store = createServed(1, 1);
    announce(store, { host: 1, event: EVENT_STOPPED });
    for (let now = 1_800; now < 20_000; now += 1_800) {
      announce(store, { host: 100, seed: true, now, uploaded: MEGABYTE });
    }
    expect(supplyOf(store).serving).toBe(1);
    expect(foreignOf(store, { host: 2, now: 20_000 })).toBe(0);
  });

  it('a leecher that completes counts from the next time on that others show it', () => {
    const store = create();
    crowd(store, 3);
    crowd(store, 3, { now: 1_060, downloaded: MEGABYTE });
    announce(store, { host: 1, seed: true, event: EVENT_COMPLETED, now: 1_090, downloaded: 2 * MEGABYTE });
    expect(supplyOf(store).serving).toBe(0);
    crowd(store, 0);
    announce(store, { host: 2, now: 1_120, downloaded: 2 * MEGABYTE });
    announce(store, { host: 1, seed: true, now: 1_150, downloaded: 2 * MEGABYTE, uploaded: MEGABYTE });
    expect(supplyOf(store)).toMatchObject({ serving: 1, suffices: true });
  });

  it('the operator’s own cache counts until leechers starve', () => {
    const store = create({}, new Map([['203.0.0.100', 4 | 128]]));
    announce(store, { host: 100, seed: true });
    expect(supplyOf(store).serving).toBe(1);
    expect(crowd(store, 3)).toBe(0);
    expect(crowd(store, 3, { now: 1_060 })).toBe(3);
    expect(supplyOf(store).serving).toBe(0);
  });

  it('counts are right whatever becomes of a peer: restarted, paused, moved outside, gone, expired', () => {
    const store = createServed(8, 2);
    const starve = (host: number, now: number): void => {
      announce(store, { host, now, downloaded: MEGABYTE });
      expect(supplyOf(store).starving, `host ${host}`).toBe(1);
    };
    starve(1, 1_200);
    announce(store, { host: 1, now: 1_260, event: EVENT_PAUSED });
    expect(supplyOf(store).starving).toBe(0);
    starve(2, 1_300);
    announce(store, { host: 2, now: 1_360, group: CHEAP });
    expect(supplyOf(store).starving).toBe(0);
    starve(3, 1_300);
    announce(store, { host: 3, event: EVENT_STOPPED });
    expect(supplyOf(store).starving).toBe(0);
    starve(4, 1_300);
    announce(store, { host: 4, now: 1_310, seed: true });
    expect(supplyOf(store).starving).toBe(0);
    // A client that has been restarted counts from zero: that says nothing.
    announce(store, { host: 5, now: 1_400, event: EVENT_STARTED });
    expect(supplyOf(store).starving).toBe(0);
    announce(store, { host: 100, now: 1_400 });
    announce(store, { host: 101, event: EVENT_STOPPED });
    expect(supplyOf(store).serving).toBe(0);
    starve(6, 1_500);
    store.sweeps.expire(9_000, 1_000_000);
    expect(store.stats).toMatchObject({ peers: 0, usedBytes: 0 });
  });

  it('who may find out that nobody serves it is asked back early, and ever later while all goes well', () => {
    const store = create();
    announce(store, { host: 100, seed: true });
    const returns = (spec: Announce): number => announce(store, spec).requester.returnSeconds;
    expect(returns({ host: 1 })).toBe(60);
    expect(returns({ host: 1, now: 1_060, downloaded: MEGABYTE })).toBe(120);
    expect(returns({ host: 1, now: 1_180, downloaded: 2 * MEGABYTE })).toBe(240);
    // A new seed, so that it can show that it serves; later it comes at the usual interval.
    expect(returns({ host: 101, seed: true, now: 1_200 })).toBe(60);
    expect(returns({ host: 101, seed: true, now: 1_260 })).toBe(0);
    expect(returns({ host: 201, group: CHEAP, seed: true, now: 1_200 })).toBe(0);
    const served = createServed(8, 2);
    expect(announce(served, { host: 9, now: 1_100 }).requester.returnSeconds).toBe(0);
    expect(announce(served, { host: 9, now: 1_170 }).requester.returnSeconds).toBe(140);
  });

  it('without gateways, too, claims do not close the border, and evidence does', () => {
    const store = create({ gatewaysMax: 0, enoughInnerPeers: 4 });
    announce(store, { host: 100, seed: true });
    crowd(store, 8);
    expect(foreignOf(store, { host: 9 })).toBe(3);
    crowd(store, 8, { now: 1_060, downloaded: MEGABYTE });
    announce(store, { host: 101, seed: true, now: 1_061 });
    announce(store, { host: 100, seed: true, now: 1_070, uploaded: MEGABYTE });
    crowd(store, 8, { now: 1_120, downloaded: 2 * MEGABYTE });
    announce(store, { host: 101, seed: true, now: 1_130, uploaded: MEGABYTE });
    expect(foreignOf(store, { host: 10, now: 1_140 })).toBe(0);
    expect(foreignOf(store, { host: 3, now: 1_240, downloaded: 2 * MEGABYTE })).toBe(3);
  });

  it('after a restart evidence is collected again, and nobody is judged by what was before', () => {
    const store = createServed(8, 2);
    announce(store, { host: 1, now: 1_200, downloaded: MEGABYTE });
    expect(supplyOf(store)).toMatchObject({ serving: 2, starving: 1 });
    const frames = [...store.exportFrames()].map((frame) => frame.slice());
    const again = createStore({ ...thresholds, policy: costTable(FIXTURE_GROUPS, { mix: { gatewaysMax: 16 } }) });
    const groupOf = (_family: number, word0: number): number => (word0 - 0xcb000000 >= 200 ? CHEAP : 1);
    for (const frame of frames) again.importFrame(frame, { nowSeconds: 1_200 }, 5_000, 60, groupOf);
    expect(supplyOf(again)).toMatchObject({ serving: 0, starving: 0, innerSeeds: 2 });
    announce(again, { host: 1, now: 5_100, downloaded: MEGABYTE });
    expect(supplyOf(again).starving).toBe(0);
    announce(again, { host: 1, now: 5_200, downloaded: MEGABYTE });
    expect(supplyOf(again).starving).toBe(1);
  });
});
