/** Whose peers are imported, and how many in a time. */
import { expect, test } from 'vitest';
import type { ClientError } from '../../../src/domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { peerReceiver, type ReceiverNeeds } from '../../../src/upstream/api/receive-peers.js';
import { requireKnownAndOwn } from '../../../src/upstream/api/require-own.js';

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
    documentedTrackersOf: (infoHash) => {
      if (infoHash === OWN) return ['udp://other.example:80', 'http://tracker.example/announce'];
      return infoHash === OTHERS ? ['udp://other.example:80'] : [];
    },
    partners: () => ['partner', 'a', 'b'].map((name) => ({ name, hosts })),
  };
  return { done, clock, needs, receiver: peerReceiver(needs) };
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

test('one without hosts names peers of any; one that only has a token, of none', async () => {
  const { receiver: it, done } = receiver([]);
  const push = { infoHash: OTHERS, peers, ttlSeconds: 60 };
  expect((await it.pushPeers(push, 'partner')).accepted).toBe(1);
  const refused = { code: 'forbidden', message: expect.stringContaining('unlisted has a token, but no entry') };
  expect(() => it.admit(1, 'unlisted')).toThrow(expect.objectContaining(refused));
  await expect(it.pushPeers(push, 'unlisted')).rejects.toMatchObject(refused);
  expect(done).toHaveLength(1);
});

test('seeds are told only of torrents whose trackers are known, and to these', () => {
  const { needs } = receiver(['tracker.example']);
  const codeOf = (infoHash: InfoHash, from: string | undefined, spokenFor = needs) => {
    try {
      requireKnownAndOwn(infoHash, from, spokenFor);
      return 'told';
    } catch (thrown) {
      return (thrown as ClientError).code;
    }
  };
  expect(codeOf(OWN, 'partner')).toBe('told');
  expect(codeOf(OTHERS, 'partner')).toBe('torrent-of-others');
  expect(codeOf(UNKNOWN, 'partner')).toBe('torrent-unknown');
  expect(codeOf(OWN, 'unlisted')).toBe('forbidden');
  expect(codeOf(UNKNOWN, undefined)).toBe('told');
  const { needs: withoutHosts } = receiver([]);
  expect(codeOf(OTHERS, 'partner', withoutHosts)).toBe('told');
  expect(codeOf(UNKNOWN, 'partner', withoutHosts)).toBe('torrent-unknown');
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
    documentedTrackersOf: () => [],
    partners: () => [{ name: 'partner', hosts: [] }],
  };
  await expect(
    peerReceiver(needs).pushPeers({ infoHash: OWN, peers, ttlSeconds: 60 }, 'partner'),
  ).rejects.toMatchObject({ code: 'torrent-private', message: expect.stringContaining('BEP 27') });
});
