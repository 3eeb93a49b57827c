import { describe, expect, test } from 'vitest';
import { addressKey, siteAddress, siteAddressOf, siteName } from '../../../src/domain/site-address.js';

describe('spellings of one address', () => {
  test.each([
    ['http://Site.Example:80/a', 'https://www.site.example/a'],
    ['http://site.example/%c3%a9.torrent', 'http://site.example/%C3%A9.torrent'],
    ['http://site.example/é.torrent', 'http://site.example/%C3%A9.torrent'],
    ['http://site.example/%7Ea%2Db', 'http://site.example/~a-b'],
    ['http://site.example/x%5B1%5D%20(2).torrent', 'http://site.example/x[1] %282%29.torrent'],
    ["http://site.example/it's!*,@:$.torrent", 'http://site.example/it%27s%21%2A%2C%40%3A%24.torrent'],
    ['http://site.example/get?f=a/b?c.torrent', 'http://site.example/get?f=a%2fb%3Fc.torrent'],
    ['http://site.example/get?id=1&passkey=mine', 'http://site.example/get?id=1&passkey=yours'],
    ['http://site.example./a/../b', 'http://site.example/b'],
  ])('%s', (a, b) => {
    expect(siteAddressOf(a)).toEqual(siteAddressOf(b));
    expect(addressKey(a)).toBe(addressKey(b));
  });

  test.each([
    ['http://site.example/a%2Fb', 'http://site.example/a/b'],
    ['http://site.example/?a=1%26b=2', 'http://site.example/?a=1&b=2'],
    ['http://site.example/?a=1%2B2', 'http://site.example/?a=1+2'],
    ['http://site.example/A', 'http://site.example/a'],
    ['http://site.example/a', 'http://cdn.site.example/a'],
    ['http://site.example/view?pid=17', 'http://site.example/view?pid=18'],
    ['http://site.example/view?key=17', 'http://site.example/view?key=18'],
  ])('%s is another address than %s', (a, b) => {
    expect(siteAddressOf(a)).not.toEqual(siteAddressOf(b));
  });

  test('a path from a request line has the same form, and the form of a form is itself', () => {
    const { host, path } = siteAddressOf('http://www.site.example/%7e%5b1%5d?x=%zz&api_key=k');
    expect(path).toBe('/~%5B1%5D?x=%25zz&api_key=[secret]');
    expect(siteAddress(host, path)).toEqual({ host, path });
  });

  test('only a www. before a name of two labels is left out', () => {
    expect(['www.site.example', 'WWW.org', 'www.', 'wwww.site.example'].map(siteName)).toEqual([
      'site.example',
      'www.org',
      'www',
      'wwww.site.example',
    ]);
  });
});
