/** Which torrents are looked up in the DHT, and what becomes of the peers. */
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { ClientError } from '../../../src/domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { createLogger } from '../../../src/logging/logger.js';
import { MAX_CONCURRENT_LOOKUPS, MAX_WAITING_LOOKUPS } from '../../../src/upstream/dht/limits.js';
import { RunningDht } from '../../../src/upstream/dht/running-dht.js';
import { eventually } from '../../support/eventually.js';
import { answerTo, compactPeer, startNode, type TestNode } from './dht-node.js';

const DUE = parseInfoHash('aa'.repeat(20));
const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

async function start(more = '', peers = [compactPeer('192.0.2.1', 6_881)]) {
  const node = await startNode('127.0.1.1', (query, self) => [answerTo(query, self, { peers })]);
  closings.push(node.close);
  const config = parseConfig(
    `operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
upstream: { resolvers: ["127.0.0.1:9"], dht: { bootstrap: ["127.0.1.1:${node.port}"], listen: ["127.0.0.1:0"]${more} } }
lab: true`,
  );
  const imported: unknown[] = [];
  const world: { importError?: Error } = {};
  const clock = { ms: 0, nowMs: () => clock.ms };
  const swarms = new Map<InfoHash, { seeds: number; leechers: number }>([[DUE, { seeds: 0, leechers: 1 }]]);
  let needed: (infoHash: InfoHash, family: 4 | 6) => void = () => undefined;
  const needs: Parameters<typeof RunningDht.start>[1] = {
    clock,
    log: createLogger('silent'),
    blockedReason: () => undefined,
    isPublicTorrent: (infoHash) => !infoHash.startsWith('ee'),
    importPeers: async (infoHash, peers, ttlSeconds, origin) => {
      imported.push({ infoHash, peers: peers.length, ttlSeconds, origin });
      if (world.importError !== undefined) throw world.importError;
      return { taken: 1, refused: {} };
    },
    dataPlane: () => ({
      swarm: async (infoHash) => {
        const inner = swarms.get(infoHash);
        return inner === undefined ? null : { inner };
      },
      onUpstreamNeeded: (listener) => {
        needed = listener;
        return () => {
          needed = () => undefined;
        };
      },
    }),
  };
  const dht = await RunningDht.start(config, needs, undefined);
  closings.push(() => dht.stop());
  const ask = (infoHash: InfoHash, family: 4 | 6 = 4): void => needed(infoHash, family);
  return { dht, node, clock, swarms, imported, ask, config, needs, world };
}

const lookedUp = (node: TestNode): string[] =>
  node.queries.map(({ a }) => Buffer.from(a.info_hash).toString('hex').slice(0, 2));

test('a torrent that somebody inside downloads and nobody inside seeds, once in a while', async () => {
  const { dht, node, clock, imported, ask } = await start();
  ask(DUE);
  await eventually('the import', () => imported.length === 1);
  expect(imported).toEqual([{ infoHash: DUE, peers: 1, ttlSeconds: 900, origin: 'DHT' }]);
  ask(DUE);
  await eventually('the second is not needed', () => dht.counters.notNeeded === 1);
  clock.ms = 900_000;
  ask(DUE);
  await eventually('the third', () => imported.length === 2);
  expect(lookedUp(node)).toEqual(['aa', 'aa']);
  expect(dht.counters).toMatchObject({ lookups: 2, found: 2, peers: 2 });
});

test('again a minute after nobody was found', async () => {
  const { dht, node, clock, ask } = await start('', []);
  ask(DUE);
  await eventually('the first look-up', () => node.queries.length === 1);
  const isAgain = (): boolean => {
    clock.ms += 60_000;
    ask(DUE);
    return dht.counters.lookups === 2;
  };
  await eventually('the second', () => clock.ms < 840_000 && isAgain(), { possible: () => clock.ms < 840_000 });
});

