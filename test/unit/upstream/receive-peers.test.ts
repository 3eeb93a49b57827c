/** Whose peers are imported, and how many in a time. */
import { expect, test } from 'vitest';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { peerReceiver, type ReceiverNeeds } from '../../../src/upstream/api/receive-peers.js';

const OWN = parseInfoHash('aa'.repeat(20));
const OTHERS = parseInfoHash('bb'.repeat(20));
const UNKNOWN = parseInfoHash('cc'.repeat(20));
const peers = [{ address: parseIp('9.9.9.9'), port: 1, seed: false }];

function receiver(hosts: string[]) {
  const done: unknown[] = [];
  const clock = { ms: 0, nowMs: () => clock.ms };
  const needs: ReceiverNeeds = {
    clock,
    importPeers: async (infoHash, _peers, _ttlSeconds, origin) => {
      done.push(['import', infoHash, origin]);
      return { taken: 1, refused: { repeated: 2 } };
    },
    removeImported: async (infoHash, named, origin) => {
      done.push(['remove', infoHash, named?.length ?? 'all', origin]);
      return 7;
    },
    trackersOf: (infoHash) => {
      if (infoHash === OWN) return ['udp://other.example:80', 'http://tracker.example/announce'];
      return infoHash === OTHERS ? ['udp://other.example:80'] : [];
    },
    partners: () => [{ name: 'partner', hosts }],
  };
  return { done, clock, receiver: peerReceiver(needs) };
}

test('an original tracker with hosts names peers of its own torrents, and of those whose trackers are unknown', async () => {
  const { receiver: it, done } = receiver(['tracker.example']);
  const push = { peers, ttlSeconds: 60 };
  for (const infoHash of [OWN, UNKNOWN]) {
    expect(await it.pushPeers({ ...push, infoHash }, 'partner')).toEqual({
      accepted: 1,
      removed: 0,
      refused: [{ reason: 'repeated', peers: 2 }],
    });
  }
  await expect(it.pushPeers({ ...push, infoHash: OTHERS, removed: 'all' }, 'partner')).rejects.toMatchObject({
    code: 'torrent-of-others',
    message: expect.stringContaining('tracker.example'),
  });
  expect(done).toEqual([
    ['import', OWN, 'pushed by partner'],
    ['import', UNKNOWN, 'pushed by partner'],
  ]);
  // The operator speaks for all.
  expect((await it.pushPeers({ ...push, infoHash: OTHERS }, undefined)).accepted).toBe(1);
});

test('one without hosts, and one that only has a token, name peers of any', async () => {
  const { receiver: it } = receiver([]);
  for (const from of ['partner', 'unlisted']) {
    expect((await it.pushPeers({ infoHash: OTHERS, peers, ttlSeconds: 60 }, from)).accepted).toBe(1);
  }
});

test('peers are removed before others are imported, and without any nothing is imported', async () => {
  const { receiver: it, done } = receiver([]);
  const removed = [{ address: parseIp('9.9.9.8'), port: 2 }];
  expect(await it.pushPeers({ infoHash: OWN, peers, ttlSeconds: 60, removed: 'all' }, 'a')).toMatchObject({
    removed: 7,
  });
  expect(await it.pushPeers({ infoHash: OWN, peers: [], ttlSeconds: 0, removed }, 'a')).toMatchObject({ accepted: 0 });
  await it.pushPeers({ infoHash: OWN, peers: [], ttlSeconds: 0, removed: 'all' }, undefined);
  expect(done).toEqual([
    ['remove', OWN, 'all', 'pushed by a'],
    ['import', OWN, 'pushed by a'],
    ['remove', OWN, 1, 'pushed by a'],
    ['remove', OWN, 'all', null],
  ]);
});

test('each original tracker has its own rate, and hears how long to wait', () => {
  const { receiver: it, clock } = receiver([]);
  it.admit(60_000, 'a');
  expect(() => it.admit(1, 'a')).toThrow(expect.objectContaining({ code: 'too-many-requests', retryAfterSeconds: 3 }));
  it.admit(1, 'b');
  clock.ms = 3_000;
  it.admit(1, 'a');
});

test('peers of a private torrent are refused (BEP 27)', async () => {
  const needs: ReceiverNeeds = {
    clock: { nowMs: () => 0 },
    importPeers: async () => ({ torrent: 'private', taken: 0, refused: {} }),
    removeImported: async () => 0,
    trackersOf: () => [],
    partners: () => [],
  };
  await expect(
    peerReceiver(needs).pushPeers({ infoHash: OWN, peers, ttlSeconds: 60 }, 'partner'),
  ).rejects.toMatchObject({ code: 'torrent-private', message: expect.stringContaining('BEP 27') });
});
