import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatIp,
  maskWord,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixContains,
} from '../../../src/domain/ip-address.js';
import { createRandom } from '../../../src/domain/random.js';
import { AddressRangesBuilder } from '../../../src/topology/address-ranges.js';
import { flatten } from '../../../src/topology/address-segments.js';
import { compileTopology, type TopologyInput } from '../../../src/topology/compile-topology.js';
import { flatTopologyData, topologyTableFrom } from '../../../src/topology/flat-table.js';
import { GroupRegistry, memoryGroupStore } from '../../../src/topology/group-registry.js';
import type { OperatorNetwork } from '../../../src/topology/operator-network.js';

const NOBODY: OperatorNetwork = { networks: [], subdomains: [], caches: [] };

function network(asn: number, ...prefixes: string[]): OperatorNetwork['networks'][number] {
  return { asn, prefixes: prefixes.map(parsePrefix) };
}

function subdomain(id: string, ...prefixes: string[]): OperatorNetwork['subdomains'][number] {
  return { id, prefixes: prefixes.map(parsePrefix) };
}

function database(...rows: [prefix: string, asn: number][]): TopologyInput['databases'][number] {
  const ipv4 = new AddressRangesBuilder(4, 1);
  const ipv6 = new AddressRangesBuilder(6, 1);
  for (const [text, asn] of rows) {
    const prefix = parsePrefix(text);
    (prefix.address.family === 4 ? ipv4 : ipv6).addPrefix(prefix, asn);
  }
  return { ipv4: flatten(ipv4.build()), ipv6: flatten(ipv6.build()) };
}

function compile(input: Partial<TopologyInput>) {
  const topology = compileTopology({
    version: 1,
    operator: NOBODY,
    databases: [],
    groups: new GroupRegistry(memoryGroupStore()),
    ...input,
  });
  const table = topologyTableFrom(structuredClone(topology.data));
  const groupOf = (text: string): number => {
    const { family, words } = parseIp(text);
    return family === 4 ? table.lookup4(words[0]!) : table.lookup6(words[0]!, words[1]!, words[2]!, words[3]!);
  };
  return { topology, nameOf: (text: string) => topology.groups[groupOf(text)]!.name, groupOf };
}

describe('reserved addresses', () => {
  test.each([
    ['172.0.0.0/8', '172.0.0.1', '172.16.0.1'],
    ['192.0.0.0/8', '192.1.0.1', '192.168.1.1'],
    ['100.0.0.0/8', '100.1.0.1', '100.64.0.1'],
    ['96.0.0.0/3', '97.0.0.1', '127.0.0.1'],
    ['0.0.0.0/0', '8.8.8.8', '10.0.0.1'],
    ['::/0', '2600::1', 'fd00::1'],
    ['2000::/3', '2600::1', '2001:db8::1'],
  ])('%s names %s as the operator’s own, but not %s', (prefix, named, reserved) => {
    const around = { ...NOBODY, networks: [network(64500, prefix)] };
    const { nameOf } = compile({ operator: around });
    expect(nameOf(named)).toBe('as:64500');
    expect(nameOf(reserved)).toBe('unknown');
    const { nameOf: nameInPlan } = compile({ operator: { ...around, subdomains: [subdomain('all', prefix)] } });
    expect(nameInPlan(named)).toBe('subdomain:all');
    expect(nameInPlan(reserved)).toBe('unknown');
  });

  test('are the operator’s own where a prefix within them names them', () => {
    const operator: OperatorNetwork = {
      networks: [
        network(64500, '172.0.0.0/8', '172.16.0.0/12'),
        network(64501, '100.0.0.0/8', '10.0.0.0/9', 'fd00::/8'),
      ],
      subdomains: [subdomain('nat', '100.64.0.0/16')],
      caches: [],
    };
    const { nameOf } = compile({ operator });
    expect(['172.16.0.1', '172.31.255.255', '10.127.0.1', 'fd12::1'].map(nameOf)).toEqual([
      'as:64500',
      'as:64500',
      'as:64501',
      'as:64501',
    ]);
    expect(nameOf('100.64.3.1')).toBe('subdomain:nat');
    expect(nameOf('100.65.0.1')).toBe('unknown');
    expect(nameOf('10.128.0.1')).toBe('unknown');
  });
});

