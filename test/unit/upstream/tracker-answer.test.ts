import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import { readAnnounceReply, readScrapeReply } from '../../../src/upstream/tracker-answer.js';
import { TrackerRefusal } from '../../../src/upstream/tracker-contact.js';
import { textOf } from './original-tracker.js';

const announce = (value: unknown) => readAnnounceReply(bencode.encode(value));

describe('an announce answer', () => {
  test('compact, in both families', () => {
    const reply = announce({
      interval: 1_800,
      'min interval': 900,
      'external ip': Buffer.of(192, 0, 2, 9),
      peers: Buffer.of(192, 0, 2, 1, 0, 80, 192, 0, 2, 2, 0, 0, 99),
      peers6: Buffer.from('20010db80000000000000000000000010050', 'hex'),
    });
    expect(reply).toMatchObject({ intervalSeconds: 1_800, minIntervalSeconds: 900 });
    expect(textOf(reply.peers)).toEqual(['192.0.2.1:80', '2001:db8::1:80']);
    expect(reply.ourAddresses).toEqual([{ family: 4, words: [0xc0000209] }]);
  });

  test('as dictionaries; names and impossible ports are skipped', () => {
    const peers = [
      { ip: '192.0.2.1', port: 80, 'peer id': 'x' },
      { ip: '[2001:db8::1]', port: 81 },
      { ip: '::ffff:192.0.2.3', port: 82 },
      { ip: 'peer.example.org', port: 83 },
      { ip: '192.0.2.4', port: 0 },
      { ip: '192.0.2.5', port: 65_536 },
      { ip: '192.0.2.6' },
      7,
    ];
    expect(textOf(announce({ interval: 60, peers }).peers)).toEqual(['192.0.2.1:80', '192.0.2.3:82', '2001:db8::1:81']);
  });

  test('no more than the limit', () => {
    expect(announce({ peers: Buffer.alloc(6 * 5_000, 1) }).peers).toHaveLength(1_000);
  });

  test.each([
    [{ 'failure reason': 'gone', 'retry in': 'never' }, 'gone', 86_400],
    [{ 'failure reason': 'busy', 'retry in': '5' }, 'busy', 300],
    [{ 'failure reason': 'busy', 'retry in': 5 }, 'busy', 300],
    [{ 'failure reason': 'busy', 'retry in': '0' }, 'busy', undefined],
    [{ 'failure reason': 'busy', 'retry in': 0 }, 'busy', undefined],
    [{ 'failure reason': 'busy' }, 'busy', undefined],
    [{ 'failure reason': 5 }, 'refused without a reason', undefined],
    [{ 'failure reason': '' }, 'refused without a reason', undefined],
  ])('a failure: %j', (value, message, retryAfterSeconds) => {
    let thrown: unknown;
    try {
      announce(value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TrackerRefusal);
    expect(thrown).toMatchObject({ message, retryAfterSeconds });
  });
});

describe('a scrape answer', () => {
  const hash = 'ab'.repeat(20);
  const raw = (key: Buffer) =>
    Buffer.concat([
      Buffer.from(`d5:filesd${key.length}:`),
      key,
      Buffer.from('d8:completei3e10:downloadedi9e10:incompletei4eeee'),
    ]);

  test('with the hash as bytes, or as some servers write it', () => {
    const bytes = Buffer.from(hash, 'hex');
    const expected = [[hash, { seeders: 3, leechers: 4, completed: 9 }]];
    expect([...readScrapeReply(raw(bytes))]).toEqual(expected);
    expect([...readScrapeReply(raw(Buffer.from(bytes.toString('latin1'), 'utf8')))]).toEqual(expected);
  });

  test('without counts, or about nothing', () => {
    expect(readScrapeReply(Buffer.from(`d5:filesd3:abcd8:completei3eeee`)).size).toBe(0);
    expect(() => readScrapeReply(Buffer.from('de'))).toThrow('a scrape without files');
  });
});

test('any bytes are an answer, a refusal or a clear error', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('any'), { maxLength: 4 }),
      tie('dictionary'),
    ),
    dictionary: fc.dictionary(
      fc.constantFrom(
        'peers',
        'peers6',
        'interval',
        'min interval',
        'failure reason',
        'retry in',
        'files',
        'ip',
        'port',
        'external ip',
      ),
      tie('any'),
      { maxKeys: 5 },
    ),
  }));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    value.dictionary.map((each) => bencode.encode(each)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom(readAnnounceReply, readScrapeReply), (input, read) => {
      try {
        read(input);
      } catch (thrown) {
        expect(thrown instanceof ClientError || thrown instanceof TrackerRefusal).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
