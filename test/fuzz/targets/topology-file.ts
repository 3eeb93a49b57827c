/** Data files about networks, of every kind that is imported: what they say, or an error that names file and line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { OperatorError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import type { AddressSegments } from '../../../src/topology/address-segments.js';
import {
  loadTopologyFile,
  measureOf,
  type TopologyFileContent,
  type TopologyFileKind,
} from '../../../src/topology/load-topology-file.js';
import { mmdbFile } from '../../unit/topology/mmdb-file.js';
import { attemptAsync, type FuzzSubject, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

/** The first byte of an input picks the kind. */
const KINDS = [
  'asn-database',
  'asn-csv',
  'prefix2as',
  'as-rel',
  'as2org',
  'subdomains',
] as const satisfies readonly TopologyFileKind[];

export const topologyFile: FuzzTarget = {
  name: 'topology-file',
  about:
    'ASN CSV and MMDB, prefix2as, as-rel, as2org and plan CSV: ordered segments and counts, or an error with the file in it',
  words: [
    '\n',
    '\r\n',
    ',',
    '|',
    '\t',
    '"',
    '""',
    '#',
    '/33',
    '::',
    '0.0.0.0',
    '255.255.255.255',
    '4294967296',
    '{1,2}',
    '1_2',
    '# format:aut|org_id',
    '\xef\xbb\xbf',
    'MaxMind.com',
    'node_count',
  ],
  create: createFiles,
};

function createFiles(): FuzzSubject {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-fuzz-'));
  const path = join(directory, 'data');
  return {
    make: makeFile,
    async run(input) {
      const kind = KINDS[(input[0] ?? 0) % KINDS.length]!;
      writeFileSync(path, input.subarray(1));
      const read = await attemptAsync(() => loadTopologyFile(kind, path), OperatorError);
      if (read.refused !== undefined) {
        holds(read.refused.message.includes(path), 'an error names the file', () => read.refused.message);
        return `${kind} refused`;
      }
      checkContent(read.value.content);
      for (const [what, count] of measureOf(read.value.content)) {
        holds(Number.isInteger(count) && count >= 0, 'what is counted is a count', () => `${what} ${count}`);
      }
      return kind;
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function checkContent(content: TopologyFileContent): void {
  switch (content.holds) {
    case 'addresses':
      checkSegments(content.database.ipv4);
      checkSegments(content.database.ipv6);
      return;
    case 'relationships':
      for (const asn of [0, 1, 64_500, 4_294_967_295]) {
        const { customersOf, providersOf, peersOf } = content.relationships;
        for (const list of [customersOf(asn), providersOf(asn), peersOf(asn)]) {
          holds(
            list.every((each) => each === each >>> 0),
            'an AS number is one',
          );
        }
      }
      return;
    case 'organisations':
      holds(content.organisations.siblingsOf(64_500).includes(64_500), 'an AS is its own sibling');
      return;
    case 'subdomains':
      for (const { id, prefixes } of content.subdomains) {
        holds(/^[\w.-]{1,64}$/.test(id) && prefixes.length > 0, 'a sub-domain has a name and prefixes', () => id);
      }
  }
}

/** The whole address space in order, so that looking up is a search. */
function checkSegments({ family, count, starts, values }: AddressSegments): void {
  const words = family === 4 ? 1 : 4;
  for (let w = 0; w < words && count > 0; w++) holds(starts[w] === 0, 'the first segment starts at zero');
  for (let i = 1; i < count; i++) {
    let w = 0;
    while (w < words && starts[i * words + w] === starts[(i - 1) * words + w]) w++;
    const rises = w < words && starts[i * words + w]! > starts[(i - 1) * words + w]!;
    holds(rises, 'segments are in order');
    holds(values[i] !== values[i - 1], 'neighbouring segments differ');
  }
}

function makeFile(random: Random): Uint8Array {
  const kind = random.below(KINDS.length);
  const lines = Array.from({ length: random.below(8) }, () => makeLine(KINDS[kind]!, random));
  const text = Buffer.from(lines.join(pick(random, ['\n', '\n', '\r\n'])));
  const mmdb = KINDS[kind] === 'asn-database' && !sometimes(random, 4);
  const bytes = mmdb ? makeMmdb(random) : text;
  return new Uint8Array(Buffer.concat([Buffer.of(kind), sometimes(random, 10) ? gzipSync(bytes) : bytes]));
}

function makeLine(kind: TopologyFileKind, random: Random): string {
  const asn = pick(random, ['64500', '64501', '0', '4294967295', '4294967296', 'AS1']);
  const octet = (): number => random.below(256);
  const address = sometimes(random, 3) ? `2001:db8:${octet().toString(16)}::` : `${octet()}.${octet()}.${octet()}.0`;
  const length = address.includes(':') ? pick(random, [32, 48, 128]) : pick(random, [8, 16, 24, 32]);
  const prefix = `${address}/${length}`;
  switch (kind) {
    case 'asn-database':
    case 'asn-csv':
      return pick(random, [`${address},${address},${asn},"Name, Inc"`, `${prefix},${asn}`, 'start,end,asn']);
    case 'prefix2as':
      return `${address}\t${length}\t${pick(random, [asn, `${asn}_2`, `{${asn},3}`])}`;
    case 'as-rel':
      return pick(random, [`${asn}|64501|-1`, `64500|${asn}|0|bgp`, '# comment']);
    case 'as2org':
      return pick(random, [
        '# format:aut|changed|aut_name|org_id|opaque_id|source',
        `${asn}|2026|NAME|ORG-1||RIPE`,
        '# format:org_id|changed|org_name|country|source',
        'ORG-1|2026|Name|DE|RIPE',
      ]);
    case 'subdomains':
      return pick(random, [
        'prefix,subdomain,asn,uplinkBpsMax',
        `${prefix},north`,
        `${prefix},south,${asn},40000000`,
        `"${prefix}","a"`,
      ]);
  }
}

function makeMmdb(random: Random): Buffer {
  const ipVersion = pick(random, [4, 6] as const);
  const prefixes =
    ipVersion === 4 ? ['1.0.0.0/24', '1.1.0.0/16', '9.0.0.0/8'] : ['2001:db8::/32', '1.0.0.0/24', '2a00::/16'];
  const rows = prefixes.map((prefix) => ({ prefix, asn: random.below(70_000), organisation: 'Name' }));
  return mmdbFile(rows, { recordSize: pick(random, [24, 28, 32] as const), ipVersion });
}
