import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { createRandom } from '../../../src/domain/random.js';
import { MAX_TORRENTS_IN_NEED, NEED_BATCH } from '../../../src/upstream/limits.js';
import { TorrentsInNeed } from '../../../src/upstream/torrents-in-need.js';

const FIRST = 'a'.repeat(40) as InfoHash;
const SECOND = 'b'.repeat(40) as InfoHash;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function start(answer: (infoHash: InfoHash, count: number) => { peers: number; againMs?: number }) {
  const asked: string[] = [];
  let needed: readonly InfoHash[] = [FIRST, SECOND];
  const errors: string[] = [];
  const inNeed = new TorrentsInNeed({
    clock: { nowMs: () => Date.now() },
    random: createRandom(1),
    ask: async (infoHash, family, isRepeated) => {
      asked.push(`${Date.now()} ${infoHash[0]} ${family}${isRepeated ? ' again' : ''}`);
      return answer(infoHash, asked.length);
    },
    stillInNeed: async (infoHashes) => infoHashes.filter((each) => needed.includes(each)),
    log: { debug: () => {}, warn: () => {}, error: (_, message) => void errors.push(message) },
  });
  return {
    inNeed,
    asked,
    errors,
    need: (hashes: readonly InfoHash[]) => {
      needed = hashes;
    },
  };
}

describe('a torrent in need', () => {
  test('is asked for at once, and again once an original is due, spread over a tenth of the wait', async () => {
    const { inNeed, asked } = start(() => ({ peers: 1, againMs: Date.now() + 100_000 }));
    inNeed.report(FIRST, 4);
    inNeed.report(FIRST, 4);
    expect(asked).toEqual(['0 a 4']);
    await vi.advanceTimersByTimeAsync(99_999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(asked[1]).toMatch(/^1\d{5} a 4 again$/);
    inNeed.stop();
  });

  test('is forgotten when the need has ended, and when no original may be asked', async () => {
    const world = start((infoHash) => (infoHash === FIRST ? { peers: 1, againMs: Date.now() + 1_000 } : { peers: 0 }));
    world.inNeed.report(FIRST, 4);
    world.inNeed.report(SECOND, 6);
    await vi.advanceTimersByTimeAsync(0);
    expect(world.inNeed.size).toBe(1);
    world.need([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(world.inNeed.size).toBe(0);
    expect(world.asked).toHaveLength(2);
    world.need([FIRST]);
    world.inNeed.report(FIRST, 4);
    expect(world.asked).toHaveLength(3);
    world.inNeed.stop();
  });

  test('counts how long its first peers took', async () => {
    const { inNeed } = start((_, count) => ({ peers: count === 1 ? 0 : 3, againMs: Date.now() + 1_000 }));
    inNeed.report(FIRST, 4);
    await vi.advanceTimersByTimeAsync(10_000);
    const { bounds, counts } = inNeed.delays;
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    expect(counts[bounds.indexOf(2_000)]).toBe(1);
    inNeed.stop();
  });

  test('is asked for although those of a busy original, reported before, are due again and again', async () => {
    const hash = (n: number) => n.toString(16).padStart(40, '0') as InfoHash;
    const { inNeed, asked, need } = start((infoHash) => ({
      peers: 0,
      againMs: infoHash === SECOND ? Date.now() + 5_000 : Date.now(),
    }));
    const busy = Array.from({ length: 2 * NEED_BATCH + 100 }, (_, n) => hash(n));
    need([...busy, SECOND]);
    for (const infoHash of [...busy, SECOND]) inNeed.report(infoHash, 4);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.filter((line) => line.includes(' b '))).toHaveLength(2);
    inNeed.stop();
  });

  test('finds room where many are remembered whose need has ended, although none of them is due', async () => {
    const { inNeed, need } = start(() => ({ peers: 1, againMs: Date.now() + 3_600_000 }));
    for (let n = 0; n < MAX_TORRENTS_IN_NEED; n++) inNeed.report(n.toString(16).padStart(40, '0') as InfoHash, 4);
    inNeed.report(FIRST, 4);
    expect(inNeed.size).toBe(MAX_TORRENTS_IN_NEED);
    need([FIRST]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(inNeed.size).toBe(MAX_TORRENTS_IN_NEED - NEED_BATCH);
    inNeed.stop();
  });

  test('is asked for in time although the clock is set back', async () => {
    vi.setSystemTime(1e12);
    const { inNeed, asked } = start(() => ({ peers: 1, againMs: Date.now() + 10_000 }));
    inNeed.report(FIRST, 4);
    await vi.advanceTimersByTimeAsync(2_000);
    vi.setSystemTime(1e12 - 3_600_000);
    await vi.advanceTimersByTimeAsync(13_000);
    expect(asked).toHaveLength(2);
    inNeed.stop();
  });

  test('that cannot be asked for is an error in the log', async () => {
    const { inNeed, errors } = start(() => {
      throw new Error('database disk image is malformed');
    });
    inNeed.report(FIRST, 4);
    await vi.advanceTimersByTimeAsync(0);
    expect(errors).toEqual([
      `upstream: original trackers of ${FIRST} were not asked: database disk image is malformed`,
    ]);
    expect(inNeed.size).toBe(0);
    inNeed.stop();
  });
});
