import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnnounceRequest } from '../../../src/tracker/announce-request.js';
import {
  AnnounceQueryScratch,
  parseAnnounceQuery,
  QUERY_BAD_INFO_HASH,
  QUERY_BAD_PEER_ID,
  QUERY_BAD_PORT,
  QUERY_FINE,
  QUERY_NO_INFO_HASH,
  QUERY_TWO_INFO_HASHES,
} from '../../../src/wire/announce-query.js';
import { decodeQueryBytes, parseKey } from '../../../src/wire/query-values.js';
import { parseScrapeQuery, SCRAPE_BAD_HASH } from '../../../src/wire/scrape-query.js';

interface Vectors {
  readonly fine: readonly ({ readonly name: string; readonly query: string } & Record<string, unknown>)[];
  readonly refused: readonly { readonly name: string; readonly query: string; readonly problem: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../vectors/announce-queries.json', import.meta.url), 'utf8'),
);
const PROBLEMS: Record<string, number> = {
  'no-info-hash': QUERY_NO_INFO_HASH,
  'bad-info-hash': QUERY_BAD_INFO_HASH,
  'two-info-hashes': QUERY_TWO_INFO_HASHES,
  'bad-peer-id': QUERY_BAD_PEER_ID,
  'bad-port': QUERY_BAD_PORT,
};
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const uint64 = (high: number, low: number): string => ((BigInt(high) << 32n) | BigInt(low)).toString();

function parse(query: Uint8Array, start = 0, end = query.length) {
  const request = new AnnounceRequest();
  const scratch = new AnnounceQueryScratch();
  const problem = parseAnnounceQuery(query, start, end, request, scratch);
  return { problem, request, scratch };
}

describe('the query of an announce', () => {
  it.each(vectors.fine)('is read: $name', ({ name: _, query, ...expected }) => {
    const { problem, request, scratch } = parse(latin1(query));
    expect(problem).toBe(QUERY_FINE);
    expect({
      infoHash: toHex(request.bytes.subarray(request.infoHashOffset, request.infoHashOffset + 20)),
      peerId: toHex(request.bytes.subarray(request.peerIdOffset, request.peerIdOffset + 20)),
      port: request.port,
      uploaded: uint64(request.uploadedHigh, request.uploadedLow),
      downloaded: uint64(request.downloadedHigh, request.downloadedLow),
      left: uint64(request.leftHigh, request.leftLow),
      event: request.event,
      numWant: request.numWant,
      key: request.key,
      seed: request.seed,
      compact: scratch.compact,
      noPeerId: scratch.noPeerId,
    }).toEqual(expected);
  });

  it.each(vectors.refused)('is refused: $name', ({ query, problem }) => {
    expect(parse(latin1(query)).problem).toBe(PROBLEMS[problem]!);
  });

  it('keeps nothing of the announce before', () => {
    const request = new AnnounceRequest();
    const scratch = new AnnounceQueryScratch();
    const full = latin1(`${vectors.fine[0]!.query}&ip=192.0.2.1&compact=0`);
    parseAnnounceQuery(full, 0, full.length, request, scratch);
    const bare = latin1('info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa');
    parseAnnounceQuery(bare, 0, bare.length, request, scratch);
    const fresh = parse(bare);
    expect({ ...request, bytes: toHex(request.bytes) }).toEqual({
      ...fresh.request,
      bytes: toHex(fresh.request.bytes),
    });
    expect(scratch.compact).toBe(true);
    expect(scratch.ipEnd - scratch.ipStart).toBe(0);
  });

  it('reads back any info-hash, each byte raw or escaped in either case', () => {
    const byte = fc.tuple(fc.nat(255), fc.constantFrom('raw', 'lower', 'upper'));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 20, maxLength: 20 }), (encoded) => {
        const text = encoded
          .map(([value, how]) => {
            const mustEscape = [0x25, 0x26, 0x3d, 0x23, 0x0a, 0x0d].includes(value);
            const hex = value.toString(16).padStart(2, '0');
            if (how === 'raw' && !mustEscape) return String.fromCharCode(value);
            return `%${how === 'upper' ? hex.toUpperCase() : hex}`;
          })
          .join('');
        const { problem, request } = parse(latin1(`peer_id=aaaaaaaaaaaaaaaaaaaa&info_hash=${text}&port=1`));
        expect(problem).toBe(QUERY_FINE);
        expect([...request.bytes.subarray(0, 20)]).toEqual(encoded.map(([value]) => value));
      }),
    );
  });

  it('reads within its bounds only, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(120), (bytes, cut) => {
        const end = Math.min(cut, bytes.length);
        const alone = parse(bytes.slice(0, end));
        const within = parse(bytes, 0, end);
        expect(within.problem).toBe(alone.problem);
        expect(toHex(within.request.bytes)).toBe(toHex(alone.request.bytes));
      }),
    );
  });

  const IDS = 'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa';
  const read = (query: string) => {
    const { problem, request, scratch } = parse(latin1(query));
    return {
      ...request,
      problem,
      ids: toHex(request.bytes),
      bytes: 0,
      compact: scratch.compact,
      noId: scratch.noPeerId,
    };
  };

  // RFC 3986 sections 2.3 and 6.2.2.2.
  it.each([
    ['port=%36881', 'port=6881'],
    ['left=%30', 'left=0'],
    ['left=%31%32%33%34%35%36%37%38%39%30%31%32', 'left=123456789012'],
    ['uploaded=1%30&downloaded=%32', 'uploaded=10&downloaded=2'],
    ['event=%73topped', 'event=stopped'],
    ['event=complete%64', 'event=completed'],
    ['numwant=%35', 'numwant=5'],
    ['compact=%30&no_peer_id=%31', 'compact=0&no_peer_id=1'],
    ['key=%41%62', 'key=Ab'],
    ['l%65ft=0&p%6frt=7', 'left=0&port=7'],
    ['%6e%6f%5f%70%65%65%72%5f%69%64=1', 'no_peer_id=1'],
    ['left=%2530', 'left=x'],
    ['left=%3', 'left=x'],
    ['left%3D0', 'x'],
    ['port=1%26left=0', 'port=1x'],
    ['left=0;port=1', 'left=x'],
    ['left=+0', 'left=x'],
    [`left=${'%30'.repeat(100)}5`, 'left=5'],
  ])('means the same escaped or not: %s', (escaped, plain) => {
    expect(read(`${IDS}&${escaped}`)).toEqual(read(`${IDS}&${plain}`));
    expect(read(`${escaped}&${IDS}`)).toEqual(read(`${plain}&${IDS}`));
  });

  it('takes the names of info-hash and peer id escaped', () => {
    expect(read(IDS.replaceAll('_', '%5F')).problem).toBe(QUERY_FINE);
    expect(read(IDS.replaceAll('_', '%5f')).ids).toBe(read(IDS).ids);
    expect(read(`%69nfo_hash=short&${IDS}`).problem).toBe(QUERY_TWO_INFO_HASHES);
  });

  it.each(['passkey=abc?', '?', '??', 'a?b?', 'compact=0?', 'x=1&?', '&?&'])(
    'separates at a further question mark, as clients write it behind a query: %s',
    (before) => {
      const { problem, ids, compact } = read(`${before}${IDS}&port=5`);
      expect({ problem, ids }).toEqual({ problem: QUERY_FINE, ids: read(IDS).ids });
      expect(compact).toBe(before !== 'compact=0?');
    },
  );

  it('keeps a raw question mark in the bytes of an info-hash and a peer id', () => {
    const query = 'info_hash=aaaaaaaa?left=1bbbbb&peer_id=???????????????????a';
    expect(read(query)).toMatchObject({
      problem: QUERY_FINE,
      ids: toHex(latin1('aaaaaaaa?left=1bbbbb???????????????????a')),
    });
  });

  it('takes a key of hex digits for the number that UDP carries', () => {
    expect(parseKey(latin1('0000ABCD'), 0, 8)).toBe(0xabcd);
    expect(parseKey(latin1('ffffffff'), 0, 8)).toBe(0xffffffff);
    expect(parseKey(latin1('not hex!'), 0, 8)).not.toBe(parseKey(latin1('not hex?'), 0, 8));
  });

  it('counts decoded bytes past the room it has, without writing them', () => {
    const out = new Uint8Array(4);
    expect(decodeQueryBytes(latin1('abc%64e'), 0, 7, out, 0, 2)).toBe(5);
    expect(toHex(out)).toBe('61620000');
  });
});

