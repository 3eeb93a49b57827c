/** The URL at which the original is asked: never one that may hold somebody's key. */
import { describe, expect, test } from 'vitest';
import { type AnnouncedAt, originalUrl } from '../../../../src/tracker/unknown/original-url.js';

const at = (over: Partial<AnnouncedAt>) =>
  originalUrl({ protocol: 'http', host: 't.example', port: undefined, path: '/announce', query: '', ...over });

describe('the original', () => {
  test.each<[Partial<AnnouncedAt>, string]>([
    [{}, 'http://t.example/announce'],
    [{ port: 6_969, path: '/announce.php' }, 'http://t.example:6969/announce.php'],
    [{ protocol: 'https', path: '//announce/' }, 'https://t.example//announce/'],
    [{ protocol: 'udp', port: 80, path: '' }, 'udp://t.example:80/announce'],
    [{ protocol: 'udp', port: 80, path: '/' }, 'udp://t.example:80/'],
    [
      { query: 'info_hash=%ab&peer_id=-TR2940-&port=1&uploaded=0&downloaded=0&left=1&numwant=80&key=1a2b&compact=1' },
      'http://t.example/announce',
    ],
    [
      { query: 'info_hash=a&&event=started&supportcrypto=1&no_peer_id=1&corrupt=0&redundant=0' },
      'http://t.example/announce',
    ],
  ])('%j is asked at %s', (over, url) => {
    expect(at(over)).toBe(url);
  });

  test.each<Partial<AnnouncedAt>>([
    { path: '/abcdef0123/announce' },
    { path: '/announce/abcdef0123' },
    { path: '/announce.php/abcdef0123' },
    { path: '/a/announce' },
    { path: '/ann' },
    { path: '/announce%2Fabc' },
    { query: 'passkey=abcdef0123&info_hash=a' },
    { query: 'info_hash=a&PassKey=1' },
    { query: 'info_hash=a;pid=77' },
    { query: 'info_hash=a&uk=abcdef0123' },
    { query: 'abcdef0123' },
    { protocol: 'udp', port: 1, path: '/announce', query: 'authkey=1' },
  ])('%j is not asked', (over) => {
    expect(at(over)).toBeUndefined();
  });
});
