import { describe, expect, it } from 'vitest';
import { EVENT_STOPPED } from '../../../../../src/tracker/announce-request.js';
import {
  AnnounceOutcome,
  STATUS_ADDRESS_LIMIT,
  STATUS_FULL_FOR_FOREIGN,
  STATUS_STORE_FULL,
  STATUS_STORED,
} from '../../../../../src/tracker/swarm/announce-outcome.js';
import type { SwarmStore } from '../../../../../src/tracker/swarm/swarm-store.js';
import { announce, CHEAP, createStore, HOME_A, infoHash, requestOf } from '../store-fixture.js';

const LIMITS = { maxPeers: 100, maxTorrents: 20, reservedForInner: 0.2 };

function fill(store: SwarmStore, group: number, count: number, torrentOf: (i: number) => number = () => 1): number {
  let stored = 0;
  for (let i = 0; i < count; i++) {
    const { outcome } = announce(store, { host: group * 10_000 + i, group, torrent: torrentOf(i) });
    if (outcome.status === STATUS_STORED) stored++;
  }
  return stored;
}

describe('the limit of peers', () => {
  it('is exact, and leaves the reserved share to the operator’s own clients', () => {
    const store = createStore({ storeLimits: LIMITS });
    expect(fill(store, CHEAP, 200)).toBe(80);
    expect(announce(store, { host: 1, group: CHEAP }).outcome.status).toBe(STATUS_FULL_FOR_FOREIGN);
    expect(fill(store, HOME_A, 200)).toBe(20);
    const refused = announce(store, { host: 2, group: HOME_A });
    expect(refused.outcome.status).toBe(STATUS_STORE_FULL);
    expect(refused.peers.length).toBeGreaterThan(0);
    expect(store.stats).toMatchObject({ peers: 100, records: 100 });
  });

  it('counts both families and peers of original trackers, and gives room back', () => {
    const store = createStore({ storeLimits: LIMITS });
    const upstream = Array.from({ length: 200 }, (_, i) => ({
      family: 4 as const,
      words: [0x0a000000 + i],
      port: 1,
      group: CHEAP,
      seed: true,
    }));
    expect(store.addUpstreamPeers(infoHash(1), upstream, 600, 1000).added).toBe(80);
    for (let i = 0; i < 10; i++) announce(store, { host: i, family: 6, group: HOME_A });
    expect(fill(store, HOME_A, 30)).toBe(10);
    expect(store.stats.records).toBe(100);
    announce(store, { host: 3, family: 6, group: HOME_A, event: EVENT_STOPPED });
    expect(fill(store, HOME_A, 31)).toBe(31 - 20);
    expect(store.stats.records).toBe(100);
  });

  it('lets those who are stored come back', () => {
    const store = createStore({ storeLimits: LIMITS });
    fill(store, HOME_A, 100);
    expect(announce(store, { host: HOME_A * 10_000, group: HOME_A }).outcome).toMatchObject({
      status: STATUS_STORED,
      known: true,
    });
  });

  it('holds when a snapshot with more comes back, in which strangers are left out first', () => {
    const before = createStore();
    fill(before, CHEAP, 150);
    const frames = [...before.exportFrames()].map((frame) => frame.slice());
    const store = createStore({ storeLimits: LIMITS });
    for (const frame of frames) store.importFrame(frame, { nowSeconds: 1000 }, 1000, 0, () => CHEAP);
    expect(store.stats.records).toBe(80);
  });
});

describe('the limit of torrents', () => {
  it('is exact, and leaves the reserved share to the operator’s own clients', () => {
    const store = createStore({ storeLimits: LIMITS });
    expect(fill(store, CHEAP, 30, (i) => 1 + i)).toBe(16);
    expect(store.stats.swarms).toBe(16);
    expect(fill(store, HOME_A, 30, (i) => 100 + i)).toBe(4);
    expect(store.stats.swarms).toBe(20);
    // Swarms that exist are open to everybody.
    expect(announce(store, { host: 7, group: CHEAP, torrent: 1 }).outcome.status).toBe(STATUS_STORED);
  });

  it('holds for what the catalogue keeps and for peers that are pushed', () => {
    const store = createStore({ storeLimits: LIMITS });
    for (let i = 0; i < 30; i++) store.setPinned(infoHash(i), true);
    expect(store.stats.swarms).toBe(20);
    const peers = [{ family: 4 as const, words: [1], port: 1, group: CHEAP, seed: true }];
    expect(store.addUpstreamPeers(infoHash(99), peers, 600, 1000).added).toBe(0);
  });
});

describe('the limits of an IPv6 /48', () => {
  const SITE = 0x20010db8;

  function join(store: SwarmStore, network: number, group: number, torrent = 1): number {
    const request = requestOf({ host: 0, family: 6, group, torrent, peerId: network });
    request.word0 = SITE;
    request.word1 = network;
    return announceRequest(store, request);
  }

  function announceRequest(store: SwarmStore, request: ReturnType<typeof requestOf>): number {
    const outcome = new AnnounceOutcome();
    store.announce(request, outcome);
    return outcome.status;
  }

  function storedOf(store: SwarmStore, count: number, group: number, torrentOf: (i: number) => number): number {
    let stored = 0;
    for (let i = 0; i < count; i++) if (join(store, i, group, torrentOf(i)) === STATUS_STORED) stored++;
    return stored;
  }

  it('hold for foreign ones in a swarm and over all, however many /64 they use', () => {
    const store = createStore({ limits: { maxPeersPerSiteInSwarm: 8, maxPeersPerSite: 20 } });
    expect(storedOf(store, 50, CHEAP, () => 1)).toBe(8);
    expect(storedOf(store, 50, CHEAP, (i) => 2 + i)).toBe(12);
    expect(join(store, 60, CHEAP, 99)).toBe(STATUS_ADDRESS_LIMIT);
    // Another site is not concerned.
    const request = requestOf({ host: 5, family: 6, group: CHEAP });
    request.word1 = 0x00070000;
    expect(announceRequest(store, request)).toBe(STATUS_STORED);
  });

  it('do not hold for the operator’s own networks', () => {
    const store = createStore({ limits: { maxPeersPerSiteInSwarm: 8, maxPeersPerSite: 20 } });
    expect(storedOf(store, 50, HOME_A, () => 1)).toBe(50);
  });

  it('are free again when peers leave', () => {
    const store = createStore({ limits: { maxPeersPerSiteInSwarm: 8 }, intervalSeconds: 100 });
    expect(storedOf(store, 50, CHEAP, () => 1)).toBe(8);
    store.sweeps.expire(1000 + 151, 1_000_000);
    expect(storedOf(store, 50, CHEAP, () => 1)).toBe(8);
  });
});
