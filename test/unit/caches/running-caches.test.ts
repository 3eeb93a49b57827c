/** A reload of the caches: which clients stay, and who is told. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type RunningCache, RunningCaches } from '../../../src/caches/running-caches.js';
import type { CachesConfig } from '../../../src/caches/section.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { systemClock } from '../../../src/domain/clock.js';
import { createLogger } from '../../../src/logging/logger.js';
import { cacheStore } from '../../../src/store/sqlite/cache-store.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { eventually } from '../../support/eventually.js';

const servers: Server[] = [];
const database = openDatabase(':memory:');
/** No torrents, and nobody who wants one. */
const NOTHING = {
  cacheStore: cacheStore(database),
  openCacheMetainfo: () => ({ read: async () => undefined, close: async () => {} }),
  innerSwarms: async () => ({ swarms: [], cursor: undefined }),
  denial: () => undefined,
  prices: () => ({ currency: 'EUR', defaultRatePerGigabyte: 0.02 }),
  setCacheStandings: () => {},
  setCacheFills: () => {},
};
let running: RunningCaches | undefined;
afterAll(() => database.close());
afterEach(async () => {
  await running?.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

/** A Transmission that holds nothing. */
async function transmission(version: string): Promise<string> {
  const server = createServer((_, response) => {
    const facts = { version, 'rpc-version': 17, 'peer-port': 51413, 'download-dir': '/' };
    const args = { ...facts, 'size-bytes': 5, torrents: [] };
    response.end(JSON.stringify({ result: 'success', arguments: args }));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/transmission/rpc`;
}

function configOf(caches: readonly object[], schedule: readonly object[] = []): CachesConfig {
  return parseConfig(
    `operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
billing: { schedule: ${JSON.stringify(schedule)} }
caches: ${JSON.stringify(caches)}\n`,
  );
}
const cache = (n: number, url: string, quota = '1GB') => ({
  name: `pop-${n}`,
  address: `203.0.113.${n}`,
  client: 'transmission',
  url,
  quota,
});

test('a reload adds, changes and removes caches, and leaves the others alone', async () => {
  const [first, second] = [await transmission('3.00 (x)'), await transmission('4.0.6 (x)')];
  const lines: string[] = [];
  const log = createLogger('info', { destination: { write: (line) => void lines.push(JSON.parse(line).msg) } });
  running = new RunningCaches(configOf([cache(1, first)]), { ...NOTHING, clock: systemClock, log });
  const isUp = (name: string) => eventually(name, () => running!.find(name)?.reading.health === 'up');
  await isUp('pop-1');
  expect(running.find('pop-1')!.reading.state).toEqual({
    client: 'Transmission 3.00',
    peerPort: 51_413,
    freeBytes: 5,
    torrents: [],
  });

  const before: RunningCache = running.find('pop-1')!;
  running.prepare(configOf([cache(2, second), cache(1, first)]))();
  await isUp('pop-2');
  expect(running.caches.map(({ settings }) => settings.name)).toEqual(['pop-2', 'pop-1']);
  expect(running.find('pop-1')!.client).toBe(before.client);
  expect(lines.filter((line) => line.includes('answers'))).toEqual([
    'cache pop-1 answers: Transmission 3.00',
    'cache pop-2 answers: Transmission 4.0.6',
  ]);

  // Another quota: another client, which has not answered yet.
  running.prepare(configOf([cache(1, first, '2GB')], [{ name: 'night', from: '00:00', to: '24:00', rateFactor: 2 }]))();
  expect(running.caches).toMatchObject([
    { settings: { name: 'pop-1', quotaBytes: 2e9 }, reading: { health: 'unknown' }, fillWindow: { period: 'night' } },
  ]);
  expect(running.find('pop-1')!.client).not.toBe(before.client);
  await isUp('pop-1');
  // The client of a cache that is removed is closed: its calls end.
  await expect(before.client.state(new AbortController().signal)).rejects.toThrow('cache pop-1');
});
