/** Torrents that nobody here knows, announced under the name of a redirected tracker: tracked, exchanged or refused. */
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../../src/domain/ip-address.js';
import type { UnknownTorrents } from '../../../../src/tracker/unknown/redirected-trackers.js';
import { encodeUrlData } from '../../../../src/wire/udp-options.js';
import { escaped, HASH, LabTracker, OTHER_HASH, peerId } from '../lab-tracker.js';

const INNER = '127.1.0.9';
const REFUSED = /^your network answers for this tracker/;
/** `shared-a` and `shared-b` lead to one address, `own.example` has one of its own. */
const trackers = [
  { name: 'shared-a.example', addresses: ['203.0.113.21'] },
  { name: 'shared-b.example', addresses: ['203.0.113.21', '2001:db8::21'] },
  { name: 'own.example', addresses: ['203.0.113.22'] },
];

function trackerWith(unknownTorrents: UnknownTorrents): LabTracker {
  const tracker = new LabTracker({ upstreamWantedBelow: 12 });
  tracker.announcer.useRedirectedTrackers({ unknownTorrents, trackers });
  return tracker;
}

interface Http {
  readonly host?: string | undefined;
  readonly path?: string;
  readonly hash?: Uint8Array;
  readonly more?: string;
  readonly from?: string;
  readonly n?: number;
}
function overHttp(
  tracker: LabTracker,
  { host, path = '/announce', hash = HASH, more = '', from = INNER, n = 1 }: Http,
) {
  const query = tracker.query({ info_hash: escaped(hash), peer_id: escaped(peerId(n)) });
  const field = host === undefined ? '' : `Host: ${host}\r\n`;
  const { value } = tracker.http(`GET ${path}?${query}${more} HTTP/1.1\r\n${field}User-Agent: x\r\n\r\n`, from)!;
  const failure = value['failure reason'] as Uint8Array | undefined;
  return { value, failure: failure && Buffer.from(failure).toString() };
}

function overUdp(tracker: LabTracker, address: string | undefined, options?: Uint8Array, hash = HASH, n = 1) {
  tracker.udpHandler.listener = {
    address: { protocol: 'udp', host: '0.0.0.0', port: 6_969 },
    localAddress: () => (address === undefined ? undefined : parseIp(address)),
    answerLater: () => ({ send: () => {} }),
    close: () => {},
  };
  return tracker.udp(INNER, { infoHash: hash, peerId: peerId(n), port: 7_000 + n }, options);
}

describe('track', () => {
  it('is as if nothing were redirected', () => {
    const tracker = trackerWith('track');
    expect(overHttp(tracker, { host: 'own.example' }).failure).toBeUndefined();
    expect(overUdp(tracker, '203.0.113.22', undefined, OTHER_HASH)).toMatchObject({ action: 'announce' });
    expect(tracker.originals).toEqual([undefined, undefined]);
  });
});

