/** Accesses outside a block, planted one by one: the arena of the tests must name each. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/domain/random.js';
import { StandingKeys } from '../../../../../src/selection/standing-key.js';
import { FamilySwarms, offsetOf } from '../../../../../src/tracker/swarm/layouts/family-swarm.js';
import { roundUpWords } from '../../../../../src/tracker/swarm/memory/arena.js';
import { Endpoint } from '../../../../../src/tracker/swarm/memory/endpoint-key.js';
import { HASH_KEY_WORDS, HashKeys } from '../../../../../src/tracker/swarm/memory/hash-keys.js';
import { flagsOf, recordWordsOf, setLastSeen } from '../../../../../src/tracker/swarm/memory/peer-record.js';
import { costTable, FIXTURE_GROUPS, HOME_A } from '../store-fixture.js';
import { CheckedArena } from './checked-arena.js';

const STRIDE = recordWordsOf(1);
const BEHIND = /which is \d+ behind the end of the block of \d+ words at \d+/;

/** One swarm of IPv4 peers: small up to 8, ranked up to 100, else bucketed. */
function swarmOf(peers: number) {
  const arena = new CheckedArena(4 * 1024 * 1024);
  const random = createRandom(1);
  const keys = new HashKeys(Uint32Array.from({ length: HASH_KEY_WORDS }, () => random.nextUint32()));
  const standing = new StandingKeys(costTable(FIXTURE_GROUPS));
  const swarms = new FamilySwarms(arena, standing, new Endpoint(keys), 8, 100);
  const endpoint = new Endpoint(keys);
  let ref = 0;
  for (let host = 1; host <= peers; host++) {
    endpoint.setAddress(4, 0xcb000000 + host, 0, 0, 0, 6881);
    swarms.insertPeer(ref, endpoint, HOME_A, 4, 0);
    ref = swarms.ref;
  }
  return { arena, swarms, ref };
}

describe('the checked arena names an access outside a block', () => {
  it('of a record behind the last one of a small swarm', () => {
    const { arena, swarms, ref } = swarmOf(8);
    expect(flagsOf(arena.words, swarms.recordInSlot(ref, 7, 1) + 1)).toBe(0);
    expect(() => flagsOf(arena.words, swarms.recordInSlot(ref, 8, 1) + 1)).toThrow(BEHIND);
  });

  it('of the sorted list of a ranked swarm, behind its indexes', () => {
    const { arena, swarms, ref } = swarmOf(60);
    const block = offsetOf(ref);
    const list = swarms.ranked.listStart(block, STRIDE);
    const entries = swarms.ranked.capacity(block);
    expect(arena.words[list + 3 * (entries - 1)]).toBeTypeOf('number');
    expect(() => arena.words[list + 3 * (entries + entries)]).toThrow(BEHIND);
    expect(() => arena.words.copyWithin(list, list + 1, list + 6 * entries)).toThrow(/copy from word \d+, which is/);
    expect(() => arena.halves[(list + 6 * entries) * 2]).toThrow(BEHIND);
  });

  it('of a peer behind the last one of a bucket', () => {
    const { arena, swarms, ref } = swarmOf(400);
    const bucketed = swarms.bucketed.swarmOf(offsetOf(ref));
    const id = [...bucketed.openBuckets.values()][0]!;
    const end = bucketed.bases[id]! + roundUpWords(bucketed.capacities[id]! * STRIDE);
    const record = bucketed.bases[id]! + bucketed.capacities[id]! * STRIDE;
    setLastSeen(arena.words, record - STRIDE + 1, 7);
    expect(() => setLastSeen(arena.words, end + 1, 7)).toThrow(BEHIND);
    expect(() => arena.words.fill(0, record - STRIDE, end + 1)).toThrow(/fill word \d+, which is/);
  });

  it('of a block that has been freed, and of word 0, which means "none"', () => {
    const { arena, swarms, ref } = swarmOf(4);
    swarms.freeSwarm(ref, 1);
    expect(() => arena.words[offsetOf(ref)]).toThrow(/read of word \d+, which is/);
    expect(() => arena.words[0]).toThrow('read of word 0, which is before every block');
  });

  it('that is freed with another size than it was allocated with, or twice', () => {
    const arena = new CheckedArena(1024 * 1024);
    const block = arena.allocateBlock(20);
    expect(() => arena.freeBlock(block, 21)).toThrow(`freed 21 words at ${block}`);
    arena.freeBlock(block, 20);
    expect(() => arena.freeBlock(block, 20)).toThrow(`freed 20 words at ${block}`);
  });
});
