import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DnsMessage, readMessage } from '../../../../src/dns-redirect/wire/dns-message.js';
import { DnsFormatError, nameFromText } from '../../../../src/dns-redirect/wire/domain-name.js';
import { MessageWriter, writeMessage } from '../../../../src/dns-redirect/wire/message-writer.js';
import { addressData, nameData, soaData, soaMinimum } from '../../../../src/dns-redirect/wire/rdata-values.js';
import { parseIp } from '../../../../src/domain/ip-address.js';

/** Of one case, because a compressed name has the spelling of the name that it points to. */
const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const ttl = fc.nat(100_000);
const record = fc.oneof(
  fc.record({ name, ttl, type: fc.constant('A'), data: fc.constantFrom('192.0.2.1', '203.0.113.255') }),
  fc.record({ name, ttl, type: fc.constant('AAAA'), data: fc.constant('2001:db8::1') }),
  fc.record({ name, ttl, type: fc.constantFrom('CNAME', 'NS', 'PTR', 'DNAME'), data: name }),
  fc.record({ name, ttl, type: fc.constant('MX'), data: fc.record({ preference: fc.nat(100), exchange: name }) }),
  fc.record({
    name,
    ttl,
    type: fc.constant('SRV'),
    data: fc.record({ priority: fc.nat(9), weight: fc.nat(9), port: fc.nat(65_535), target: name }),
  }),
  fc.record({
    name,
    ttl,
    type: fc.constant('SOA'),
    data: fc.record({
      mname: name,
      rname: name,
      serial: fc.nat(),
      refresh: fc.nat(),
      retry: fc.nat(),
      expire: fc.nat(),
      minimum: fc.nat(),
    }),
  }),
);
const message = fc.record({
  id: fc.nat(0xffff),
  questions: fc.array(fc.record({ name, type: fc.constantFrom('A', 'MX', 'SOA') }), { maxLength: 2 }),
  answers: fc.array(record, { maxLength: 6 }),
  authorities: fc.array(record, { maxLength: 3 }),
  additionals: fc.array(record, { maxLength: 3 }),
});

const meaning = (packet: Buffer) => {
  const { id, questions, answers, authorities, additionals } = decode(packet);
  return { id, questions, answers, authorities, additionals };
};

describe('messages', () => {
  test('of another codec are read and written with compression, and mean the same to it', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const plain = encode({ type: 'response', flags: 0x0180, ...sent });
        const read = readMessage(plain);
        const written = writeMessage(read);
        expect(written.length).toBeLessThanOrEqual(plain.length);
        expect(meaning(written)).toEqual(meaning(plain));
        expect(readMessage(written)).toEqual(read);
      }),
    );
  });

  test('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let read: DnsMessage;
        try {
          read = readMessage(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(DnsFormatError);
          return;
        }
        expect(readMessage(writeMessage(read))).toEqual(read);
      }),
      { numRuns: 2_000 },
    );
  });

  test('compress names in the data of old types alone, whatever their case', () => {
    const owner = nameFromText('example.org');
    const writer = new MessageWriter(1, 0x8180, 12);
    writer.question({ name: owner, type: 15, class: 1 });
    const before = writer.length;
    const mx = { name: nameFromText('EXAMPLE.org'), type: 15, class: 1, ttl: 60 };
    writer.record('answer', { ...mx, data: Buffer.from(`\0\x0a${nameFromText('mail.example.ORG')}`, 'latin1') });
    expect(writer.length - before).toBe(2 + 10 + 2 + 5 + 2);
    const srv = Buffer.from(`\0\0\0\0\0\x50${owner}`, 'latin1');
    writer.record('answer', { ...mx, type: 33, data: srv });
    writer.record('additional', { ...mx, type: 1, data: addressData(parseIp('192.0.2.9')) });
    const packet = writer.finish();
    expect(decode(packet)).toMatchObject({
      answers: [
        { type: 'MX', data: { preference: 10, exchange: 'mail.example.org' } },
        { type: 'SRV', data: { port: 80, target: 'example.org' } },
      ],
      additionals: [{ type: 'A', data: '192.0.2.9' }],
    });
    expect(writer.ttlOffsets.map((at) => packet.readUInt32BE(at))).toEqual([60, 60, 60]);
  });

  test('stay right where names lie beyond the reach of a pointer', () => {
    const writer = new MessageWriter(1, 0x8180);
    const text = { type: 16, class: 1, ttl: 1, data: new Uint8Array(9_000) };
    writer.record('answer', { name: nameFromText('a.example'), ...text });
    writer.record('answer', { name: nameFromText('b.example'), ...text });
    for (let i = 0; i < 3; i++) {
      writer.record('answer', {
        ...text,
        name: nameFromText(`c${i}.far.test`),
        type: 5,
        data: nameData(nameFromText('x.far.test')),
      });
    }
    expect(readMessage(writer.finish()).answers[4]).toMatchObject({
      name: nameFromText('c2.far.test'),
      data: nameData(nameFromText('x.far.test')),
    });
  });

  test.each<[string, number[]]>([
    ['a record longer than the message', [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 9, 1]],
    ['a name that leaves its record', [0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 1, 3, 97, 98, 99, 0]],
    ['bytes after the last record', [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 7]],
    ['a record without its head', [0, 0, 1]],
  ])('with %s are malformed', (_, bytes) => {
    const header = [0, 1, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0];
    expect(() => readMessage(Uint8Array.from([...header, ...bytes]))).toThrow(DnsFormatError);
    expect(() => readMessage(Uint8Array.from(header.slice(0, 11)))).toThrow(DnsFormatError);
  });

  test('carry SOA values', () => {
    const names = { primary: nameFromText('ns.example'), mailbox: nameFromText('hostmaster.example') };
    const data = soaData({ ...names, serial: 7, refresh: 60, retry: 30, expire: 600, minimum: 45 });
    expect(soaMinimum(data)).toBe(45);
    const packet = writeMessage({
      id: 1,
      flags: 0x8180,
      questions: [],
      answers: [{ name: nameFromText('example'), type: 6, class: 1, ttl: 45, data }],
      authorities: [],
      additionals: [],
    });
    expect(decode(packet).answers![0]!.data).toMatchObject({
      mname: 'ns.example',
      rname: 'hostmaster.example',
      serial: 7,
      refresh: 60,
      retry: 30,
      expire: 600,
      minimum: 45,
    });
  });
});
