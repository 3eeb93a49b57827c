import { describe, expect, it } from 'vitest';
import {
  EVENT_COMPLETED,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from '../../../../src/tracker/announce-request.js';
import {
  AnnounceOutcome,
  ScrapeOutcome,
  STATUS_ADDRESS_LIMIT,
  STATUS_STORE_FULL,
  STATUS_STORED,
} from '../../../../src/tracker/swarm/announce-outcome.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  announce,
  CHEAP,
  createStore,
  dropSwarm,
  HOME_A,
  hosts,
  infoHash,
  requestOf,
  SWARM_KINDS,
  select,
} from './store-fixture.js';

describe.each(SWARM_KINDS)('a %s swarm', (_kind, thresholds) => {
  const create = (options = {}) => {
    const store = createStore({ arena: new CheckedArena(16 * 1024 * 1024), ...thresholds, ...options });
    for (let host = 60; host < 68; host++) announce(store, { host, group: CHEAP });
    return store;
  };

  it('26: the same peer id and key from a new port replaces the old entry, another key does not', () => {
    const store = create();
    announce(store, { host: 1, port: 1000, peerId: 7, key: 9 });
    expect(announce(store, { host: 1, port: 2000, peerId: 7, key: 9 }).outcome).toMatchObject({
      known: true,
      leechers: 9,
    });
    expect(announce(store, { host: 1, port: 3000, peerId: 7, key: 8 }).outcome).toMatchObject({
      known: false,
      leechers: 10,
    });
    expect(
      announce(store, { host: 5 })
        .peers.filter((peer) => peer.startsWith('1:'))
        .sort(),
    ).toEqual(['1:2000', '1:3000']);
  });

  it('28: a download counts once a peer, only with nothing left, and an unknown peer starts with it', () => {
    const store = create();
    expect(announce(store, { host: 1, event: EVENT_COMPLETED }).outcome.completed).toBe(0);
    expect(announce(store, { host: 1, event: EVENT_COMPLETED, seed: true }).outcome).toMatchObject({
      completed: 1,
      seeds: 1,
    });
    expect(announce(store, { host: 1, event: EVENT_COMPLETED, seed: true }).outcome.completed).toBe(1);
    expect(announce(store, { host: 2, event: EVENT_COMPLETED, seed: true }).outcome).toMatchObject({
      completed: 2,
      seeds: 2,
    });
  });

  it('29: a peer that is silent for 1.5 intervals is dropped, and an empty swarm with it', () => {
    const store = create({ intervalSeconds: 100 });
    announce(store, { host: 1, now: 1100 });
    expect(store.sweeps.expire(1149, 10_000)).toBe(0);
    expect(store.sweeps.expire(1150, 10_000)).toBe(8);
    expect(store.stats).toMatchObject({ peers: 1, swarms: 1 });
    expect(store.sweeps.expire(1250, 10_000)).toBe(1);
    expect(store.stats).toMatchObject({ peers: 0, swarms: 0, usedBytes: 0 });
  });

  it('29: the sweep comes round in bounded steps', () => {
    const store = create({ intervalSeconds: 100 });
    let dropped = 0;
    let calls = 0;
    while (dropped < 8 && calls++ < 100) dropped += store.sweeps.expire(2000, 3);
    expect(dropped).toBe(8);
    expect(calls).toBeGreaterThan(2);
    while (store.stats.swarms > 0 && calls++ < 100) store.sweeps.expire(2000, 3);
    expect(store.stats).toMatchObject({ swarms: 0, usedBytes: 0 });
  });

  it('29: a swarm that the catalogue lists stays with its count of downloads', () => {
    const store = create({ intervalSeconds: 100 });
    announce(store, { host: 1, seed: true, event: EVENT_COMPLETED });
    store.setPinned(infoHash(1), true);
    store.sweeps.expire(3000, 10_000);
    expect(store.swarm(infoHash(1))).toMatchObject({ completed: 1, seeds: 0, kept: true });
    store.setPinned(infoHash(1), false);
    expect(store.swarm(infoHash(1))).toBeUndefined();
  });

  it('30: counts include the announcer and both families', () => {
    const store = create();
    announce(store, { host: 1, family: 6, seed: true });
    expect(announce(store, { host: 2 }).outcome).toMatchObject({ seeds: 1, leechers: 9 });
  });

  it('31: a withheld peer is counted and answered but never handed out', () => {
    const store = create();
    const { outcome, peers } = announce(store, { host: 1, withheld: true });
    expect(outcome.leechers).toBe(9);
    expect(peers).toHaveLength(8);
    expect(hosts(announce(store, { host: 2 }).peers)).not.toContain(1);
    announce(store, { host: 1 });
    expect(hosts(announce(store, { host: 2 }).peers)).toContain(1);
  });

  it('32: the peers of one address are limited in a swarm; a /64 counts as one address', () => {
    const store = create({ limits: { maxPeersPerAddressInSwarm: 3, maxPeersPerAddress: 0 } });
    const statuses = [1, 2, 3, 4].map((port) => announce(store, { host: 1, port }).outcome.status);
    expect(statuses).toEqual([STATUS_STORED, STATUS_STORED, STATUS_STORED, STATUS_ADDRESS_LIMIT]);
    expect(announce(store, { host: 1, port: 4 }).peers.length, 'answered all the same').toBe(11);
    expect(announce(store, { host: 1, port: 2 }).outcome.status, 'a known one stays').toBe(STATUS_STORED);
    announce(store, { host: 1, port: 2, event: EVENT_STOPPED });
    expect(announce(store, { host: 1, port: 4 }).outcome.status).toBe(STATUS_STORED);
    const wide = [1, 2, 3, 4].map((port) => announce(store, { host: 1, family: 6, port }).outcome.status);
    expect(wide).toEqual([STATUS_STORED, STATUS_STORED, STATUS_STORED, STATUS_ADDRESS_LIMIT]);
  });

  it('32: the peers of one address are limited over all swarms', () => {
    const store = create({ limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 2 } });
    const statuses = [2, 3, 4].map((torrent) => announce(store, { torrent, host: 1 }).outcome.status);
    expect(statuses).toEqual([STATUS_STORED, STATUS_STORED, STATUS_ADDRESS_LIMIT]);
    announce(store, { torrent: 2, host: 1, event: EVENT_STOPPED });
    expect(announce(store, { torrent: 4, host: 1 }).outcome.status).toBe(STATUS_STORED);
  });

  it('17: an early repeat gets peers but does not count as activity', () => {
    const store = create({ intervalSeconds: 100, minIntervalSeconds: 50 });
    announce(store, { host: 1, now: 1000 });
    const { outcome, peers } = announce(store, { host: 1, now: 1040 });
    expect(outcome).toMatchObject({ earlyRepeat: true, known: true });
    expect(peers).toHaveLength(8);
    store.sweeps.expire(1150, 10_000);
    expect(store.stats.peers).toBe(0);
  });

  it('12: a stopped peer is gone and gets no peers', () => {
    const store = create();
    announce(store, { host: 1, event: EVENT_STARTED });
    const { outcome, peers } = announce(store, { host: 1, event: EVENT_STOPPED });
    expect(peers).toEqual([]);
    expect(outcome).toMatchObject({ known: true, leechers: 8 });
  });

  it('9: a paused peer counts as a leecher and is not handed to seeds', () => {
    const store = create();
    expect(announce(store, { host: 1, event: EVENT_PAUSED }).outcome.leechers).toBe(9);
    expect(hosts(announce(store, { host: 2, seed: true, group: CHEAP }).peers)).not.toContain(1);
  });

  it('a peer is given its own family only', () => {
    const store = create();
    announce(store, { host: 3, family: 6 });
    expect(announce(store, { host: 4, family: 6 }).peers).toEqual(['3:6881']);
  });

  it('peers of original trackers are handed out for their time, not counted, and become peers when they announce', () => {
    const store = create();
    const peer = { family: 4 as const, words: [0xcb000000 + 90], port: 6881, group: CHEAP, seed: true };
    expect(store.addUpstreamPeers(infoHash(1), [peer, peer], 300, 1000).added).toBe(1);
    expect(store.stats).toMatchObject({ peers: 8, upstreamPeers: 1 });
    expect(hosts(announce(store, { host: 1 }).peers)).toContain(90);
    store.sweeps.expire(1299, 10_000);
    expect(store.stats.upstreamPeers).toBe(1);
    expect(announce(store, { host: 90, seed: true, group: CHEAP, now: 1299 }).outcome).toMatchObject({
      known: false,
      seeds: 1,
    });
    expect(store.addUpstreamPeers(infoHash(1), [peer], 300, 1299).added).toBe(0);
    expect(store.stats).toMatchObject({ upstreamPeers: 0, seeds: 1 });
    store.addUpstreamPeers(infoHash(1), [{ ...peer, port: 1 }], 300, 1299);
    store.sweeps.expire(1599, 10_000);
    expect(store.stats).toMatchObject({ upstreamPeers: 0, peers: 10 });
  });

  it('asks for upstream peers while there are few, once a period', () => {
    const store = create({ upstreamWantedBelow: 12, upstreamAskEverySeconds: 100 });
    expect(announce(store, { host: 1, now: 1050 }).outcome.needsUpstream).toBe(true);
    expect(announce(store, { host: 2, now: 1149 }).outcome.needsUpstream).toBe(false);
    expect(announce(store, { host: 2, now: 1150 }).outcome.needsUpstream).toBe(true);
    for (let host = 3; host < 8; host++) announce(store, { host, now: 1150 });
    expect(announce(store, { host: 1, now: 1300 }).outcome.needsUpstream).toBe(false);
  });

  it('scrapes tell the counts, and zeroes for an unknown hash', () => {
    const store = create();
    announce(store, { host: 1, seed: true, event: EVENT_COMPLETED });
    const outcome = new ScrapeOutcome();
    store.scrape(infoHash(1), 0, outcome);
    expect({ ...outcome }).toEqual({ found: true, seeds: 1, leechers: 8, completed: 1 });
    store.scrape(infoHash(9), 0, outcome);
    expect({ ...outcome }).toEqual({ found: false, seeds: 0, leechers: 0, completed: 0 });
  });

  it('knows peer ids in swarms where somebody asked for them', () => {
    const store = create();
    const asking = requestOf({ host: 1, peerId: 5 });
    asking.wantsPeerIds = true;
    store.announce(asking, new AnnounceOutcome());
    announce(store, { host: 2, peerId: 77, group: HOME_A });
    store.announce(requestOf({ host: 1, peerId: 5 }), new AnnounceOutcome());
    const compact = new Uint8Array(6);
    const request = requestOf({ host: 1, numWant: 1, peerId: 5 });
    expect(store.select(request, store.locate(request), compact, 0, 1)).toBe(1);
    const id = new Uint8Array(20);
    expect(store.peerId(request, compact, 0, 6, id, 0)).toBe(true);
    expect(new DataView(id.buffer).getUint32(0)).toBe(77);
    compact.set([203, 0, 0, 60], 0);
    expect(store.peerId(request, compact, 0, 6, id, 0), 'came before anybody asked').toBe(false);
  });

  it('select alone answers as to somebody who is not there, after any other announce', () => {
    const store = create();
    announce(store, { host: 1 });
    expect(select(store, requestOf({ host: 70 }))).toHaveLength(9);
    expect(select(store, requestOf({ host: 1 })), 'one who is there is left out').toHaveLength(8);
    expect(select(store, requestOf({ host: 1, torrent: 5 }))).toEqual([]);
  });

  it('drops a swarm that is not allowed any more, and lists the others', () => {
    const store = create();
    announce(store, { torrent: 2, host: 1, family: 6 });
    dropSwarm(store, 1, 1000);
    expect(store.stats).toMatchObject({ peers: 1, swarms: 1 });
    const { swarms, cursor } = store.listSwarms(0, 100);
    expect(cursor).toBe(-1);
    expect(swarms).toEqual([
      expect.objectContaining({ infoHash: Buffer.from(infoHash(2)).toString('hex'), leechers: 1 }),
    ]);
  });
});

describe('a full arena', () => {
  it('answers newcomers without storing them, and takes them again when others have left', () => {
    const store = createStore({ arenaBytes: 256 * 1024, intervalSeconds: 100 });
    let status = STATUS_STORED;
    let host = 0;
    while (status === STATUS_STORED && host < 100_000) {
      host++;
      status = announce(store, { torrent: host % 250, host }).outcome.status;
    }
    expect(status).toBe(STATUS_STORE_FULL);
    expect(store.stats.peers).toBeGreaterThan(1000);
    expect(announce(store, { torrent: 3, host: 77_777 }).peers.length, 'answered all the same').toBeGreaterThan(3);
    for (let torrent = 0; torrent < 125; torrent++) dropSwarm(store, torrent, 1000);
    for (let other = 0; other < 1000; other++) {
      const { outcome } = announce(store, { torrent: other % 125, host: 200_000 + other });
      expect(outcome.status).toBe(STATUS_STORED);
    }
  });
});
