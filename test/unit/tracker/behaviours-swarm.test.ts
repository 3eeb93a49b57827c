/** What mature trackers handle in swarms, numbered as in the list that docs/tracker-behaviours.md gives. */
import { describe, expect, it } from 'vitest';
import { AccessList } from '../../../src/tracker/access-list.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { HASH, LabTracker, networks, OTHER_HASH, PUBLIC, peerId } from './lab-tracker.js';

const EVENT_COMPLETED = 1;
const EVENT_STARTED = 2;
const EVENT_STOPPED = 3;

function counts(tracker: LabTracker, from = PUBLIC(250)): { seeders: number; completed: number; leechers: number } {
  const answer = tracker.udpScrape(from, [HASH]);
  if (answer.action !== 'scrape') throw new Error(answer.action);
  return answer.entries[0]!;
}

describe('26 a peer is its address and port', () => {
  it('two ports of an address are two peers, the same port twice is one', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { port: 1_001, peerId: peerId(1) });
    tracker.udp(PUBLIC(1), { port: 1_002, peerId: peerId(2) });
    tracker.udp(PUBLIC(1), { port: 1_002, peerId: peerId(3) });
    expect(counts(tracker).leechers).toBe(2);
  });

  it('the same id from a new port replaces the old entry where the key matches', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { port: 1_001, key: 7 });
    tracker.udp(PUBLIC(1), { port: 1_002, key: 7 });
    expect(tracker.peers(PUBLIC(2), { peerId: peerId(2) })).toEqual(['193.0.0.1:1002']);
  });

  it('and is another peer where it does not', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { port: 1_001, key: 7 });
    tracker.udp(PUBLIC(1), { port: 1_002, key: 8 });
    expect(tracker.peers(PUBLIC(2), { peerId: peerId(2) }).sort()).toEqual(['193.0.0.1:1001', '193.0.0.1:1002']);
  });
});

describe('27 who is given whom', () => {
  it.each([3, 30, 200, 3_000])('in a swarm of %i: no seeds to seeds, no peer to itself, no peer twice', (size) => {
    const tracker = new LabTracker();
    for (let i = 0; i < size; i++) {
      tracker.udp(PUBLIC(1_000 + i), { left: i % 3 === 0 ? 1n : 0n, peerId: peerId(i), port: 2_000 });
    }
    const leechers = new Set(
      Array.from({ length: size }, (_, i) => i)
        .filter((i) => i % 3 === 0)
        .map((i) => `${PUBLIC(1_000 + i)}:2000`),
    );
    const toSeed = tracker.peers(PUBLIC(1_001), { left: 0n, peerId: peerId(1), port: 2_000, numWant: 200 });
    expect(toSeed.every((peer) => leechers.has(peer))).toBe(true);
    const toLeecher = tracker.peers(PUBLIC(1_000), { left: 1n, peerId: peerId(0), port: 2_000, numWant: 200 });
    expect(toLeecher).not.toContain(`${PUBLIC(1_000)}:2000`);
    expect(toLeecher).toHaveLength(Math.min(size - 1, 200));
    expect(new Set(toLeecher).size).toBe(toLeecher.length);
  });
});

describe('28 completed', () => {
  it('counts once for a peer, and only with left=0', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { event: EVENT_STARTED });
    tracker.udp(PUBLIC(1), { event: EVENT_COMPLETED, left: 5n });
    expect(counts(tracker).completed).toBe(0);
    tracker.udp(PUBLIC(1), { event: EVENT_COMPLETED, left: 0n });
    tracker.udp(PUBLIC(1), { event: EVENT_COMPLETED, left: 0n });
    expect(counts(tracker)).toEqual({ seeders: 1, completed: 1, leechers: 0 });
    expect(tracker.counters.completed).toBe(1);
  });

  it('from an unknown peer also starts it', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { event: EVENT_COMPLETED, left: 0n });
    expect(counts(tracker)).toEqual({ seeders: 1, completed: 1, leechers: 0 });
  });
});

describe('29 expiry', () => {
  it('drops a peer after one and a half intervals of silence, and the swarm with its last peer', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1));
    tracker.pass(1_000);
    tracker.udp(PUBLIC(2), { peerId: peerId(2) });
    const sweep = (): void => {
      for (let i = 0; i < 20; i++) tracker.store.sweeps.expire(tracker.announcer.nowSeconds, 10_000);
    };
    tracker.pass(1_690);
    sweep();
    expect(counts(tracker).leechers).toBe(2);
    tracker.pass(30);
    sweep();
    expect(counts(tracker).leechers).toBe(1);
    tracker.pass(1_000);
    sweep();
    expect(tracker.store.stats).toMatchObject({ peers: 0, swarms: 0 });
  });

  it('keeps the swarm of a torrent that the catalogue lists', () => {
    const tracker = new LabTracker();
    tracker.store.setPinned(HASH, true);
    tracker.udp(PUBLIC(1), { event: EVENT_COMPLETED, left: 0n });
    tracker.udp(PUBLIC(1), { event: EVENT_STOPPED, left: 0n });
    for (let i = 0; i < 20; i++) tracker.store.sweeps.expire(tracker.announcer.nowSeconds + 5_000, 10_000);
    expect(counts(tracker)).toEqual({ seeders: 0, completed: 1, leechers: 0 });
  });
});

