import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type AsnResponse, Reader } from 'maxmind';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import { formatPrefix, parseIp } from '../../../src/domain/ip-address.js';
import { segmentOf } from '../../../src/topology/address-segments.js';
import { loadTopologyFile, type TopologyFileKind } from '../../../src/topology/load-topology-file.js';
import { type MmdbRow, mmdbFile } from './mmdb-file.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'topology-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function load(kind: TopologyFileKind, content: string | Buffer) {
  const path = join(directory, 'data');
  await writeFile(path, content);
  return (await loadTopologyFile(kind, path)).content;
}

async function database(kind: TopologyFileKind, content: string | Buffer) {
  const loaded = await load(kind, content);
  if (loaded.holds !== 'addresses') throw new Error('no addresses');
  const { database } = loaded;
  const asnOf = (text: string): number => {
    const { family, words } = parseIp(text);
    const segments = family === 4 ? database.ipv4 : database.ipv6;
    return segments.values[segmentOf(segments, words)]!;
  };
  return { ...database, asnOf };
}

async function errorOf(kind: TopologyFileKind, content: string | Buffer): Promise<string> {
  const thrown = await load(kind, content).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(OperatorError);
  return (thrown as OperatorError).message.replace(directory, '');
}

describe('CSV ranges', () => {
  const CSV = [
    '\ufeff192.0.2.0,192.0.2.127,64600,"One, Ltd ""the first"""',
    '192.0.2.128,192.0.2.191,64601,Two\r',
    '',
    '# a comment',
    '2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,64600,One',
    '198.51.100.0/24,64602',
    '255.255.255.0,255.255.255.255,4294967295,Last',
  ].join('\n');

  test('both ends belong to the range, both families, with organisations', async () => {
    const { asnOf, organisations, ipv4Count, ipv6Count } = await database('asn-csv', CSV);
    expect(['192.0.2.0', '192.0.2.127', '192.0.2.128', '192.0.2.191', '192.0.2.192', '192.0.1.255'].map(asnOf)).toEqual(
      [64600, 64600, 64601, 64601, 0, 0],
    );
    expect(['198.51.100.255', '198.51.101.0', '255.255.255.255', '2001:db8::1', '2001:db8:1::'].map(asnOf)).toEqual([
      64602, 0, 4294967295, 64600, 0,
    ]);
    expect(organisations.get(64600)).toBe('One, Ltd "the first"');
    expect(organisations.get(64601)).toBe('Two');
    expect([ipv4Count, ipv6Count]).toEqual([4, 1]);
  });

  test('a heading is skipped, and gzip is unpacked', async () => {
    const csv = 'network,autonomous_system_number,autonomous_system_organization\n192.0.2.0/24,64600,"One"\n';
    const { asnOf } = await database('asn-database', gzipSync(csv));
    expect(asnOf('192.0.2.9')).toBe(64600);
  });

  test.each([
    ['192.0.2.0,192.0.2.9,1\n192.0.2.300,192.0.3.0,1', '/data:2: "192.0.2.300" is not an IPv4 or IPv6 address'],
    ['192.0.2.9,192.0.2.0,1', '/data:1: the range ends before it starts'],
    ['2001:db8::2,2001:db8::1,1', '/data:1: the range ends before it starts'],
    ['192.0.2.0,2001:db8::,1', '/data:1: "2001:db8::" is not an IPv4 address as the start is'],
    ['192.0.2.0,192.0.2.9,AS1', '/data:1: "AS1" is not an AS number'],
    ['192.0.2.0,192.0.2.9', '/data:1: "" is not an AS number'],
    ['192.0.2.0/33,1', '/data:1: "33" is not a prefix length'],
  ])('%j is refused with file and line', async (csv, message) => {
    expect(await errorOf('asn-csv', csv)).toBe(message);
  });
});

describe('CAIDA prefix2as', () => {
  test('takes the first of several origins and of an AS set', async () => {
    const { asnOf } = await database(
      'prefix2as',
      '192.0.2.0\t24\t30_10_20\n198.51.100.0\t24\t7,8\n203.0.113.0\t24\t{5,6}_9\n2001:db8::\t32\t64600\n192.0.2.64\t26\t11\n',
    );
    expect(['192.0.2.1', '192.0.2.65', '198.51.100.1', '203.0.113.1', '2001:db8::1'].map(asnOf)).toEqual([
      30, 11, 7, 5, 64600,
    ]);
  });

  test.each([
    ['192.0.2.0\t24\t1\n192.0.2.0\t24', '/data:2: "" is not an AS number'],
    ['192.0.2.0\t240\t1', '/data:1: "240" is not a prefix length'],
    ['nothing', '/data:1: "nothing" is not an IPv4 or IPv6 address'],
  ])('%j is refused with file and line', async (text, message) => {
    expect(await errorOf('prefix2as', text)).toBe(message);
  });
});

