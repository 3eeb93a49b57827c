import { describe, expect, it } from 'vitest';
import { formatIpv4, parseIp } from '../../../src/domain/ip-address.js';
import { createRandom } from '../../../src/domain/random.js';
import { AddressLevels, AddressLevelsWriter, reportedCapability } from '../../../src/selection/address-levels.js';
import { FlatCandidates } from '../../../src/selection/choose-flat.js';
import type { CostTable } from '../../../src/selection/cost-table.js';
import { observeCapability } from '../../../src/selection/observed-capability.js';
import { firstWordOf, keyOfWord, slotOfWord, sortedWord } from '../../../src/selection/sorted-word.js';
import { FOREIGN_KEY, KEY_END, StandingKeys } from '../../../src/selection/standing-key.js';
import { CompactPeerSink } from '../../../src/tracker/swarm/choice/compact-peer-sink.js';

const TABLE: CostTable = {
  version: 1,
  groupCount: 5,
  partition: Uint8Array.from([15, 0, 0, 1, 15]),
  rateRank: Uint8Array.from([255, 0, 0, 0, 3]),
  densityLevel: Uint8Array.from([8, 2, 10, 8, 8]),
  scoreOf: Uint8Array.from({ length: 128 }, (_, i) => (7 - (i >> 4)) * 8 + ((i & 15) >> 1)),
  mix: {
    enoughInnerPeers: 1,
    foreignPeersMin: 0,
    foreignPeersMax: 1,
    foreignPeersWhenNoInnerSeed: 0,
    gatewaysMax: 0,
    grain: 'as',
  },
  reportedCapability: reportedCapability(new Map(), 0),
  overrides: new Map([
    [1 * 65_536 + 2, 512 + 7],
    [1 * 65_536 + 4, 256],
  ]),
};

describe('standing keys', () => {
  const keys = new StandingKeys(TABLE);

  it('rank the AS before the rate before capability before density', () => {
    const worstInner = keys.key(3, 0);
    expect(worstInner).toBeLessThan(keys.key(4, 7));
    expect(keys.key(4, 0)).toBeLessThan(keys.key(0, 7));
    expect(keys.key(2, 5)).toBeLessThan(keys.key(1, 4));
    expect(keys.key(1, 4)).toBeLessThan(keys.key(2, 4));
    expect(keys.key(0, 0)).toBeLessThan(KEY_END);
  });

  it('are monotonic in capability', () => {
    for (let level = 1; level < 8; level++) expect(keys.key(1, level)).toBeLessThan(keys.key(1, level - 1));
  });

  it('a group that the policy does not know ranks as the unknown one', () => {
    expect(keys.key(4000, 4)).toBe(keys.key(0, 4));
  });

  it('pair keys put the requester’s AS first and follow the operator’s exceptions, for that requester alone', () => {
    expect(keys.pairKey(3, 1, 3, 4)).toBeLessThan(keys.pairKey(3, 1, 1, 7));
    expect(keys.pairKey(1, 0, 2, 7)).toBeGreaterThanOrEqual(FOREIGN_KEY);
    expect(keys.pairKey(2, 0, 2, 7)).toBeLessThan(FOREIGN_KEY);
    expect(keys.pairKey(1, 0, 4, 4)).toBeLessThan(FOREIGN_KEY);
    expect([1, 2, 3].map((group) => keys.hasOverrides(group))).toEqual([true, false, false]);
  });
});

describe('observed capability', () => {
  const units = (bytes: number): number => bytes / 16_384;

  it('does not rank a peer above newcomers for fast uploads, and fades to neutral', () => {
    const fast = (level: number): number => observeCapability(level, units(10e6 * 1800), 1800);
    expect(fast(4)).toBe(4);
    expect(fast(3)).toBe(4);
    let level = 7;
    expect(Array.from({ length: 4 }, () => (level = observeCapability(level, 0, 1800)))).toEqual([6, 5, 4, 4]);
  });

  it('holds little upload only slightly against a peer', () => {
    expect(observeCapability(4, units(1e6), 1800)).toBe(3);
    expect(observeCapability(3, units(1e6), 1800)).toBe(3);
  });

  it('does not judge by too short a time and does not believe the incredible', () => {
    expect(observeCapability(4, units(1e9), 5)).toBe(4);
    expect(observeCapability(4, units(1e15), 1800)).toBe(4);
  });
});

