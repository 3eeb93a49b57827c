import { expect, test } from 'vitest';
import { formatEndpoint, reachableHost } from '../../../src/domain/endpoint.js';

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
