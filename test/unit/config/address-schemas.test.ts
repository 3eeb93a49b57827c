import { expect, test } from 'vitest';
import { endpoint, listenUrl, urlOf } from '../../../src/config-kit/address-schemas.js';

function messageOf(
  schema: { safeParse(value: unknown): { error?: { issues: { message: string }[] } } },
  value: unknown,
) {
  return schema.safeParse(value).error?.issues[0]?.message;
}

test('an endpoint may leave out a port that has a default, and the message says so', () => {
  expect(endpoint(53).parse('192.0.2.53')).toEqual({ host: '192.0.2.53', port: 53 });
  expect(endpoint(53).parse('[2001:db8::1]:5353')).toEqual({ host: '2001:db8::1', port: 5353 });
  for (const wrong of ['resolver.example', 7]) {
    expect(messageOf(endpoint(53), wrong)).toContain('an address, with a port where it is not 53, e.g. "192.0.2.53"');
  }
});

test('an endpoint without a default needs its port', () => {
  expect(endpoint().parse('127.0.0.1:10053')).toEqual({ host: '127.0.0.1', port: 10_053 });
  for (const wrong of ['127.0.0.1', undefined]) {
    expect(messageOf(endpoint(), wrong)).toContain('an address and port, e.g. "127.0.0.1:10053" or "[::1]:10053"');
  }
});

test('a listen URL has one of the protocols', () => {
  expect(listenUrl('udp', 'http').parse('http://[::1]:6969')).toMatchObject({ protocol: 'http', port: 6969 });
  for (const wrong of ['https://127.0.0.1:6969', 'udp://tracker.example:6969', 6969]) {
    expect(messageOf(listenUrl('udp', 'http'), wrong)).toContain('"udp://0.0.0.0:6969" or "http://0.0.0.0:6969"');
  }
});

test('a URL begins with one of the protocols and has a host', () => {
  expect(urlOf('http', 'https').parse('https://site.example/feed')).toBe('https://site.example/feed');
  for (const wrong of ['ftp://site.example/', 'https://', 'site.example']) {
    expect(messageOf(urlOf('http', 'https'), wrong)).toBe(
      `"${wrong}" is not a URL that begins with http:// or https://`,
    );
  }
});

test('a URL with port 0 is refused for that reason', () => {
  for (const wrong of ['udp://127.0.0.1:0/announce', 'http://tracker.example:0']) {
    expect(messageOf(urlOf('udp', 'http'), wrong)).toBe(`"${wrong}" has port 0, which nobody can connect to`);
  }
});
