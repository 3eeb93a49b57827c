import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AddTorrent, HeldTorrent } from '../../../src/caches/cache-client.js';
import type { ControlledCache } from '../../../src/caches/controlled-cache.js';
import { CacheController } from '../../../src/caches/controller.js';
import type { CrossingFill } from '../../../src/caches/controller-needs.js';
import { LEAST_HOLDING_MS } from '../../../src/caches/plan-contents.js';
import { ClientError, OperatorError } from '../../../src/domain/errors.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { formatIp, parseIp } from '../../../src/domain/ip-address.js';
import { createLogger } from '../../../src/logging/logger.js';
import { type CacheStore, cacheStore } from '../../../src/store/sqlite/cache-store.js';
import { createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

const GB = 1e9;

function numberOf(infoHash: string): number {
  return Number.parseInt(infoHash, 16);
}

/** A client in memory: it fetches only when the test says so. */
class MemoryClient {
  readonly torrents = new Map<number, { have: number; bytes: number; state: HeldTorrent['state'] }>();
  readonly added: AddTorrent[] = [];
  readonly calls: string[] = [];
  limit: number | undefined | 'untold' = 'untold';
  failure: Error | undefined;

  constructor(readonly sizes: ReadonlyMap<number, number>) {}

  async add(torrent: AddTorrent): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const n = numberOf(torrent.infoHash);
    this.added.push(torrent);
    this.calls.push(`add ${n}`);
    const known = this.torrents.get(n);
    if (known !== undefined) known.state = known.have < known.bytes ? 'filling' : 'serving';
    else this.torrents.set(n, { have: 0, bytes: this.sizes.get(n)! * GB, state: 'filling' });
  }

  async stopFilling(infoHash: InfoHash): Promise<void> {
    this.calls.push(`stop ${numberOf(infoHash)}`);
    this.torrents.get(numberOf(infoHash))!.state = 'serving';
  }

  async remove(infoHash: InfoHash): Promise<void> {
    this.calls.push(`remove ${numberOf(infoHash)}`);
    this.torrents.delete(numberOf(infoHash));
  }

  async limitDownload(bytesPerSecond: number | undefined): Promise<void> {
    this.limit = bytesPerSecond;
  }

  complete(n: number): void {
    const torrent = this.torrents.get(n)!;
    torrent.have = torrent.bytes;
    torrent.state = 'serving';
  }
}

