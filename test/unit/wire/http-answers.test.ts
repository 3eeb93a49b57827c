import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AnnounceAnswer,
  finishCompactAnnounce,
  finishMixedAnnounce,
  startCompactAnnounce,
  writeDictionaryAnnounce,
  writeFailure,
} from '../../../src/wire/announce-answer.js';
import { bodyOffset, finishHttpAnswer } from '../../../src/wire/http-response-head.js';
import { sortHashes, writeScrapeEnd, writeScrapeFile, writeScrapeStart } from '../../../src/wire/scrape-answer.js';
import { asciiBytes, writeDecimal, writeIpv4Text, writeIpv6Text } from '../../../src/wire/write-bytes.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** As a handler does: the peers are written where they belong. */
function writeCompactAnnounce(out: Uint8Array, start: number, answer: AnnounceAnswer, peers: Uint8Array): number {
  const peersStart = startCompactAnnounce(out, start, answer);
  out.set(peers, peersStart);
  return finishCompactAnnounce(out, peersStart, peers.length);
}

/** Decoding and encoding again gives the same bytes only where keys are sorted and numbers canonical. */
function decodeCanonical(bytes: Uint8Array): Record<string, unknown> {
  const value = bencode.decode(Buffer.from(bytes)) as Record<string, unknown>;
  expect(text(bencode.encode(value))).toBe(text(bytes));
  return value;
}

function answer(family: 4 | 6): AnnounceAnswer {
  const it = new AnnounceAnswer();
  return Object.assign(it, {
    complete: 12,
    incomplete: 3,
    intervalSeconds: 1_800,
    minIntervalSeconds: 900,
    family,
    word0: family === 4 ? 0xc0000201 : 0x20010db8,
    word3: family === 4 ? 0 : 9,
  });
}

describe('an answer to an announce', () => {
  it('is compact, canonical and complete over IPv4', () => {
    const out = new Uint8Array(4_096);
    const peers = new Uint8Array([1, 2, 3, 4, 0x1a, 0xe1, 5, 6, 7, 8, 0, 80]);
    const end = writeCompactAnnounce(out, 5, answer(4), peers);
    expect(decodeCanonical(out.subarray(5, end))).toEqual({
      complete: 12,
      'external ip': new Uint8Array([192, 0, 2, 1]),
      incomplete: 3,
      interval: 1_800,
      'min interval': 900,
      peers,
    });
  });

  it('has an empty `peers` beside `peers6` over IPv6', () => {
    const out = new Uint8Array(4_096);
    const peers = new Uint8Array(36).fill(7);
    const end = writeCompactAnnounce(out, 0, answer(6), peers);
    const value = decodeCanonical(out.subarray(0, end));
    expect(value.peers).toEqual(new Uint8Array(0));
    expect(value.peers6).toEqual(peers);
    expect((value['external ip'] as Uint8Array).length).toBe(16);
  });

  it.each([0, 1, 16, 17, 166, 167, 200])('has room for %i peers, however many digits that takes', (count) => {
    const out = new Uint8Array(4_096).fill(9);
    const peers = Uint8Array.from({ length: 6 * count }, (_, i) => i % 251);
    const end = writeCompactAnnounce(out, 0, answer(4), peers);
    expect(decodeCanonical(out.subarray(0, end)).peers).toEqual(peers);
  });

  it.each([0, 1, 16, 17, 55, 56, 166, 167, 200])('has room for %i peers of the other family beside', (count) => {
    const peers4 = Uint8Array.from({ length: 6 * count }, (_, i) => i % 251);
    const peers6 = Uint8Array.from({ length: 18 * (200 - count) }, (_, i) => i % 241);
    for (const family of [4, 6] as const) {
      const out = new Uint8Array(8_192).fill(9);
      const [own, other] = family === 4 ? [peers4, peers6] : [peers6, peers4];
      const peersStart = startCompactAnnounce(out, 3, answer(family));
      out.set(own, peersStart);
      const end = finishMixedAnnounce(out, 3, answer(family), peersStart, own.length, other, other.length);
      expect(decodeCanonical(out.subarray(3, end))).toMatchObject({ peers: peers4, peers6 });
    }
  });

  it('lists dictionaries of both families', () => {
    const out = new Uint8Array(4_096);
    const peers4 = new Uint8Array([1, 2, 3, 4, 0x1a, 0xe1]);
    const peers6 = new Uint8Array(18).fill(0x11);
    const end = writeDictionaryAnnounce(out, 0, answer(6), peers6, 0, 18, null, peers4, 6);
    expect(decodeCanonical(out.subarray(0, end)).peers).toEqual([
      { ip: asciiBytes('1111:1111:1111:1111:1111:1111:1111:1111'), port: 0x1111 },
      { ip: asciiBytes('1.2.3.4'), port: 6_881 },
    ]);
  });

  it('lists dictionaries, with an id where one is known', () => {
    const out = new Uint8Array(4_096);
    const peers = new Uint8Array([1, 2, 3, 4, 0x1a, 0xe1, 255, 255, 255, 255, 0, 80]);
    const ids = {
      copyPeerId: (_: Uint8Array, offset: number, _size: number, to: Uint8Array, at: number) => {
        if (offset === 0) to.fill(0x41, at, at + 20);
        return offset === 0;
      },
    };
    const end = writeDictionaryAnnounce(out, 0, answer(4), peers, 0, 12, ids);
    const bytes = (value: string): Uint8Array => asciiBytes(value);
    expect(decodeCanonical(out.subarray(0, end)).peers).toEqual([
      { ip: bytes('1.2.3.4'), 'peer id': bytes('A'.repeat(20)), port: 6_881 },
      { ip: bytes('255.255.255.255'), port: 80 },
    ]);
    const without = writeDictionaryAnnounce(out, 0, answer(4), peers, 0, 12, null);
    expect(text(out.subarray(0, without))).not.toContain('peer id');
  });

  it('spells IPv6 addresses in dictionaries', () => {
    const out = new Uint8Array(4_096);
    const peers = new Uint8Array(18);
    peers.set([0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff], 0);
    peers.set([0x0a, 0xbc, 0x1a, 0xe1], 14);
    const end = writeDictionaryAnnounce(out, 0, answer(6), peers, 0, 18, null);
    expect(decodeCanonical(out.subarray(0, end)).peers).toEqual([
      { ip: asciiBytes('2001:db8:ffff:0:0:0:0:abc'), port: 6_881 },
    ]);
  });

  it('is a failure with a reason, and with when to come back where that may help', () => {
    const out = new Uint8Array(256);
    let end = writeFailure(out, 0, asciiBytes('no such torrent'), 0);
    expect(decodeCanonical(out.subarray(0, end))).toEqual({ 'failure reason': asciiBytes('no such torrent') });
    end = writeFailure(out, 0, asciiBytes('later'), 5);
    expect(decodeCanonical(out.subarray(0, end))).toEqual({
      'failure reason': asciiBytes('later'),
      interval: 300,
      'retry in': 5,
    });
  });
});

