import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import bencode from 'bencode';
import fc from 'fast-check';
import parseTorrent from 'parse-torrent';
import { describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { ClientError } from '../../../src/domain/errors.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { scanValue } from '../../../src/wire/metainfo-bencode.js';
import { rewriteTorrent, rewrittenLength, untrackedLength } from '../../../src/wire/metainfo-rewrite.js';
import { hybridTorrent, torrentWith, v2Torrent } from '../../support/torrents.js';

const announceUrls = ['udp://alias.example.net:6969/announce', 'http://alias.example.net:6969/announce'];
const names = ['alice', 'leaves', 'leavesMetadata', 'folder', 'numbers', 'lotsOfNumbers', 'sintel', 'bunny'] as const;
const torrents = names.map((name) => [name, new Uint8Array(fixtures[name].torrent)] as const);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ClientError);
    return (thrown as ClientError).code;
  }
  return 'none';
}

describe('reading real torrent files', () => {
  it.each(torrents)('%s is read as parse-torrent reads it', async (_name, bytes) => {
    const expected = await parseTorrent(Buffer.from(bytes));
    const metainfo = parseMetainfo(bytes);
    expect(metainfo.infoHash).toBe(expected.infoHash);
    expect(metainfo.name).toBe(expected.name);
    expect(metainfo.totalBytes).toBe(expected.length);
    expect(metainfo.pieceBytes).toBe(expected.pieceLength);
    expect(metainfo.private).toBe(expected.private ?? false);
    expect(metainfo.trackerTiers.flat()).toEqual(expected.announce);
    expect(metainfo.files.map((file) => file.bytes)).toEqual(expected.files?.map((file) => file.length));
    expect(metainfo.version).toBe('v1');
  });

  it('refuses the corrupt one with a reason', () => {
    const path = new URL('../../../node_modules/webtorrent-fixtures/fixtures/corrupt.torrent', import.meta.url);
    expect(codeOf(() => parseMetainfo(readFileSync(path)))).toMatch(/^invalid-(torrent|bencode)$/);
  });

  it('reads version 2 and hybrid torrents under both of their hashes', () => {
    const v2 = parseMetainfo(v2Torrent());
    expect(v2).toMatchObject({ version: 'v2', hybridInfoHash: undefined, totalBytes: 30 });
    expect(v2.infoHashV2?.slice(0, 40)).toBe(v2.infoHash);
    expect(v2.files).toEqual([
      { path: 'dir/a.bin', bytes: 10 },
      { path: 'dir/b.bin', bytes: 20 },
    ]);

    const bytes = hybridTorrent();
    const hybrid = parseMetainfo(bytes);
    const info = bytes.subarray(hybrid.infoSpan.start, hybrid.infoSpan.end);
    expect(hybrid.version).toBe('hybrid');
    expect(hybrid.infoHash).toBe(createHash('sha1').update(info).digest('hex'));
    expect(hybrid.hybridInfoHash).toBe(createHash('sha256').update(info).digest('hex').slice(0, 40));
    expect(hybrid.files.map((file) => file.path)).toEqual(['dir/a.bin', 'dir/b.bin']);
  });
});