test('again a minute after its peers could not be imported, because the tracker restarts', async () => {
  const { dht, clock, ask, imported, world } = await start();
  world.importError = new ClientError('unavailable', 'the tracker restarts');
  ask(DUE);
  await eventually('the first import', () => imported.length === 1);
  delete world.importError;
  clock.ms = 60_000;
  await eventually('the second', () => {
    ask(DUE);
    return imported.length === 2;
  });
  expect(dht.counters).toMatchObject({ lookups: 2, found: 2, peers: 1 });
});

test('again as soon as it is asked for, if too many others waited', async () => {
  const { dht, node, clock, swarms, ask } = await start(', lookupsPerMinute: 600');
  // Nobody answers, so that all slots stay taken.
  node.close();
  const silent = await startNode('127.0.1.1', () => [], undefined, node.port);
  closings.push(silent.close);
  const hasSettled = () => new Promise((resolve) => setImmediate(resolve));
  let dropped = DUE;
  for (let n = 1; dht.counters.overloaded === 0; n++) {
    expect(n).toBeLessThan(2 * (MAX_CONCURRENT_LOOKUPS + MAX_WAITING_LOOKUPS));
    dropped = parseInfoHash(n.toString(16).padStart(40, '0'));
    swarms.set(dropped, { seeds: 0, leechers: 1 });
    ask(dropped);
    await hasSettled();
    // Ten a second are permitted.
    clock.ms += 100;
  }
  expect(dht.counters.notNeeded).toBe(0);
  ask(dropped);
  await hasSettled();
  expect(dht.counters.notNeeded).toBe(0);
});

test('not one that may be private, is seeded inside, is not downloaded inside, or is of a family without a socket', async () => {
  const { dht, node, swarms, ask } = await start();
  const [seeded, idle, hidden] = ['bb', 'cc', 'ee'].map((byte) => parseInfoHash(byte.repeat(20))) as [
    InfoHash,
    InfoHash,
    InfoHash,
  ];
  swarms.set(seeded, { seeds: 1, leechers: 5 }).set(idle, { seeds: 0, leechers: 0 });
  swarms.set(hidden, { seeds: 0, leechers: 1 });
  for (const infoHash of [seeded, idle, hidden, parseInfoHash('dd'.repeat(20))]) ask(infoHash);
  ask(DUE, 6);
  await eventually('none is needed', () => dht.counters.notNeeded === 5);
  expect(node.queries).toEqual([]);
});

test('not more than a number a minute', async () => {
  const { dht, swarms, ask } = await start(', lookupsPerMinute: 6');
  for (let n = 1; n <= 4; n++) {
    const infoHash = parseInfoHash(`0${n}`.repeat(20));
    swarms.set(infoHash, { seeds: 0, leechers: 1 });
    ask(infoHash);
  }
  await eventually('the others are dropped', () => dht.counters.overloaded === 3);
  expect(dht.counters.lookups).toBe(1);
});

test('one that nobody answers is an alarm, and is looked up again at once', async () => {
  const { dht, node, ask, imported } = await start();
  node.close();
  ask(DUE);
  await eventually('the alarm', () => dht.alarms().length === 1);
  const again = await startNode(
    '127.0.1.1',
    (query, self) => [answerTo(query, self, { peers: [compactPeer('192.0.2.1', 6_881)] })],
    undefined,
    node.port,
  );
  closings.push(again.close);
  ask(DUE);
  await eventually('the import', () => imported.length === 1);
  expect(dht.alarms()).toEqual([]);
});

test('a restart keeps the address and the counters', async () => {
  const { dht, config, needs, ask, imported } = await start();
  ask(DUE);
  await eventually('the import', () => imported.length === 1);
  dht.stop();
  const next = await RunningDht.start(config, needs, dht);
  closings.push(() => next.stop());
  expect(next.addresses).toEqual(dht.addresses);
  expect(next.counters.lookups).toBe(1);
});