describe('an answer to a scrape', () => {
  it('is sorted by raw bytes and has each hash once', () => {
    const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20, max: 3 });
    fc.assert(
      fc.property(fc.array(bytes20, { maxLength: 100 }), (list) => {
        const hashes = new Uint8Array(Buffer.concat(list));
        const order = new Uint8Array(100);
        const kept = sortHashes(hashes, list.length, order);
        const sorted = [...order.subarray(0, kept)].map((i) => text(list[i]!));
        expect(sorted).toEqual([...new Set(list.map(text))].sort());
      }),
    );
  });

  it('is canonical', () => {
    const out = new Uint8Array(512);
    const hash = new Uint8Array(20).fill(0x41);
    let at = writeScrapeStart(out, 0);
    at = writeScrapeFile(out, at, hash, 0, 5, 60_000, 7);
    at = writeScrapeEnd(out, at);
    expect(decodeCanonical(out.subarray(0, at))).toEqual({
      files: { ['A'.repeat(20)]: { complete: 5, downloaded: 60_000, incomplete: 7 } },
    });
  });
});

describe('the head of an answer', () => {
  it.each([0, 1, 9, 10, 99, 100, 999, 1_000, 18_000])('tells the length of a body of %i bytes', (length) => {
    for (const close of [true, false]) {
      const out = new Uint8Array(20_000);
      const start = bodyOffset(3, close);
      out.fill(0x78, start, start + length);
      const end = finishHttpAnswer(out, 3, start, start + length, 200, close, false);
      const [head, body] = text(out.subarray(3, end)).split('\r\n\r\n');
      expect(head).toBe(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\nConnection: ${close ? 'close' : 'keep-alive'}`,
      );
      expect(body).toBe('x'.repeat(length));
    }
  });

  it('stands alone as the answer to HEAD, with the length of what GET would give', () => {
    const out = new Uint8Array(500);
    const start = bodyOffset(0, false);
    const end = finishHttpAnswer(out, 0, start, start + 42, 200, false, true);
    expect(text(out.subarray(0, end))).toMatch(/Content-Length: 42\r\nConnection: keep-alive\r\n\r\n$/);
  });

  it('names other statuses', () => {
    const out = new Uint8Array(500);
    const end = finishHttpAnswer(out, 0, bodyOffset(0, true), bodyOffset(0, true), 405, true, false);
    expect(text(out.subarray(0, end))).toContain(
      'HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nAllow: GET, HEAD',
    );
  });
});

describe('numbers and addresses as text', () => {
  it('are what String makes of them', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const out = new Uint8Array(20);
        expect(text(out.subarray(0, writeDecimal(out, 0, value)))).toBe(String(value));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const out = new Uint8Array(40);
        expect(text(out.subarray(0, writeIpv4Text(out, 0, bytes, 0)))).toBe(bytes.slice(0, 4).join('.'));
        const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
        expect(text(out.subarray(0, writeIpv6Text(out, 0, bytes, 0)))).toBe(groups.join(':'));
      }),
    );
  });
});
