import { describe, expect, it } from 'vitest';
import { classifyPath, PATH_ANNOUNCE, PATH_OTHER, PATH_SCRAPE } from '../../../src/wire/http-path.js';

const call = (path: string): string => {
  const bytes = new Uint8Array(Buffer.from(`GET ${path} `, 'latin1'));
  const kind = classifyPath(bytes, 4, bytes.length - 1);
  return { [PATH_ANNOUNCE]: 'announce', [PATH_SCRAPE]: 'scrape', [PATH_OTHER]: 'other' }[kind]!;
};

describe('the path of a request', () => {
  it.each([
    '/announce',
    '/announce.php',
    '/Announce',
    '/ANNOUNCE.PHP',
    '/%61nnounce',
    '/anno%75nce%2Ephp',
    '/%41nnounce',
    '/0123456789abcdef/announce',
    '//x///announce//',
    '/scrape/announce',
  ])('announces: %s', (path) => {
    expect(call(path)).toBe('announce');
  });

  it.each([
    '/scrape',
    '/scrape.php',
    '/Scrape',
    '/%73crap%65',
    '/0123456789abcdef/scrape',
    '/bt/scrape.php',
    '/scrape/0123456789abcdef',
    '/scrape.php/0123456789abcdef//',
    '/announce/scrape',
  ])('scrapes: %s', (path) => {
    expect(call(path)).toBe('scrape');
  });

  it.each([
    '',
    '/',
    '//',
    '/ann',
    '/announce/0123456789abcdef',
    '/announce.php/0123456789abcdef/',
    '/scrape/announce/x',
    '/announcement',
    '/announce.phpx',
    '/bt/ann',
    '/tracker.php',
    '/x.announce',
    '/ascrape',
    '/%zznnounce',
    '/announc',
    '/announc%6',
    'announce',
    '*',
  ])('leaves it to the query: %s', (path) => {
    expect(call(path)).toBe('other');
  });
});
