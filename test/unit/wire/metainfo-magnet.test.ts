import fc from 'fast-check';
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

  it.each([
    ['upper case', `MAGNET:?XT=urn:btih:${hash.toUpperCase()}&DN=upper&TR=udp%3A%2F%2Fa.example%3A80`, 'upper', 1],
    [
      'numbered',
      `magnet:?xt.1=urn:btih:${hash}&xt.2=urn:btih:${'1'.repeat(40)}&tr.1=udp%3A%2F%2Fa.example%3A80&dn.1=one`,
      'one',
      1,
    ],
    ['an escaped topic', `magnet:?xt=urn%3Abtih%3A${hash}&dn=%E2%98%83%20snow`, '☃ snow', 0],
    ['a broken escape', `magnet:?xt=urn:btih:${hash}&dn=100%&tr=udp%3A%2F%2Fa.example%3A80`, '100%', 1],
    ['a cut escape', `magnet:?xt=urn:btih:${hash}&dn=50%+off%2`, '50% off%2', 0],
    ['a name that is not UTF-8', `magnet:?xt=urn:btih:${hash}&dn=caf%E9&tr=udp%3A%2F%2Fa.example%3A80`, 'caf\ufffd', 1],
    [
      'HTML',
      `magnet:?xt=urn:btih:${hash}&amp;dn=a&amp;tr=udp%3A%2F%2Fa.example%3A80&amp;tr=udp%3A%2F%2Fb.example%3A80`,
      'a',
      2,
    ],
    ['a broken second topic', `magnet:?xt=urn:btmh:1220tooshort&xt=urn:btih:${hash}`, undefined, 0],
    ['an empty tracker', `magnet:?xt=urn:btih:${hash}&tr=`, undefined, 0],
    ['empty parameters', `magnet:?&&xt=urn:btih:${hash}&&dn`, undefined, 0],
    [
      'all there is',
      `magnet:?xt=urn:btih:${hash}&x.pe=192.0.2.1:6881&ws=http%3A%2F%2Fs.example%2Ff&so=0,2,4-6&kt=a+b`,
      undefined,
      0,
    ],
    ['a long name', `magnet:?xt=urn:btih:${hash}&dn=${'%C3%A9'.repeat(300)}`, 'é'.repeat(127), 0],
  ])('reads %s', (_what, link, name, trackers) => {
    expect(parseMagnet(link)).toMatchObject({ infoHash: hash, name });
    expect(parseMagnet(link).trackers).toHaveLength(trackers);
    const rewritten = rewriteMagnet(link, { announceUrls });
    expect(parseMagnet(rewritten)).toMatchObject({ infoHash: hash, name, trackers: announceUrls });
    expect(rewritten).toMatch(/^magnet:\?(?:[a-z.\d]+(?:=[^&]*)?&)+tr=[^&]*$/);
    expect(rewritten).not.toMatch(/a\.example|b\.example/);
  });

  it('answers any text with a ClientError only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        for (const link of [text, `magnet:?${text}`, `magnet:?xt=urn:btih:${hash}&dn=${text}&tr=${text}`]) {
          try {
            parseMagnet(rewriteMagnet(link, { announceUrls }));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ClientError);
          }
        }
      }),
    );
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
    // libtorrent refuses these too
    `magnet:?xt=urn:btih:${hash}#fragment`,
    `magnet:xt=urn:btih:${hash}`,
    `magnet://?xt=urn:btih:${hash}`,
    'magnet:?xt=urn:btih:tooshort',
    'magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C',
    `magnet:?xt=urn:btpk:${'8'.repeat(64)}&s=6e`,
    `magnet:?xt=urn:btih:${hash}&dn=${'x'.repeat(20_000)}`,
  ])('refuses %.60s', (text) => {
    expect(() => parseMagnet(text)).toThrow(ClientError);
  });
});
