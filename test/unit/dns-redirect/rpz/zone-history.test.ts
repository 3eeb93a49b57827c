import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerRequest, type RequestContext } from '../../../../src/dns-redirect/rpz/answer-request.js';
import { recordKey } from '../../../../src/dns-redirect/rpz/compile-zones.js';
import { SeenRequests } from '../../../../src/dns-redirect/rpz/seen-requests.js';
import { isLater, nextSerial } from '../../../../src/dns-redirect/rpz/serial.js';
import { formatHistory, parseHistory } from '../../../../src/dns-redirect/rpz/stored-zones.js';
import { ZoneHistory } from '../../../../src/dns-redirect/rpz/zone-history.js';
import { TYPE_AXFR, TYPE_IXFR, TYPE_SOA } from '../../../../src/dns-redirect/wire/dns-codes.js';
import { type DnsRecord, readMessage } from '../../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText } from '../../../../src/dns-redirect/wire/domain-name.js';
import { writeMessage } from '../../../../src/dns-redirect/wire/message-writer.js';

const ZONE = nameFromText('rpz.alias-tracker');
const TIMES = { expire: 600, ttl: 30 };

function record(label: string, last: number, type = 1): DnsRecord {
  const data = type === 1 ? Uint8Array.of(192, 0, 2, last) : new Uint8Array(300).fill(last);
  return { name: nameFromText(`${label}.example.rpz.alias-tracker`), type, class: 1, ttl: 30, data };
}

const NS: DnsRecord = { name: ZONE, type: 2, class: 1, ttl: 30, data: Uint8Array.of(0) };

const anyRecords = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(5), fc.constantFrom(1, 16)), {
    selector: String,
    maxLength: 12,
  })
  .map((list) => [NS, ...list.map((each) => record(...each))]);

/** What a secondary gets over TCP. @param serial of the version it has; undefined: AXFR */
function transfer(history: ZoneHistory, serial?: number): DnsRecord[] {
  const soa = { ...history.current.soa, data: history.current.soa.data.slice() };
  if (serial !== undefined) new DataView(soa.data.buffer).setUint32(soa.data.length - 20, serial);
  const request = writeMessage({
    id: 1,
    flags: 0,
    questions: [{ name: ZONE, type: serial === undefined ? TYPE_AXFR : TYPE_IXFR, class: 1 }],
    answers: [],
    authorities: serial === undefined ? [] : [soa],
    additionals: [],
  });
  const context: RequestContext = {
    zones: new Map([[ZONE, history]]),
    secondaries: [{ endpoint: { host: '192.0.2.1', port: 53 }, key: undefined, notify: true }],
    keys: [],
    nowSeconds: 0,
    seen: new SeenRequests(),
  };
  const answer = answerRequest({ bytes: request, address: '192.0.2.1', transport: 'tcp' }, context);
  return [...answer!.messages].flatMap((message) => {
    expect(message.length).toBeLessThanOrEqual(65_535);
    return readMessage(message).answers;
  });
}

const isSoa = ({ type }: DnsRecord): boolean => type === TYPE_SOA;

/** RFC 1995 section 4, as a secondary applies it. @throws if a removed record is not there */
function applied(zone: readonly DnsRecord[], answer: readonly DnsRecord[]): Set<string> {
  const keys = new Set(zone.map(recordKey));
  if (answer.length === 1) return keys; // up to date
  if (!isSoa(answer[1]!)) return new Set(answer.map(recordKey)); // the whole zone
  let adds = true;
  for (const each of answer.slice(1, -1)) {
    if (isSoa(each)) adds = !adds;
    if (adds) keys.add(recordKey(each));
    else if (!keys.delete(recordKey(each))) throw new Error('a record is removed that the zone does not have');
  }
  return keys;
}

