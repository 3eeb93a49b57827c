/** What an announce says of the bytes since the last one: growth of the totals of inner clients, and what is not counted. */
import { describe, expect, it } from 'vitest';
import { EVENT_COMPLETED, EVENT_NONE, EVENT_STARTED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import {
  type AnnounceOutcome,
  TRAFFIC_BACKWARD,
  TRAFFIC_COUNTED,
  TRAFFIC_FIRST,
  TRAFFIC_IMPOSSIBLE,
  TRAFFIC_NONE,
  TRAFFIC_RESTARTED,
} from '../../../../src/tracker/swarm/announce-outcome.js';
import { META_WORDS, META_WORDS_V1 } from '../../../../src/tracker/swarm/memory/peer-record.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, CHEAP, createStore, HOME_A, infoHash, SWARM_KINDS } from './store-fixture.js';

const MIB = 2 ** 20;

function addImported(store: SwarmStore, host: number, seed: boolean): void {
  const peer = { family: 4, words: [0xcb000000 + host], port: 6881, group: CHEAP, seed } as const;
  expect(store.addUpstreamPeers(infoHash(1), [peer], 900, 1_000).added).toBe(1);
}

describe.each(SWARM_KINDS)('in a %s swarm', (_kind, thresholds) => {
  const create = () => {
    const store = createStore(thresholds);
    for (let host = 50; host < 62; host++) announce(store, { host, numWant: 0 });
    return store;
  };
  const growth = ({ traffic, downloadedBytes, uploadedBytes }: AnnounceOutcome) =>
    traffic === TRAFFIC_COUNTED ? [downloadedBytes / MIB, uploadedBytes / MIB] : traffic;

  it('the growth of both totals counts, at each announce on time and at the last one', () => {
    const store = create();
    expect(growth(announce(store, { host: 1, event: EVENT_STARTED }).outcome)).toBe(TRAFFIC_FIRST);
    const later = announce(store, { host: 1, now: 1_300, downloaded: 30 * MIB, uploaded: 5 * MIB }).outcome;
    expect(growth(later)).toEqual([30, 5]);
    expect(later.trafficGroup).toBe(HOME_A);
    const early = announce(store, { host: 1, now: 1_310, downloaded: 40 * MIB, uploaded: 5 * MIB }).outcome;
    expect(growth(early), 'an early repeat waits for the next one').toBe(TRAFFIC_NONE);
    const done = { host: 1, now: 1_320, event: EVENT_COMPLETED, seed: true, downloaded: 50 * MIB, uploaded: 6 * MIB };
    expect(growth(announce(store, done).outcome)).toEqual([20, 1]);
    const left = { host: 1, now: 1_500, event: EVENT_STOPPED, downloaded: 50 * MIB, uploaded: 16 * MIB };
    expect(growth(announce(store, left).outcome)).toEqual([0, 10]);
  });

  it('a restarted client, a lower total and an impossible one say nothing, and the next announce counts from there', () => {
    const store = create();
    announce(store, { host: 1 });
    const restarted = announce(store, { host: 1, now: 1_200, event: EVENT_STARTED, downloaded: 9 * MIB }).outcome;
    expect(growth(restarted)).toBe(TRAFFIC_RESTARTED);
    expect(growth(announce(store, { host: 1, now: 1_300, downloaded: 12 * MIB }).outcome)).toEqual([3, 0]);
    expect(growth(announce(store, { host: 1, now: 1_400, downloaded: 2 * MIB }).outcome)).toBe(TRAFFIC_BACKWARD);
    expect(growth(announce(store, { host: 1, now: 1_500, downloaded: 4 * MIB }).outcome)).toEqual([2, 0]);
    // 3 GiB in a minute and a half are possible, in a second they are not.
    announce(store, { host: 2, event: EVENT_STARTED, now: 1_500 });
    const burst = { host: 2, now: 1_501, event: EVENT_COMPLETED, seed: true, downloaded: 3_000 * MIB };
    expect(growth(announce(store, burst).outcome)).toBe(TRAFFIC_IMPOSSIBLE);
  });

  it('uploads went to inner clients as long as the swarm has never had a foreign leecher', () => {
    const store = create();
    const uploadsInside = (now: number, event = EVENT_NONE) =>
      announce(store, { host: 1, now, uploaded: now * MIB, event }).outcome.uploadsInside;
    announce(store, { host: 1 });
    announce(store, { host: 2, group: CHEAP, seed: true });
    addImported(store, 3, true);
    expect(uploadsInside(1_200)).toBe(true);
    announce(store, { host: 4, group: CHEAP, now: 1_210 });
    announce(store, { host: 4, group: CHEAP, now: 1_220, event: EVENT_STOPPED });
    expect(uploadsInside(1_400)).toBe(false);
    expect(uploadsInside(1_600, EVENT_STOPPED)).toBe(false);
  });

  it('imported peers may be leechers unless their origin says that they are seeds', () => {
    const store = create();
    announce(store, { host: 1 });
    addImported(store, 3, true);
    expect(announce(store, { host: 1, now: 1_200 }).outcome.uploadsInside).toBe(true);
    addImported(store, 4, false);
    expect(announce(store, { host: 1, now: 1_400 }).outcome.uploadsInside).toBe(false);
  });

  it('foreign clients are not counted, nor is the IPv6 peer of a client with both families', () => {
    const store = create();
    announce(store, { host: 1, group: CHEAP });
    expect(growth(announce(store, { host: 1, group: CHEAP, now: 1_300, downloaded: MIB }).outcome)).toBe(TRAFFIC_NONE);
    const both = { host: 2, peerId: 77, key: 77 };
    announce(store, { ...both, family: 4 });
    announce(store, { ...both, family: 6 });
    expect(growth(announce(store, { ...both, family: 4, now: 1_300, downloaded: MIB }).outcome)).toEqual([1, 0]);
    expect(growth(announce(store, { ...both, family: 6, now: 1_300, downloaded: MIB }).outcome)).toBe(TRAFFIC_NONE);
  });

  it('the share of foreign peers is that of the last answer with peers', () => {
    const store = create();
    for (let host = 90; host < 99; host++) announce(store, { host, group: CHEAP, numWant: 0 });
    announce(store, { host: 1, numWant: 50 });
    const { requester } = announce(store, { host: 1, now: 1_300, numWant: 0 });
    expect(requester.given).toBe(0);
    const { outcome } = announce(store, { host: 1, now: 1_600, downloaded: MIB });
    // Twelve inner peers are enough, so the answer had none from outside.
    expect(outcome.foreignShare).toBe(0);
    announce(store, { host: 90, torrent: 2, group: CHEAP, numWant: 0 });
    announce(store, { host: 2, torrent: 2 });
    expect(announce(store, { host: 2, torrent: 2, now: 1_300, downloaded: MIB }).outcome.foreignShare).toBe(1);
  });

  it('counts on over a snapshot, but not over one of the first version, which has no total of downloads', () => {
    const store = create();
    announce(store, { host: 1, downloaded: 10 * MIB, uploaded: 3 * MIB });
    const frames = [...store.exportFrames()].map((frame) => frame.slice());
    const after = createStore(thresholds);
    for (const frame of frames) after.importFrame(frame, { nowSeconds: 1_000, version: 2 }, 1_000, 0, () => HOME_A);
    expect(growth(announce(after, { host: 1, now: 1_300, downloaded: 12 * MIB, uploaded: 4 * MIB }).outcome)).toEqual([
      2, 1,
    ]);
    const old = createStore(thresholds);
    for (const frame of frames) {
      old.importFrame(withoutLastWords(frame), { nowSeconds: 1_000, version: 1 }, 1_000, 0, () => HOME_A);
    }
    expect(old.stats.peers).toBe(store.stats.peers);
    expect(growth(announce(old, { host: 1, now: 1_300, downloaded: 12 * MIB }).outcome)).toBe(TRAFFIC_FIRST);
    expect(growth(announce(old, { host: 1, now: 1_600, downloaded: 15 * MIB }).outcome)).toEqual([3, 0]);
  });
});

/** A frame of IPv4 peers as the first version wrote it. */
function withoutLastWords(frame: Uint32Array): Uint32Array {
  const words: number[] = [];
  for (let at = 0; at < frame.length; ) {
    const peers = frame[at + 7]!;
    words.push(...frame.subarray(at, at + 9));
    at += 9;
    for (let i = 0; i < peers; i++, at += 1 + META_WORDS) words.push(...frame.subarray(at, at + 1 + META_WORDS_V1));
  }
  return Uint32Array.from(words);
}
