import { describe, expect, it } from 'vitest';
import {
  AddressLevels,
  AddressLevelsWriter,
  REPORTED_CACHE,
  REPORTED_MANAGED,
  REPORTED_OUT,
} from '../../../../src/selection/address-levels.js';
import { EVENT_COMPLETED } from '../../../../src/tracker/announce-request.js';
import { FILL_WORDS, OperatorCaches } from '../../../../src/tracker/swarm/operator-caches.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import {
  type Announce,
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
  infoHash,
  requestOf,
  SIBLING,
  SWARM_KINDS,
} from './store-fixture.js';

const isForeign = (host: number): boolean => host >= 100;
const MANAGED = REPORTED_CACHE | REPORTED_MANAGED | 7;
const NORTH = 90;
const SOUTH = 91;

function wordOf(host: number): number {
  return (0xcb000000 + host) >>> 0;
}

function fillsOf(...fills: readonly { readonly host: number; readonly torrent?: number }[]): Uint32Array {
  const words = new Uint32Array(fills.length * FILL_WORDS);
  fills.forEach(({ host, torrent = 1 }, i) => {
    const hash = new DataView(infoHash(torrent).buffer);
    for (let w = 0; w < 5; w++) words[i * FILL_WORDS + w] = hash.getUint32(4 * w);
    words[i * FILL_WORDS + 5] = 4;
    words[i * FILL_WORDS + 6] = wordOf(host);
  });
  return words;
}

