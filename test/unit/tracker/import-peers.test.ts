/** Peers that original trackers name or push, and those that come back from a snapshot: one set of rules. */
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { importPeers, reviewImports } from '../../../src/tracker/import-peers.js';
import { restoreRules, restoreSwarms } from '../../../src/tracker/snapshot-import.js';
import {
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
} from '../../../src/tracker/swarm/snapshot/snapshot-codec.js';
import { HASH, LabTracker, networks, OTHER_HASH, PUBLIC, peerId } from './lab-tracker.js';

const peer = (address: string, port = 6_881, seed = true) => ({ ...parseIp(address), port, seed });

function take(tracker: LabTracker, peers: ReturnType<typeof peer>[], own: { host: string; port?: number }[] = []) {
  return importPeers(tracker.announcer, {
    infoHash: HASH,
    peers,
    ttlSeconds: 1_800,
    own,
    origin: 'udp://tracker.example:80',
  });
}

/** What foreign and inner requesters are given. */
function given(tracker: LabTracker, hash = HASH): string[] {
  const asked = ['127.1.0.99', PUBLIC(99)].flatMap((from) =>
    tracker.peers(from, { infoHash: hash, peerId: peerId(99), port: 9_999, numWant: 200 }),
  );
  return [...new Set(asked)].filter((text) => !text.endsWith(':9999')).sort();
}

describe('foreign peers that others name', () => {
  it('are taken', () => {
    const tracker = new LabTracker();
    expect(take(tracker, [peer('8.8.8.8'), peer('9.9.9.9', 1), peer('2a00::1')])).toEqual({ taken: 3, refused: {} });
    expect(given(tracker)).toEqual(['8.8.8.8:6881', '9.9.9.9:1']);
    expect(take(tracker, [peer('8.8.8.8')])).toEqual({ taken: 1, refused: {} });
  });

  it.each([
    ['127.0.0.1', 'reserved-address'],
    ['169.254.169.254', 'reserved-address'],
    ['255.255.255.255', 'reserved-address'],
    ['0.0.0.0', 'reserved-address'],
    ['10.0.0.1', 'reserved-address'],
    ['100.64.0.1', 'reserved-address'],
    ['192.168.1.1', 'reserved-address'],
    ['224.0.0.1', 'reserved-address'],
    ['::ffff:10.0.0.1', 'reserved-address'],
    ['::1', 'reserved-address'],
    ['fe80::1', 'reserved-address'],
    ['fd00:9::1', 'reserved-address'],
    ['64:ff9b::a00:1', 'reserved-address'],
    ['2002:a00:1::1', 'reserved-address'],
    // 6to4, Teredo and NAT64 forms of an address of the operator's network.
    ['2002:7f01:5::1', 'reserved-address'],
    ['2001:0:7f01:5::1', 'reserved-address'],
    ['64:ff9b::7f01:5', 'reserved-address'],
    ['64:ff9b:1::7f01:5', 'reserved-address'],
    ['::ffff:127.1.0.5', 'own-network'],
    ['::7f01:5', 'reserved-address'],
    ['127.1.0.5', 'own-network'],
    ['127.2.3.4', 'own-network'],
    ['fd00:1::5', 'own-network'],
    ['193.0.0.1', 'denied-address'],
    ['2a00:dead::1', 'denied-address'],
    ['185.1.1.1', 'own-address'],
  ])('%s is refused: %s', (address, reason) => {
    const tracker = new LabTracker({ settings: { denied: networks('193.0.0.0/24', '2a00:dead::/32') } });
    expect(take(tracker, [peer(address)], [{ host: '185.1.1.1' }])).toEqual({ taken: 0, refused: { [reason]: 1 } });
    expect(tracker.store.stats).toMatchObject({ upstreamPeers: 0, swarms: 0 });
  });

  it('are refused one by one, with a count for each reason', () => {
    const tracker = new LabTracker({
      settings: { portFloor: 1_024 },
      limits: { maxPeersPerAddressInSwarm: 2, maxPeersPerAddress: 0 },
    });
    const peers = [
      ...['8.8.8.8', '8.8.8.8', '127.1.0.5', '127.1.0.6', '10.0.0.1'].map((address) => peer(address)),
      peer('8.8.4.4', 80),
      ...[5_001, 5_002, 5_003, 5_004].map((port) => peer('9.9.9.9', port)),
      ...['2a00::1', '2a00::2', '2a00::3'].map((address) => peer(address)),
    ];
    expect(take(tracker, peers)).toEqual({
      taken: 5,
      refused: { repeated: 1, 'own-network': 2, 'reserved-address': 1, 'low-port': 1, 'address-limit': 3 },
    });
    expect(tracker.store.stats.upstreamPeers).toBe(5);
  });

  it('are removed where their network has become the operator’s own, and do not count as inner ones', () => {
    const tracker = new LabTracker();
    const before = tracker.announcer.partition;
    tracker.announcer.partition = new Uint8Array(before.length).fill(15);
    expect(take(tracker, [peer('127.1.0.5'), peer('8.8.8.8'), peer('fd00:1::5'), peer('2a00::1')], []).refused).toEqual(
      {
        'reserved-address': 2,
      },
    );
    const lab = new LabTracker({ settings: { lab: true } });
    lab.announcer.partition = new Uint8Array(before.length).fill(15);
    expect(take(lab, [peer('127.1.0.5'), peer('8.8.8.8'), peer('fd00:1::5'), peer('2a00::1')]).taken).toBe(4);
    lab.udp('127.1.0.5', { port: 7_000 });
    lab.announcer.partition = before;
    reviewImports(lab.announcer);
    while (!lab.store.sweeps.importReview.isRoundEnded)
      lab.store.sweeps.continueRound(lab.store.sweeps.importReview, 0.5, 10_000);
    expect(lab.store.stats).toMatchObject({ upstreamPeers: 2, leechers: 1 });
    expect(given(lab)).toEqual(['127.1.0.5:7000', '8.8.8.8:6881']);
  });

  it('in a laboratory, where all are on one machine, only the listeners are our own', () => {
    const tracker = new LabTracker({ settings: { lab: true } });
    const own = [{ host: '127.0.0.1', port: 6_969 }];
    expect(take(tracker, [peer('127.0.0.1', 6_969), peer('127.0.0.1'), peer('10.0.0.1')], own)).toEqual({
      taken: 2,
      refused: { 'own-address': 1 },
    });
  });

  it.each([
    ['catalogue', { mode: 'catalogue', hashes: OTHER_HASH }, 'not-listed'],
    ['allow list', { mode: 'allow-list', hashes: OTHER_HASH }, 'not-listed'],
    ['deny list', { mode: 'deny-list', hashes: HASH }, 'denied'],
    ['deny list beside the catalogue', { mode: 'catalogue', hashes: HASH, deniedHashes: HASH }, 'denied'],
  ] as const)('make no swarm of a torrent that the tracker does not serve: %s', (_, access, torrent) => {
    const tracker = new LabTracker({ access });
    expect(take(tracker, [peer('8.8.8.8')])).toEqual({ torrent, taken: 0, refused: {} });
    expect(tracker.store.stats.swarms).toBe(0);
  });
});

