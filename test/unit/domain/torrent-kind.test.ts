import { describe, expect, it } from 'vitest';
import { torrentKind } from '../../../src/domain/torrent-kind.js';

const of = (...files: [string, number][]) =>
  torrentKind(
    'name.iso',
    files.map(([path, bytes]) => ({ path, bytes })),
  );

describe('the kind of a torrent', () => {
  it('is what most of its known bytes are', () => {
    expect(of(['a/film.MKV', 700], ['a/sub.srt', 1], ['a/cover.jpg', 2])).toBe('video');
    expect(of(['a/01.flac', 10], ['a/02.flac', 10], ['a/booklet.pdf', 15])).toBe('audio');
    expect(of(['data.unknown', 10_000], ['read.me.txt', 1])).toBe('document');
    expect(of(['x/no.dot/file', 5])).toBe('other');
    expect(of(['empty.txt', 0])).toBe('document');
  });

  it('is that of the archive for its parts, and of the name where there are no files', () => {
    expect(of(['x.rar', 1], ['x.r00', 5], ['x.r01', 5], ['y.mp3', 6])).toBe('archive');
    expect(of(['x.7z.001', 5])).toBe('archive');
    expect(of()).toBe('software');
    expect(torrentKind('x'.repeat(100_000), [])).toBe('other');
  });
});
