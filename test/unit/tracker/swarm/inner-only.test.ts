import { describe, expect, it } from 'vitest';
import { isInnerOnly } from '../../../../src/tracker/bogons.js';
import { AnnounceOutcome } from '../../../../src/tracker/swarm/announce-outcome.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  FIXTURE_GROUPS,
  HOME_A,
  hosts,
  infoHash,
  readPeers,
  requestOf,
  SWARM_KINDS,
} from './store-fixture.js';

/** The fixture's IPv4 addresses are 203.0.host, its IPv6 ones 2001:db8:host: every odd host stands for a private address. */
const isOddHost = (words: Uint32Array, at: number, addressWords: 1 | 4): boolean =>
  (words[addressWords === 1 ? at : at + 1]! & 1) === 1;

const isPrivate = (host: number): boolean => host % 2 === 1;
const isForeign = (host: number): boolean => host >= 1_000;

describe.each(SWARM_KINDS)('private addresses in a %s swarm', (_kind, thresholds) => {
  describe.each([4, 6] as const)('of IPv%i', (family) => {
    const create = (mix = {}): SwarmStore =>
      createStore({
        ...thresholds,
        isInnerOnly: isOddHost,
        policy: costTable(FIXTURE_GROUPS, { mix: { foreignPeersMax: 20, ...mix } }),
      });
    const ask = (store: SwarmStore, host: number, group: number, over = {}): number[] =>
      hosts(announce(store, { host, group, family, ...over }).peers);

    it('are given to inner requesters, and to nobody outside', () => {
      const store = create();
      for (let host = 1; host <= 40; host++) ask(store, host, HOME_A, { seed: host % 4 === 1 });
      expect(ask(store, 50, HOME_A).filter(isPrivate)).toHaveLength(20);
      for (let host = 1_000; host < 1_040; host += 2) {
        const given = ask(store, host, CHEAP).filter((one) => !isForeign(one));
        expect(given.filter(isPrivate)).toEqual([]);
        expect(given).toHaveLength(20);
        expect(new Set(given).size).toBe(20);
      }
    });

    it('hide the only inner peer that can be reached from nobody', () => {
      const store = create();
      for (let host = 1; host <= 59; host += 2) ask(store, host, HOME_A);
      ask(store, 60, HOME_A, { seed: true });
      for (let host = 1_000; host < 1_020; host += 2) {
        expect(ask(store, host, CHEAP).filter((one) => !isForeign(one))).toEqual([60]);
      }
    });

    it('are not given to foreign requesters of the other family either, where an answer holds both', () => {
      const store = create();
      for (let host = 1; host <= 40; host++) ask(store, host, HOME_A, { seed: host % 4 === 1 });
      const other = family === 4 ? 6 : 4;
      const fill = (host: number, group: number): number[] => {
        const request = requestOf({ host, group, family: other });
        const requester = store.announce(request, new AnnounceOutcome());
        const out = new Uint8Array(50 * 18);
        const given = store.select(request, requester, out, 0, 50);
        return hosts(readPeers(out, store.selectOther(request, requester, out, 0, 50 - given), family));
      };
      const foreign = fill(1_000, CHEAP);
      expect(foreign.filter(isPrivate)).toEqual([]);
      expect(foreign.length).toBeGreaterThan(0);
      expect(fill(50, HOME_A).filter(isPrivate).length).toBeGreaterThan(0);
    });

    it('take no place of foreign peers', () => {
      const store = create();
      for (let host = 1; host <= 9; host += 2) ask(store, host, HOME_A);
      ask(store, 1_000, CHEAP, { seed: true });
      expect(ask(store, 1_002, CHEAP, { numWant: 1 })).toEqual([1_000]);
    });

    it('are not shown as gateways', () => {
      const store = create({ gatewaysMax: 8, foreignPeersMax: 4, foreignPeersWhenNoInnerSeed: 4 });
      for (let host = 1_000; host < 1_020; host += 2) ask(store, host, CHEAP, { seed: host < 1_010 });
      // Both call foreign peers.
      expect(ask(store, 1, HOME_A).some(isForeign)).toBe(true);
      expect(ask(store, 2, HOME_A, { numWant: 1 })).toHaveLength(1);
      for (let host = 1_002; host < 1_010; host += 2) {
        const shown = ask(store, host, CHEAP).filter((one) => !isForeign(one));
        expect(shown.filter(isPrivate)).toEqual([]);
      }
    });

    it('are explained', () => {
      const store = create();
      for (let host = 1; host <= 9; host += 2) ask(store, host, HOME_A);
      const words = family === 4 ? [0xcb000000 + 1_000] : [0x20010db8, 1_000, 0, 1];
      const question = { infoHash: infoHash(1), family, words, group: CHEAP };
      const only = store.explain(question, 50);
      expect(only.chosen).toEqual([]);
      expect(only.classes).toMatchObject([{ count: 5, innerOnly: 5, reason: 'only-inner-requesters-reach-them' }]);
      ask(store, 2, HOME_A);
      const mixed = store.explain(question, 50);
      expect(mixed.classes).toMatchObject([{ count: 6, chosen: 1, innerOnly: 5, reason: 'chosen-in-part' }]);
      expect(store.explain({ ...question, group: HOME_A }, 50).classes).toMatchObject([{ count: 6, innerOnly: 0 }]);
    });
  });
});

describe('a foreign requester in a large swarm of private addresses', () => {
  it('is answered after a bounded number of them, and later ones look on from there', () => {
    let looks = 0;
    const store = createStore({
      smallMax: 2,
      rankedMax: 4,
      isInnerOnly: (words, at) => {
        looks++;
        return words[at]! !== 0xcb000000 + 30_000;
      },
      policy: costTable(FIXTURE_GROUPS, { mix: { foreignPeersMax: 20 } }),
    });
    for (let host = 1; host <= 30_000; host++) announce(store, { host, numWant: 0 });
    let most = 0;
    let found = 0;
    for (let host = 100_000; host < 100_020; host++) {
      looks = 0;
      found += hosts(announce(store, { host, group: CHEAP }).peers).includes(30_000) ? 1 : 0;
      most = Math.max(most, looks);
    }
    expect(most).toBeLessThan(9_000);
    expect(found).toBeGreaterThan(0);
  });
});

describe('addresses that only inner requesters reach', () => {
  it.each([
    [[0x0a010203], true],
    [[0x64400001], true],
    [[0xc0a80101], true],
    [[0xb9000001], false],
    [[0xfd000000, 0, 0, 1], true],
    [[0x2a000100, 0, 0, 1], false],
  ])('%j: %s', (words, only) => {
    expect(isInnerOnly(Uint32Array.from([7, ...words]), 1, words.length as 1 | 4)).toBe(only);
  });
});