describe('the operator’s own network', () => {
  const operator: OperatorNetwork = {
    networks: [network(64500, '203.0.113.0/24', '2001:db8:100::/40'), network(64501, '198.51.100.0/24')],
    subdomains: [
      subdomain('north', '203.0.113.0/25', '2001:db8:100::/48'),
      subdomain('south', '203.0.113.128/25'),
      subdomain('centre', '203.0.113.64/26'),
    ],
    caches: [{ address: parseIp('203.0.113.130') }],
  };

  test('an address is in the sub-domain of the longest prefix, else in its AS, else unknown', () => {
    const { nameOf } = compile({ operator });
    expect(nameOf('203.0.113.1')).toBe('subdomain:north');
    expect(nameOf('203.0.113.64')).toBe('subdomain:centre');
    expect(nameOf('203.0.113.127')).toBe('subdomain:centre');
    expect(nameOf('203.0.113.200')).toBe('subdomain:south');
    expect(nameOf('203.0.113.130')).toBe('cache:203.0.113.130');
    expect(nameOf('198.51.100.255')).toBe('as:64501');
    expect(nameOf('198.51.101.0')).toBe('unknown');
    expect(nameOf('2001:db8:100::1')).toBe('subdomain:north');
    expect(nameOf('2001:db8:101::1')).toBe('as:64500');
    expect(nameOf('2001:db8:200::')).toBe('unknown');
    expect(nameOf('::1')).toBe('unknown');
    expect(nameOf('ffff::')).toBe('unknown');
  });

  test('wins over a database that knows a longer prefix', () => {
    const { nameOf } = compile({
      operator,
      databases: [database(['203.0.113.8/32', 65001], ['203.0.112.0/23', 65002], ['198.51.100.0/30', 65003])],
    });
    expect(nameOf('203.0.113.8')).toBe('subdomain:north');
    expect(nameOf('198.51.100.1')).toBe('as:64501');
    expect(nameOf('203.0.112.9')).toBe('as:65002');
  });

  test('is described with AS, sub-domain and organisation', () => {
    const { topology } = compile({
      operator,
      databases: [database(['192.0.2.0/24', 65001])],
      organisationOf: (asn) => (asn === 65001 ? 'Far Away Ltd' : undefined),
    });
    expect(topology.describe('203.0.113.130')).toMatchObject({
      kind: 'cache',
      asn: 64500,
      subdomain: 'south',
      operator: 'own',
    });
    expect(topology.describe('192.0.2.7')).toMatchObject({
      groupName: 'as:65001',
      kind: 'foreign-as',
      asn: 65001,
      operator: 'Far Away Ltd',
    });
    expect(topology.describe('8.8.8.8')).toMatchObject({ group: 0, kind: 'unknown', asn: 0, operator: 'unknown' });
  });

  test('a sub-domain over two AS is a group in each, since the AS decides the tier', () => {
    const { topology, nameOf } = compile({
      operator: { ...operator, subdomains: [subdomain('metro', '203.0.113.0/26', '198.51.100.0/26')] },
    });
    expect(nameOf('203.0.113.1')).toBe('subdomain:metro');
    expect(topology.describe('198.51.100.1')).toMatchObject({ subdomain: 'metro', asn: 64501 });
    expect(topology.describe('203.0.113.1')).toMatchObject({ subdomain: 'metro', asn: 64500 });
  });

  test('a sibling AS is the operator’s own without any prefix in the configuration', () => {
    const { topology } = compile({ operator, siblingAsns: [64999], databases: [database(['192.0.2.0/24', 64999])] });
    expect(topology.describe('192.0.2.1')).toMatchObject({ kind: 'own-as', operator: 'own', asn: 64999 });
  });
});

