import { expect, test } from 'vitest';
import { speaksFor } from '../../../src/upstream/speaks-for.js';

const HOSTS = ['tracker.example.org', '192.0.2.1', '2001:db8::1'];

test.each([
  'udp://tracker.example.org:1337/announce',
  'https://Tracker.Example.ORG./a?passkey=1',
  'UDP://TRACKER.example.org:80',
  'http://192.0.2.1:6969/announce',
  'udp://[2001:DB8:0::1]:6969',
])('%s is one of its announce URLs', (tracker) => {
  expect(speaksFor(HOSTS, ['udp://other.example', tracker])).toBe(true);
});

test.each([
  'udp://tracker.example.org.evil.example/announce',
  'http://evil.example/tracker.example.org',
  'http://tracker.example.org@evil.example/announce',
  'udp://sub.tracker.example.org',
  'tracker.example.org',
  '',
])('%j is not', (tracker) => {
  expect(speaksFor(HOSTS, [tracker])).toBe(false);
});