describe('the versions of a zone', () => {
  test('the differences of IXFR make any known version of AXFR the current one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ records: anyRecords, expire: fc.constantFrom(600, 900), seconds: fc.nat(3) }), {
          minLength: 1,
          maxLength: 12,
        }),
        (steps) => {
          const history = new ZoneHistory(ZONE, undefined);
          const seen: { serial: number; zone: DnsRecord[] }[] = [];
          let now = 1_000;
          for (const { records, expire, seconds } of steps) {
            now += seconds;
            history.publish(records, { ...TIMES, expire }, now, 'any');
            seen.push({ serial: history.current.serial, zone: transfer(history).slice(0, -1) });
          }
          const whole = new Set(transfer(history).map(recordKey));
          for (const { serial, zone } of seen) expect(applied(zone, transfer(history, serial))).toEqual(whole);
        },
      ),
    );
  });

  test('IXFR sends less than AXFR, and AXFR where the version is unknown or the zone is smaller', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => record(`n${i}`, i % 256));
    const history = new ZoneHistory(ZONE, undefined);
    history.publish(many, TIMES, 1_000, 'any');
    history.publish([...many.slice(1), record('new', 1)], TIMES, 2_000, 'any');
    expect(transfer(history, 1_000)).toHaveLength(6);
    expect(transfer(history, 999)).toHaveLength(5_002);
    history.publish([], TIMES, 3_000, 'any');
    expect(transfer(history, 1_000)).toHaveLength(2);
  });

  test('a client that is up to date, or has a later version, gets the SOA alone', () => {
    const history = new ZoneHistory(ZONE, undefined);
    history.publish([record('a', 1)], TIMES, 1_000, 'any');
    expect(transfer(history, 1_000)).toHaveLength(1);
    expect(transfer(history, 1_001)).toHaveLength(1);
  });

  test('the same records make no other version; other times do', () => {
    const history = new ZoneHistory(ZONE, undefined);
    expect(history.publish([record('a', 1)], TIMES, 1_000, 'any')).toBe(true);
    expect(history.publish([record('a', 1)], TIMES, 2_000, 'any')).toBe(false);
    expect(history.current.serial).toBe(1_000);
    expect(history.publish([record('a', 1)], { ...TIMES, expire: 700 }, 2_000, 'any')).toBe(true);
    expect(history.current.serial).toBe(2_000);
  });

  test('the last hundred versions are remembered', () => {
    const history = new ZoneHistory(ZONE, undefined);
    for (let i = 0; i <= 150; i++) history.publish([record('a', i % 256)], TIMES, 1_000 + i, 'any');
    expect(history.differences).toHaveLength(100);
    expect(transfer(history, 1_050)[1]!.type).toBe(TYPE_SOA);
    expect(transfer(history, 1_049)).toHaveLength(3);
  });

  test('survive being stored, and what is not a history counts as none', () => {
    const history = new ZoneHistory(ZONE, undefined);
    history.publish([record('a', 1), record('b', 2, 16)], TIMES, 1_000, 'any');
    history.publish([record('a', 3)], TIMES, 2_000, 'any');
    const text = formatHistory({ current: history.current, differences: history.differences });
    const again = new ZoneHistory(ZONE, parseHistory(text));
    expect(transfer(again, 1_000)).toEqual(transfer(history, 1_000));
    expect(again.publish([record('a', 3)], TIMES, 3_000, 'any')).toBe(false);
    for (const bad of [undefined, '', '{', '{}', '{"current":{"serial":-1}}'])
      expect(parseHistory(bad)).toBeUndefined();
  });
});

describe('serials (RFC 1982)', () => {
  test('are the time, and always rise', () => {
    expect(nextSerial(undefined, 1_700_000_000, 'any')).toBe(1_700_000_000);
    expect(nextSerial(1_700_000_000, 1_700_000_100, 'any')).toBe(1_700_000_100);
    // The clock was set back.
    expect(nextSerial(1_700_000_000, 1_600_000_000, 'any')).toBe(1_700_000_001);
    expect(nextSerial(0xffffffff, 0xffffffff, 'any')).toBe(0);
    expect(isLater(0, 0xffffffff)).toBe(true);
    expect(isLater(0xffffffff, 0)).toBe(false);
    expect(isLater(5, 5)).toBe(false);
  });

  test('of two primaries are never equal', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (last, now) => {
        const [even, odd] = [nextSerial(last, now, 'even'), nextSerial(last, now, 'odd')];
        expect([even % 2, odd % 2]).toEqual([0, 1]);
        expect(isLater(even, last) && isLater(odd, last)).toBe(true);
      }),
    );
  });
});
