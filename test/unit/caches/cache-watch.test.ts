/** When a cache is up or down, and what it has transferred. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CALL_TIMEOUT_MS, type CacheState, type HeldTorrent } from '../../../src/caches/cache-client.js';
import { CacheWatch } from '../../../src/caches/cache-watch.js';
import { FAILURES_UNTIL_DOWN, POLL_EVERY_MS } from '../../../src/caches/limits.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';

let answers: (CacheState | Error)[];
let health: string[];
let asked: number;
let watch: CacheWatch | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  health = [];
  asked = 0;
});
afterEach(() => {
  watch?.stop();
  vi.useRealTimers();
});

const torrent = (n: number, uploadedBytes: number, downloadedBytes = 0): HeldTorrent => ({
  infoHash: parseInfoHash(String(n).repeat(40)),
  totalBytes: 10,
  haveBytes: 5,
  state: 'filling',
  uploadedBytes,
  downloadedBytes,
});
const state = (...torrents: HeldTorrent[]): CacheState => ({ client: 'C 1', peerPort: 1, freeBytes: 1, torrents });
const refused = new OperatorError('cache pop: start it');

function start(): CacheWatch {
  const client = {
    state: async () => {
      asked++;
      const answer = answers.shift() ?? state();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const clock = { nowMs: () => Date.now() };
  watch = new CacheWatch({
    client,
    clock,
    onHealthChange: () => health.push(watch!.reading.health),
    onState: () => {},
  });
  return watch;
}
const polls = (n: number) => vi.advanceTimersByTimeAsync(n * POLL_EVERY_MS);

test('it is asked at once and then every few seconds, until it is stopped', async () => {
  start();
  await polls(0);
  expect([asked, health]).toEqual([1, ['up']]);
  await polls(3);
  expect(asked).toBe(4);
  watch!.stop();
  await polls(3);
  expect(asked).toBe(4);
});

test('one lost answer leaves it up, two take it down, one brings it back', async () => {
  answers = [state(), refused, state(), refused, refused, refused, state()];
  start();
  await polls(1);
  expect(watch!.reading).toMatchObject({ health: 'up', error: 'cache pop: start it' });
  await polls(1);
  expect(watch!.reading).toMatchObject({ health: 'up', error: undefined });
  await polls(2);
  expect(watch!.reading).toMatchObject({ health: 'down', error: 'cache pop: start it' });
  // What was known of it stays.
  expect(watch!.reading.state).toBeDefined();
  await polls(2);
  expect(health).toEqual(['up', 'down', 'up']);
});

test('one that never answered is unknown, then down', async () => {
  answers = [refused, refused];
  start();
  await polls(0);
  expect(watch!.reading).toMatchObject({ health: 'unknown', state: undefined });
  await polls(1);
  expect(watch!.reading.health).toBe('down');
});

test('an answer after the stop changes nothing', async () => {
  start().stop();
  await polls(1);
  expect(health).toEqual([]);
});

test('what it transferred is what grew, also of torrents that come, go or lose their account', async () => {
  answers = [
    state(torrent(1, 100, 50)),
    state(torrent(1, 150, 60), torrent(2, 30)),
    state(torrent(2, 10)),
    state(torrent(2, 10)),
  ];
  start();
  await polls(0);
  expect(watch!.reading.traffic).toEqual({ uploadedBytes: 0, downloadedBytes: 0 });
  await polls(1);
  expect(watch!.reading.traffic).toEqual({ uploadedBytes: 80, downloadedBytes: 10 });
  await polls(2);
  expect(watch!.reading.traffic).toEqual({ uploadedBytes: 90, downloadedBytes: 10 });
});

test('whatever its client does, a cache that fails is down well within 30 s', () => {
  expect(FAILURES_UNTIL_DOWN * (POLL_EVERY_MS + CALL_TIMEOUT_MS)).toBeLessThanOrEqual(20_000);
});