describe('the query of a scrape', () => {
  const hashes = (query: string, max = 3): [number, string] => {
    const out = new Uint8Array(20 * max);
    const bytes = latin1(query);
    const count = parseScrapeQuery(bytes, 0, bytes.length, out);
    return [count, toHex(out.subarray(0, 20 * Math.max(0, count)))];
  };

  it('takes hashes in order, repeated ones too, up to the limit', () => {
    const [a, b] = ['a'.repeat(20), 'b'.repeat(20)];
    expect(hashes(`info_hash=${b}&x=1&info_hash=${a}&info_hash=${b}&info_hash=${a}`)).toEqual([
      3,
      toHex(latin1(b + a + b)),
    ]);
  });

  it('takes an escaped name and a further question mark', () => {
    expect(hashes(`uk=1?%69nfo%5fhash=${'a'.repeat(20)}`)).toEqual([1, toHex(latin1('a'.repeat(20)))]);
  });

  it('finds none if there is none', () => {
    expect(hashes('')[0]).toBe(0);
    expect(hashes('info_has=x&info_hashx=y&info_hash')[0]).toBe(0);
  });

  it('refuses a hash of another length', () => {
    expect(hashes('info_hash=short')[0]).toBe(SCRAPE_BAD_HASH);
    expect(hashes('info_hash=')[0]).toBe(SCRAPE_BAD_HASH);
  });

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const count = parseScrapeQuery(bytes, 0, bytes.length, new Uint8Array(60));
        expect(count).toBeGreaterThanOrEqual(-1);
        expect(count).toBeLessThanOrEqual(3);
      }),
    );
  });
});
