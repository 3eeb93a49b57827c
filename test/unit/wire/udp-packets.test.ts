import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import { AnnounceRequest } from '../../../src/tracker/announce-request.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
} from '../../../src/wire/udp-client-packets.js';
import { decodeUrlData, encodeUrlData } from '../../../src/wire/udp-options.js';
import {
  ACTION_ANNOUNCE,
  ACTION_SCRAPE,
  decodeUdpAnnounce,
  writeUdpAnnounceCounts,
  writeUdpError,
  writeUdpHead,
  writeUdpScrapeEntry,
} from '../../../src/wire/udp-packets.js';
import { asciiBytes } from '../../../src/wire/write-bytes.js';

interface Named {
  readonly name: string;
  readonly hex: string;
}

interface Vectors {
  readonly connect: { readonly hex: string; readonly action: string; readonly transactionId: string };
  readonly announces: readonly (Named & Record<string, unknown>)[];
  readonly options: readonly (Named & { readonly urlData: string })[];
  readonly badAnswers: readonly Named[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../vectors/udp-packets.json', import.meta.url), 'utf8'));
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const uint64 = (high: number, low: number): string => ((BigInt(high) << 32n) | BigInt(low)).toString();

function fieldsOf(request: AnnounceRequest) {
  return {
    infoHash: toHex(request.bytes.subarray(request.infoHashOffset, request.infoHashOffset + 20)),
    peerId: toHex(request.bytes.subarray(request.peerIdOffset, request.peerIdOffset + 20)),
    downloaded: uint64(request.downloadedHigh, request.downloadedLow),
    left: uint64(request.leftHigh, request.leftLow),
    uploaded: uint64(request.uploadedHigh, request.uploadedLow),
    event: request.event,
    key: request.key,
    numWant: request.numWant,
    port: request.port,
    seed: request.seed,
  };
}

describe('UDP packets', () => {
  it('builds the connect request of BEP 15', () => {
    const { hex, action, transactionId } = vectors.connect;
    expect(toHex(encodeUdpConnect(0xdeadbeef))).toBe(hex + action + transactionId);
  });

  it.each(vectors.announces)('reads an announce: $name', ({ name: _, hex, ...expected }) => {
    const request = new AnnounceRequest();
    decodeUdpAnnounce(fromHex(hex), 0, request);
    expect(fieldsOf(request)).toEqual(expected);
  });

  it('reads back what a client writes, at any offset', () => {
    const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.record({
          connectionId: u64,
          transactionId: u32,
          infoHash: bytes20,
          peerId: bytes20,
          downloaded: u64,
          left: u64,
          uploaded: u64,
          event: fc.integer({ min: 0, max: 4 }),
          key: u32,
          numWant: fc.integer({ min: -1, max: 0x7fffffff }),
          port: fc.integer({ min: 0, max: 65_535 }),
        }),
        fc.nat(50),
        (announce, offset) => {
          const packet = encodeUdpAnnounce(announce);
          const buffer = new Uint8Array(offset + packet.length);
          buffer.set(packet, offset);
          const request = new AnnounceRequest();
          decodeUdpAnnounce(buffer, offset, request);
          expect(fieldsOf(request)).toEqual({
            infoHash: toHex(announce.infoHash),
            peerId: toHex(announce.peerId),
            downloaded: announce.downloaded.toString(),
            left: announce.left.toString(),
            uploaded: announce.uploaded.toString(),
            event: announce.event,
            key: announce.key,
            numWant: announce.numWant,
            port: announce.port,
            seed: announce.left === 0n,
          });
        },
      ),
    );
  });

  it('writes answers that a client reads', () => {
    const asked = encodeUdpScrape(7n, 0xcafebabe, [new Uint8Array(20)]);
    const out = new Uint8Array(64);
    writeUdpHead(out, 2, ACTION_ANNOUNCE, asked, 0);
    writeUdpAnnounceCounts(out, 2, 1_800, 3, 0xffffffff);
    expect(decodeUdpAnswer(out.subarray(2, 28))).toEqual({
      action: 'announce',
      transactionId: 0xcafebabe,
      intervalSeconds: 1_800,
      leechers: 3,
      seeders: 0xffffffff,
      peers: new Uint8Array(6),
    });
    writeUdpHead(out, 0, ACTION_SCRAPE, asked, 0);
    writeUdpScrapeEntry(out, 8, 1, 2, 3);
    expect(decodeUdpAnswer(out.subarray(0, 20))).toEqual({
      action: 'scrape',
      transactionId: 0xcafebabe,
      entries: [{ seeders: 1, completed: 2, leechers: 3 }],
    });
    const length = writeUdpError(out, 0, asked, 0, asciiBytes('no'));
    expect(decodeUdpAnswer(out.subarray(0, length))).toEqual({
      action: 'error',
      transactionId: 0xcafebabe,
      message: 'no',
    });
  });

  it.each(vectors.badAnswers)('refuses an answer that is $name', ({ hex }) => {
    expect(() => decodeUdpAnswer(fromHex(hex))).toThrow(ClientError);
  });

  it('throws nothing but client errors for any answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeUdpAnswer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ClientError);
        }
      }),
    );
  });
});

describe('UDP options (BEP 41)', () => {
  it.each(vectors.options)('reads URLData: $name', ({ hex, urlData }) => {
    const bytes = fromHex(hex);
    const out = new Uint8Array(64);
    const length = decodeUrlData(bytes, 0, bytes.length, out);
    expect(Buffer.from(out.subarray(0, length)).toString('latin1')).toBe(urlData);
  });

  it('joins the pieces of a long path, and cuts what has no room', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(800), (path, room) => {
        const options = encodeUrlData(path);
        const out = new Uint8Array(room);
        const length = decodeUrlData(options, 0, options.length, out);
        expect(toHex(out.subarray(0, length))).toBe(toHex(path.subarray(0, room)));
      }),
    );
  });

  it('reads any bytes to their end and no further', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const padded = new Uint8Array(bytes.length + 300).fill(2);
        padded.set(bytes);
        const inside = new Uint8Array(1_000);
        const exact = new Uint8Array(1_000);
        const length = decodeUrlData(padded, 0, bytes.length, inside);
        expect(length).toBe(decodeUrlData(bytes, 0, bytes.length, exact));
        expect(length).toBeLessThanOrEqual(bytes.length);
        expect(toHex(inside)).toBe(toHex(exact));
      }),
    );
  });
});
