import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CrossingFill } from '../../../src/caches/controller-needs.js';
import { LEAST_HOLDING_MS } from '../../../src/caches/plan-contents.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { formatIp, parseIp } from '../../../src/domain/ip-address.js';
import { ControllerWorld, GB } from '../../support/caches/controller-world.js';
import { hashOf } from '../../support/catalogue-entries.js';

describe('the controller of the caches', () => {
  let world: ControllerWorld;

  beforeEach(() => {
    world = new ControllerWorld();
  });
  afterEach(() => world.stop());

  test('fetches what inner clients want and the cache may hold, and writes down why', async () => {
    world.offer(1, 20);
    world.offer(2, 1);
    world.offer(3, 50, 1, 'elsewhere');
    const client = world.client();
    await world.round({ client, fillRateBytesPerSecond: 5_000_000 });
    expect([...client.torrents.keys()]).toEqual([1]);
    expect(client.limit).toBe(5_000_000);
    expect(world.crossing).toEqual([{ infoHash: hashOf(1), address: parseIp('203.0.113.10') }]);
    expect(world.store.logEntries({ limit: 10 })[0]).toMatchObject({
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
    await world.round({ client });
    expect(world.crossing).toEqual([]);
    expect(world.actionsOf()).toEqual(['north added 1', 'north completed 1']);
    expect(client.calls).toEqual(['add 1', 'disconnect 1']);
  });

  test('what original trackers may be told is a cache that fetches now, at the port where it accepts peers', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    const address = parseIp('203.0.113.10');
    expect(world.controller.crossingEndpoint(hashOf(1), 4)).toEqual({ address, port: 51_413 });
    expect(world.controller.crossingEndpoint(hashOf(1), 6)).toBeUndefined();
    expect(world.controller.crossingEndpoint(hashOf(2), 4)).toBeUndefined();
    client.complete(1);
    await world.round({ client });
    expect(world.controller.crossingEndpoint(hashOf(1), 4)).toBeUndefined();
  });

  test('a part that was restarted, and has forgotten what holds, gets it again', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    world.standings = new Map();
    world.crossing = [];
    world.nowMs += 30_000;
    await world.round({ client });
    expect([...world.standings]).toEqual([['203.0.113.10', 'serves']]);
    expect(world.crossing).toHaveLength(1);
  });

  test('the tracker knows what may cross before the client begins', async () => {
    world.offer(1, 20);
    const client = world.client();
    let known: readonly CrossingFill[] = [];
    client.add = async () => {
      known = world.crossing;
    };
    await world.round({ client });
    expect(known).toHaveLength(1);
  });

  test('stops when the window closes, and continues in the next one', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    await world.round({ client, openForMs: 0 });
    expect(client.torrents.get(1)!.state).toBe('serving');
    expect(world.crossing).toEqual([]);
    await world.round({ client });
    expect(client.calls).toEqual(['add 1', 'stop 1', 'disconnect 1', 'add 1']);
    expect(world.actionsOf()).toEqual(['north added 1', 'north stopped 1', 'north resumed 1']);
  });

  test('does not stop one that is complete, although its client still reports it as filling', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    client.torrents.get(1)!.state = 'filling';
    await world.round({ client });
    expect(client.calls).toEqual(['add 1']);
    expect(world.actionsOf()).toEqual(['north added 1', 'north completed 1']);
  });

  test('a restart of the controller changes nothing', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    await world.controller.stop();
    world.demand.clear();
    world.controller = world.start();
    await world.round({ client });
    expect(world.controller.book.demand.expected(hashOf(1))).toBeGreaterThan(19);
    client.complete(1);
    await world.round({ client });
    expect(client.calls).toEqual(['add 1', 'disconnect 1']);
    expect(world.actionsOf()).toEqual(['north added 1', 'north completed 1']);
  });

  test('does nothing on a state that is older than what it did last', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    const stale = world.report({ client }, 0);
    world.controller.setCaches([
      { ...stale, askedAtMs: world.nowMs - 60_000, state: { ...stale.state!, torrents: [] } },
    ]);
    await world.controller.reconcile();
    expect(client.calls).toEqual(['add 1']);
  });

  test('removes a denied torrent at once, by day too', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    await world.round({ client, openForMs: 0 });
    world.denied.add(1);
    world.controller.catalogueChanged();
    await world.round({ client, openForMs: 0 });
    expect([...client.torrents]).toEqual([]);
    expect(world.store.logEntries({ limit: 1 })[0]).toMatchObject({
      action: 'removed',
      reason: 'the operator has denied it',
    });
    expect(world.controller.evictions.get('north')).toBe(1);
  });

  test('removes what is not allowed any more', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    await world.round({ client, allow: { sources: [], names: [], infoHashes: [] } });
    expect([...client.torrents]).toEqual([]);
  });

  test('a private torrent is never added', async () => {
    world.offer(1, 20);
    world.offer(2, 10);
    world.privateOnes.add(1);
    const client = world.client();
    await world.round({ client });
    expect(client.calls).toEqual(['add 2']);
  });

  test('evicts only when what saves more is to be fetched', async () => {
    world.offer(1, 3);
    const client = world.client();
    const quotaBytes = 1.5 * GB;
    await world.round({ client, quotaBytes });
    client.complete(1);
    await world.round({ client, quotaBytes });
    world.nowMs += LEAST_HOLDING_MS;
    world.offer(2, 90);
    await world.round({ client, quotaBytes, openForMs: 0 });
    expect([...client.torrents.keys()]).toEqual([1]);
    await world.round({ client, quotaBytes });
    expect(client.calls).toEqual(['add 1', 'disconnect 1', 'remove 1', 'add 2']);
    expect(world.actionsOf().slice(-2)).toEqual(['north removed 1', 'north added 2']);
  });

  test('what a client holds stays although the database was lost', async () => {
    const client = world.client();
    client.torrents.set(7, { have: GB, bytes: GB, state: 'serving' });
    await world.round({ client });
    expect([...client.torrents.keys()]).toEqual([7]);
  });

  test('a complete torrent that somebody has paused serves again', async () => {
    world.offer(1, 20);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    client.torrents.get(1)!.state = 'paused';
    world.nowMs += 60_000;
    await world.round({ client, openForMs: 0 });
    expect(client.calls).toEqual(['add 1', 'add 1']);
    expect(world.crossing).toEqual([]);
  });

  test.each(['checking', 'queued'] as const)(
    'a torrent that its client leaves %s is not added in every round',
    async (state) => {
      world.offer(1, 20);
      const client = world.client();
      await world.round({ client });
      client.torrents.get(1)!.state = state;
      await world.round({ client });
      expect(client.calls).toEqual(['add 1']);
    },
  );

  test('a disk that becomes full makes room, by day too', async () => {
    world.offer(1, 3, 2);
    const client = world.client();
    await world.round({ client });
    client.complete(1);
    client.torrents.set(2, { have: 0, bytes: 3 * GB, state: 'serving' });
    world.sizes.set(2, 3);
    world.offer(2, 1, 3);
    world.nowMs += LEAST_HOLDING_MS;
    const { state } = world.report({ client }, 0);
    await world.round({ client, openForMs: 0, state: { ...state!, freeBytes: GB } });
    expect(client.calls).toContain('remove 2');
    expect(client.calls).not.toContain('remove 1');
  });

  test('a full disk counts as a smaller quota', async () => {
    world.offer(1, 20, 3);
    const client = world.client();
    const { state } = world.report({ client }, 0);
    await world.round({ client, state: { ...state!, freeBytes: GB } });
    expect(client.calls).toEqual([]);
  });

  test('a second cache fetches from the first one, at any hour', async () => {
    world.offer(1, 100);
    const [north, south] = [world.client(), world.client()];
    const uplinkBps = 100_000;
    await world.round({ client: north, uplinkBps }, { client: south, uplinkBps });
    expect([north.calls, south.calls].flat()).toEqual(['add 1']);
    const first = north.calls.length > 0 ? north : south;
    const second = first === north ? south : north;
    first.complete(1);
    const closed = { uplinkBps, openForMs: 0 };
    await world.round({ client: north, ...closed }, { client: south, ...closed });
    expect(second.calls).toEqual(['add 1']);
    expect(second.added[0]!.peers).toEqual([
      { host: formatIp(parseIp(`203.0.113.${first === north ? 10 : 11}`)), port: 51_413 },
    ]);
    expect(world.crossing).toEqual([]);
  });

  describe('a cache whose client does not answer', () => {
    test('is taken out of answers at once, and put back', async () => {
      const client = world.client();
      await world.round({ client, health: 'unknown', state: undefined });
      expect([...world.standings]).toEqual([['203.0.113.10', 'serves']]);
      world.controller.setCaches([world.report({ client, health: 'down', error: 'cache north refuses' }, 0)]);
      expect([...world.standings]).toEqual([['203.0.113.10', 'out']]);
      world.controller.setCaches([world.report({ client }, 0)]);
      expect([...world.standings]).toEqual([['203.0.113.10', 'serves']]);
      expect(world.actionsOf()).toEqual(['north taken-out', 'north put-back']);
    });

    test('is told its limit again, because it may be another one after a restart', async () => {
      world.offer(1, 20);
      const client = world.client();
      await world.round({ client, fillRateBytesPerSecond: 5_000 });
      client.limit = 'untold';
      await world.round({ client, fillRateBytesPerSecond: 5_000 });
      expect(client.limit).toBe('untold');
      await world.round({ client, fillRateBytesPerSecond: 5_000, health: 'down' });
      await world.round({ client, fillRateBytesPerSecond: 5_000 });
      expect(client.limit).toBe(5_000);
    });

    test('a call that is not answered is tried again after a minute', async () => {
      world.offer(1, 20);
      const client = world.client();
      const refusal = new OperatorError('cache north cannot be reached', { code: 'unreachable' });
      client.failure = (call) => (call === 'add 1' ? refusal : undefined);
      await world.round({ client });
      expect(world.actionsOf()).toEqual([]);
      client.failure = () => undefined;
      world.nowMs += 60_000;
      await world.round({ client });
      expect(world.actionsOf()).toEqual(['north added 1']);
    });
  });

  describe('a cache that is drained', () => {
    test('is handed to nobody, takes nothing, keeps what it has, and stays so over a restart', async () => {
      world.offer(1, 20);
      const client = world.client();
      await world.round({ client });
      world.controller.drain('north', 'ops');
      expect(world.standings.get('203.0.113.10')).toBe('out');
      await world.round({ client });
      expect(client.calls).toEqual(['add 1', 'stop 1', 'disconnect 1']);
      await world.controller.stop();
      world.controller = world.start();
      await world.round({ client });
      expect(world.standings.get('203.0.113.10')).toBe('out');
      expect([...client.torrents.keys()]).toEqual([1]);
      world.controller.undrain('north', 'ops');
      expect(world.standings.get('203.0.113.10')).toBe('serves');
      await world.round({ client });
      expect(client.calls).toEqual(['add 1', 'stop 1', 'disconnect 1', 'add 1']);
      expect(world.actionsOf()).toContain('north drained');
    });
  });

  describe('the operator asks for a torrent', () => {
    test('it is fetched whatever its demand, in the window', async () => {
      world.offer(1, 0);
      const client = world.client();
      await world.round({ client, openForMs: 0 });
      world.controller.request(hashOf(1), undefined, false, 'ops');
      await world.round({ client, openForMs: 0 });
      expect(client.calls).toEqual([]);
      await world.round({ client });
      expect(client.calls).toEqual(['add 1']);
      client.complete(1);
      await world.round({ client });
      expect(world.store.requests()).toEqual([]);
      expect([...client.torrents.keys()]).toEqual([1]);
    });

    test('now: at any hour', async () => {
      world.offer(1, 0);
      const client = world.client();
      await world.round({ client, openForMs: 0 });
      world.controller.request(hashOf(1), 'north', true, 'ops');
      await world.round({ client, openForMs: 0 });
      expect(client.calls).toEqual(['add 1']);
      expect(world.crossing).toHaveLength(1);
      expect(world.actionsOf()[0]).toBe('north requested 1');
    });

    test('one that no cache may hold is refused, with the reason', async () => {
      world.offer(1, 0, 1, 'elsewhere');
      world.offer(2, 0);
      world.denied.add(2);
      await world.round({ client: world.client() });
      const ask = (n: number) => () => world.controller.request(hashOf(n), undefined, false, 'ops');
      expect(ask(1)).toThrow('no cache may hold "torrent-1": caches.allow of north does not name it');
      expect(ask(2)).toThrow('the operator has denied it');
      expect(ask(3)).toThrow(`the catalogue has no torrent ${hashOf(3)}`);
    });
  });
});
