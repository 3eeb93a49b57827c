/** What mature trackers handle over UDP, numbered as in the list that docs/tracker-behaviours.md gives. */
import { describe, expect, it } from 'vitest';
import { decodeUdpAnswer, encodeUdpConnect, encodeUdpScrape } from '../../../src/wire/udp-client-packets.js';
import { encodeUrlData } from '../../../src/wire/udp-options.js';
import { compactPeers, HASH, LabTracker, networks, OTHER_HASH, PUBLIC, peerId, TRANSACTION_ID } from './lab-tracker.js';

describe('18 connect', () => {
  it('needs the protocol id', () => {
    const tracker = new LabTracker();
    const connect = encodeUdpConnect(TRANSACTION_ID);
    expect(tracker.datagram(connect, PUBLIC(1))).toHaveLength(16);
    for (let byte = 0; byte < 8; byte++) {
      const wrong = connect.slice();
      wrong[byte]! ^= 1;
      expect(tracker.datagram(wrong, PUBLIC(1))).toBeNull();
    }
  });

  it('drops in silence what is under 16 bytes or of an unknown action', () => {
    const tracker = new LabTracker();
    for (let length = 0; length < 16; length++) {
      expect(tracker.datagram(encodeUdpConnect(1).slice(0, length), PUBLIC(1))).toBeNull();
    }
    for (const action of [3, 4, 255]) {
      const bytes = tracker.announceBytes(PUBLIC(1));
      bytes[11] = action;
      expect(tracker.datagram(bytes, PUBLIC(1))).toBeNull();
    }
    expect(tracker.counters.droppedDatagrams).toBe(19);
  });
});

describe('19 the connection id', () => {
  it('is of one address, for two minutes and a grace', () => {
    const tracker = new LabTracker();
    const mine = tracker.announceBytes(PUBLIC(1));
    expect(tracker.datagram(mine, PUBLIC(1))).not.toBeNull();
    expect(tracker.datagram(mine, PUBLIC(2))).toBeNull();
    tracker.pass(120);
    expect(tracker.datagram(mine, PUBLIC(1))).not.toBeNull();
    tracker.pass(62);
    expect(tracker.datagram(mine, PUBLIC(1))).toBeNull();
    expect(tracker.counters.refusals['connection-id']).toBe(2);
  });

  it('lives over an announce interval where that is configured', () => {
    const tracker = new LabTracker({ connectionId: 'lenient' });
    const mine = tracker.announceBytes(PUBLIC(1));
    tracker.pass(1_980);
    expect(tracker.datagram(mine, PUBLIC(1))).not.toBeNull();
  });

  it('is demanded before an answer is larger than its request', () => {
    const tracker = new LabTracker();
    for (let i = 0; i < 60; i++) tracker.get({ port: '1001' }, PUBLIC(100 + i));
    const forged = tracker.announceBytes(PUBLIC(1), { connectionId: 0x41727101980n });
    expect(tracker.datagram(forged, PUBLIC(1))).toBeNull();
    expect(tracker.datagram(encodeUdpScrape(0n, 1, [HASH]), PUBLIC(1))).toBeNull();
    expect(tracker.datagram(encodeUdpConnect(1), PUBLIC(1))!.length).toBeLessThanOrEqual(16);
  });
});

describe('20 errors', () => {
  it('are action 3 with the transaction id of the request', () => {
    const tracker = new LabTracker({ access: { mode: 'deny-list', hashes: HASH } });
    expect(tracker.udp(PUBLIC(1))).toEqual({
      action: 'error',
      transactionId: TRANSACTION_ID,
      message: 'this torrent is not allowed on this tracker',
    });
    expect(tracker.udp(PUBLIC(1), { infoHash: OTHER_HASH, port: 0 })).toMatchObject({ action: 'error' });
    const short = tracker.announceBytes(PUBLIC(1)).slice(0, 97);
    expect(decodeUdpAnswer(tracker.datagram(short, PUBLIC(1))!)).toMatchObject({ message: 'malformed request' });
  });

  it('go to proven addresses only', () => {
    const tracker = new LabTracker({ access: { mode: 'deny-list', hashes: HASH } });
    expect(tracker.datagram(tracker.announceBytes(PUBLIC(1), { connectionId: 1n }), PUBLIC(1))).toBeNull();
  });
});

