import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_COMPLETED, EVENT_NONE, EVENT_STARTED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import {
  type Announce,
  announce,
  CHEAP,
  createStore,
  HOME_A,
  HOME_B,
  hosts,
  infoHash,
  SIBLING,
} from './store-fixture.js';

const LAYOUTS = {
  small: { filler: 3, smallMax: 32, rankedMax: 100 },
  ranked: { filler: 40, smallMax: 2, rankedMax: 100 },
  bucketed: { filler: 40, smallMax: 2, rankedMax: 4 },
};
/** Not counted: seeds of another torrent share nothing, these only make the swarm as large as its layout needs. */
const FILLER = 50_000;
const CLIENT = 7_000_001;
const KEY = 0x1234;

describe.each(Object.entries(LAYOUTS))('a client in a %s swarm', (_, { filler, smallMax, rankedMax }) => {
  function swarm(): SwarmStore {
    const store = createStore({ smallMax, rankedMax, intervalSeconds: 1800 });
    for (let i = 0; i < filler; i++) {
      for (const family of [4, 6] as const) announce(store, { host: FILLER + i, family, seed: true });
    }
    return store;
  }

  const client = (spec: Partial<Announce>): Announce => ({ host: 1, peerId: CLIENT, key: KEY, group: HOME_A, ...spec });
  const leechers = (store: SwarmStore): number => store.swarm(infoHash(1))!.leechers;
  const seesOf = (store: SwarmStore): number[] =>
    hosts(announce(store, { host: 9, group: HOME_A, numWant: 200 }).peers).filter((host) => host < FILLER);

  it.each([
    ['another port', { port: 5001 }],
    ['port 0', { port: 0 }],
    ['another address', { host: 2 }],
    ['the other family', { family: 6 as const }],
  ])('that stops from %s with its id and key is gone', (_what, from) => {
    const store = swarm();
    announce(store, client({ port: 5000, event: EVENT_STARTED }));
    const { outcome } = announce(store, client({ ...from, event: EVENT_STOPPED }));
    expect(outcome).toMatchObject({ known: true, leechers: 0 });
    expect(store.stats.records).toBe(2 * filler);
  });

  it('stops with both its families', () => {
    const store = swarm();
    announce(store, client({}));
    announce(store, client({ family: 6 }));
    announce(store, client({ event: EVENT_STOPPED }));
    expect(leechers(store)).toBe(0);
    expect(store.stats.records).toBe(2 * filler);
  });

  it.each([
    ['another key', { key: 99 }],
    ['no key', { key: 0 }],
    ['another peer id', { peerId: 5 }],
  ])('is not stopped from elsewhere with %s', (_what, wrong) => {
    const store = swarm();
    announce(store, client({}));
    announce(store, client({ ...wrong, host: 2, event: EVENT_STOPPED }));
    announce(store, client({ ...wrong, family: 6, event: EVENT_STOPPED }));
    expect(leechers(store)).toBe(1);
  });

  it('without a key stops from another port of its own address only', () => {
    const store = swarm();
    announce(store, client({ key: 0, port: 5000 }));
    announce(store, client({ key: 0, host: 2, event: EVENT_STOPPED }));
    expect(leechers(store)).toBe(1);
    announce(store, client({ key: 0, port: 5001, event: EVENT_STOPPED }));
    expect(leechers(store)).toBe(0);
  });

  it('that gets a new address inside takes its entry along, and is not handed its old one', () => {
    const store = swarm();
    announce(store, client({}));
    const { outcome, peers } = announce(store, client({ host: 2, group: HOME_B, numWant: 200 }));
    expect(outcome).toMatchObject({ known: true, leechers: 1 });
    expect(hosts(peers)).not.toContain(1);
    expect(seesOf(store)).toEqual([2]);
    announce(store, client({ host: 3, group: SIBLING }));
    expect(seesOf(store)).toEqual([3]);
  });

  it('that restarts on the address of one who left takes its own entry along, too', () => {
    const store = swarm();
    announce(store, client({}));
    announce(store, client({ host: 2, peerId: 5, key: 6 }));
    announce(store, client({ host: 2, event: EVENT_STARTED }));
    expect(seesOf(store)).toEqual([2]);
    expect(leechers(store)).toBe(2);
  });

  it.each([
    ['comes from outside', { group: CHEAP }],
    ['has another key', { key: 99 }],
    ['has no key', { key: 0 }],
  ])('keeps its entry when its peer id is seen on another address and that one %s', (_what, other) => {
    const store = swarm();
    announce(store, client({ ...('key' in other && other.key === 0 ? { key: 0 } : {}) }));
    announce(store, client({ host: 2, ...other }));
    expect(leechers(store)).toBe(2);
    expect(seesOf(store)).toContain(1);
  });

  it('is one peer with both families, whichever comes first and whichever goes first', () => {
    for (const [first, second] of [
      [4, 6],
      [6, 4],
    ] as const) {
      for (const leaves of [4, 6] as const) {
        const store = swarm();
        announce(store, client({ family: first }));
        expect(announce(store, client({ family: second })).outcome.leechers).toBe(1);
        expect(store.tally(infoHash(1))!.inner.leechers).toBe(1);
        announce(store, client({ family: first, seed: true }));
        announce(store, client({ family: second, seed: true, event: EVENT_COMPLETED }));
        expect(store.swarm(infoHash(1))).toMatchObject({ leechers: 0, seeds: 2 * filler + 1 });
        // Another client takes one of the two over: both count again, each by itself.
        announce(store, client({ family: leaves, peerId: 5, event: EVENT_STARTED }));
        expect(store.swarm(infoHash(1))).toMatchObject({ leechers: 1, seeds: 2 * filler + 1 });
      }
    }
  });

  it('is two peers without a key, or with two keys', () => {
    for (const key of [0, 99]) {
      const store = swarm();
      announce(store, client({ key: key === 0 ? 0 : KEY }));
      announce(store, client({ family: 6, key }));
      expect(leechers(store)).toBe(2);
    }
  });

  it('still counts when one of its two entries falls silent', () => {
    const store = swarm();
    announce(store, client({}));
    announce(store, client({ family: 6, now: 3_000 }));
    announce(store, { host: 1, torrent: 1, now: 3_000, family: 6, peerId: 9, port: 1 });
    store.sweeps.expire(1_000 + 2_701, 1_000_000);
    expect(store.swarm(infoHash(1))).toMatchObject({ leechers: 2, seeds: 0 });
    store.sweeps.expire(3_000 + 2_701, 1_000_000);
    expect(store.stats).toMatchObject({ peers: 0, records: 0, swarms: 0 });
  });

  it('is one peer again after a restart, once it has announced with both families', () => {
    const before = swarm();
    announce(before, client({}));
    announce(before, client({ family: 6 }));
    const frames = [...before.exportFrames()].map((frame) => frame.slice());
    const store = createStore({ smallMax, rankedMax });
    for (const frame of frames) store.importFrame(frame, { nowSeconds: 1000 }, 1000, 0, () => HOME_A);
    announce(store, client({}));
    announce(store, client({ family: 6 }));
    expect(leechers(store)).toBe(1);
    announce(store, client({ event: EVENT_STOPPED }));
    expect(store.stats.records).toBe(2 * filler);
  });

  it('has completed once, with both families and however often it restarts', () => {
    const store = swarm();
    for (let cycle = 0; cycle < 5; cycle++) {
      for (const family of [4, 6] as const) {
        const now = 1_000 + 600 * cycle;
        announce(store, client({ family, event: EVENT_STARTED, now }));
        announce(store, client({ family, event: EVENT_COMPLETED, seed: true, now: now + 100 }));
      }
      for (const family of [4, 6] as const) {
        announce(store, client({ family, event: EVENT_STOPPED, seed: true, now: 1_300 + 600 * cycle }));
      }
    }
    expect(store.swarm(infoHash(1))!.completed).toBe(1);
    announce(store, client({ event: EVENT_COMPLETED, seed: true, peerId: 5 }));
    expect(store.swarm(infoHash(1))!.completed).toBe(2);
    announce(store, client({ event: EVENT_COMPLETED, seed: true, now: 1_000 + 3 * 86_400, host: 77 }));
    expect(store.swarm(infoHash(1))!.completed).toBe(3);
  });

  it('counts as many peers as there are clients, whatever they do', () => {
    const step = fc.record({
      client: fc.integer({ min: 1, max: 6 }),
      hasKey: fc.boolean(),
      family: fc.constantFrom<4 | 6>(4, 6),
      host: fc.integer({ min: 1, max: 5 }),
      seed: fc.boolean(),
      event: fc.constantFrom(EVENT_NONE, EVENT_STARTED, EVENT_COMPLETED, EVENT_STOPPED),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = swarm();
        const model = new Model();
        for (const { client: id, hasKey, family, host, seed, event } of steps) {
          announce(store, { host, family, port: 6_000, peerId: id, key: hasKey ? id : 0, seed, event, group: HOME_A });
          model.announce(`${id}/${hasKey}`, hasKey, family, host, event);
          const { seeds, leechers: others } = store.swarm(infoHash(1))!;
          expect(seeds + others - 2 * filler).toBe(model.clients());
          expect(store.stats.records - 2 * filler).toBe(model.places.size);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** Who is where: each address and port has one client; a client with a key has one address of each family. */
class Model {
  readonly places = new Map<string, { client: string; hasKey: boolean }>();

  announce(client: string, hasKey: boolean, family: 4 | 6, host: number, event: number): void {
    const place = `${family}/${host}`;
    if (event === EVENT_STOPPED) {
      this.places.delete(place);
      if (hasKey) this.#drop(client, '');
      return;
    }
    const known = this.places.get(place);
    // A client that says nothing new is taken for the one that was there.
    if (known !== undefined && event === EVENT_NONE) return;
    if (hasKey && known?.client !== client) this.#drop(client, `${family}/`);
    this.places.set(place, { client, hasKey });
  }

  /** Two places of a client with a key are one peer. */
  clients(): number {
    const counted = new Set<string>();
    for (const [place, { client, hasKey }] of this.places) counted.add(hasKey ? client : place);
    return counted.size;
  }

  #drop(client: string, prefix: string): void {
    for (const [place, at] of this.places)
      if (at.client === client && place.startsWith(prefix)) this.places.delete(place);
  }
}
