import { expect, test } from 'vitest';
import { formatListenUrl, parseListenUrl, reachableUrl } from '../../../src/net/listen-url.js';

test.each(['udp://[::]:6969', 'http://127.0.0.1:0', 'https://[2001:db8::1]:443'])('%s is read and written', (text) => {
  expect(formatListenUrl(parseListenUrl(text)!)).toBe(text);
});

test.each([
  'http://tracker.example:80',
  'http://127.0.0.1',
  'tcp://127.0.0.1:80',
  'http://[::1%eth0]:80',
  '127.0.0.1:80',
])('%s is not a listen URL', (text) => {
  expect(parseListenUrl(text)).toBeUndefined();
});

test('localhost is 127.0.0.1', () => {
  expect(parseListenUrl('http://localhost:8090/')).toEqual({ protocol: 'http', host: '127.0.0.1', port: 8090 });
});

test.each([
  ['http://[::]:8090', 'http://[::1]:8090'],
  ['udp://0.0.0.0:6969', 'udp://127.0.0.1:6969'],
])('a listener on %s is reached at %s', (listen, url) => {
  expect(reachableUrl(parseListenUrl(listen)!)).toBe(url);
});