describe('21 BEP 41 options', () => {
  it.each([
    ['URLData', encodeUrlData(Buffer.from('/announce?passkey=1'))],
    ['unknown ones', new Uint8Array([77, 3, 1, 2, 3, 1, 1, 0])],
    ['cut-off ones', new Uint8Array([2, 200, 1])],
    ['noise', new Uint8Array(300).fill(0xff)],
  ])('%s are never refused', (_name, options) => {
    const tracker = new LabTracker();
    expect(tracker.udp(PUBLIC(1), {}, options)).toMatchObject({ action: 'announce', leechers: 1 });
  });

  it('URLData is read', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), {}, encodeUrlData(Buffer.from('/announce')));
    tracker.udp(PUBLIC(1), {}, new Uint8Array([0]));
    expect(tracker.counters.urlDataAnnounces).toBe(1);
  });
});

describe('22 num_want, ip and event', () => {
  it('-1 and any negative number mean the default', () => {
    const tracker = new LabTracker();
    for (let i = 0; i < 300; i++) tracker.get({ port: '1001' }, PUBLIC(1_000 + i));
    for (const [numWant, expected] of [
      [-1, 50],
      [-2_000_000_000, 50],
      [0, 0],
      [3, 3],
      [100_000, 200],
    ] as const) {
      expect(tracker.peers(PUBLIC(1), { numWant })).toHaveLength(expected);
    }
  });

  it('ip counts from trusted networks only', () => {
    const tracker = new LabTracker({ settings: { trusted: networks('193.0.1.0/24') } });
    tracker.udp('193.0.1.1', { ip: 0xc1000909 });
    tracker.udp('193.0.2.1', { ip: 0xc1000808, peerId: peerId(2) });
    expect(tracker.peers('193.0.3.1', { peerId: peerId(3) }).sort()).toEqual(['193.0.2.1:6881', '193.0.9.9:6881']);
  });

  it('event 4 is paused, those above are none', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { event: 4, left: 5n });
    expect(tracker.peers(PUBLIC(2), { left: 0n, peerId: peerId(2) })).toEqual([]);
    expect(tracker.udp(PUBLIC(3), { event: 99, peerId: peerId(3) })).toMatchObject({ leechers: 2, seeders: 1 });
  });
});

describe('23 scrape', () => {
  it('is positional, with zeroes for an unknown hash, and keeps repeated ones', () => {
    const tracker = new LabTracker();
    tracker.udp(PUBLIC(1), { left: 0n });
    const known = { seeders: 1, completed: 0, leechers: 0 };
    const unknown = { seeders: 0, completed: 0, leechers: 0 };
    expect(tracker.udpScrape(PUBLIC(1), [HASH, OTHER_HASH, HASH])).toEqual({
      action: 'scrape',
      transactionId: TRANSACTION_ID,
      entries: [known, unknown, known],
    });
  });

  it('answers at most 74 hashes, and the whole ones of an odd length', () => {
    const tracker = new LabTracker();
    const many = tracker.udpScrape(PUBLIC(1), new Array<Uint8Array>(80).fill(HASH));
    expect(many.action === 'scrape' && many.entries).toHaveLength(74);
    const odd = encodeUdpScrape(tracker.connectionId(PUBLIC(1)), 1, [HASH, HASH]).slice(0, 16 + 39);
    expect(decodeUdpAnswer(tracker.datagram(odd, PUBLIC(1))!)).toMatchObject({ entries: [{}] });
  });

  it('of no hash is an error', () => {
    const tracker = new LabTracker();
    expect(tracker.udpScrape(PUBLIC(1), [])).toMatchObject({ action: 'error' });
  });
});

describe('24 the size of an answer', () => {
  it('is at most 200 IPv4 or 66 IPv6 peers, below 1,500 bytes', () => {
    const tracker = new LabTracker();
    for (let i = 0; i < 250; i++) {
      tracker.get({ port: '1001' }, PUBLIC(1_000 + i));
      tracker.get({ port: '1001' }, `2a00::1:${(i + 1).toString(16)}`);
    }
    const four = tracker.datagram(tracker.announceBytes(PUBLIC(1), { numWant: 1_000 }), PUBLIC(1))!;
    const six = tracker.datagram(tracker.announceBytes('2a00::1', { numWant: 1_000 }), '2a00::1')!;
    expect(four.length).toBe(20 + 200 * 6);
    expect(six.length).toBe(20 + 66 * 18);
    const peers = compactPeers(six.slice(20), 18);
    expect(new Set(peers).size).toBe(66);
    expect(peers.every((peer) => peer.startsWith('2a00:'))).toBe(true);
  });
});

describe('25 source port 0', () => {
  it('is dropped', () => {
    const tracker = new LabTracker();
    expect(tracker.datagram(encodeUdpConnect(1), PUBLIC(1), 0)).toBeNull();
    expect(tracker.datagram(tracker.announceBytes(PUBLIC(1)), PUBLIC(1), 0)).toBeNull();
    expect(tracker.store.stats.peers).toBe(0);
  });
  // That the answer leaves from the address that was asked is a transport's: test/contract/transport.contract.ts.
});
