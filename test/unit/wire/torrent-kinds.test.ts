/**
 * Torrents of every kind that is found in use, and of kinds that only an attacker makes: what every client accepts is
 * accepted, with `info` untouched by the rewriting; the rest gets a clear error. What libtorrent 2 and Transmission do
 * decides where BEP 3, 12, 27, 47 and 52 leave it open.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import { type Metainfo, parseMetainfo } from '../../../src/wire/metainfo.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { type Bencodable, bencoded, Dictionary, Raw } from '../../support/bencoded.js';

const PIECE_BYTES = 16_384;
const ANNOUNCE = 'http://tracker.example/announce';
const announceUrls = ['udp://alias.example:6969/announce'];

type Entries = Record<string, Bencodable | undefined>;

/** With keys sorted, as BEP 3 demands, without those that are undefined. */
function sorted(entries: Entries): Dictionary {
  const present = Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return new Dictionary(present.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pieces(totalBytes: number, pieceBytes = PIECE_BYTES): Buffer {
  return Buffer.alloc(20 * Math.ceil(totalBytes / pieceBytes), 7);
}

function v1Info(more: Entries = {}): Dictionary {
  return sorted({ length: 100_000, name: 'plain.bin', 'piece length': PIECE_BYTES, pieces: pieces(100_000), ...more });
}

function withFiles(files: readonly Entries[], totalBytes: number, more: Entries = {}): Dictionary {
  return v1Info({ length: undefined, name: 'many', files: files.map(sorted), pieces: pieces(totalBytes), ...more });
}

function torrent(info: Bencodable, top: Entries = {}): Buffer {
  return bencoded(sorted({ announce: ANNOUNCE, ...top, info }));
}

const v1 = (more: Entries = {}): Buffer => torrent(v1Info(more));
const beside = (top: Entries): Buffer => torrent(v1Info(), top);

/** Version 2: the hash tree of a file whose pieces have these hashes. */
function sha256(...parts: Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
const piece = (n: number): Buffer => sha256(Buffer.from(`piece ${n}`));
/** Blocks behind the end count as zeros (BEP 52); with pieces of two blocks, so does the piece that they make. */
const NOTHING = Buffer.alloc(32);
const NO_PIECE_OF_TWO_BLOCKS = sha256(NOTHING, NOTHING);

const root = Buffer.alloc(32, 9);
const fileV2 = (length: number, piecesRoot: Buffer | undefined = root): Dictionary =>
  sorted({ '': sorted({ length, 'pieces root': piecesRoot }) });
const threePieces = sha256(sha256(piece(0), piece(1)), sha256(piece(2), NOTHING));

function v2Info(tree: Bencodable, more: Entries = {}): Dictionary {
  return sorted({ 'file tree': tree, 'meta version': 2, name: 'v2', 'piece length': PIECE_BYTES, ...more });
}

function layers(entries: readonly (readonly [Buffer, Buffer])[]): Bencodable {
  const parts = entries.flatMap(([key, layer]) => [bencoded(key), bencoded(layer)]);
  return new Raw(Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')]));
}

function hybrid(files: readonly Entries[], totalBytes: number, tree: Bencodable, more: Entries = {}): Buffer {
  return torrent(
    sorted({
      ...Object.fromEntries(withFiles(files, totalBytes).entries),
      'file tree': tree,
      'meta version': 2,
      ...more,
    }),
    { 'piece layers': sorted({}) },
  );
}

const file = (name: string, length: number): Entries => ({ length, path: [name] });
const pad = (length: number): Entries => ({ attr: 'p', length, path: ['.pad', String(length)] });
const nested = (depth: number): Raw => new Raw('l'.repeat(depth) + 'e'.repeat(depth));
/** A dictionary with a key twice, in this order. */
const twice = (entries: Dictionary, key: string): Dictionary => new Dictionary([...entries.entries, [key, 'again']]);

function directories(depth: number): Bencodable {
  let node: Bencodable = sorted({ file: fileV2(5) });
  for (let i = 0; i < depth; i++) node = sorted({ d: node });
  return node;
}

const accepted: readonly (readonly [string, Buffer, Partial<Metainfo>?])[] = [
  ['plain', v1(), { name: 'plain.bin', trackerTiers: [[ANNOUNCE]], totalBytes: 100_000, version: 'v1' }],
  ['no announce', beside({ announce: undefined }), { trackerTiers: [] }],
  ['nodes in place of a tracker', beside({ announce: undefined, nodes: [['192.0.2.1', 6881]] }), { trackerTiers: [] }],
  ['an empty announce', beside({ announce: '' }), { trackerTiers: [] }],
  ['an announce of a space', beside({ announce: ' ' }), { trackerTiers: [] }],
  ['an announce between spaces', beside({ announce: ` ${ANNOUNCE}\n` }), { trackerTiers: [[ANNOUNCE]] }],
  ['an announce that is not UTF-8', beside({ announce: Buffer.from('http://\xe9/', 'latin1') })],
  ['an announce that is an integer', beside({ announce: 1 }), { trackerTiers: [] }],
  ['announce-list: empty string', beside({ 'announce-list': '' }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: empty', beside({ 'announce-list': [] }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: empty tiers', beside({ 'announce-list': [[], []] }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: white space', beside({ 'announce-list': [[' ', `${ANNOUNCE} `]] }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: flat', beside({ 'announce-list': [ANNOUNCE, 'udp://x.example:1'] }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: integers', beside({ 'announce-list': [[1], 2] }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: an integer', beside({ 'announce-list': 1 }), { trackerTiers: [[ANNOUNCE]] }],
  ['announce-list: a dictionary', beside({ 'announce-list': sorted({ a: 1 }) }), { trackerTiers: [[ANNOUNCE]] }],
  [
    'announce-list: 3,000 trackers',
    beside({ 'announce-list': Array.from({ length: 3_000 }, (_, i) => [`http://t${i}.example/a`]) }),
  ],
  ['url-list: a string', beside({ 'url-list': 'http://seed.example/' })],
  ['url-list: a list', beside({ 'url-list': ['http://seed.example/'] })],
  ['url-list: an integer', beside({ 'url-list': 1 })],
  ['httpseeds (BEP 17)', beside({ httpseeds: ['http://seed.example/'] })],
  ['http-seeds', beside({ 'http-seeds': ['http://seed.example/'] })],
  [
    'top level not sorted',
    bencoded(
      new Dictionary([
        ['info', v1Info()],
        ['announce', ANNOUNCE],
      ]),
    ),
  ],
  ['info not sorted', torrent(new Dictionary([...v1Info().entries].reverse()))],
  ['integers of 19 digits', v1({ x: new Raw('i9223372036854775807e') })],
  ['integers of 20 digits', v1({ x: new Raw('i18446744073709551615e') })],
  ['lists 99 deep', beside({ x: nested(98) })],
  ['a newline after it', Buffer.concat([v1(), Buffer.from('\n')])],
  ['CR LF after it', Buffer.concat([v1(), Buffer.from('\r\n')])],
  ['a page after it', Buffer.concat([v1(), Buffer.from('<html></html>')])],
  ['zeros after it', Buffer.concat([v1(), Buffer.alloc(512)])],
  ['a d after it', Buffer.concat([v1(), Buffer.from('done')])],
  ['private=0', v1({ private: 0 }), { private: false }],
  ['private beside info', beside({ private: 1 }), { private: false }],
  [
    'a path out of the directory',
    withPaths(['..', '..', 'etc', 'passwd']),
    { files: [{ path: '../../etc/passwd', bytes: 100_000 }] },
  ],
  ['an empty part of a path', withPaths(['a', '', 'b']), { files: [{ path: 'a//b', bytes: 100_000 }] }],
  ['a name that is not UTF-8', v1({ name: Buffer.from('caf\xe9', 'latin1') }), { name: 'caf\ufffd' }],
  ['a name in GBK and UTF-8', v1({ name: Buffer.from('\xd6\xd0', 'latin1'), 'name.utf-8': '中' }), { name: '中' }],
  ['a name.utf-8 that is not', v1({ 'name.utf-8': Buffer.from('\xff', 'latin1') })],
  ['an empty name', v1({ name: '' })],
  ['a name with NUL', v1({ name: 'a\0b' }), { name: 'a\0b' }],
  ['a name from right to left', v1({ name: 'invoice\u202egpj.exe' })],
  ['a name with HTML', v1({ name: '<script>alert(1)</script>' })],
  ['a name with terminal controls', v1({ name: '\u001b[2Jx' })],
  ['a name of 70,000 bytes', v1({ name: 'é'.repeat(35_000) }), { name: 'é'.repeat(127) }],
  [
    'path.utf-8',
    torrent(withFiles([{ ...file('x', 5), 'path.utf-8': ['中'] }], 5)),
    { files: [{ path: '中', bytes: 5 }] },
  ],
  [
    'length beside files',
    torrent(withFiles([file('a', 100_000)], 100_000, { length: 100_000 })),
    { files: [{ path: 'a', bytes: 100_000 }] },
  ],
  ['filler', torrent(withFiles([file('a', 1), pad(16_383), file('b', 5)], 16_389)), { totalBytes: 6 }],
  [
    'filler without a path (BEP 47)',
    torrent(withFiles([file('a', 1), { attr: 'p', length: 16_383 }, file('b', 5)], 16_389)),
    { totalBytes: 6 },
  ],
  [
    'a link without length (BEP 47)',
    torrent(withFiles([file('a', 5), { attr: 'l', path: ['s'], 'symlink path': ['a'] }], 5)),
    { totalBytes: 5 },
  ],
  [
    'a link of length 0',
    torrent(withFiles([file('a', 5), { attr: 'l', length: 0, path: ['s'], 'symlink path': ['a'] }], 5)),
  ],
  ['signatures (BEP 35)', beside({ signatures: sorted({ x: sorted({ signature: 'y' }) }) })],
  ['update-url (BEP 39)', beside({ 'update-url': 'http://example.net/feed', originator: 'x' })],
  ['a DHT key (BEP 46)', beside({ 'dht-pk': Buffer.alloc(32, 1) })],
  ['similar torrents (BEP 38)', v1({ similar: [Buffer.alloc(20)], collections: ['x'] })],
  ['Azureus’ keys', beside({ azureus_properties: sorted({ dht_backup_enable: 1 }), encoding: 'UTF-8' })],
  [
    'keys that are not UTF-8',
    bencoded(
      new Dictionary([
        ['announce', ANNOUNCE],
        ['info', v1Info()],
        ['\u00e9\u{1f600}', 1],
      ]),
    ),
  ],
  ['an empty key', beside({ '': 1 })],
  ['a piece length that is odd', v1({ 'piece length': 12_345, pieces: pieces(100_000, 12_345) })],
  ['an info in another place', beside({ a: sorted({ info: v1Info({ name: 'wrong' }) }) }), { name: 'plain.bin' }],
  [
    '20,000 files',
    torrent(
      withFiles(
        Array.from({ length: 20_000 }, (_, i) => file(`f${i}`, 1)),
        20_000,
      ),
    ),
    { totalBytes: 20_000 },
  ],
  [
    '50,000 files',
    torrent(
      withFiles(
        Array.from({ length: 50_000 }, (_, i) => file(`f${i}`, 1)),
        50_000,
      ),
    ),
  ],
  ['9.9 MB', v1({ length: 494_000 * PIECE_BYTES, pieces: Buffer.alloc(20 * 494_000) })],
  ['10,000 keys', beside(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])))],
  [
    'version 2',
    torrent(v2Info(sorted({ a: fileV2(5) })), { 'piece layers': sorted({}) }),
    { version: 'v2', totalBytes: 5 },
  ],
  ['version 2 without layers, which it does not need', torrent(v2Info(sorted({ a: fileV2(PIECE_BYTES) })))],
  [
    'version 2 with an empty file and a link',
    torrent(
      v2Info(
        sorted({
          a: fileV2(5),
          e: sorted({ '': sorted({ length: 0 }) }),
          l: sorted({ '': sorted({ attr: 'l', 'symlink path': ['a'] }) }),
        }),
      ),
    ),
  ],
  [
    'version 2 with a layer',
    torrent(v2Info(sorted({ a: fileV2(40_000, threePieces) })), {
      'piece layers': layers([[threePieces, Buffer.concat([piece(0), piece(1), piece(2)])]]),
    }),
  ],
  ['version 2 with a layer of larger pieces', largerPieces()],
  [
    'version 2 in 90 directories',
    torrent(v2Info(directories(90))),
    { files: [{ path: `${'d/'.repeat(90)}file`, bytes: 5 }] },
  ],
  [
    'meta version 3 beside version 1',
    v1({ 'file tree': sorted({ a: fileV2(5) }), 'meta version': 3 }),
    { version: 'v1' },
  ],
  [
    'hybrid',
    hybrid([file('a', 5), pad(16_379), file('b', 7)], 16_391, sorted({ a: fileV2(5), b: fileV2(7) })),
    { version: 'hybrid', totalBytes: 12 },
  ],
  [
    'hybrid of one file',
    torrent(
      sorted({
        ...Object.fromEntries(v1Info({ length: 5, pieces: pieces(5) }).entries),
        'file tree': sorted({ 'plain.bin': fileV2(5) }),
        'meta version': 2,
      }),
    ),
    { version: 'hybrid' },
  ],
];

function withPaths(path: string[]): Buffer {
  return torrent(withFiles([{ length: 100_000, path }], 100_000));
}

function largerPieces(): Buffer {
  const layer = Buffer.concat([piece(0), piece(1), piece(2), piece(3), piece(4)]);
  const four = sha256(sha256(piece(0), piece(1)), sha256(piece(2), piece(3)));
  const none = sha256(NO_PIECE_OF_TWO_BLOCKS, NO_PIECE_OF_TWO_BLOCKS);
  const top = sha256(four, sha256(sha256(piece(4), NO_PIECE_OF_TWO_BLOCKS), none));
  const info = v2Info(sorted({ a: fileV2(5 * 32_768, top) }), { 'piece length': 32_768 });
  return torrent(info, { 'piece layers': layers([[top, layer]]) });
}

const refused: readonly (readonly [string, Buffer])[] = [
  [
    'a key twice',
    bencoded(
      twice(
        new Dictionary([
          ['announce', ANNOUNCE],
          ['info', v1Info()],
        ]),
        'announce',
      ),
    ),
  ],
  [
    'two infos',
    bencoded(
      new Dictionary([
        ['info', v1Info()],
        ['info', v1Info({ name: 'other' })],
      ]),
    ),
  ],
  ['a key of info twice', torrent(twice(v1Info(), 'name'))],
  ['a minus zero', beside({ x: new Raw('i-0e') })],
  ['a plus', beside({ x: new Raw('i+1e') })],
  ['an integer without digits', beside({ x: new Raw('ie') })],
  ['a fraction', beside({ x: new Raw('i1.5e') })],
  ['an integer of 40 digits', beside({ x: new Raw(`i${'9'.repeat(40)}e`) })],
  ['a length of 20 digits', v1({ length: new Raw('i99999999999999999999e') })],
  ['a negative length', v1({ length: -1 })],
  ['lists 100,000 deep', beside({ x: nested(100_000) })],
  ['lists 100,000 deep in info', v1({ x: nested(100_000) })],
  ['a huge string', beside({ x: new Raw('99999999999:x') })],
  ['a negative string', beside({ x: new Raw('-1:x') })],
  ['a second torrent after it', Buffer.concat([v1(), v1({ name: 'other' })])],
  ['a newline before it', Buffer.concat([Buffer.from('\n'), v1()])],
  ['a byte order mark before it', Buffer.concat([Buffer.from('\ufeff'), v1()])],
  ['half of it', v1().subarray(0, 100)],
  ['nothing', Buffer.alloc(0)],
  ['a page', Buffer.from('<!doctype html><title>404</title>')],
  ['gzip', gzipSync(v1())],
  ['no name', v1({ name: undefined })],
  ['a path without parts', withPaths([])],
  ['a hash tree of BEP 30', v1({ pieces: undefined, 'root hash': Buffer.alloc(20) })],
  ['no pieces', v1({ pieces: undefined })],
  ['pieces of an odd size', v1({ pieces: Buffer.alloc(139) })],
  ['a piece length of 0', v1({ 'piece length': 0 })],
  ['info that is a list', torrent(['x'])],
  ['a key that is an integer', Buffer.from('di1ei2e4:infodee')],
  ['3,000,001 values', beside({ x: new Raw(`l${'le'.repeat(1_600_000)}e`) })],
  ['meta version 3 alone', torrent(v2Info(sorted({ a: fileV2(5) }), { 'meta version': 3 }))],
  ['a piece length that is not a power of two', torrent(v2Info(sorted({ a: fileV2(5) }), { 'piece length': 20_000 }))],
  ['a piece length below a block', torrent(v2Info(sorted({ a: fileV2(5) }), { 'piece length': 8_192 }))],
  ['a file tree that is a list', torrent(v2Info(['a']))],
  ['a file tree with a name twice', torrent(v2Info(twice(sorted({ a: fileV2(5) }), 'a')))],
  ['a file without a root', torrent(v2Info(sorted({ a: sorted({ '': sorted({ length: 5 }) }) })))],
  ['a root of 31 bytes', torrent(v2Info(sorted({ a: fileV2(5, Buffer.alloc(31)) })))],
  [
    'a layer that is missing',
    torrent(v2Info(sorted({ a: fileV2(40_000, threePieces) })), { 'piece layers': sorted({}) }),
  ],
  ['no layers at all', torrent(v2Info(sorted({ a: fileV2(40_000, threePieces) })))],
  ['layers that are a list', torrent(v2Info(sorted({ a: fileV2(5) })), { 'piece layers': [] })],
  [
    'a layer too short',
    torrent(v2Info(sorted({ a: fileV2(40_000, threePieces) })), {
      'piece layers': layers([[threePieces, Buffer.concat([piece(0), piece(1)])]]),
    }),
  ],
  [
    'a layer of another file',
    torrent(v2Info(sorted({ a: fileV2(40_000, threePieces) })), {
      'piece layers': layers([[threePieces, Buffer.concat([piece(0), piece(1), piece(3)])]]),
    }),
  ],
  ['a hybrid with another size', hybrid([file('a', 5)], 5, sorted({ a: fileV2(6) }))],
  ['a hybrid with another name', hybrid([file('evil.exe', 5)], 5, sorted({ 'good.txt': fileV2(5) }))],
  [
    'a hybrid in another order',
    hybrid([file('b', 5), pad(16_379), file('a', 5)], 16_389, sorted({ a: fileV2(5), b: fileV2(5) })),
  ],
  [
    'a hybrid with a file more in version 1',
    hybrid([file('a', 5), pad(16_379), file('b', 5)], 16_389, sorted({ a: fileV2(5) })),
  ],
  ['a hybrid with a file more in version 2', hybrid([file('a', 5)], 5, sorted({ a: fileV2(5), b: fileV2(5) }))],
  ['a hybrid without filler', hybrid([file('a', 5), file('b', 5)], 10, sorted({ a: fileV2(5), b: fileV2(5) }))],
  [
    'a hybrid of one file that lies',
    torrent(
      sorted({
        ...Object.fromEntries(v1Info({ length: 16_000, pieces: pieces(16_000), name: 'evil.exe' }).entries),
        'file tree': sorted({ 'good.txt': fileV2(5) }),
        'meta version': 2,
      }),
    ),
  ],
];

const privateOnes: readonly (readonly [string, Bencodable])[] = [
  ['1', 1],
  ['2', 2],
  ['-1', -1],
  ['a number beyond 64 bits', new Raw('i99999999999999999999e')],
  ['a string', '1'],
];

const infoOf = (bytes: Uint8Array): Buffer => {
  const { start, end } = parseMetainfo(bytes).infoSpan;
  return Buffer.from(bytes.subarray(start, end));
};

describe('accepted', () => {
  const kinds = accepted.map(([kind, bytes, expected = {}]) => [kind, bytes, expected] as const);
  it.each(kinds)('%s', (_kind, bytes, expected) => {
    const before = parseMetainfo(bytes);
    expect(before).toMatchObject(expected);
    const rewritten = rewriteTorrent(bytes, { announceUrls });
    const after = parseMetainfo(rewritten);
    expect(infoOf(rewritten).equals(infoOf(bytes))).toBe(true);
    expect(after).toMatchObject({ infoHash: before.infoHash, name: before.name, trackerTiers: [announceUrls] });
    expect(Buffer.byteLength(after.name)).toBeLessThanOrEqual(255);
    // What stood beside info and trackers is there byte for byte.
    for (const { key, keyStart, value } of before.entries) {
      if (key === 'announce' || key === 'announce-list') continue;
      expect(Buffer.from(rewritten).includes(bytes.subarray(keyStart, value.end))).toBe(true);
    }
  });

  it('100 MB', () => {
    const count = 5_000_000;
    const bytes = v1({ length: count * PIECE_BYTES, pieces: Buffer.alloc(20 * count, 7) });
    const rewritten = rewriteTorrent(bytes, { announceUrls });
    expect(rewritten.length).toBeGreaterThan(100_000_000);
    expect(parseMetainfo(rewritten)).toMatchObject({
      infoHash: parseMetainfo(bytes).infoHash,
      totalBytes: count * PIECE_BYTES,
      trackerTiers: [announceUrls],
    });
  });

  it('a torrent without a name is known by its info-hash', () => {
    const metainfo = parseMetainfo(v1({ name: '' }));
    expect(metainfo.name).toBe(metainfo.infoHash);
  });
});

describe('refused with a clear error', () => {
  it.each(refused)('%s', (_kind, bytes) => {
    const refusal = (): Uint8Array => rewriteTorrent(bytes, { announceUrls });
    expect(refusal).toThrow(ClientError);
    expect(refusal).toThrow(/^not (valid bencode|a torrent)|second dictionary/);
  });

  it.each(privateOnes)('private: %s (BEP 27)', (_kind, value) => {
    expect(parseMetainfo(v1({ private: value })).private).toBe(true);
    expect(() => rewriteTorrent(v1({ private: value }), { announceUrls })).toThrow(/private torrent/);
    const v2 = torrent(v2Info(sorted({ a: fileV2(5) }), { private: value }));
    expect(() => rewriteTorrent(v2, { announceUrls })).toThrow(/private torrent/);
  });
});