describe('MaxMind databases', () => {
  const ROWS: MmdbRow[] = [
    { prefix: '192.0.2.0/24', asn: 64600, organisation: 'One' },
    { prefix: '192.0.2.128/25', asn: 64601, organisation: 'An organisation of more than 29 letters' },
    { prefix: '2001:db8::/32', asn: 64602, organisation: 'Three' },
  ];

  test.each([24, 28, 32] as const)('records of %d bits', async (recordSize) => {
    const { asnOf, organisations, ipv4Count } = await database(
      'asn-database',
      mmdbFile(ROWS, { recordSize, ipVersion: 6, aliases: true }),
    );
    expect(['192.0.2.1', '192.0.2.200', '192.0.3.0', '2001:db8::1', '2001:db9::', '::c000:201'].map(asnOf)).toEqual([
      64600, 64601, 0, 64602, 0, 0,
    ]);
    expect(organisations.get(64601)).toBe('An organisation of more than 29 letters');
    // Each leaf once: aliases are not walked again.
    expect(ipv4Count).toBe(2);
  });

  test('a database of IPv4 alone', async () => {
    const { asnOf } = await database('asn-database', mmdbFile(ROWS.slice(0, 2), { recordSize: 24, ipVersion: 4 }));
    expect(['192.0.2.1', '192.0.2.200', '192.0.1.255'].map(asnOf)).toEqual([64600, 64601, 0]);
  });

  test('agrees with the library for every address', async () => {
    const prefix = fc
      .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 128 }))
      .filter(([text]) => parseIp(text).family === 6 || !text.includes(':'))
      .map(([text, bits]) => {
        const { family, words } = parseIp(text);
        const length = family === 4 ? 1 + (bits % 32) : Math.max(bits, 3);
        const masked = words.map((word, i) => {
          const kept = Math.min(32, Math.max(0, length - 32 * i));
          return kept === 0 ? 0 : (word & (0xffffffff << (32 - kept))) >>> 0;
        });
        return formatPrefix({ address: { family, words: masked }, length });
      })
      .filter((text) => !text.startsWith('::'));
    await fc.assert(
      fc.asyncProperty(fc.array(prefix, { minLength: 1, maxLength: 20 }), async (prefixes) => {
        // The writer does not keep what is inside a prefix that comes later.
        const rows = [...new Set(prefixes)]
          .map((p, i) => ({ prefix: p, asn: i + 1, organisation: `o${i}` }))
          .sort((a, b) => Number(a.prefix.split('/')[1]) - Number(b.prefix.split('/')[1]));
        const bytes = mmdbFile(rows, { recordSize: 24, ipVersion: 6 });
        const reader = new Reader<AsnResponse>(bytes);
        const { asnOf } = await database('asn-database', bytes);
        for (const { prefix: text } of rows) {
          const address = text.split('/')[0]!;
          expect(asnOf(address)).toBe(reader.get(address)?.autonomous_system_number ?? 0);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a damaged one is refused by name', async () => {
    const whole = mmdbFile(ROWS, { recordSize: 24, ipVersion: 6 });
    const cut = Buffer.concat([
      whole.subarray(0, 40),
      whole.subarray(whole.lastIndexOf('\xab\xcd\xefMaxMind.com', undefined, 'latin1')),
    ]);
    expect(await errorOf('asn-database', cut)).toMatch(/^cannot read \/data as a MaxMind database: /);
    const country = mmdbFile(
      ROWS.map((row) => ({ ...row, asn: 0 })),
      { recordSize: 24, ipVersion: 6 },
    );
    expect(await errorOf('asn-database', country)).toContain('use an ASN database');
  });
});

describe('CAIDA AS relationships', () => {
  test.each([
    ['serial-1', '# source:x\n1|2|-1\n1|3|0\n# in between\n2|4|-1\n'],
    ['serial-2', '1|2|-1|bgp\n1|3|0|mlp\n2|4|-1|bgp\n'],
  ])('%s', async (_, text) => {
    const loaded = await load('as-rel', text);
    if (loaded.holds !== 'relationships') throw new Error();
    const { relationships } = loaded;
    expect(relationships.customersOf(1)).toEqual([2]);
    expect(relationships.providersOf(4)).toEqual([2]);
    expect(relationships.peersOf(1)).toEqual([3]);
    expect(relationships.peersOf(3)).toEqual([1]);
    expect(relationships.customersOf(9)).toEqual([]);
    expect([relationships.transitCount, relationships.peeringCount]).toEqual([2, 1]);
  });

  test('another kind of relationship is refused with file and line', async () => {
    expect(await errorOf('as-rel', '# c\n1|2|-1\n1|2|7\n')).toBe(
      '/data:3: "1|2|7" is not provider|customer|-1 or peer|peer|0',
    );
  });
});

describe('CAIDA as2org', () => {
  const TEXT = [
    '# name: as2org',
    '# format:org_id|changed|org_name|country|source',
    'ORG-1|20260101|One Operator|DE|RIPE',
    '# format:aut|changed|aut_name|org_id|opaque_id|source',
    '64600|20260101|ONE-AS|ORG-1|x|RIPE',
    '64601|20260101|ONE-MOBILE|ORG-1|x|RIPE',
    '64602|20260101|LONELY|ORG-2|x|RIPE',
  ].join('\n');

  test('finds the records by their headers, in whatever order the columns are', async () => {
    const loaded = await load('as2org', TEXT);
    if (loaded.holds !== 'organisations') throw new Error();
    const { organisations } = loaded;
    expect(organisations.siblingsOf(64601)).toEqual([64600, 64601]);
    expect(organisations.siblingsOf(1)).toEqual([1]);
    expect([64600, 64602, 1].map(organisations.organisationOf)).toEqual(['One Operator', 'LONELY', undefined]);
    const swapped = await load('as2org', '# format: org_id|aut\nORG-1|64600\n');
    expect(swapped.holds === 'organisations' && swapped.organisations.asCount).toBe(1);
  });

  test('refuses with file and line', async () => {
    expect(await errorOf('as2org', '# x\n64600|a|b|c\n')).toBe('/data:2: a record before the first "# format:" line');
    expect(await errorOf('as2org', '# format:aut|org_id\nx|ORG-1\n')).toBe('/data:2: "x" is not an AS number');
    expect(await errorOf('as2org', '# format:aut|org_id\n1\n')).toBe('/data:2: no org_id in "1"');
  });
});

describe('sub-domains', () => {
  test('prefix, sub-domain and AS', async () => {
    const loaded = await load(
      'subdomains',
      'prefix,subdomain,asn\n203.0.113.0/25,north\n"203.0.113.128/25", south ,64500\n2001:db8::/48,north,\n',
    );
    if (loaded.holds !== 'subdomains') throw new Error();
    expect(loaded.subdomains.map(({ id, asn, prefixes }) => [id, asn, prefixes.map(formatPrefix)])).toEqual([
      ['north', undefined, ['203.0.113.0/25', '2001:db8::/48']],
      ['south', 64500, ['203.0.113.128/25']],
    ]);
  });

  test.each([
    ['203.0.113.0/25,north\n203.0.113.1/25,south', /^\/data:2: .*bits set past/],
    ['203.0.113.0/25,north\n\n203.0.113.0/25,south', /^\/data:3: 203\.0\.113\.0\/25 is already in line 1$/],
    ['203.0.113.0/25,', /^\/data:1: "" is not the id/],
    ['203.0.113.0/25,north,x', /^\/data:1: "x" is not an AS number/],
    ['203.0.113.0/25,north,1,2,3', /^\/data:1: more than four/],
    ['203.0.113.0/25,north,1,40M', /^\/data:1: "40M" is not an uplink in bits per second/],
    ['203.0.113.0/25,north,1,0', /^\/data:1: "0" is not an uplink/],
    ['prefix,subdomain\nnorth,203.0.113.0/25', /^\/data:2: /],
  ])('%j is refused with file and line', async (text, message) => {
    expect(await errorOf('subdomains', text)).toMatch(message);
  });
});

test('a file that is not there is refused by name', async () => {
  await expect(loadTopologyFile('as-rel', join(directory, 'none'))).rejects.toThrow(/cannot read .*none: ENOENT/);
});
