/** The mix of foreign and inner peers in an answer, as a record keeps it in eight bits, and the share of foreign bytes that follows. */
import { describe, expect, it } from 'vitest';
import { answerMixOf, foreignOfMix, foreignShareOfMix } from '../../../../src/tracker/swarm/answer-mix.js';
import { announce, CHEAP, createStore } from './store-fixture.js';

const MIB = 2 ** 20;

describe('the mix of an answer', () => {
  it('fits eight bits, whatever the answer has', () => {
    for (let given = 1; given <= 200; given++) {
      for (let foreign = 0; foreign <= given; foreign++) {
        for (const isFair of [false, true]) {
          const mix = answerMixOf(given, foreign, isFair);
          expect(mix).toBeGreaterThanOrEqual(0);
          expect(mix).toBeLessThanOrEqual(255);
          // The steps of inner peers are a fifth apart at most.
          expect(Math.abs(foreignShareOfMix(mix, 0) - foreign / given)).toBeLessThan(0.05);
        }
      }
    }
  });

  it('of a random answer stays as it was, and so does one with many peers or without foreign ones', () => {
    for (const mix of [answerMixOf(4, 1, true), answerMixOf(50, 2, false), answerMixOf(20, 10, false)]) {
      expect(foreignOfMix(mix)).toBe(0);
      expect(foreignShareOfMix(mix, 50)).toBe(foreignShareOfMix(mix, 0));
    }
    expect(foreignShareOfMix(answerMixOf(3, 0, false), 50)).toBe(0);
  });

  it('of few peers is averaged with the mix that inner peers who joined later make of it', () => {
    const alone = answerMixOf(2, 2, false);
    expect(foreignShareOfMix(alone, 0)).toBe(1);
    expect(foreignShareOfMix(alone, 6)).toBe((1 + 2 / 8) / 2);
    // Inner peers that have left were neighbours, too.
    expect(foreignShareOfMix(answerMixOf(4, 1, false), 1)).toBe(1 / 4);
  });
});

describe('the share of a client that joins before the others', () => {
  /** One client that knows a foreign peer alone, then inner ones join; it returns with a download of a mebibyte. */
  function share(later: number, event: number, family: 4 | 6 = 4): number {
    const store = createStore();
    announce(store, { host: 90, group: CHEAP, family, numWant: 0, seed: true });
    announce(store, { host: 1, family });
    for (let host = 2; host < 2 + later; host++) announce(store, { host, family });
    // A foreign client that joins later is not counted.
    announce(store, { host: 91, group: CHEAP, family, seed: true });
    return announce(store, { host: 1, family, now: 1_300, downloaded: MIB, event }).outcome.foreignShare;
  }

  it('is the mean of what it was given and what has become of it, also when it leaves', () => {
    for (const event of [0, 1, 3]) {
      expect(share(0, event)).toBe(1);
      expect(share(3, event)).toBe((1 + 1 / 4) / 2);
    }
    expect(share(3, 0, 6)).toBe((1 + 1 / 4) / 2);
  });
});