describe('longest prefix', () => {
  const length4 = fc.integer({ min: 0, max: 32 });
  // Few distinct leading bits, so that prefixes nest and touch.
  const word = fc.oneof(
    fc.constantFrom(0, 0xffffffff, 0x80000000),
    fc.integer({ min: 0, max: 255 }).map((b) => (b << 24) >>> 0),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  const prefix4 = fc.tuple(word, length4).map(
    ([w, length]): Prefix => ({
      address: { family: 4, words: [(w & maskWord(length)) >>> 0] },
      length,
    }),
  );
  const word0 = fc.constantFrom(0, 0x20010db8, 0x2a000000, 0x3fffffff, 0x40000000, 0xffffffff);
  const prefix6 = fc.tuple(word0, word, word, word, fc.integer({ min: 0, max: 128 })).map(
    ([a, b, c, d, length]): Prefix => ({
      address: { family: 6, words: [a, b, c, d].map((w, i) => (w & maskWord(length - 32 * i)) >>> 0) },
      length,
    }),
  );

  /** The longest prefix that contains the address; of equals the last. */
  function naive(prefixes: readonly Prefix[], address: Prefix['address']): number {
    let best = -1;
    let asn = 0;
    prefixes.forEach((prefix, i) => {
      if (prefix.length >= best && prefixContains(prefix, address)) {
        best = prefix.length;
        asn = i + 1;
      }
    });
    return asn;
  }

  test.each([
    ['IPv4', prefix4, 4],
    ['IPv6', prefix6, 6],
  ] as const)('%s: the flat table agrees with trying every prefix', (_, prefix, family) => {
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 40 }), fc.array(prefix, { maxLength: 20 }), (prefixes, others) => {
        const builder = new AddressRangesBuilder(family, 1);
        prefixes.forEach((p, i) => {
          builder.addPrefix(p, i + 1);
        });
        const segments = flatten(builder.build());
        const empty = flatten(new AddressRangesBuilder(family === 4 ? 6 : 4, 1).build());
        const { groupOf, topology } = compile({
          databases: [family === 4 ? { ipv4: segments, ipv6: empty } : { ipv4: empty, ipv6: segments }],
        });
        // Where answers change: the first address of each prefix, its last, and their neighbours.
        for (const { address, length } of [...prefixes, ...others]) {
          const last = address.words.map((w, i) => (w | ~maskWord(length - 32 * i)) >>> 0);
          const beyond = last.map((w, i) => (i === last.length - 1 ? (w + 1) >>> 0 : w));
          for (const words of [address.words, last, beyond]) {
            const probe = { family, words } as const;
            expect(topology.groups[groupOf(formatIp(probe))]!.asn).toBe(naive(prefixes, probe));
          }
        }
      }),
      { numRuns: 80 },
    );
  });

  test('crowded and deep: hundreds of prefixes within one /20, one /48 and one /112', () => {
    const random = createRandom(7);
    const builder4 = new AddressRangesBuilder(4);
    const builder6 = new AddressRangesBuilder(6);
    const inside = (words: number[], from: number, length: number): Prefix => ({
      address: {
        family: words.length === 1 ? 4 : 6,
        words: words.map((word, i) => {
          const free = ~maskWord(from - 32 * i) & maskWord(length - 32 * i);
          return ((word & maskWord(from - 32 * i)) | (random.nextUint32() & free)) >>> 0;
        }),
      },
      length,
    });
    for (let i = 1; i <= 900; i++) {
      builder4.addPrefix(inside([0xc0000000], 20, 21 + random.below(12)), i);
      builder6.addPrefix(inside([0x20010db8, 0x00010000, 0, 0], 48, 49 + random.below(80)), i);
      builder6.addPrefix(inside([0x20010db8, 0x00020000, 0, 0x30000], 112, 113 + random.below(16)), 1000 + i);
    }
    const [ipv4, ipv6] = [flatten(builder4.build()), flatten(builder6.build())];
    const table = topologyTableFrom(flatTopologyData(1, ipv4, ipv6));
    for (const { family, count, starts, values } of [ipv4, ipv6]) {
      const words = family === 4 ? 1 : 4;
      for (let i = 0; i < count; i++) {
        const first = [...starts.subarray(i * words, (i + 1) * words)];
        const lookup = ([a, b = 0, c = 0, d = 0]: number[]): number =>
          family === 4 ? table.lookup4(a!) : table.lookup6(a!, b, c, d);
        expect(lookup(first)).toBe(values[i]);
        expect(lookup(first.map((word) => word | 0))).toBe(values[i]);
        const before = first.map((word, w) => (first.slice(w + 1).every((x) => x === 0) ? word - 1 : word) >>> 0);
        if (i > 0) expect(lookup(before)).toBe(values[i - 1]);
      }
    }
  });

  test('group numbers survive a new compilation, in whatever order the data comes', () => {
    const groups = new GroupRegistry(memoryGroupStore());
    const first = compile({ groups, databases: [database(['192.0.2.0/24', 65001], ['198.51.100.0/24', 65002])] });
    const second = compile({ groups, databases: [database(['198.51.100.0/24', 65002], ['10.0.0.0/8', 65003])] });
    expect(second.groupOf('198.51.100.1')).toBe(first.groupOf('198.51.100.1'));
    expect(second.groupOf('10.0.0.1')).not.toBe(first.groupOf('192.0.2.1'));
  });
});
