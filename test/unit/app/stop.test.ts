/** What an application leaves behind when it is stopped: nothing that runs, is open or is locked. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, type MockInstance, test, vi } from 'vitest';
import { createApp } from '../../../src/app/create-app.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { createRandom } from '../../../src/domain/random.js';
import { createLogger } from '../../../src/logging/logger.js';
import { databaseFile } from '../../../src/store/database-file.js';
import { lockStorage } from '../../../src/store/sqlite/instance-lock.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-stop-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

const config = parseConfig(
  `operator: { name: N, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["udp://127.0.0.1:0", "http://127.0.0.1:0"], announceUrls: ["udp://127.0.0.1:6969/announce"] }
mirrorSite: { listen: "http://127.0.0.1:0" }
crawler: { sources: [ { name: lab, type: feed, url: "http://127.0.0.1:1/feed.xml" } ] }
dnsRedirect: { listen: ["127.0.0.1:0"], upstreamResolvers: ["127.0.0.1:9"], sites: [site.example], mirrorAddresses: [127.0.0.21], healthChecks: false }
control: { listen: "http://127.0.0.1:0" }
storage: { directory: data }
lab: true
`,
  { baseDirectory: directory },
);

/** Of the intervals that were begun, how many nobody has ended. */
function timersLeft(begun: MockInstance, ended: readonly MockInstance[]): number {
  const cleared = new Set(ended.flatMap((each) => each.mock.calls.map(([timer]) => timer as unknown)));
  return begun.mock.results.filter(({ value }) => !cleared.has(value)).length;
}

test('a stopped application has ended its timers, closed its database and released its directory', async () => {
  const begun = vi.spyOn(globalThis, 'setInterval');
  const ended = [vi.spyOn(globalThis, 'clearInterval'), vi.spyOn(globalThis, 'clearTimeout')];
  const app = createApp(config, { logger: createLogger('silent'), random: createRandom(1) });
  await app.start();
  const log = `${databaseFile(config)}-wal`;
  expect(existsSync(log)).toBe(true);
  expect(() => lockStorage(config.storage.directory)).toThrow(/another alias-tracker/);
  const urls = app.addresses.filter(({ url }) => url.startsWith('http')).map(({ url }) => url);
  expect(urls).toHaveLength(3);

  expect(await app.stop()).toEqual([]);
  expect(begun.mock.results.length).toBeGreaterThan(5);
  expect(timersLeft(begun, ended)).toBe(0);
  // SQLite removes its log when the last connection is closed.
  expect(existsSync(log)).toBe(false);
  lockStorage(config.storage.directory)();
  for (const url of urls) await expect(fetch(url)).rejects.toThrow();
});

test('an application that cannot start stops what it has started, and says why', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const begun = vi.spyOn(globalThis, 'setInterval');
  const ended = [vi.spyOn(globalThis, 'clearInterval'), vi.spyOn(globalThis, 'clearTimeout')];
  const control = { ...config.control!, listen: { ...config.control!.listen, port } };
  const app = createApp({ ...config, control }, { logger: createLogger('silent'), random: createRandom(1) });
  await expect(app.start()).rejects.toThrow(`127.0.0.1:${port}`);
  expect(timersLeft(begun, ended)).toBe(0);
  expect(existsSync(`${databaseFile(config)}-wal`)).toBe(false);
  lockStorage(config.storage.directory)();
  expect(app.addresses).toEqual([]);
  taken.close();
});
