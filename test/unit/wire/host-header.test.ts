import { expect, test } from 'vitest';
import { readHostHeader } from '../../../src/wire/host-header.js';

const read = (head: string) => {
  const bytes = Buffer.from(`xx${head}yy`, 'latin1');
  return readHostHeader(new Uint8Array(bytes), 2, bytes.length - 2);
};

test.each([
  ['GET / HTTP/1.1\r\nHost: tracker.example.org\r\n\r\n', 'tracker.example.org', undefined],
  ['GET / HTTP/1.1\r\nhost:Tracker.Example.ORG.:6969\r\n\r\n', 'tracker.example.org', 6_969],
  ['GET / HTTP/1.1\nUser-Agent: a\nHOST \t: \t a.example:80 \t\n\n', 'a.example', 80],
  ['GET / HTTP/1.1\r\nHost: [2001:DB8::1]:443\r\n\r\n', '[2001:db8::1]', 443],
  ['GET / HTTP/1.1\r\nX-Host: b.example\r\nHost: a.example\r\n\r\n', 'a.example', undefined],
])('%j', (head, host, port) => {
  expect(read(head)).toEqual({ host, port });
});

test.each([
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'GET /?Host: a.example HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.example:0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.example:65536\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: user@a.example\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a.example/path\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
])('%j names no host', (head) => {
  expect(read(head)).toBeUndefined();
});