describe('the controller of the caches', () => {
  let database: SqliteDatabase;
  let store: CacheStore;
  let nowMs: number;
  let demand: Map<number, number>;
  let denied: Set<number>;
  let privateOnes: Set<number>;
  let standings: Map<string, string>;
  let crossing: readonly CrossingFill[];
  let controller: CacheController;
  const sizes = new Map<number, number>();

  beforeEach(() => {
    database = openDatabase(':memory:');
    store = cacheStore(database);
    nowMs = 1_800_000_000_000;
    demand = new Map();
    denied = new Set();
    privateOnes = new Set();
    standings = new Map();
    crossing = [];
    sizes.clear();
    controller = start();
  });

  afterEach(async () => {
    await controller.stop();
    database.close();
  });

  function start(): CacheController {
    return new CacheController({
      clock: { nowMs: () => nowMs },
      log: createLogger('silent'),
      store,
      innerSwarms: async () => ({
        swarms: [...demand].map(([n, leechers]) => ({ infoHash: hashOf(n), seeds: 0, leechers })),
        cursor: undefined,
      }),
      denial: (infoHash) => (denied.has(numberOf(infoHash)) ? 'the operator has denied it' : undefined),
      prices: () => ({ currency: 'EUR', defaultRatePerGigabyte: 0.02 }),
      cacheMetainfo: async (infoHash) => {
        if (privateOnes.has(numberOf(infoHash))) throw new ClientError('private-torrent', 'it is private');
        return Buffer.from(infoHash);
      },
      setCacheStandings: (next) => {
        standings = new Map(next);
      },
      setCacheFills: (fills) => {
        crossing = fills;
      },
    });
  }

  function offer(n: number, leechers: number, gigabytes = 1, source = 'debian'): void {
    sizes.set(n, gigabytes);
    const facts = { name: `torrent-${n}`, source, totalBytes: gigabytes * GB };
    createCatalogue(database).store(torrentToStore(n, facts), nowMs);
    demand.set(n, leechers);
  }

  interface Node extends Partial<Omit<ControlledCache, 'client'>> {
    readonly client: MemoryClient;
  }

  /** Reports the caches as they are, and lets the controller work until it waits for news. */
  async function round(...nodes: readonly Node[]): Promise<void> {
    for (let i = 0; i < 3; i++) {
      nowMs += 5_000;
      controller.setCaches(nodes.map((node, at) => report(node, at)));
      await controller.reconcile();
      // The count of the demand ends with another round.
      await new Promise(setImmediate);
      await controller.reconcile();
    }
  }

  function report({ client, ...more }: Node, at: number): ControlledCache {
    return {
      name: ['north', 'south'][at]!,
      addresses: [parseIp(`203.0.113.${10 + at}`)],
      allow: { sources: ['debian'], names: [], infoHashes: [] },
      quotaBytes: 10 * GB,
      fillRateBytesPerSecond: undefined,
      uplinkBps: undefined,
      peerPort: 51_413,
      client,
      health: 'up',
      error: undefined,
      answeredAtMs: nowMs,
      openForMs: Number.POSITIVE_INFINITY,
      state: {
        client: 'Memory 1.0',
        peerPort: 51_413,
        freeBytes: undefined,
        torrents: [...client.torrents].map(([n, { have, bytes, state }]) => ({
          infoHash: hashOf(n),
          totalBytes: bytes,
          haveBytes: have,
          state,
          uploadedBytes: 0,
          downloadedBytes: have,
        })),
      },
      ...more,
    };
  }

  const actionsOf = (): string[] =>
    store
      .logEntries({ limit: 100 })
      .reverse()
      .map(({ cache, action, infoHash }) => `${cache} ${action}${infoHash ? ` ${numberOf(infoHash)}` : ''}`);

  test('fetches what inner clients want and the cache may hold, and writes down why', async () => {
    offer(1, 20);
    offer(2, 1);
    offer(3, 50, 1, 'elsewhere');
    const client = new MemoryClient(sizes);
    await round({ client, fillRateBytesPerSecond: 5_000_000 });
    expect([...client.torrents.keys()]).toEqual([1]);
    expect(client.limit).toBe(5_000_000);
    expect(crossing).toEqual([{ infoHash: hashOf(1), address: parseIp('203.0.113.10') }]);
    expect(store.logEntries({ limit: 10 })[0]).toMatchObject({
      cache: 'north',
      infoHash: hashOf(1),
      name: 'torrent-1',
      action: 'added',
      reason: 'it is fetched over the border',
      actor: 'controller',
      saving: 0.4,
      currency: 'EUR',
    });
    client.complete(1);
    await round({ client });
    expect(crossing).toEqual([]);
    expect(actionsOf()).toEqual(['north added 1', 'north completed 1']);
    expect(client.calls).toEqual(['add 1']);
  });

  test('what original trackers may be told is a cache that fetches now, at the port where it accepts peers', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    const address = parseIp('203.0.113.10');
    expect(controller.crossingEndpoint(hashOf(1), 4)).toEqual({ address, port: 51_413 });
    expect(controller.crossingEndpoint(hashOf(1), 6)).toBeUndefined();
    expect(controller.crossingEndpoint(hashOf(2), 4)).toBeUndefined();
    client.complete(1);
    await round({ client });
    expect(controller.crossingEndpoint(hashOf(1), 4)).toBeUndefined();
  });

  test('a part that was restarted, and has forgotten what holds, gets it again', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    standings = new Map();
    crossing = [];
    nowMs += 30_000;
    await round({ client });
    expect([...standings]).toEqual([['203.0.113.10', 'serves']]);
    expect(crossing).toHaveLength(1);
  });

  test('the tracker knows what may cross before the client begins', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    let known: readonly CrossingFill[] = [];
    client.add = async () => {
      known = crossing;
    };
    await round({ client });
    expect(known).toHaveLength(1);
  });

  test('stops when the window closes, and continues in the next one', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    await round({ client, openForMs: 0 });
    expect(client.torrents.get(1)!.state).toBe('serving');
    expect(crossing).toEqual([]);
    await round({ client });
    expect(client.calls).toEqual(['add 1', 'stop 1', 'add 1']);
    expect(actionsOf()).toEqual(['north added 1', 'north stopped 1', 'north resumed 1']);
  });

  test('does not stop one that is complete, although its client still reports it as filling', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    client.complete(1);
    client.torrents.get(1)!.state = 'filling';
    await round({ client });
    expect(client.calls).toEqual(['add 1']);
    expect(actionsOf()).toEqual(['north added 1', 'north completed 1']);
  });

  test('a restart of the controller changes nothing', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    await controller.stop();
    demand.clear();
    controller = start();
    await round({ client });
    expect(controller.book.demand.expected(hashOf(1))).toBeGreaterThan(19);
    client.complete(1);
    await round({ client });
    expect(client.calls).toEqual(['add 1']);
    expect(actionsOf()).toEqual(['north added 1', 'north completed 1']);
  });

  test('does nothing on a state that is older than what it did last', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    const stale = report({ client }, 0);
    controller.setCaches([{ ...stale, answeredAtMs: nowMs - 60_000, state: { ...stale.state!, torrents: [] } }]);
    await controller.reconcile();
    expect(client.calls).toEqual(['add 1']);
  });

  test('removes a denied torrent at once, by day too', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    client.complete(1);
    await round({ client, openForMs: 0 });
    denied.add(1);
    controller.catalogueChanged();
    await round({ client, openForMs: 0 });
    expect([...client.torrents]).toEqual([]);
    expect(store.logEntries({ limit: 1 })[0]).toMatchObject({
      action: 'removed',
      reason: 'the operator has denied it',
    });
    expect(controller.evictions.get('north')).toBe(1);
  });

  test('removes what is not allowed any more', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    await round({ client, allow: { sources: [], names: [], infoHashes: [] } });
    expect([...client.torrents]).toEqual([]);
  });

  test('a private torrent is never added', async () => {
    offer(1, 20);
    offer(2, 10);
    privateOnes.add(1);
    const client = new MemoryClient(sizes);
    await round({ client });
    expect(client.calls).toEqual(['add 2']);
  });

  test('evicts only when what saves more is to be fetched', async () => {
    offer(1, 3);
    const client = new MemoryClient(sizes);
    const quotaBytes = 1.5 * GB;
    await round({ client, quotaBytes });
    client.complete(1);
    await round({ client, quotaBytes });
    nowMs += LEAST_HOLDING_MS;
    offer(2, 90);
    await round({ client, quotaBytes, openForMs: 0 });
    expect([...client.torrents.keys()]).toEqual([1]);
    await round({ client, quotaBytes });
    expect(client.calls).toEqual(['add 1', 'remove 1', 'add 2']);
    expect(actionsOf().slice(-2)).toEqual(['north removed 1', 'north added 2']);
  });

  test('what a client holds stays although the database was lost', async () => {
    const client = new MemoryClient(sizes);
    client.torrents.set(7, { have: GB, bytes: GB, state: 'serving' });
    await round({ client });
    expect([...client.torrents.keys()]).toEqual([7]);
  });

  test('a complete torrent that somebody has paused serves again', async () => {
    offer(1, 20);
    const client = new MemoryClient(sizes);
    await round({ client });
    client.complete(1);
    client.torrents.get(1)!.state = 'paused';
    nowMs += 60_000;
    await round({ client, openForMs: 0 });
    expect(client.calls).toEqual(['add 1', 'add 1']);
    expect(crossing).toEqual([]);
  });

  test.each(['checking', 'queued'] as const)(
    'a torrent that its client leaves %s is not added in every round',
    async (state) => {
      offer(1, 20);
      const client = new MemoryClient(sizes);
      await round({ client });
      client.torrents.get(1)!.state = state;
      await round({ client });
      expect(client.calls).toEqual(['add 1']);
    },
  );

  test('a disk that becomes full makes room, by day too', async () => {
    offer(1, 3, 2);
    const client = new MemoryClient(sizes);
    await round({ client });
    client.complete(1);
    client.torrents.set(2, { have: 0, bytes: 3 * GB, state: 'serving' });
    sizes.set(2, 3);
    offer(2, 1, 3);
    nowMs += LEAST_HOLDING_MS;
    const { state } = report({ client }, 0);
    await round({ client, openForMs: 0, state: { ...state!, freeBytes: GB } });
    expect(client.calls).toContain('remove 2');
    expect(client.calls).not.toContain('remove 1');
  });

  test('a full disk counts as a smaller quota', async () => {
    offer(1, 20, 3);
    const client = new MemoryClient(sizes);
    const { state } = report({ client }, 0);
    await round({ client, state: { ...state!, freeBytes: GB } });
    expect(client.calls).toEqual([]);
  });

  test('a second cache fetches from the first one, at any hour', async () => {
    offer(1, 100);
    const [north, south] = [new MemoryClient(sizes), new MemoryClient(sizes)];
    const uplinkBps = 100_000;
    await round({ client: north, uplinkBps }, { client: south, uplinkBps });
    expect([north.calls, south.calls].flat()).toEqual(['add 1']);
    const first = north.calls.length > 0 ? north : south;
    const second = first === north ? south : north;
    first.complete(1);
    const closed = { uplinkBps, openForMs: 0 };
    await round({ client: north, ...closed }, { client: south, ...closed });
    expect(second.calls).toEqual(['add 1']);
    expect(second.added[0]!.peers).toEqual([
      { host: formatIp(parseIp(`203.0.113.${first === north ? 10 : 11}`)), port: 51_413 },
    ]);
    expect(crossing).toEqual([]);
  });

  describe('a cache whose client does not answer', () => {
    test('is taken out of answers at once, and put back', async () => {
      const client = new MemoryClient(sizes);
      await round({ client, health: 'unknown', state: undefined });
      expect([...standings]).toEqual([['203.0.113.10', 'serves']]);
      controller.setCaches([report({ client, health: 'down', error: 'cache north refuses' }, 0)]);
      expect([...standings]).toEqual([['203.0.113.10', 'out']]);
      controller.setCaches([report({ client }, 0)]);
      expect([...standings]).toEqual([['203.0.113.10', 'serves']]);
      expect(actionsOf()).toEqual(['north taken-out', 'north put-back']);
    });

    test('is told its limit again, because it may be another one after a restart', async () => {
      offer(1, 20);
      const client = new MemoryClient(sizes);
      await round({ client, fillRateBytesPerSecond: 5_000 });
      client.limit = 'untold';
      await round({ client, fillRateBytesPerSecond: 5_000 });
      expect(client.limit).toBe('untold');
      await round({ client, fillRateBytesPerSecond: 5_000, health: 'down' });
      await round({ client, fillRateBytesPerSecond: 5_000 });
      expect(client.limit).toBe(5_000);
    });

    test('a call that fails is tried again, and stops nothing else', async () => {
      offer(1, 20);
      offer(2, 10, 20);
      const client = new MemoryClient(sizes);
      client.failure = new OperatorError('cache north refuses');
      await round({ client });
      expect(actionsOf()).toEqual([]);
      client.failure = undefined;
      await round({ client });
      expect(actionsOf()).toEqual(['north added 1']);
    });
  });

  describe('a cache that is drained', () => {
    test('is handed to nobody, takes nothing, keeps what it has, and stays so over a restart', async () => {
      offer(1, 20);
      const client = new MemoryClient(sizes);
      await round({ client });
      controller.drain('north', 'ops');
      expect(standings.get('203.0.113.10')).toBe('out');
      await round({ client });
      expect(client.calls).toEqual(['add 1', 'stop 1']);
      await controller.stop();
      controller = start();
      await round({ client });
      expect(standings.get('203.0.113.10')).toBe('out');
      expect([...client.torrents.keys()]).toEqual([1]);
      controller.undrain('north', 'ops');
      expect(standings.get('203.0.113.10')).toBe('serves');
      await round({ client });
      expect(client.calls).toEqual(['add 1', 'stop 1', 'add 1']);
      expect(actionsOf()).toContain('north drained');
    });
  });

  describe('the operator asks for a torrent', () => {
    test('it is fetched whatever its demand, in the window', async () => {
      offer(1, 0);
      const client = new MemoryClient(sizes);
      await round({ client, openForMs: 0 });
      controller.request(hashOf(1), undefined, false, 'ops');
      await round({ client, openForMs: 0 });
      expect(client.calls).toEqual([]);
      await round({ client });
      expect(client.calls).toEqual(['add 1']);
      client.complete(1);
      await round({ client });
      expect(store.requests()).toEqual([]);
      expect([...client.torrents.keys()]).toEqual([1]);
    });

    test('now: at any hour', async () => {
      offer(1, 0);
      const client = new MemoryClient(sizes);
      await round({ client, openForMs: 0 });
      controller.request(hashOf(1), 'north', true, 'ops');
      await round({ client, openForMs: 0 });
      expect(client.calls).toEqual(['add 1']);
      expect(crossing).toHaveLength(1);
      expect(actionsOf()[0]).toBe('north requested 1');
    });

    test('one that no cache may hold is refused, with the reason', async () => {
      offer(1, 0, 1, 'elsewhere');
      offer(2, 0);
      denied.add(2);
      await round({ client: new MemoryClient(sizes) });
      const ask = (n: number) => () => controller.request(hashOf(n), undefined, false, 'ops');
      expect(ask(1)).toThrow('no cache may hold "torrent-1": caches.allow of north does not name it');
      expect(ask(2)).toThrow('the operator has denied it');
      expect(ask(3)).toThrow(`the catalogue has no torrent ${hashOf(3)}`);
    });
  });
});
