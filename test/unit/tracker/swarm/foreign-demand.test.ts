import { describe, expect, it } from 'vitest';
import { EVENT_STARTED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import { AnnounceOutcome, STATUS_EXCHANGE } from '../../../../src/tracker/swarm/announce-outcome.js';
import { CheckedArena } from './memory/checked-arena.js';
import { announce, CHEAP, createStore, hosts, infoHash, readPeers, requestOf, SWARM_KINDS } from './store-fixture.js';

describe.each(SWARM_KINDS)('in a %s swarm', (_kind, thresholds) => {
  const create = () =>
    createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      upstreamWantedBelow: 12,
      upstreamAskEverySeconds: 300,
    });

  it('inner leechers without an inner seed need foreign peers', () => {
    const store = create();
    expect(announce(store, { host: 1 }).outcome.needsUpstream).toBe(true);
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(true);
    expect(store.foreignDemand.isStillNeeded(infoHash(2), 0)).toBe(false);
  });

  it('foreign clients and seeds need none, and the first inner leecher need not wait for the period', () => {
    const store = create();
    expect(announce(store, { host: 60, group: CHEAP }).outcome.needsUpstream).toBe(false);
    expect(announce(store, { host: 61, group: CHEAP, family: 6 }).outcome.needsUpstream).toBe(false);
    expect(announce(store, { host: 1, seed: true, withheld: true, now: 1_100 }).outcome.needsUpstream).toBe(false);
    expect(announce(store, { host: 2, now: 1_130 }).outcome.needsUpstream).toBe(true);
  });

  it('an inner seed is enough, until it leaves or a leecher starves beside it', () => {
    const store = create();
    announce(store, { host: 1, seed: true });
    expect(announce(store, { host: 2, now: 1_030 }).outcome.needsUpstream).toBe(false);
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(false);
    announce(store, { host: 2, now: 1_130 });
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(true);
    // It makes progress again.
    announce(store, { host: 2, now: 1_200, downloaded: 1_000_000 });
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(false);
    announce(store, { host: 1, seed: true, event: EVENT_STOPPED, now: 1_230 });
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(true);
  });

  it('as many foreign peers as inner ones would be enough end it', () => {
    const store = create();
    announce(store, { host: 1 });
    const peers = Array.from({ length: 11 }, (_, i) => ({
      family: 4 as const,
      words: [0xcb000000 + 90 + i],
      port: 6_881,
      group: CHEAP,
      seed: false,
    }));
    store.addUpstreamPeers(infoHash(1), peers, 600, 1_000);
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(false);
  });

  it('the exchange is recognised although another tracker has named its endpoint as a peer', () => {
    const store = create();
    const request = requestOf({ host: 1, event: EVENT_STARTED });
    const named = { family: 4 as const, words: [request.word0], port: request.port, group: CHEAP, seed: false };
    announce(store, { host: 3 });
    store.addUpstreamPeers(infoHash(1), [named], 600, 1_000);
    request.bytes = Buffer.concat([infoHash(1), Buffer.from('-AT0100-123456789012')]);
    const outcome = new AnnounceOutcome();
    store.announce(request, outcome);
    expect(outcome).toMatchObject({ status: STATUS_EXCHANGE, leechers: 1 });
    expect(store.stats).toMatchObject({ peers: 1, upstreamPeers: 1 });
  });

  it('an imported peer ends with its time to live, although clients may be silent for longer after a border', () => {
    const store = create();
    const named = { family: 4 as const, words: [0xcb000000 + 90], port: 6_881, group: CHEAP, seed: true };
    announce(store, { host: 3 });
    store.addUpstreamPeers(infoHash(1), [named], 60, 1_000);
    store.sweeps.expire(1_059, 1_000_000, 900);
    expect(store.stats).toMatchObject({ peers: 1, upstreamPeers: 1 });
    store.sweeps.expire(1_061, 1_000_000, 900);
    expect(store.stats).toMatchObject({ peers: 1, upstreamPeers: 0 });
    // 1.5 times 1,800 seconds, and 900.
    store.sweeps.expire(1_000 + 3_599, 1_000_000, 900);
    expect(store.stats.peers).toBe(1);
    store.sweeps.expire(1_000 + 3_601, 1_000_000, 900);
    expect(store.stats.peers).toBe(0);
  });

  it('the exchange of another alias tracker is not stored, and gets only peers that announced here', () => {
    const store = create();
    const named = { family: 4 as const, words: [0xcb000000 + 90], port: 6_881, group: CHEAP, seed: true };
    const ask = () => {
      const request = requestOf({ host: 1, event: EVENT_STARTED });
      request.bytes = Buffer.concat([infoHash(1), Buffer.from('-AT0100-123456789012')]);
      const outcome = new AnnounceOutcome();
      const requester = store.announce(request, outcome);
      const out = new Uint8Array(300);
      const count = store.select(request, requester, out, 0, 50);
      const kept = store.announcedPeers.keep(requester.entry, 4, out, 0, count);
      return { outcome, all: count, kept: hosts(readPeers(out, kept, 4)).sort() };
    };
    expect(ask().outcome).toMatchObject({ status: STATUS_EXCHANGE, needsUpstream: false });
    expect(store.stats).toMatchObject({ peers: 0, swarms: 0 });
    announce(store, { host: 2, group: CHEAP });
    ask();
    // Neither the exchange nor a foreign client has put it off.
    expect(announce(store, { host: 3 }).outcome.needsUpstream).toBe(true);
    store.addUpstreamPeers(infoHash(1), [named], 600, 1_000);
    expect(ask()).toMatchObject({ all: 3, kept: [2, 3], outcome: { leechers: 2, needsUpstream: false } });
  });
});
