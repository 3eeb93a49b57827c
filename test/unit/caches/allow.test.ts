import { describe, expect, test } from 'vitest';
import { type Allow, isAllowed } from '../../../src/caches/allow.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';

const HASH = parseInfoHash('a'.repeat(40));
const OTHER = parseInfoHash('b'.repeat(40));
const torrent = { infoHash: HASH, name: 'debian-13.2.0-amd64-DVD-1.iso', source: 'debian' };

function allows(allow: Partial<Allow>, more = {}): boolean {
  return isAllowed({ sources: [], names: [], infoHashes: [], ...allow }, { ...torrent, ...more });
}

describe('what a cache may hold', () => {
  test('nothing by default', () => {
    expect(allows({})).toBe(false);
  });

  test('torrents of a source, and named ones', () => {
    expect(allows({ sources: ['debian'] })).toBe(true);
    expect(allows({ sources: ['fedora'] })).toBe(false);
    expect(allows({ infoHashes: [HASH] })).toBe(true);
    expect(allows({ infoHashes: [OTHER] })).toBe(false);
    expect(allows({ infoHashes: [OTHER] }, { hybridInfoHash: OTHER })).toBe(true);
  });

  test.each([
    ['debian-*', true],
    ['DEBIAN-*-dvd-?.iso', true],
    ['*', true],
    ['*amd64*', true],
    ['debian-13.2.0-amd64-DVD-1.iso', true],
    ['debian-13.2.0-amd64-DVD-1.is', false],
    ['debian-13x2.0-amd64-DVD-1.iso', false],
    ['*.iso?', false],
    ['', false],
    ['.*', false],
  ])('names that match %s: %s', (pattern, expected) => {
    expect(allows({ names: [pattern] })).toBe(expected);
  });

  test('a pattern that matches in many ways takes no long time', () => {
    expect(allows({ names: [`${'*a'.repeat(100)}b`] }, { name: 'a'.repeat(2_000) })).toBe(false);
  });
});