describe('30 counts', () => {
  it('include the announcer', () => {
    const tracker = new LabTracker();
    expect(tracker.udp(PUBLIC(1), { left: 0n })).toMatchObject({ seeders: 1, leechers: 0 });
    expect(tracker.udp(PUBLIC(2), { left: 1n, peerId: peerId(2) })).toMatchObject({ seeders: 1, leechers: 1 });
  });
});

describe('31 who is counted but not handed out', () => {
  const given = (tracker: LabTracker, first: string, port = 6_881): string[] => {
    tracker.udp(first, { port });
    const peers = tracker.peers(PUBLIC(2), { peerId: peerId(2) });
    expect(counts(tracker).leechers).toBe(2);
    return peers;
  };

  it.each(['10.1.2.3', '127.9.0.1', '192.168.1.1', '0.1.2.3', '224.0.0.5', '203.0.113.5', '100.64.0.9'])(
    '%s, unless a laboratory',
    (address) => {
      const tracker = new LabTracker();
      expect(given(tracker, address)).toEqual([]);
      expect(tracker.counters.withheldAnnounces).toBe(1);
    },
  );

  it('loopback and private addresses take part in a laboratory', () => {
    expect(given(new LabTracker({ settings: { lab: true } }), '127.9.0.1')).toEqual(['127.9.0.1:6881']);
    expect(given(new LabTracker({ settings: { lab: true } }), '10.9.0.1')).toEqual(['10.9.0.1:6881']);
  });

  it("the operator's own prefixes take part, whatever they are, but reserved ones for its own clients only", () => {
    const tracker = new LabTracker();
    expect(given(tracker, '127.1.0.5')).toEqual([]);
    expect(tracker.counters.withheldAnnounces).toBe(0);
    expect(tracker.peers('127.1.0.6', { peerId: peerId(3) })).toContain('127.1.0.5:6881');
  });

  it('a port below the floor', () => {
    expect(given(new LabTracker({ settings: { portFloor: 1_024 } }), PUBLIC(1), 80)).toEqual([]);
    expect(given(new LabTracker({ settings: { portFloor: 1_024 } }), PUBLIC(1), 1_024)).toEqual(['193.0.0.1:1024']);
  });

  it('an address on the deny list', () => {
    expect(given(new LabTracker({ settings: { denied: networks('193.0.0.0/31') } }), PUBLIC(1))).toEqual([]);
  });
});

describe('32 one address', () => {
  it('cannot fill a swarm', () => {
    const tracker = new LabTracker({ limits: { maxPeersPerAddressInSwarm: 4, maxPeersPerAddress: 0 } });
    for (let i = 0; i < 40; i++) tracker.udp(PUBLIC(1), { port: 1_000 + i, peerId: peerId(i), key: i });
    expect(counts(tracker).leechers).toBeLessThanOrEqual(4);
    expect(tracker.counters.addressLimitHits).toBeGreaterThanOrEqual(36);
    expect(tracker.peers(PUBLIC(2), { peerId: peerId(99) }).length).toBeLessThanOrEqual(4);
  });

  it('cannot fill the tracker', () => {
    const tracker = new LabTracker({ limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 10 } });
    for (let i = 0; i < 40; i++) tracker.udp(PUBLIC(1), { infoHash: new Uint8Array(20).fill(i + 1) });
    expect(tracker.store.stats.peers).toBeLessThanOrEqual(10);
    expect(tracker.udp(PUBLIC(2), { infoHash: OTHER_HASH })).toMatchObject({ leechers: 1 });
  });
});

describe('33 which torrents', () => {
  it('may be open, listed or denied, changed while running', () => {
    const tracker = new LabTracker();
    const announce = (hash: Uint8Array): string => tracker.udp(PUBLIC(1), { infoHash: hash }).action;
    expect([announce(HASH), announce(OTHER_HASH)]).toEqual(['announce', 'announce']);
    tracker.announcer.access = new AccessList({ mode: 'catalogue', hashes: HASH });
    expect([announce(HASH), announce(OTHER_HASH)]).toEqual(['announce', 'error']);
    tracker.announcer.access = new AccessList({ mode: 'deny-list', hashes: HASH });
    expect([announce(HASH), announce(OTHER_HASH)]).toEqual(['error', 'announce']);
  });

  it('says nothing of the others in a scrape', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1));
    tracker.announcer.access = new AccessList({ mode: 'allow-list', hashes: OTHER_HASH });
    expect(counts(tracker)).toEqual({ seeders: 0, completed: 0, leechers: 0 });
  });
});

describe('34 hybrid torrents', () => {
  it('are two plain keys of 20 bytes: the v1 hash and the cut v2 hash', () => {
    const tracker = new LabTracker();
    const v1 = HASH;
    const cutV2 = new Uint8Array(32).map((_, i) => i).slice(0, 20);
    tracker.udp(PUBLIC(1), { infoHash: v1 });
    tracker.udp(PUBLIC(1), { infoHash: cutV2 });
    expect(tracker.store.stats).toMatchObject({ swarms: 2, peers: 2 });
    expect(tracker.peers(PUBLIC(2), { infoHash: cutV2, peerId: peerId(2) })).toEqual(['193.0.0.1:6881']);
  });
});

describe('35 private torrents (BEP 27)', () => {
  it('are never taken from their own tracker', () => {
    const info = `d6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}7:privatei1ee`;
    const torrent = new Uint8Array(Buffer.from(`d8:announce20:http://own.example/a4:info${info}e`, 'latin1'));
    const announceUrls = ['udp://alias.example:6969/announce'];
    expect(() => rewriteTorrent(torrent, { announceUrls })).toThrow(/private/);
  });
});
