/**
 * Many torrents in need on real opentracker and bittorrent-tracker servers, over several intervals: each gets its peers, and no
 * original is asked for a torrent earlier than its interval allows. `npm run bench -- original-trackers` is the large version.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { createRandom } from '../../../src/domain/random.js';
import { TorrentsInNeed } from '../../../src/upstream/torrents-in-need.js';
import { hashOf } from '../../support/catalogue-entries.js';
import { eventually } from '../../support/eventually.js';
import { startOpentracker } from '../../support/opentracker.js';
import { requireProgram } from '../../support/real-program.js';
import { type Closing, joinSwarm, startExchange, startTracker } from './original-tracker.js';

const opentracker = requireProgram('opentracker');
const INTERVAL_SECONDS = 30;
const SECONDS = 75;
const hashes = Array.from({ length: 40 }, (_, n) => hashOf(n + 1));

const closing: Closing[] = [];
// Sockets and their time limits are real.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

test.skipIf(opentracker === undefined)('no original is asked for a torrent before it is due', async () => {
  const open = await startOpentracker(hashes, closing);
  const node = await startTracker(closing, { intervalMs: INTERVAL_SECONDS * 1_000 });
  const announceUrl = `http://${open.host}:${open.port}/announce`;
  for (const infoHash of hashes) {
    await joinSwarm(node, [7_001], { infoHash });
    await joinSwarm({ ...node, httpUrl: announceUrl }, [7_002], { infoHash });
  }
  const clock = { nowMs: () => Date.now() };
  const got = new Map<InfoHash, Set<number>>();
  /** By original and torrent, in seconds. */
  const askedAt = new Map<string, number[]>();
  const { exchange } = startExchange(closing, {
    clock,
    minIntervalSeconds: 1,
    onPeers: async (infoHash, peers, _ttlSeconds, origin) => {
      for (const { port } of peers) got.set(infoHash, (got.get(infoHash) ?? new Set()).add(port));
      const pair = `${origin} ${infoHash}`;
      askedAt.set(pair, [...(askedAt.get(pair) ?? []), clock.nowMs() / 1_000]);
      return peers.length;
    },
  });
  let asking = 0;
  const inNeed = new TorrentsInNeed({
    clock,
    random: createRandom(1),
    ask: async (infoHash, family) => {
      asking++;
      const trackers = [node.udpUrl, `udp://${open.host}:${open.port}/announce`];
      return exchange.request(infoHash, trackers, { family, want: 50 }).finally(() => asking--);
    },
    stillInNeed: async (infoHashes) => infoHashes,
    log: { debug: () => {}, warn: () => {}, error: (_, message) => expect.fail(message) },
  });
  closing.push(async () => inNeed.stop());
  for (const infoHash of hashes) inNeed.report(infoHash, 4);
  for (let second = 0; second < SECONDS; second++) {
    await eventually('no request is in flight', () => asking === 0);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await eventually('no request is in flight', () => asking === 0);
  for (const infoHash of hashes) expect([...got.get(infoHash)!].sort()).toEqual([7_001, 7_002]);
  const gaps = (origin: string): number[] =>
    [...askedAt].flatMap(([pair, times]) =>
      pair.startsWith(origin) ? times.slice(1).map((time, i) => time - times[i]!) : [],
    );
  const nodeGaps = gaps(new URL(node.udpUrl).href.replace('/announce', ''));
  expect(nodeGaps).toHaveLength(2 * hashes.length);
  expect(Math.min(...nodeGaps)).toBeGreaterThanOrEqual(INTERVAL_SECONDS);
  // About half an hour.
  expect(gaps(`udp://${open.host}:${open.port}`)).toEqual([]);
  expect(exchange.counters()).toMatchObject({ failed: 0, refused: 0, answered: 4 * hashes.length });
});