function snapshotOf(tracker: LabTracker): Uint8Array {
  const parts = [encodeSnapshotHeader({ takenAtMs: 0, nowSeconds: 10_000 })];
  for (const frame of tracker.store.exportFrames()) parts.push(encodeSnapshotFrame(frame).slice());
  return new Uint8Array(Buffer.concat([...parts, encodeSnapshotEnd(parts.length - 1)]));
}

describe('peers of a snapshot', () => {
  const lately = (): LabTracker => {
    const tracker = new LabTracker({ settings: { lab: true } });
    for (const address of ['193.0.0.1', '194.0.0.1', '10.0.0.1', '127.1.0.5']) {
      tracker.udp(address, { port: 80, peerId: peerId(address.length) });
    }
    take(
      tracker,
      ['185.0.0.1', '186.0.0.1', '187.0.0.1', '10.0.0.2'].map((address) => peer(address, 80)),
    );
    take(tracker, [peer('188.0.0.1', 5_000), peer('2a00::1', 5_000), peer('fd00:9::1', 5_000)]);
    return tracker;
  };

  it('come back by the rules now in force: withheld, or left behind where others had named them', () => {
    const settings = { denied: networks('193.0.0.0/24', '185.0.0.0/24') };
    const tracker = new LabTracker({ settings });
    restoreSwarms(
      tracker.store,
      snapshotOf(lately()),
      restoreRules(tracker.announcer, [{ host: '186.0.0.1' }]),
      0,
      10_000,
    );
    expect(given(tracker)).toEqual(['127.1.0.5:80', '187.0.0.1:80', '188.0.0.1:5000', '194.0.0.1:80']);
    expect(tracker.store.stats).toMatchObject({ leechers: 6, upstreamPeers: 3 });
  });

  it('stand by the port floor, too', () => {
    const tracker = new LabTracker({ settings: { portFloor: 1_024 } });
    restoreSwarms(tracker.store, snapshotOf(lately()), restoreRules(tracker.announcer, []), 0, 10_000);
    expect(given(tracker)).toEqual(['188.0.0.1:5000']);
  });

  it('are handed out again where they were withheld before', () => {
    const first = new LabTracker({ settings: { denied: networks('193.0.0.0/24') } });
    first.udp('193.0.0.1', { port: 80 });
    const second = new LabTracker();
    restoreSwarms(second.store, snapshotOf(first), restoreRules(second.announcer, []), 0, 10_000);
    expect(given(second)).toEqual(['193.0.0.1:80']);
  });

  it('of the network that has become the operator’s own do not count as inner ones on the word of others', () => {
    const first = new LabTracker({ settings: { lab: true } });
    first.announcer.partition = new Uint8Array(first.announcer.partition.length).fill(15);
    take(first, [peer('127.1.0.5'), peer('127.9.0.5')]);
    expect(first.store.stats.upstreamPeers).toBe(2);
    const second = new LabTracker({ settings: { lab: true } });
    restoreSwarms(second.store, snapshotOf(first), restoreRules(second.announcer, []), 0, 10_000);
    expect(given(second)).toEqual(['127.9.0.5:6881']);
  });
});