describe.each(SWARM_KINDS)('a cache with a controller, in a %s swarm', (_kind, thresholds) => {
  const levels = (values: Readonly<Record<number, number>>): AddressLevelsWriter => {
    const writer = new AddressLevelsWriter(1, 8);
    for (const [host, value] of Object.entries(values)) writer.set(4, [wordOf(Number(host))], value);
    return writer;
  };
  const create = (writer: AddressLevelsWriter, gatewaysMax = 16): SwarmStore => {
    const store = createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      policy: {
        ...costTable(FIXTURE_GROUPS, {
          mix: { gatewaysMax, foreignPeersMax: 4, foreignPeersWhenNoInnerSeed: 3 },
        }),
        reportedCapability: writer.current,
      },
    });
    for (let host = 100; host < 112; host++) announce(store, { host, group: CHEAP, seed: host < 106 });
    for (let host = 1; host <= 12; host++) announce(store, { host, group: HOME_A });
    return store;
  };
  const given = (store: SwarmStore, spec: Announce): number[] => hosts(announce(store, spec).peers);
  /** What comes in from the control plane, and what the worker does then. */
  const set = (store: SwarmStore, writer: AddressLevelsWriter, host: number, value: number): void => {
    writer.set(4, [wordOf(host)], value);
    store.setCapability(undefined, Int32Array.from([4, wordOf(host), 0, 0, 0]));
    for (let i = 0; i < 10; i++) store.refreshCapability(1, 1000);
  };

  it('is given no foreign peers, as a leecher or as a seed', () => {
    const store = create(levels({ [NORTH]: MANAGED }));
    const leecher = given(store, { host: NORTH });
    expect(leecher.length).toBeGreaterThan(5);
    expect(leecher.filter(isForeign)).toEqual([]);
    expect(given(store, { host: NORTH, seed: true }).filter(isForeign)).toEqual([]);
  });

  it('is given foreign peers of a torrent that it may fetch, and of no other', () => {
    const store = create(levels({ [NORTH]: MANAGED }));
    announce(store, { host: 100, group: CHEAP, seed: true, torrent: 2 });
    store.setCacheFills(fillsOf({ host: NORTH }));
    expect(given(store, { host: NORTH }).filter(isForeign).length).toBeGreaterThan(0);
    expect(given(store, { host: NORTH, torrent: 2 }).filter(isForeign)).toEqual([]);
    store.setCacheFills(fillsOf());
    expect(given(store, { host: NORTH }).filter(isForeign)).toEqual([]);
  });

  it('is shown to foreign clients only while it may fetch', () => {
    const store = create(levels({ [NORTH]: MANAGED }), 1);
    const shown = (): boolean => given(store, { host: 111, group: CHEAP }).includes(NORTH);
    announce(store, { host: NORTH });
    expect(shown()).toBe(false);
    store.setCacheFills(fillsOf({ host: NORTH }));
    announce(store, { host: NORTH, numWant: 1 });
    expect(shown()).toBe(true);
    store.setCacheFills(fillsOf());
    expect(shown()).toBe(false);
    // Another inner leecher becomes the gateway, although the cache has not announced since.
    expect(given(store, { host: 3 }).some(isForeign)).toBe(true);
  });

  it('is not shown to foreign clients where gateways are off, or where nobody else is there', () => {
    for (const seed of [true, false]) {
      const store = create(levels({ [NORTH]: MANAGED }), 0);
      announce(store, { host: NORTH, seed });
      for (let host = 100; host < 112; host++) {
        expect(given(store, { host, group: CHEAP, numWant: 200 })).not.toContain(NORTH);
      }
      announce(store, { host: NORTH, seed, torrent: 3 });
      expect(given(store, { host: 100, group: CHEAP, torrent: 3 })).toEqual([]);
    }
  });

  it('is told to announce again soon, because it may be allowed to fetch at any moment', () => {
    const store = create(levels({ [NORTH]: MANAGED }));
    expect(announce(store, { host: NORTH }).requester.returnSeconds).toBe(60);
  });

  it('gives its place as a gateway to another leecher once it has a controller', () => {
    const writer = levels({ [NORTH]: REPORTED_CACHE | 7 });
    const store = create(writer);
    announce(store, { host: NORTH });
    set(store, writer, NORTH, MANAGED);
    expect(given(store, { host: NORTH, now: 1_100 }).filter(isForeign)).toEqual([]);
    const leechers = Array.from({ length: 6 }, (_, i) => i + 1);
    expect(leechers.some((host) => given(store, { host, now: 1_100 }).some(isForeign))).toBe(true);
  });

  it('is counted apart from the users of its network, as a leecher and as a seed', () => {
    const store = createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      policy: {
        ...costTable(FIXTURE_GROUPS),
        reportedCapability: levels({ [NORTH]: MANAGED, [SOUTH]: MANAGED }).current,
      },
    });
    for (let host = 1; host <= 12; host++) announce(store, { host, group: HOME_A });
    announce(store, { host: NORTH, group: SIBLING });
    announce(store, { host: SOUTH, group: SIBLING, seed: true });
    const { inner, caches } = store.tally(infoHash(1))!;
    expect(inner).toEqual({ seeds: 1, leechers: 13 });
    expect(caches).toEqual({ seeds: 1, leechers: 1 });
  });

  it('is no reason to ask original trackers, unless it may fetch', () => {
    const store = createStore({
      arena: new CheckedArena(16 * 1024 * 1024),
      ...thresholds,
      upstreamWantedBelow: 12,
      policy: { ...costTable(FIXTURE_GROUPS), reportedCapability: levels({ [NORTH]: MANAGED }).current },
    });
    expect(announce(store, { host: NORTH }).outcome.needsUpstream).toBe(false);
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(false);
    store.setCacheFills(fillsOf({ host: NORTH }));
    expect(store.foreignDemand.isStillNeeded(infoHash(1), 0)).toBe(true);
    store.setCacheFills(fillsOf());
    expect(announce(store, { host: 1, now: 1_030 }).outcome.needsUpstream).toBe(true);
  });

  it('fetches from the caches that have everything, and from nobody else', () => {
    const store = create(levels({ [NORTH]: MANAGED, [SOUTH]: MANAGED, 92: MANAGED }));
    announce(store, { host: SOUTH, seed: true });
    announce(store, { host: 92 });
    store.setCacheFills(fillsOf({ host: NORTH }));
    expect(given(store, { host: NORTH })).toEqual([SOUTH]);
    expect(given(store, { host: 92 })).toEqual([SOUTH]);
  });

  it('is trusted as soon as it has everything', () => {
    const store = create(levels({ [NORTH]: MANAGED }));
    announce(store, { host: NORTH });
    announce(store, { host: NORTH, seed: true, event: EVENT_COMPLETED, now: 1100 });
    const request = requestOf({ host: 13 });
    const query = { infoHash: request.bytes.slice(0, 20), family: 4 as const, words: [request.word0], group: HOME_A };
    expect(store.explain(query, 50).supply.serving).toBe(1);
  });

  describe('that is taken out', () => {
    const supplyOf = (store: SwarmStore) => {
      const request = requestOf({ host: 13 });
      const query = { infoHash: request.bytes.slice(0, 20), family: 4 as const, words: [request.word0], group: HOME_A };
      return store.explain(query, 50).supply;
    };

    it('is handed to nobody, counts for nobody and is given nobody, until it is back', () => {
      const writer = levels({ [NORTH]: MANAGED });
      const store = create(writer);
      announce(store, { host: NORTH, seed: true });
      expect(given(store, { host: 1, numWant: 200 })).toContain(NORTH);
      expect(supplyOf(store).serving).toBe(1);
      set(store, writer, NORTH, MANAGED | REPORTED_OUT);
      expect(given(store, { host: 1, numWant: 200 })).not.toContain(NORTH);
      expect(supplyOf(store).serving).toBe(0);
      expect(given(store, { host: NORTH, seed: true, now: 1200 })).toEqual([]);
      expect(given(store, { host: 2, numWant: 200 })).not.toContain(NORTH);
      set(store, writer, NORTH, MANAGED);
      expect(given(store, { host: 1, numWant: 200 })).toContain(NORTH);
      expect(supplyOf(store).serving).toBe(1);
    });

    it('comes in another swarm: it is handed to nobody there either', () => {
      const writer = levels({ [NORTH]: MANAGED | REPORTED_OUT });
      const store = create(writer);
      announce(store, { host: NORTH, seed: true });
      expect(given(store, { host: 1, numWant: 200 })).not.toContain(NORTH);
      expect(supplyOf(store).serving).toBe(0);
    });

    it('and fetches: a client takes its place as the gateway', () => {
      const writer = levels({ [NORTH]: MANAGED });
      const store = create(writer, 1);
      store.setCacheFills(fillsOf({ host: NORTH }));
      announce(store, { host: NORTH });
      expect(given(store, { host: 3 }).some(isForeign)).toBe(false);
      set(store, writer, NORTH, MANAGED | REPORTED_OUT);
      expect(given(store, { host: 3 }).some(isForeign)).toBe(true);
    });
  });

  it('without a controller may always fetch', () => {
    const store = create(levels({ [NORTH]: REPORTED_CACHE | 7 }));
    expect(given(store, { host: NORTH }).some(isForeign)).toBe(true);
  });

  it('without a controller is given clients beside a cache that has everything', () => {
    const store = create(levels({ [NORTH]: REPORTED_CACHE | 7, [SOUTH]: REPORTED_CACHE | 7 }));
    announce(store, { host: SOUTH, seed: true });
    expect(given(store, { host: NORTH }).length).toBeGreaterThan(5);
  });
});

