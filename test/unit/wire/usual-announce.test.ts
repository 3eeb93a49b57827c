import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnnounceRequest } from '../../../src/tracker/announce-request.js';
import { AnnounceQueryScratch, parseAnnounceQuery, QUERY_FINE } from '../../../src/wire/announce-query.js';
import {
  HEAD_COMPLETE,
  HttpRequestHead,
  parseHeaderLines,
  parseHttpRequestHead,
} from '../../../src/wire/http-request-head.js';
import { NOT_USUAL, readUsualAnnounce } from '../../../src/wire/usual-announce.js';

const HASH = '%00%ff%1A%2fabcdefghijklmnop';
const HEADERS = '\r\nHost: t.example\r\nConnection: close\r\n\r\n';

function readUsual(text: string) {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  const head = new HttpRequestHead();
  const fields = new AnnounceRequest();
  const scratch = new AnnounceQueryScratch();
  const at = readUsualAnnounce(bytes, 0, bytes.length, head, fields, scratch);
  const state = at === NOT_USUAL ? NOT_USUAL : parseHeaderLines(bytes, 0, at, bytes.length, 8_192, head);
  return { at, state, head, fields, scratch };
}

function readGenerally(text: string) {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  const head = new HttpRequestHead();
  const fields = new AnnounceRequest();
  const scratch = new AnnounceQueryScratch();
  const state = parseHttpRequestHead(bytes, 0, bytes.length, 8_192, head);
  const problem = parseAnnounceQuery(bytes, head.queryStart, head.queryEnd, fields, scratch);
  return { problem, state, head, fields, scratch };
}

const number64 = ({ scratch }: { scratch: AnnounceQueryScratch }) => ({
  ids: [...scratch.ids],
  compact: scratch.compact,
  noPeerId: scratch.noPeerId,
  ip: [scratch.ipStart, scratch.ipEnd],
});

function expectTheSame(text: string): boolean {
  const usual = readUsual(text);
  if (usual.at === NOT_USUAL) return false;
  const general = readGenerally(text);
  expect(usual.state).toBe(general.state);
  if (general.state !== HEAD_COMPLETE) return true;
  expect(general.problem).toBe(QUERY_FINE);
  expect(usual.head).toEqual(general.head);
  expect({ ...usual.fields, bytes: 0 }).toEqual({ ...general.fields, bytes: 0 });
  expect(number64(usual)).toEqual(number64(general));
  return true;
}

const part = fc.oneof(
  fc.constantFrom(
    'port=6881',
    'port=65536',
    'port=',
    'port',
    'uploaded=0',
    'uploaded=123456789012345678',
    'uploaded=-1',
    'uploaded=',
    'downloaded=99999999999999999999999',
    'downloaded=5',
    'left=0',
    'left=12345678901',
    'left=',
    'left',
    'event=started',
    'event=stopped',
    'event=paused',
    'event=completed',
    'event=',
    'numwant=50',
    'numwant=-1',
    'numwant=9999999999',
    'compact=0',
    'compact=1',
    'compact',
    'no_peer_id=1',
    'no_peer_id=0',
    'key=1a2B',
    'key=whatever text',
    'key=unhexed-and-long',
    'ip=192.0.2.1',
    'ip=',
    'corrupt=0',
    'supportcrypto=1',
    `info_hash=${HASH}`,
    'info_hash=short',
    'info_hash',
    'peer_id=-TL0001-%zz',
    'peer_id',
    '',
    '=',
    '#',
    'x y',
    'left=%30',
    'port=%36881',
    'l%65ft=0',
    'event=%73topped',
    'key=%41',
    'x=%41%zz',
    '%78=1',
    'passkey=abc?left=0',
    'left=0?port=2',
    '?left=0',
    'compact=0?x=1',
    'peer_id=?left=0aaaaaaaaaaaaa',
    'port=1#2',
  ),
  fc.string({ maxLength: 12 }),
);
const line = fc
  .tuple(
    fc.array(part, { maxLength: 8 }),
    fc.constantFrom(' HTTP/1.1', ' HTTP/1.1', ' HTTP/1.0', ' HTTP/1.1 HTTP/1.1', ''),
  )
  .map(
    ([parts, version]) =>
      `GET /announce?info_hash=${HASH}&peer_id=-TL0001-012345678901${parts.map((one) => `&${one}`).join('')}${version}${HEADERS}`,
  );

describe('the usual announce', () => {
  it.each([
    'port=1&uploaded=0&downloaded=0&left=0&corrupt=0&key=1A2B3C4D&event=started&numwant=50&compact=1&no_peer_id=1',
    'port=6881&uploaded=98765432109876&downloaded=1&left=4294967296&event=&ip=192.0.2.1&numwant=200&supportcrypto=1',
  ])('is read as the general readers read it: %s', (rest) => {
    const request = `GET /announce?info_hash=${HASH}&peer_id=-TL0001-012345678901&${rest} HTTP/1.1${HEADERS}`;
    expect(expectTheSame(request)).toBe(true);
    for (let length = 0; length < request.length; length++) expectTheSame(request.slice(0, length));
  });

  it.each(['POST /announce?', 'GET /announce.php?', 'GET /x/announce?', '\r\nGET /announce?'])(
    'is not what starts with %j',
    (start) => {
      const request = `${start}info_hash=${HASH}&peer_id=-TL0001-012345678901&port=1 HTTP/1.1${HEADERS}`;
      expect(readUsual(request).at).toBe(NOT_USUAL);
    },
  );

  it('means the same to both readers, or is left to the general ones', () => {
    let usual = 0;
    fc.assert(
      fc.property(line, (text) => {
        if (expectTheSame(text)) usual++;
      }),
      { numRuns: 3_000 },
    );
    expect(usual).toBeGreaterThan(100);
  });

  it('survives any byte in any place', () => {
    const request = `GET /announce?info_hash=${HASH}&peer_id=-TL0001-012345678901&port=1&left=0&key=7 HTTP/1.1${HEADERS}`;
    fc.assert(
      fc.property(fc.nat(request.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        expectTheSame(request.slice(0, at) + String.fromCharCode(byte) + request.slice(at + 1));
      }),
      { numRuns: 3_000 },
    );
  });
});
