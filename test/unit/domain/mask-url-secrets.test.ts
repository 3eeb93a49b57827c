import { describe, expect, test } from 'vitest';
import { maskUrlSecrets } from '../../../src/domain/mask-url-secrets.js';

describe('secrets in URLs', () => {
  test.each([
    ['https://user:pass@site.example/feed', 'https://[secret]@site.example/feed'],
    ['https://user:p@ss@site.example/feed', 'https://[secret]@site.example/feed'],
    ['http://t.example/announce?passkey=abc&info_hash=1', 'http://t.example/announce?passkey=[secret]&info_hash=1'],
    ['http://i.example/api?t=search&apikey=abc#x', 'http://i.example/api?t=search&apikey=[secret]#x'],
    ['http://i.example/api?API_KEY=abc', 'http://i.example/api?API_KEY=[secret]'],
    [
      'http://t.example/rss?torrent_pass=a%2Fb;authkey=c',
      'http://t.example/rss?torrent_pass=[secret];authkey=[secret]',
    ],
    ['http://t.example/get?id=1&pid=0123456789abcdef', 'http://t.example/get?id=1&pid=[secret]'],
    ['http://t.example/get?key=12345678901;x=1', 'http://t.example/get?key=[secret];x=1'],
    ['http://t.example/get?pid=17a&key=17', 'http://t.example/get?pid=[secret]&key=17'],
    ['http://t.example/get?passkey=17&pass=18', 'http://t.example/get?passkey=[secret]&pass=[secret]'],
    ['http://t.example/0123456789abcdef/announce', 'http://t.example/[secret]/announce'],
    ['udp://t.example:80/0123456789abcdef0123/announce.php', 'udp://t.example:80/[secret]/announce.php'],
    ['http://t.example/announce/0123abc', 'http://t.example/announce/[secret]'],
    ['http://j.example/dl/x/?jackett_apikey=abc&path=p', 'http://j.example/dl/x/?jackett_apikey=[secret]&path=p'],
    [`http://u.example/torrent/download/17.${'0a'.repeat(16)}`, 'http://u.example/torrent/download/17.[secret]'],
    [
      `http://u.example/rss/download/17/${'0a'.repeat(10)}/x.torrent`,
      'http://u.example/rss/download/17/[secret]/x.torrent',
    ],
    [
      'magnet:?xt=urn:btih:0&tr=http%3A%2F%2Ft.example%2Fannounce%3Fpasskey%3Dabc&dn=x',
      'magnet:?xt=urn:btih:0&tr=http%3A%2F%2Ft.example%2Fannounce%3Fpasskey%3D[secret]&dn=x',
    ],
    [
      'magnet:?tr=http%3A%2F%2Ft.example%2F0123456789abcdef%2Fannounce',
      'magnet:?tr=http%3A%2F%2Ft.example%2F[secret]%2Fannounce',
    ],
    ['http://t.example/announce.php/0123abc?x=1', 'http://t.example/announce.php/[secret]?x=1'],
  ])('%s', (url, expected) => {
    expect(maskUrlSecrets(url)).toBe(expected);
    const inText = `robots.txt of "${url}" forbids ${url} twice`;
    expect(maskUrlSecrets(inText)).toBe(`robots.txt of "${expected}" forbids ${expected} twice`);
    expect(maskUrlSecrets(expected), 'again').toBe(expected);
  });

  test.each([
    'http://site.example/view.php?pid=17&key=2147483647#top',
    'magnet:?tr=http%3A%2F%2Fsite.example%2Fa%3Fpid%3D17%26key%3D18&dn=x',
    'http://t.example:6969/announce?info_hash=%01%02&port=1',
    'https://site.example/top?page=2&monkey=1#token=',
    'udp://[2001:db8::1]:6969/announce',
    'write to operator@example.org about http://site.example/',
    `http://site.example/torrents/${'ab'.repeat(20)}.torrent`,
    `http://site.example/download/17/${'ab'.repeat(20)}/x.torrent`,
    `https://\${USER}:\${PASSWORD}@site.example/feed?passkey=\${KEY}`,
  ])('nothing is hidden in %s', (url) => {
    expect(maskUrlSecrets(url)).toBe(url);
  });
});
