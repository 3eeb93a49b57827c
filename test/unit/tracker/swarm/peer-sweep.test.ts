/** Torrents that are no longer served lose their peers in slices; other swarms stay. */
import { describe, expect, it } from 'vitest';
import { AccessList } from '../../../../src/tracker/access-list.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, createStore, infoHash } from './store-fixture.js';

const PEERS = 600;
const NOW = 1000;

/** Torrent 1 is bucketed and has both families, 2 is ranked, 3 and 4 are small. */
function create(): SwarmStore {
  const store = createStore({ smallMax: 8, rankedMax: 200 });
  for (let host = 0; host < PEERS; host++) announce(store, { torrent: 1, host, now: NOW });
  for (let host = 0; host < PEERS / 4; host++) {
    announce(store, { torrent: 1, host, family: 6, now: NOW });
    announce(store, { torrent: 2, host, now: NOW });
  }
  announce(store, { torrent: 3, host: 1, now: NOW });
  announce(store, { torrent: 4, host: 1, family: 6, now: NOW });
  return store;
}

function refuse(store: SwarmStore, ...torrents: number[]): void {
  const deniedHashes = new Uint8Array(Buffer.concat(torrents.map(infoHash)));
  const access = new AccessList({ mode: 'open', hashes: new Uint8Array(0), deniedHashes });
  store.sweeps.refusal.refuseTorrents((hash) => access.check(hash, 0) !== 0);
}

function finish(store: SwarmStore): number {
  let slices = 0;
  for (; !store.sweeps.refusal.isRoundEnded; slices++) store.sweeps.continueRound(store.sweeps.refusal, 0.01, NOW);
  return slices;
}

const peersOf = (store: SwarmStore, torrent: number): number | undefined => store.swarm(infoHash(torrent))?.leechers;

describe('torrents that are no longer served', () => {
  it('lose their peers of both families, whatever the layout of their swarm; others keep theirs', () => {
    const store = create();
    const kept = peersOf(store, 2);
    refuse(store, 1, 4);
    finish(store);
    expect([1, 2, 3, 4].map((torrent) => peersOf(store, torrent))).toEqual([undefined, kept, 1, undefined]);
    expect(store.stats).toMatchObject({ swarms: 2, records: PEERS / 4 + 1 });
    refuse(store, 2, 3);
    finish(store);
    expect(store.stats).toMatchObject({ swarms: 0, records: 0, peers: 0 });
  });

  it('lose them in slices: no slice removes more peers than its budget', () => {
    const store = create();
    refuse(store, 1, 2, 3, 4);
    let before = store.stats.records;
    while (!store.sweeps.refusal.isRoundEnded) {
      store.sweeps.refusal.sweepSlice(NOW, 40);
      expect(before - store.stats.records).toBeLessThanOrEqual(11);
      before = store.stats.records;
    }
    expect(before).toBe(0);
    const again = create();
    refuse(again, 1, 2, 3, 4);
    expect(finish(again)).toBeGreaterThan(20);
  });

  it('take peers again when they are served again, and a pinned one stays known', () => {
    const store = create();
    store.setPinned(infoHash(2), true);
    refuse(store, 2);
    finish(store);
    expect(peersOf(store, 2)).toBe(0);
    store.sweeps.refusal.refuseTorrents(null);
    expect(store.sweeps.refusal.isRoundEnded).toBe(true);
    announce(store, { torrent: 2, host: 5, now: NOW });
    expect(peersOf(store, 2)).toBe(1);
  });
});