describe('the list of caches', () => {
  const caches = () => new OperatorCaches(new AddressLevels(new AddressLevelsWriter(1, 0).current));

  it('holds a bounded number of addresses, and forgets those that cease to be caches', () => {
    const list = caches();
    for (let host = 0; host < 1_000; host++) list.note(4, [wordOf(host)], REPORTED_CACHE);
    expect(list.known).toHaveLength(256);
    for (let host = 0; host < 1_000; host++) list.note(4, [wordOf(host)], 4);
    expect(list.isEmpty).toBe(true);
  });

  it('distinguishes families, addresses and torrents of a fill', () => {
    const list = caches();
    const address = Uint32Array.of(wordOf(NORTH), 1, 2, 3);
    const hash = fillsOf({ host: NORTH }).slice(0, 5);
    list.note(4, [wordOf(NORTH)], MANAGED);
    list.note(6, [...address], MANAGED);
    list.setFills(fillsOf({ host: NORTH }), () => {});
    expect(list.mayCross(address, 0, 1, hash)).toBe(true);
    expect(list.mayCross(address, 0, 4, hash)).toBe(false);
    expect(
      list.mayCross(
        address,
        0,
        1,
        hash.map((word, i) => (i === 4 ? word + 1 : word)),
      ),
    ).toBe(false);
    const six = fillsOf({ host: NORTH });
    six.set([6, ...address], 5);
    const ended: number[] = [];
    list.setFills(six, (fill) => ended.push(fill[5]!));
    expect(ended).toEqual([4]);
    expect(list.mayCross(address, 0, 4, hash)).toBe(true);
    expect(list.mayCross(Uint32Array.of(wordOf(NORTH), 1, 2, 4), 0, 4, hash)).toBe(true);
  });
});
