import parseTorrent from 'parse-torrent';
import { describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { ClientError } from '../../../src/domain/errors.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { magnetFor, parseMagnet, rewriteMagnet } from '../../../src/wire/metainfo-magnet.js';

const announceUrls = ['udp://alias.example.net:6969/announce'];
const hash = fixtures.leaves.parsedTorrent.infoHash as string;

describe('magnet links', () => {
  it('gets the alias tracker in place of its own, everything else as it was', async () => {
    const before = `magnet:?xt=urn:btih:${hash}&dn=A%20b&tr=udp%3A%2F%2Fold.example%3A80&ws=http%3A%2F%2Fw.example%2Fx&tr.1=http%3A%2F%2Fold.example%2Fa`;
    const after = rewriteMagnet(before, { announceUrls });
    expect(after).toBe(
      `magnet:?xt=urn:btih:${hash}&dn=A%20b&ws=http%3A%2F%2Fw.example%2Fx&tr=${encodeURIComponent(announceUrls[0]!)}`,
    );
    const parsed = await parseTorrent(after);
    expect(parsed).toMatchObject({ infoHash: hash, announce: announceUrls, name: 'A b' });
  });

  it('keeps the original trackers last where asked', () => {
    const before = `magnet:?xt=urn:btih:${hash}&tr=udp%3A%2F%2Fold.example%3A80`;
    expect(parseMagnet(rewriteMagnet(before, { announceUrls, keepOriginal: true })).trackers).toEqual([
      announceUrls[0],
      'udp://old.example:80',
    ]);
  });

  it('reads base32 hashes, sizes and hybrid topics', async () => {
    const base32 = 'magnet:?xt=urn:btih:TJVCOXMZXS4OQYXBCWZSLIKM3NSPCALK&xl=42';
    expect(parseMagnet(base32)).toMatchObject({ infoHash: (await parseTorrent(base32)).infoHash, totalBytes: 42 });
    const v2 = 'ab'.repeat(32);
    expect(parseMagnet(`magnet:?xt=urn:btih:${hash}&xt=urn:btmh:1220${v2}`)).toMatchObject({
      infoHash: hash,
      hybridInfoHash: 'ab'.repeat(20),
    });
    expect(parseMagnet(`magnet:?xt=urn:btmh:1220${v2}`).infoHash).toBe('ab'.repeat(20));
  });

  it('makes the link of a torrent', async () => {
    const link = magnetFor({ infoHash: parseInfoHash(hash), name: 'A & b=1', totalBytes: 9, announceUrls });
    expect(await parseTorrent(link)).toMatchObject({ infoHash: hash, name: 'A & b=1', announce: announceUrls });
    const v2 = 'ab'.repeat(32);
    const v2Only = magnetFor({ infoHash: parseInfoHash('ab'.repeat(20)), infoHashV2: v2, name: 'n', announceUrls });
    expect(v2Only).not.toContain('btih');
  });

  it.each([
    'http://example.org/',
    'magnet:?dn=x',
    'magnet:?xt=urn:btih:123',
    `magnet:?xt=urn:btih:${hash}&dn=%E0%A4%A`,
    `magnet:?xt=urn:btih:${hash}&dn=${'x'.repeat(20_000)}`,
  ])('refuses %.60s', (text) => {
    expect(() => parseMagnet(text)).toThrow(ClientError);
  });
});
