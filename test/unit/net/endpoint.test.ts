import { expect, test } from 'vitest';
import { formatEndpoint, parseEndpoint, reachableHost } from '../../../src/net/endpoint.js';

test.each([
  ['192.0.2.53', '192.0.2.53:53'],
  ['::1', '[::1]:53'],
])('an endpoint at %s is written %s', (host, text) => {
  expect(formatEndpoint({ host, port: 53 })).toBe(text);
});

test.each([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
  ['2001:db8::1', '2001:db8::1'],
])('a listener on %s is reached at %s', (host, reached) => {
  expect(reachableHost(host)).toBe(reached);
});

test.each([
  ['127.0.0.1:5353', { host: '127.0.0.1', port: 5353 }],
  ['[2001:db8::53]:53', { host: '2001:db8::53', port: 53 }],
  ['127.0.0.1', undefined],
  ['2001:db8::53', undefined],
  ['2001:db8::53:53:', undefined],
  ['[127.0.0.1]:53', undefined],
  ['[fe80::1%eth0]:53', undefined],
  ['fe80::1%eth0', undefined],
  ['127.0.0.1:65536', undefined],
  ['dns.example:53', undefined],
])('%s is read as an endpoint', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each(['192.0.2.53', '2001:db8::53'])('%s gets the default port', (host) => {
  expect(parseEndpoint(host, 53)).toEqual({ host, port: 53 });
});