describe('refuse', () => {
  it('says so over HTTP, when the same may work, and makes no swarm', () => {
    const tracker = trackerWith('refuse');
    for (const host of ['own.example', 'OWN.example.:6969', 'shared-a.example']) {
      const { failure, value } = overHttp(tracker, { host });
      expect(failure).toMatch(REFUSED);
      expect(value).toMatchObject({ 'retry in': 30 });
    }
    expect(tracker.store.stats.swarms).toBe(0);
    expect(tracker.counters.refusals['unknown-torrent']).toBe(3);
    expect(tracker.upstreamAsked).toEqual([]);
  });

  it('says so over UDP, by the address that was asked', () => {
    const tracker = trackerWith('refuse');
    for (const address of ['203.0.113.21', '203.0.113.22', '2001:db8::21']) {
      expect(overUdp(tracker, address)).toMatchObject({ action: 'error', message: expect.stringMatching(REFUSED) });
    }
    expect(tracker.store.stats.swarms).toBe(0);
  });

  it('leaves alone who announces under another name, or at another address', () => {
    const tracker = trackerWith('refuse');
    for (const host of ['alias.example.net', '203.0.113.22:6969', undefined]) {
      expect(overHttp(tracker, { host }).failure, host).toBeUndefined();
    }
    for (const address of ['203.0.113.20', undefined]) {
      expect(overUdp(tracker, address, undefined, OTHER_HASH), address).toMatchObject({ action: 'announce' });
    }
  });

  it('leaves alone torrents of the catalogue, those that passed the mirror site, and clients in the swarm', () => {
    const tracker = trackerWith('refuse');
    tracker.store.setPinned(HASH, true);
    expect(overHttp(tracker, { host: 'own.example' }).failure).toBeUndefined();
    tracker.announcer.unknown.addPassed(OTHER_HASH);
    expect(overHttp(tracker, { host: 'own.example', hash: OTHER_HASH }).failure).toBeUndefined();
    tracker.store.setPinned(HASH, false);
    expect(overHttp(tracker, { host: 'own.example' }).failure, 'known').toBeUndefined();
    expect(overHttp(tracker, { host: 'own.example', from: '127.1.0.10', n: 2 }).failure, 'new').toMatch(REFUSED);
  });

  it('takes nothing from a client in the swarm that needs peers of other networks', () => {
    const tracker = trackerWith('refuse');
    expect(overHttp(tracker, { host: 'alias.example.net' }).failure).toBeUndefined();
    const needs = tracker.upstreamAsked.length;
    tracker.announcer.setClock(tracker.announcer.nowSeconds + 3_000, 0);
    expect(overHttp(tracker, { host: 'own.example', from: '127.1.0.10', n: 2 }).failure).toMatch(REFUSED);
    expect(overHttp(tracker, { host: 'alias.example.net' }).failure).toBeUndefined();
    expect(tracker.upstreamAsked).toHaveLength(needs + 1);
  });

  it('ends with a reload', () => {
    const tracker = trackerWith('refuse');
    tracker.announcer.useRedirectedTrackers({ unknownTorrents: 'track', trackers });
    expect(overHttp(tracker, { host: 'own.example' }).failure).toBeUndefined();
  });
});

describe('exchange', () => {
  it.each<[string, Http, string | undefined]>([
    [
      'the name, the port and the path',
      { host: 'Own.Example:2710', path: '/announce.php' },
      'http://own.example:2710/announce.php',
    ],
    ['the default port', { host: 'shared-b.example' }, 'http://shared-b.example/announce'],
    ['nothing: a key in the path', { host: 'own.example', path: '/abcdef0123/announce' }, undefined],
    ['nothing: a key in the query', { host: 'own.example', more: '&passkey=abcdef0123' }, undefined],
    ['nothing: our own name', { host: 'alias.example.net' }, undefined],
    ['nothing: no name', {}, undefined],
  ])('over HTTP the original is %s', (_, announce, url) => {
    const tracker = trackerWith('exchange');
    const { failure, value } = overHttp(tracker, announce);
    expect(failure).toBeUndefined();
    expect(tracker.originals).toEqual([url]);
    // The client is told to return soon.
    expect(value).toMatchObject({ interval: 60 });
  });

  it.each([
    ['the name of the address', '203.0.113.22', undefined, 'udp://own.example:6969/announce'],
    ['with its path (BEP 41)', '203.0.113.22', '/announce.php', 'udp://own.example:6969/announce.php'],
    ['not known if two names lead there', '203.0.113.21', undefined, undefined],
    ['the only name of its IPv6 address', '2001:db8::21', undefined, 'udp://shared-b.example:6969/announce'],
    ['not asked: a key in the path', '203.0.113.22', '/abcdef0123/announce', undefined],
    ['not asked: a key in the query', '203.0.113.22', '/announce?passkey=1', undefined],
    ['not known at an address that no name leads to', '203.0.113.20', undefined, undefined],
    ['not known if the system does not say the address', undefined, undefined, undefined],
  ])('over UDP the original is %s', (_, address, path, url) => {
    const tracker = trackerWith('exchange');
    const options = path === undefined ? undefined : encodeUrlData(Buffer.from(path));
    expect(overUdp(tracker, address, options)).toMatchObject({ action: 'announce', intervalSeconds: 60 });
    expect(tracker.originals).toEqual([url]);
  });
});
