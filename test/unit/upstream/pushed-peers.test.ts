import { describe, expect, test } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import { parsePushedPeers } from '../../../src/upstream/pushed-peers.js';
import { parseTrackerPreferences } from '../../../src/upstream/tracker-preferences.js';
import { textOf } from './original-tracker.js';

const infoHash = 'AB'.repeat(20);
const peer = { address: '8.8.8.8', port: 6881, seed: true };

describe('peers that an original tracker pushes', () => {
  test('are read', () => {
    const pushed = parsePushedPeers({ infoHash, peers: [peer, { address: '2a00::1', port: 1 }], ttlSeconds: 600 });
    expect(pushed).toMatchObject({ infoHash: 'ab'.repeat(20), ttlSeconds: 600 });
    expect(textOf(pushed.peers)).toEqual(['2a00::1:1', '8.8.8.8:6881']);
    expect(pushed.peers.map(({ seed }) => seed)).toEqual([true, false]);
  });

  test('live no longer than two hours, half an hour where nothing is said', () => {
    expect(parsePushedPeers({ infoHash, peers: [peer], ttlSeconds: 1_000_000 }).ttlSeconds).toBe(7_200);
    expect(parsePushedPeers({ infoHash, peers: [peer] }).ttlSeconds).toBe(1_800);
  });

  test.each<[string, unknown, RegExp]>([
    ['no object', 'hello', /^body: /],
    ['no hash', { peers: [peer] }, /^infoHash: /],
    ['a bad hash', { infoHash: 'abc', peers: [peer] }, /40 hexadecimal/],
    ['no peers', { infoHash, peers: [] }, /^peers: /],
    ['too many', { infoHash, peers: new Array(1_001).fill(peer) }, /^peers: /],
    ['port 0', { infoHash, peers: [{ ...peer, port: 0 }] }, /^peers\.0\.port: /],
    ['a name', { infoHash, peers: [{ ...peer, address: 'peer.example' }] }, /not an IPv4 or IPv6 address/],
    ['a machine inside', { infoHash, peers: [{ ...peer, address: '10.0.0.1' }] }, /not an address on the Internet/],
    ['an unknown key', { infoHash, peers: [peer], ttl: 5 }, /ttl/],
    ['a negative time', { infoHash, peers: [peer], ttlSeconds: -1 }, /^ttlSeconds: /],
  ])('with %s are refused with the reason', (_, body, message) => {
    expect(() => parsePushedPeers(body)).toThrow(ClientError);
    expect(() => parsePushedPeers(body)).toThrow(message);
  });

  test('in the lab, loopback is an address', () => {
    const body = { infoHash, peers: [{ address: '127.0.0.9', port: 1 }] };
    expect(parsePushedPeers(body, { lab: true }).peers).toHaveLength(1);
  });
});

describe('BEP 34', () => {
  test.each([
    [[], undefined],
    [['v=spf1 -all', 'BITTORRENTS UDP:1'], undefined],
    [['BITTORRENT DENY ALL'], []],
    [['BITTORRENT'], []],
    [
      ['v=spf1', 'BITTORRENT UDP:1337 TCP:80 SCTP:9'],
      ['udp 1337', 'tcp 80'],
    ],
  ])('%j', (texts, expected) => {
    const allowed = parseTrackerPreferences(texts)?.allowed.map(({ protocol, port }) => `${protocol} ${port}`);
    expect(allowed).toEqual(expected);
  });
});
