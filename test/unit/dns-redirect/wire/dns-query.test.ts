import { encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DnsQuery, DROP, readQuery } from '../../../../src/dns-redirect/wire/dns-query.js';
import { canonicalName, nameFromLabels, nameFromText } from '../../../../src/dns-redirect/wire/domain-name.js';

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const sent = fc.record({
  id: fc.nat(0xffff),
  name,
  type: fc.constantFrom('A', 'AAAA', 'MX', 'TXT', 'SOA'),
  edns: fc.option(fc.integer({ min: 1, max: 0xffff }), { nil: undefined }),
});

function packetOf({ id, name, type, edns }: { id: number; name: string; type: string; edns: number | undefined }) {
  const options = [{ code: 10, data: Buffer.from('cookie!!') }];
  const opt = { name: '.', type: 'OPT', udpPayloadSize: edns ?? 0, flags: 0x8000, options };
  const additionals = edns === undefined ? [] : [opt];
  return encode({ id, type: 'query', flags: 0x0100, questions: [{ name, type }], additionals });
}

/** Reads it from the middle of a larger buffer, as datagrams lie in a batch. */
function read(packet: Uint8Array): { fault: number; query: DnsQuery } {
  const bytes = new Uint8Array(packet.length + 64).fill(0xff);
  bytes.set(packet, 32);
  const query = new DnsQuery();
  return { fault: readQuery(query, bytes, 32, packet.length), query };
}

describe('the guard', () => {
  test('reads what another codec writes', () => {
    fc.assert(
      fc.property(sent, (each) => {
        const { fault, query } = read(packetOf(each));
        expect(fault).toBe(0);
        expect(query).toMatchObject({ id: each.id, name: canonicalName(nameFromText(each.name)), class: 1 });
        expect(query.udpBytes).toBe(Math.max(512, each.edns ?? 512));
        expect(query.dnssecOk).toBe(each.edns !== undefined);
        const copy = query.copy();
        const question = (of: DnsQuery) => Buffer.from(of.bytes.subarray(of.start, of.questionEnd)).toString('latin1');
        expect(question(copy)).toBe(question(query));
        if (each.edns === undefined) return;
        const cookie = copy.bytes.subarray(copy.cookieAt, copy.cookieAt + copy.cookieBytes);
        expect(Buffer.from(cookie).toString()).toBe('cookie!!');
      }),
    );
  });

  test('survives any bytes, and says what they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const { fault } = read(bytes);
        if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) expect(fault).toBe(DROP);
        else expect([0, 1, 4]).toContain(fault);
      }),
      { numRuns: 2_000 },
    );
  });

  const head = (questions: number, additionals = 0) => [0, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, additionals];
  const tail = [0, 1, 0, 1];
  const opt = (...options: number[]) => [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.length, ...options];
  const cookie = (length: number) => [0, 10, 0, length, ...new Array<number>(length).fill(7)];
  test.each<[string, number[]]>([
    ['no question', head(0)],
    ['a name without an end', [...head(1), 3, 97, 98]],
    ['a compression pointer in the question', [...head(1), 0xc0, 12, ...tail]],
    ['a label type of the future', [...head(1), 0x41, 1, 0, ...tail]],
    ['a name of 256 bytes', [...head(1), ...Array.from({ length: 128 }, () => [1, 97]).flat(), 0, ...tail]],
    ['a question without its class', [...head(1), 0, 0, 1]],
    ['fewer records than counted', [...head(1, 1), 0, ...tail]],
    ['a record longer than the packet', [...head(1, 1), 0, ...tail, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 9]],
    ['two OPT records', [...head(1, 2), 0, ...tail, ...opt(), ...opt()]],
    ['an OPT record that is not at the root', [...head(1, 1), 0, ...tail, 1, 97, ...opt()]],
    ['an option without its length', [...head(1, 1), 0, ...tail, ...opt(0, 10, 0)]],
    ['an option longer than its record', [...head(1, 1), 0, ...tail, ...opt(0, 3, 0, 5, 1)]],
    ['a cookie of 7 bytes', [...head(1, 1), 0, ...tail, ...opt(...cookie(7))]],
    ['a cookie of 9 bytes', [...head(1, 1), 0, ...tail, ...opt(...cookie(9))]],
    ['a cookie of 41 bytes', [...head(1, 1), 0, ...tail, ...opt(...cookie(41))]],
    ['records without end', [...head(1, 200), 0, ...tail]],
    ['more than a query can be', [...head(1), 0, ...tail, ...new Array<number>(5_000).fill(0)]],
  ])('calls %s malformed', (_, bytes) => {
    const { fault, query } = read(Uint8Array.from(bytes));
    expect(fault).toBe(1);
    expect(query).toMatchObject({ id: 1, flags: 0x0100 });
  });

  test('reads the longest name there can be, the root, and names that are not text', () => {
    const labels = [63, 63, 63, 61].map((length) => [length, ...new Array<number>(length).fill(97)]);
    expect(read(Uint8Array.from([...head(1), ...labels.flat(), 0, ...tail])).query.name).toHaveLength(255);
    expect(read(Uint8Array.from([...head(1), 0, ...tail])).query.name).toBe('\0');
    const odd = read(Uint8Array.from([...head(1), 4, 97, 0x2e, 0xc3, 0x41, 0, ...tail]));
    // A dot inside a label is not a border of labels, so the name cannot be taken for a listed one.
    expect(odd.query.name).toBe(nameFromLabels(['a.\xc3a']));
  });

  test('reads cookies and the wish to keep a connection', () => {
    const { fault, query } = read(Uint8Array.from([...head(1, 1), 0, ...tail, ...opt(0, 11, 0, 0, ...cookie(24))]));
    expect(fault).toBe(0);
    expect(query).toMatchObject({ wantsKeepalive: true, cookieBytes: 24 });
    expect(query.bytes[query.cookieAt]).toBe(7);
  });
});
