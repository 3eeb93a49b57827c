import { encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorAnswer, redirectedAnswer } from '../../../src/dns-redirect/answer-packet.js';
import { type Query, readQuery } from '../../../src/dns-redirect/query-packet.js';
import { parseIp } from '../../../src/domain/ip-address.js';

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const query = fc.record({
  id: fc.nat(0xffff),
  name,
  type: fc.constantFrom('A', 'AAAA', 'MX', 'TXT', 'SOA'),
  edns: fc.option(fc.integer({ min: 1, max: 0xffff }), { nil: undefined }),
});

function packetOf({ id, name, type, edns }: { id: number; name: string; type: string; edns: number | undefined }) {
  const opt = { name: '.', type: 'OPT', udpPayloadSize: edns ?? 0, flags: 0, options: [] };
  const additionals = edns === undefined ? [] : [opt];
  return encode({ id, type: 'query', flags: 0x0100, questions: [{ name, type }], additionals });
}

function read(packet: Buffer): Query {
  const reading = readQuery(packet);
  if (reading.kind !== 'query') throw new Error(`read as ${reading.kind}`);
  return reading.query;
}

describe('the guard', () => {
  test('reads what another codec writes', () => {
    fc.assert(
      fc.property(query, (sent) => {
        const understood = read(packetOf(sent));
        expect(understood.id).toBe(sent.id);
        expect(understood.question).toMatchObject({ name: sent.name, class: 1 });
        expect(understood.edns?.udpPayloadBytes).toBe(sent.edns === undefined ? undefined : Math.max(512, sent.edns));
      }),
    );
  });

  test('survives any bytes, and says what they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const reading = readQuery(Buffer.from(bytes));
        if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) expect(reading.kind).toBe('drop');
        else expect(['query', 'error']).toContain(reading.kind);
      }),
      { numRuns: 2_000 },
    );
  });

  test('survives a query with bytes changed, cut or added; what it still reads can be answered', () => {
    const change = fc.record({
      at: fc.nat(80),
      to: fc.nat(255),
      cut: fc.nat(80),
      add: fc.uint8Array({ maxLength: 5 }),
    });
    fc.assert(
      fc.property(query, fc.array(change, { maxLength: 4 }), (sent, changes) => {
        let packet = packetOf(sent);
        for (const { at, to, cut, add } of changes) {
          if (at < packet.length) packet[at] = to;
          if (cut < 5) packet = packet.subarray(0, packet.length - cut);
          packet = Buffer.concat([packet, add]);
        }
        const reading = readQuery(packet);
        if (reading.kind !== 'query') return;
        const answer = redirectedAnswer(
          reading.query,
          { kind: 'answer', addresses: [parseIp('192.0.2.1')], ttlSeconds: 30 },
          65_535,
        );
        expect(answer.subarray(12, 12 + reading.query.questionBytes.length)).toEqual(reading.query.questionBytes);
        expect(errorAnswer(reading.query, 2)[3]! & 15).toBe(2);
      }),
      { numRuns: 2_000 },
    );
  });

  const head = (questions: number, additionals = 0) => [0, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, additionals];
  const tail = [0, 1, 0, 1];
  test.each<[string, number[]]>([
    ['no question', head(0)],
    ['a name without an end', [...head(1), 3, 97, 98]],
    ['a compression pointer in the question', [...head(1), 0xc0, 12, ...tail]],
    ['a label type of the future', [...head(1), 0x41, 1, 0, ...tail]],
    ['a name of 256 bytes', [...head(1), ...Array.from({ length: 128 }, () => [1, 97]).flat(), 0, ...tail]],
    ['a question without its class', [...head(1), 0, 0, 1]],
    ['fewer records than counted', [...head(1, 1), 0, ...tail]],
    ['a record longer than the packet', [...head(1, 1), 0, ...tail, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 9]],
    [
      'two OPT records',
      [...head(1, 2), 0, ...tail, ...[0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0], ...[0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]],
    ],
    ['an OPT record that is not at the root', [...head(1, 1), 0, ...tail, 1, 97, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]],
    ['records without end', [...head(1, 200), 0, ...tail]],
    ['more than a query can be', [...head(1), 0, ...tail, ...new Array<number>(5_000).fill(0)]],
  ])('calls %s malformed', (_, bytes) => {
    expect(readQuery(Buffer.from(bytes))).toEqual({ kind: 'error', rcode: 1, id: 1, flags: 0x0100 });
  });

  test('reads the longest name there can be, and the root', () => {
    const labels = [63, 63, 63, 61].map((length) => [length, ...new Array<number>(length).fill(97)]);
    const longest = read(Buffer.from([...head(1), ...labels.flat(), 0, ...tail]));
    expect(longest.question.name).toHaveLength(253);
    expect(read(Buffer.from([...head(1), 0, ...tail])).question.name).toBe('');
  });

  test('a label with a dot or other bytes is not a host name, so it can match none', () => {
    expect(read(Buffer.from([...head(1), 3, 97, 0x2e, 98, 0, ...tail])).question.name).toBeUndefined();
    expect(read(Buffer.from([...head(1), 2, 0xc3, 0xa9, 0, ...tail])).question.name).toBeUndefined();
  });
});