describe('rewriting', () => {
  const publicTorrents = torrents.filter(([name]) => name !== 'bunny');

  it.each(publicTorrents)('%s keeps its info bytes and gets the new trackers', async (_name, bytes) => {
    const before = parseMetainfo(bytes);
    const rewritten = rewriteTorrent(bytes, { announceUrls });
    const after = await parseTorrent(Buffer.from(rewritten));
    const info = parseMetainfo(rewritten).infoSpan;
    expect(Buffer.from(rewritten.subarray(info.start, info.end))).toEqual(
      Buffer.from(bytes.subarray(before.infoSpan.start, before.infoSpan.end)),
    );
    expect(after.infoHash).toBe(before.infoHash);
    expect([...(after.announce ?? [])].sort()).toEqual([...announceUrls].sort());
    expect(parseMetainfo(rewritten).trackerTiers).toEqual([announceUrls]);
  });

  it('never takes a private torrent from its tracker', () => {
    expect(codeOf(() => rewriteTorrent(fixtures.bunny.torrent, { announceUrls }))).toBe('private-torrent');
  });

  it('keeps web seeds, DHT nodes and unknown keys, sorts the keys and drops what it is told to', () => {
    const bytes = torrentWith({
      zebra: 'z',
      'url-list': ['http://seed.example/a'],
      nodes: [['192.0.2.1', 6881]],
      comment: 'from somewhere',
      announce: 'http://old.example/announce',
      'announce-list': [['http://old.example/announce'], ['udp://other.example:80/announce']],
    });
    const rewritten = rewriteTorrent(bytes, { announceUrls: announceUrls.slice(0, 1), dropKeys: ['comment', 'info'] });
    const decoded = bencode.decode(rewritten) as Record<string, unknown>;
    expect(Object.keys(decoded)).toEqual(['announce', 'info', 'nodes', 'url-list', 'zebra']);
    expect(Buffer.from(rewritten).toString('latin1')).toContain('8:url-listl21:http://seed.example/aee'.slice(0, -1));
    expect(Buffer.from(rewritten).toString('latin1')).toContain('5:nodesll9:192.0.2.1i6881eee');
  });

  it('keeps the original trackers in later tiers, none twice', () => {
    const bytes = torrentWith({
      announce: 'http://old.example/announce',
      'announce-list': [
        ['http://old.example/announce', announceUrls[0], 'http://old.example/announce'],
        ['udp://other.example:80/announce', 'not a url'],
      ],
    });
    const rewritten = rewriteTorrent(bytes, { announceUrls, keepOriginal: true });
    const before = parseMetainfo(bytes);
    const length = rewrittenLength(untrackedLength(before), { announceUrls, keepOriginal: true }, before.trackerTiers);
    expect(length).toBe(rewritten.length);
    expect(parseMetainfo(rewritten).trackerTiers).toEqual([
      announceUrls,
      ['http://old.example/announce'],
      ['udp://other.example:80/announce'],
    ]);
  });

  it.each(['ftp://alias.example/announce', 'udp://alias.example/announce', 'alias.example', 'http://a b/'])(
    'refuses %s as an announce URL',
    (url) => {
      expect(codeOf(() => rewriteTorrent(torrentWith({}), { announceUrls: [url] }))).toBe('invalid-value');
    },
  );

  it('keeps info and hash of any bencoded dictionary that holds a torrent, whatever is beside it', () => {
    const leaf = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.integer(),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('any')),
        fc.dictionary(fc.string({ maxLength: 9 }), tie('any')),
      ),
    })).any;
    const key = fc.string({ maxLength: 20 }).filter((k) => !['info', 'announce', 'announce-list'].includes(k));
    fc.assert(
      fc.property(
        fc.dictionary(key, value),
        fc.dictionary(fc.constantFrom('source', 'x', 'ä'), value),
        (top, extra) => {
          const bytes = torrentWith(top, extra);
          const before = parseMetainfo(bytes);
          const rewritten = rewriteTorrent(bytes, { announceUrls });
          const after = parseMetainfo(rewritten);
          expect(after.infoHash).toBe(before.infoHash);
          expect(rewrittenLength(untrackedLength(before), { announceUrls }, [])).toBe(rewritten.length);
          expect(Buffer.from(rewritten.subarray(after.infoSpan.start, after.infoSpan.end))).toEqual(
            Buffer.from(bytes.subarray(before.infoSpan.start, before.infoSpan.end)),
          );
          // Rewriting again changes nothing, and whatever stood beside is there byte for byte.
          expect(Buffer.from(rewriteTorrent(rewritten, { announceUrls }))).toEqual(Buffer.from(rewritten));
          for (const entry of before.entries) {
            const raw = Buffer.from(bytes.subarray(entry.keyStart, entry.value.end));
            expect(Buffer.from(rewritten).includes(raw)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('the scanner', () => {
  it('finds the end of any value that another encoder wrote, and refuses it one byte short', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
        fc.maxSafeInteger(),
        fc.array(tie('any'), { maxLength: 5 }),
        fc.dictionary(fc.string({ maxLength: 9, unit: 'binary' }), tie('any'), { maxKeys: 5 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 5 }), (any, after) => {
        const encoded = Buffer.from(bencode.encode(any));
        expect(scanValue(Buffer.concat([encoded, after]), 0)).toBe(encoded.length);
        expect(codeOf(() => scanValue(encoded.subarray(0, -1), 0))).toBe('invalid-bencode');
      }),
    );
  });
});

describe('an invalid torrent', () => {
  const good = Buffer.from(torrentWith({ announce: 'http://old.example/announce' })).toString('latin1');
  it.each([
    ['nothing', '', 'invalid-bencode'],
    ['text', '<!doctype html><title>404</title>', 'invalid-bencode'],
    ['a list', 'le', 'invalid-bencode'],
    ['a dictionary without info', 'd1:a1:be', 'invalid-torrent'],
    ['info that is a string', 'd4:info1:xe', 'invalid-torrent'],
    ['empty info', 'd4:infodee', 'invalid-torrent'],
    ['two info dictionaries', good.replace('4:info', '4:infode4:info'), 'invalid-bencode'],
    ['a leading zero in a length', good.replace('4:info', '04:info'), 'invalid-bencode'],
    ['minus zero', good.replace('4:info', '1:ai-0e4:info'), 'invalid-bencode'],
    ['an integer without digits', good.replace('4:info', '1:aie4:info'), 'invalid-bencode'],
    ['an integer as a key', good.replace('4:info', 'i1e1:x4:info'), 'invalid-bencode'],
    ['a key without a value', 'd4:infodee'.replace('de', 'd1:ae'), 'invalid-bencode'],
    ['a string longer than the file', 'd4:info99999999:xe', 'invalid-bencode'],
    ['a string of absurd length', 'd4:info999999999999999999:xe', 'invalid-bencode'],
    ['endless nesting', `d1:a${'l'.repeat(5000)}${'e'.repeat(5000)}4:infodee`, 'invalid-bencode'],
  ])('%s is refused with a clear error', (_what, text, code) => {
    expect(codeOf(() => parseMetainfo(Buffer.from(text, 'latin1')))).toBe(code);
  });

  it('refuses every truncation of a torrent', () => {
    const bytes = torrentWith({ announce: 'http://old.example/announce', comment: 'x', 'announce-list': [['a']] });
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => parseMetainfo(bytes.subarray(0, length)))).toBe('invalid-bencode');
    }
  });

  it('refuses a file larger than clients accept', () => {
    expect(codeOf(() => parseMetainfo(new Uint8Array(100 * 2 ** 20 + 1)))).toBe('invalid-torrent');
  });

  it('answers arbitrary bytes with a ClientError only', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => codeOf(() => parseMetainfo(bytes)) !== 'none'));
    const valid = Buffer.from(torrentWith({ announce: 'http://old.example/announce' }));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(valid);
        changed[at] = byte;
        codeOf(() => parseMetainfo(changed));
      }),
    );
  });
});
