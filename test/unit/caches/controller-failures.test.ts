/** The controller when something fails: a client, its own disk, a torrent without a file. And what it must not mix up. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RETRY_AFTER_MS } from '../../../src/caches/fill-progress.js';
import { OperatorError } from '../../../src/domain/errors.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { ControllerWorld, GB } from '../../support/caches/controller-world.js';
import { hashOf } from '../../support/catalogue-entries.js';

const REFUSAL = new OperatorError('cache north refuses', { code: 'refused-elsewhere' });
const MB = 1e6;

let world: ControllerWorld;
beforeEach(() => {
  world = new ControllerWorld();
});
afterEach(() => world.stop());

describe('an action that fails', () => {
  test('does not keep later ones from being done, and is tried again after an hour', async () => {
    for (let n = 1; n <= 5; n++) world.offer(n, 100 - n);
    const client = world.client();
    client.failure = (call) => (call === 'add 1' || call === 'add 2' ? REFUSAL : undefined);
    await world.round({ client });
    expect(client.calls).toEqual(['add 3', 'add 4', 'add 5']);
    expect(world.actionsOf().filter((each) => each.includes('failed'))).toEqual(['north failed 1', 'north failed 2']);
    client.failure = () => undefined;
    for (const n of [3, 4, 5]) client.complete(n);
    await world.round({ client });
    expect(client.calls).not.toContain('add 1');
    world.nowMs += RETRY_AFTER_MS;
    await world.round({ client });
    expect(client.calls).toEqual(expect.arrayContaining(['add 1', 'add 2']));
  });

  test('is tried at once if the operator asks for the torrent', async () => {
    world.offer(1, 20);
    const client = world.client();
    client.failure = (call) => (call === 'add 1' ? REFUSAL : undefined);
    await world.round({ client });
    client.failure = () => undefined;
    world.controller.request(hashOf(1), undefined, false, 'ops');
    await world.round({ client });
    expect(client.calls).toEqual(['add 1']);
  });

  test('a torrent without a file leaves its place to others, and the log says so', async () => {
    for (let n = 1; n <= 4; n++) world.offer(n, 100 - n);
    for (const n of [1, 2, 3]) world.withoutFile.add(n);
    const client = world.client();
    await world.round({ client });
    expect(client.calls).toEqual(['add 4']);
    expect(world.store.logEntries({ limit: 9, infoHash: hashOf(1) })[0]).toMatchObject({
      action: 'failed',
      reason: expect.stringContaining('has no torrent file'),
    });
    // The tracker must not take the cache for one that fetches it.
    expect(world.crossing.map(({ infoHash }) => infoHash)).toEqual([hashOf(4)]);
  });

  test('removals that fail do not use up what is done in a round', async () => {
    const client = world.client();
    for (let n = 1; n <= 25; n++) {
      world.offer(n, 0);
      client.torrents.set(n, { have: GB, bytes: GB, state: 'serving' });
    }
    const quotaBytes = 100 * GB;
    await world.round({ client, quotaBytes });
    for (let n = 1; n <= 25; n++) world.denied.add(n);
    client.failure = (call) => (/^remove ([1-9]|1\d|20)$/.test(call) ? REFUSAL : undefined);
    world.controller.catalogueChanged();
    await world.round({ client, quotaBytes });
    expect([...client.torrents.keys()].every((n) => n <= 20)).toBe(true);
  });

  test('what a client says in its error is one line of limited length', async () => {
    world.offer(1, 20);
    const client = world.client();
    client.failure = (call) => (call === 'add 1' ? new Error(`a\n\u001b[31m${'b'.repeat(9_000)}`) : undefined);
    await world.round({ client });
    const { reason } = world.store.logEntries({ limit: 1 })[0]!;
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(reason).not.toMatch(/\p{Cc}/u);
  });
});

describe('a full disk of the alias tracker', () => {
  test('a cache that is down is still taken out of answers, and fills go on', async () => {
    const full = (): never => {
      throw new Error('database or disk is full');
    };
    await world.controller.stop();
    world.controller = world.start({ ...world.store, addLogEntry: full, setHolding: full, removeHolding: full });
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    expect(client.calls).toEqual(['add 1']);
    world.controller.setCaches([world.report({ client, health: 'down', error: 'cache north refuses' }, 0)]);
    expect([...world.standings]).toEqual([['203.0.113.10', 'out']]);
    expect(world.lines.filter((line) => line.includes('disk is full'))).toHaveLength(1);
  });

  test('what the operator asks for fails, so that the operator knows', async () => {
    await world.controller.stop();
    const addRequest = (): never => {
      throw new Error('database or disk is full');
    };
    world.controller = world.start({ ...world.store, addRequest });
    world.offer(1, 20);
    await world.round({ client: world.client(), openForMs: 0 });
    expect(() => world.controller.requestMissing(undefined, 'ops')).toThrow('disk is full');
  });
});

describe('a cache that has not answered yet', () => {
  test('counts as holding what it had, so nothing is fetched twice after a restart', async () => {
    world.offer(1, 20);
    const [north, south] = [world.client(), world.client()];
    await world.round({ client: north }, { client: south, health: 'down' });
    north.complete(1);
    await world.round({ client: north }, { client: south, health: 'down' });
    await world.controller.stop();
    world.controller = world.start();
    await world.round({ client: north, health: 'unknown', state: undefined }, { client: south });
    expect(south.calls).toEqual([]);
    expect(world.controller.plan!.contents.verdict('north', hashOf(1))).toBe('held');
  });
});

test('the limit of the client is set again every minute, because the client may have been changed by hand', async () => {
  world.offer(1, 20);
  const client = world.client();
  await world.round({ client, fillRateBytesPerSecond: 5 * MB });
  client.limit = undefined;
  await world.round({ client, fillRateBytesPerSecond: 5 * MB });
  expect(client.limit).toBeUndefined();
  world.nowMs += 60_000;
  await world.round({ client, fillRateBytesPerSecond: 5 * MB });
  expect(client.limit).toBe(5 * MB);
});

test('an answer to a question that was sent before the last action is not believed', async () => {
  world.offer(1, 20);
  const client = world.client();
  const asked = { ...world.report({ client }, 0), askedAtMs: world.nowMs + 5_000 };
  await world.round({ client });
  // It was asked before "add 1", and answers now.
  client.torrents.clear();
  world.controller.setCaches([asked]);
  world.nowMs += 120_000;
  await world.controller.reconcile();
  expect(client.calls).toEqual(['add 1']);
});

describe('requests', () => {
  test('for what a cache has completely end at once', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    await world.round({ client });
    world.controller.request(hashOf(1), 'north', true, 'ops');
    world.controller.request(hashOf(1), undefined, true, 'ops');
    await world.round({ client });
    expect(world.store.requests()).toEqual([]);
  });

  test('for a cache that is not configured any more end', async () => {
    world.offer(1, 0);
    await world.round({ client: world.client(), openForMs: 0 }, { client: world.client(), openForMs: 0 });
    world.controller.request(hashOf(1), 'south', false, 'ops');
    await world.round({ client: world.client(), openForMs: 0 });
    expect(world.store.requests()).toEqual([]);
  });

  test('for a cache that does not answer do not keep others from what is in demand', async () => {
    world.offer(1, 20);
    const [north, south] = [world.client(), world.client()];
    const nodes = [
      { client: north, openForMs: 0 },
      { client: south, health: 'down' as const },
    ] as const;
    await world.round(...nodes);
    world.controller.request(hashOf(1), 'south', false, 'ops');
    await world.round({ client: north }, nodes[1]);
    expect(north.calls).toEqual(['add 1']);
    expect(world.store.requests()).toHaveLength(1);
  });
});

describe('hybrid torrents and IPv6', () => {
  const second = '00000000000000000000000000000000000000ff' as InfoHash;
  const addresses = [parseIp('203.0.113.10'), parseIp('2001:db8:100::10')];

  test('both hashes may cross, to each address of the cache', async () => {
    world.offer(1, 20, 1, 'debian', second);
    const client = world.client();
    await world.round({ client, addresses });
    expect(world.crossing).toEqual(
      [hashOf(1), second].flatMap((infoHash) => addresses.map((address) => ({ infoHash, address }))),
    );
    expect(world.controller.crossingEndpoint(second, 6)).toEqual({ address: addresses[1], port: 51_413 });
  });

  test('demand under either hash is demand for the torrent', async () => {
    world.offer(1, 1, 1, 'debian', second);
    world.demand.set(0xff, 1);
    const client = world.client();
    await world.round({ client });
    expect(client.calls).toEqual(['add 1']);
  });

  test('one whose second hash is denied goes, also after nobody asks for it and a restart', async () => {
    world.offer(1, 20, 1, 'debian', second);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    await world.round({ client });
    await world.controller.stop();
    world.database.exec('DELETE FROM cache_demand; DELETE FROM catalogue_torrent');
    world.demand.clear();
    world.denied.add(0xff);
    world.controller = world.start();
    await world.round({ client });
    expect([...client.torrents]).toEqual([]);
  });

  test('a cache with an IPv6 address only is taken out, put back, and is a source for others', async () => {
    world.offer(1, 100);
    const [north, south] = [world.client(), world.client()];
    const six = [parseIp('2001:db8:100::10')];
    const [first, other] = [
      { client: north, addresses: six, uplinkBps: 100_000 },
      { client: south, uplinkBps: 100_000 },
    ];
    await world.round(first, { ...other, openForMs: 0 });
    north.complete(1);
    await world.round({ ...first, openForMs: 0 }, { ...other, openForMs: 0 });
    expect(south.added[0]!.peers).toEqual([{ host: '2001:db8:100::10', port: 51_413 }]);
    world.controller.setCaches([world.report({ ...first, health: 'down' }, 0)]);
    expect(world.standings.get('2001:db8:100::10')).toBe('out');
  });
});

describe('the common limit', () => {
  const COMMON = 10 * MB;
  const PAYLOAD = 0.95 * COMMON;

  beforeEach(() => world.controller.setFillRate(COMMON));

  const sum = (...limits: (number | undefined | 'untold')[]): number =>
    limits.reduce<number>((total, limit) => total + (limit as number), 0);

  test('is shared among the caches that fetch, less what clients do not count', async () => {
    world.offer(1, 20, 8);
    world.offer(2, 19, 8);
    const [north, south] = [world.client(), world.client()];
    await world.round({ client: north }, { client: south });
    await world.round({ client: north }, { client: south });
    expect([north.limit, south.limit]).toEqual([PAYLOAD / 2, PAYLOAD / 2]);
    for (const client of [north, south]) if (client.torrents.has(1)) client.complete(1);
    await world.round({ client: north }, { client: south });
    expect(Math.max(north.limit as number, south.limit as number)).toBe(PAYLOAD);
  });

  test('begins with a part of the limit', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    expect(client.limits).toEqual([PAYLOAD / 4, PAYLOAD / 2, PAYLOAD]);
  });

  test('a cache begins only when the limits of the others are lower', async () => {
    world.offer(1, 20, 8);
    const [north, south] = [world.client(), world.client()];
    await world.round({ client: north }, { client: south });
    const [first, second] = north.calls.length > 0 ? [north, south] : [south, north];
    expect(first.limit).toBe(PAYLOAD);
    // It cannot be told that it has half of it only.
    first.failure = (call) => (call === 'limit' ? REFUSAL : undefined);
    world.offer(2, 30, 8);
    world.nowMs += 60_000;
    await world.round({ client: north }, { client: south });
    expect(second.calls).toEqual([]);
    first.failure = () => undefined;
    await world.round({ client: north }, { client: south });
    await world.round({ client: north }, { client: south });
    expect(second.calls).toEqual(['add 2']);
    expect(sum(first.limit, second.limit)).toBeLessThanOrEqual(PAYLOAD);
  });

  test('a cache that stops answering keeps its part for an hour, because its client may still fetch', async () => {
    world.offer(1, 20, 8);
    world.offer(2, 19, 8);
    const [north, south] = [world.client(), world.client()];
    for (let i = 0; i < 2; i++) await world.round({ client: north }, { client: south });
    for (let i = 0; i < 2; i++) await world.round({ client: north }, { client: south, health: 'down' });
    expect(sum(north.limit, south.limit)).toBeLessThanOrEqual(PAYLOAD);
    world.nowMs += 3_600_000;
    await world.round({ client: north }, { client: south, health: 'down' });
    expect(north.limit).toBe(PAYLOAD);
  });
});

describe('connections to foreign peers', () => {
  test('are closed once a torrent is complete or its fill has stopped, and not otherwise', async () => {
    world.offer(1, 20);
    world.offer(2, 19);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    await world.round({ client, openForMs: 0 });
    expect(client.calls).toEqual(['add 1', 'add 2', 'stop 2', 'disconnect 1', 'disconnect 2']);
    await world.round({ client, openForMs: 0 });
    expect(client.calls).toHaveLength(5);
  });
});

test('the demand of the caches themselves is not demand', async () => {
  world.offer(1, 1);
  world.cacheLeechers.set(1, 5);
  await world.round({ client: world.client() });
  expect(world.controller.book.demand.expected(hashOf(1))).toBe(1);
});
