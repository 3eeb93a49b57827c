import { expect, test } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { ExchangeStore } from '../../../src/store/sqlite/exchange-store.js';
import { DueTimes } from '../../../src/upstream/due-times.js';
import { ExchangeMemory } from '../../../src/upstream/exchange-memory.js';
import { Originals } from '../../../src/upstream/originals.js';
import { RequestSlots } from '../../../src/upstream/request-slots.js';

test.each(['answers', 'fails'])(
  'what an original %s after the start of its request was stored is stored too',
  async (what) => {
    const clock = { nowMs: () => 1_000 };
    const store = new ExchangeStore(openDatabase(':memory:'));
    const originals = new Originals({
      clock,
      random: createRandom(1),
      limits: () => ({ requestsPerSecond: 1_000, concurrentRequests: 8, requestsPerHour: 100 }),
      slots: new RequestSlots(() => 1, 1),
      signal: new AbortController().signal,
    });
    const memory = new ExchangeMemory({ store, originals, dueTimes: new DueTimes(clock), clock, log: undefined });
    let settle = (): void => undefined;
    const asked = originals.of('udp://t.example:80').announce(
      () =>
        new Promise<void>((resolve, reject) => {
          settle = what === 'answers' ? resolve : () => reject(new Error('no answer'));
        }),
    );
    await Promise.resolve();
    memory.save();
    expect(store.originals(1)).toMatchObject([{ askedMs: 1_000, answeredMs: 0, failures: 0 }]);
    settle();
    await asked.catch(() => undefined);
    memory.stop();
    const after = what === 'answers' ? { answeredMs: 1_000, failures: 0 } : { answeredMs: 0, failures: 1 };
    expect(store.originals(1)).toMatchObject([after]);
  },
);
