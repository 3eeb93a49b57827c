import { beforeAll, describe, expect, it } from 'vitest';
import { randomHashKey } from '../../../../../src/domain/half-sip-hash.js';
import { createRandom } from '../../../../../src/domain/random.js';
import { Arena } from '../../../../../src/tracker/swarm/memory/arena.js';
import { HASH_KEY_WORDS, HashKeys } from '../../../../../src/tracker/swarm/memory/hash-keys.js';
import { TorrentTable } from '../../../../../src/tracker/swarm/memory/torrent-table.js';

const TORRENTS = 40_000;
const WORDS = 5;

type InfoHashes = (i: number, random: () => number) => readonly number[];

const RANDOM: InfoHashes = (_, random) => Array.from({ length: WORDS }, random);
/** What a stranger may choose: each differs from the others in as little as possible, somewhere. */
const CHOSEN: Record<string, InfoHashes> = {
  'the first 16 bytes are equal': (i) => [1, 2, 3, 4, i],
  'the first 12 bytes are equal': (i, random) => [1, 2, 3, random(), i],
  'the last 16 bytes are equal': (i) => [i, 1, 2, 3, 4],
  'the last 12 bytes are equal': (i, random) => [random(), i, 1, 2, 3],
  'they differ in the middle': (i) => [1, 2, i, 3, 4],
  'they differ in upper bits': (i) => [0, i << 16, 0, 0, i & 0xffff0000],
  'the words cancel by exclusive or': (i) => [i, i, 0, i, i],
  'the words cancel by sum': (i) => [i, -i, 0, i, -i],
  'the words cancel under fixed odd multipliers': (i) => [Math.imul(i, 0x7ed1b41d), Math.imul(-i, 0xa5cb9243), 0, 0, 0],
  'each bit or none': (i) => Array.from({ length: WORDS }, (_, word) => ((i >>> (3 * word)) & 7) << 29),
};

/** Slots that are looked at to find every one of the hashes: all together, and for the worst. */
function probes(hashes: InfoHashes): { readonly all: number; readonly most: number } {
  const arena = new Arena(64 * 1024 * 1024);
  const table = new TorrentTable(arena, new HashKeys(randomHashKey(HASH_KEY_WORDS)).torrents, 6);
  const { nextUint32 } = createRandom(5);
  for (let i = 0; i < TORRENTS; i++) {
    const infoHash = Uint32Array.from(hashes(i, nextUint32), (word) => word >>> 0);
    const hash = table.hashInfoHash(infoHash, 0);
    if (table.findTorrent(hash, infoHash, 0) === 0) table.insertTorrent(hash, infoHash, 0);
  }
  let all = 0;
  let most = 0;
  for (let segment = 0; segment < table.segmentCount; segment++) {
    const slots = table.tableSlotsOf(segment);
    for (let slot = 0; slot < slots; slot++) {
      const entry = table.entryInTableSlot(segment, slot);
      if (entry === 0) continue;
      const steps = 1 + ((slot - table.hashInfoHash(arena.words, entry)) & (slots - 1));
      all += steps;
      most = Math.max(most, steps);
    }
  }
  return { all: all / table.torrentCount, most };
}

describe('the torrent table', () => {
  let usual: ReturnType<typeof probes>;
  beforeAll(() => {
    usual = probes(RANDOM);
  });

  it.each(Object.entries(CHOSEN))('finds chosen info-hashes as fast as random ones where %s', (_, hashes) => {
    const chosen = probes(hashes);
    expect(chosen.all).toBeLessThan(1.5 * usual.all);
    expect(chosen.most).toBeLessThan(5 * usual.most);
  });
});