describe('reported levels by address', () => {
  it('finds every address of both families and no other', () => {
    const random = createRandom(3);
    const byAddress = new Map<string, number>();
    for (let i = 0; i < 500; i++) byAddress.set(formatIpv4(random.nextUint32()), i % 8);
    for (let i = 0; i < 500; i++) byAddress.set(`2001:db8::${(i * 7).toString(16)}`, (i % 8) | 128);
    const levels = new AddressLevels(reportedCapability(byAddress, 1));
    for (const [text, level] of byAddress) {
      const { family, words } = parseIp(text);
      expect(levels.lookup(family, words[0]!, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0)).toBe(level);
    }
    expect(levels.lookup(4, 0x01020304, 0, 0, 0)).toBe(-1);
    expect(levels.lookup(6, 0x20010db8, 0, 0, 1)).toBe(-1);
    expect(new AddressLevels(reportedCapability(new Map(), 0)).lookup(4, 1, 0, 0, 0)).toBe(-1);
  });

  it('a table changes in place, and makes room, under the eyes of its readers', () => {
    const random = createRandom(4);
    const writer = new AddressLevelsWriter(1);
    let readers = [new AddressLevels(writer.current)];
    const expected = new Map<number, number>();
    for (let step = 0; step < 5_000; step++) {
      const word = 1 + random.below(700);
      const value = random.below(9) - 1;
      expect(writer.set(4, [word], value)).toBe((expected.get(word) ?? -1) !== value);
      expected.set(word, value);
      if (writer.current.version !== readers[0]!.version) readers = [new AddressLevels(writer.current), readers[0]!];
    }
    expect(readers[0]!.version).toBeGreaterThan(3);
    for (const [word, value] of expected) expect(readers[0]!.lookup(4, word, 0, 0, 0)).toBe(value);
    const live = [...expected.values()].filter((value) => value >= 0).length;
    let seen = 0;
    readers[0]!.forEach(() => {
      seen++;
    });
    expect(seen).toBe(live);
    expect(writer.current.slots.length / 5).toBeGreaterThanOrEqual(2 * live);
    expect(writer.current.slots.length / 5).toBeLessThan(8 * 700);
  });

  it('two tables compared: what is new, what is another, what is gone', () => {
    const first = new Map([
      ['203.0.113.1', 1],
      ['203.0.113.2', 2],
      ['2001:db8::1', 3],
    ]);
    const later = new Map([
      ['203.0.113.1', 1],
      ['203.0.113.2', 5],
      ['203.0.113.3', 128 | 7],
    ]);
    const changes: string[] = [];
    const table = new AddressLevels(reportedCapability(later, 2));
    table.forEachDifference(new AddressLevels(reportedCapability(first, 1)), (family, words, value) => {
      changes.push(`${family} ${words[0]! >>> 0} ${words[3]! >>> 0} ${value}`);
    });
    expect(changes.sort()).toEqual([`4 ${0xcb007102} 0 5`, `4 ${0xcb007103} 0 135`, `6 ${0x20010db8} 1 -1`]);
  });
});

describe('a draw from sorted words', () => {
  it('finds key and slot again, and all words of a key between its first and that of the next', () => {
    const slots = new Set<number>();
    for (let slot = 0; slot < 1 << 14; slot++) {
      const word = sortedWord(777, slot);
      expect([keyOfWord(word), slotOfWord(word)]).toEqual([777, slot]);
      expect(word >= firstWordOf(777) && word < firstWordOf(778)).toBe(true);
      slots.add(word);
    }
    expect(slots.size).toBe(1 << 14);
    expect(keyOfWord(sortedWord(KEY_END - 1, 5))).toBe(KEY_END - 1);
  });

  it.each([60, 300, 2_000])('mixes old and new peers: none of %i answers is a cohort', (peers) => {
    const words = Uint32Array.from({ length: peers }, (_, slot) => sortedWord(1, slot)).sort();
    const ages = [...words].map(slotOfWord);
    const window = 40;
    for (let start = 0; start < peers; start++) {
      let older = 0;
      for (let i = 0; i < window; i++) older += Number(ages[(start + i) % peers]! < peers / 2);
      expect(older).toBeGreaterThanOrEqual(window / 4);
      expect(older).toBeLessThanOrEqual((window * 3) / 4);
    }
  });

  it('is fair where a run of equal keys is longer than what is wanted', () => {
    const candidates = new FlatCandidates(createRandom(9));
    const runs = [3, 40, 10];
    const words = new Uint32Array(53);
    for (let run = 0, slot = 0; run < runs.length; run++) {
      for (let i = 0; i < runs[run]!; i++, slot++) words[slot] = sortedWord(run + 1, slot);
    }
    words.sort();
    const records = Uint32Array.from({ length: 53 * 5 }, (_, i) =>
      i % 5 === 0 ? i / 5 : i % 5 === 1 ? 0x1ae10000 : 0,
    );
    candidates.setLists(words, 0, 1, 53, 53, 53, 0, 5, 53, 0);
    const sink = new CompactPeerSink();
    const out = new Uint8Array(60);
    const given = new Uint32Array(53);
    const answers = 20_000;
    for (let i = 0; i < answers; i++) {
      sink.start(records, 1, 0, out, 0);
      candidates.take(0, KEY_END, 10, sink);
      expect(sink.written).toBe(10);
      for (let peer = 0; peer < 10; peer++) given[out[peer * 6 + 3]!]!++;
    }
    expect([...given.slice(0, 3)]).toEqual([answers, answers, answers]);
    expect(Math.max(...given.slice(3, 43)) / ((answers * 7) / 40)).toBeLessThan(1.1);
    expect([...given.slice(43)].every((count) => count === 0)).toBe(true);
  });
});
