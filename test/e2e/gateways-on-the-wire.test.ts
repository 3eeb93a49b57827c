/**
 * Gateways as clients meet them, over real UDP and HTTP: who is given foreign peers, when it is asked to come back, and
 * who takes its place when it leaves, with a word or without.
 */
import { request } from 'node:http';
import bencode from 'bencode';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const infoHash = '5e'.repeat(20);
const inner = Array.from({ length: 10 }, (_, i) => `127.1.0.${i + 1}`);
const foreign = Array.from({ length: 12 }, (_, i) => `127.3.0.${i + 1}`);
const isForeign = (host: string): boolean => host.startsWith('127.3.');

let running: RunningApp;
afterEach(() => running.stop());

async function start(intervals: string): Promise<void> {
  running = await startLabApp(
    LAB_CONFIG.replace('interval: 1m, minInterval: 1s', intervals).concat('upstream: { exchange: false }\n'),
  );
  for (const host of foreign) await running.announce(host, { infoHash, leftBytes: host.endsWith('.1') ? 0 : 1_000 });
  for (const host of inner) await running.announce(host, { infoHash });
}

type Protocol = 'udp' | 'http';

async function ask(
  host: string,
  protocol: Protocol,
  announce: { readonly event?: 'none' | 'stopped'; readonly numWant?: number } = {},
) {
  const { hosts, intervalSeconds } = await running.announce(host, { infoHash, event: 'none', ...announce }, protocol);
  return { foreign: hosts.filter(isForeign), inner: hosts.filter((each) => !isForeign(each)), intervalSeconds };
}

/** Those who are given foreign peers; six while there are up to eighteen leechers. */
const GATEWAYS = 6;
async function gateways(protocol: Protocol): Promise<string[]> {
  const found: string[] = [];
  for (const host of inner) if ((await ask(host, protocol)).foreign.length > 0) found.push(host);
  return found;
}

interface DictionaryAnswer {
  readonly interval: number;
  readonly peers: readonly unknown[];
}

/** With peers as dictionaries (BEP 3), as old clients ask. */
function askForDictionaries(host: string): Promise<DictionaryAnswer> {
  const tracker = running.endpoint('tracker', 'http');
  const hash = infoHash.replace(/../g, '%$&');
  const path = `/announce?info_hash=${hash}&peer_id=${`-E2E000-${host}`.padEnd(20, '-')}&port=6881&left=1000&compact=0`;
  return new Promise((resolve, reject) => {
    const call = request({ ...tracker, path, localAddress: host, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(bencode.decode(Buffer.concat(chunks)) as DictionaryAnswer));
    });
    call.on('error', reject).end();
  });
}

describe.each(['udp', 'http'] as const)('over %s', (protocol) => {
  it('an inner leecher that nobody may serve is asked to come back within a minute, foreign peers at the usual interval', async () => {
    await start('interval: 30m, minInterval: 30s');
    expect(await gateways(protocol)).toHaveLength(GATEWAYS);
    for (const host of inner) expect((await ask(host, protocol)).intervalSeconds).toBe(60);
    for (const host of foreign) expect((await ask(host, protocol)).intervalSeconds).toBeGreaterThan(20 * 60);
  });

  it('but not before the minimum interval', async () => {
    await start('interval: 30m, minInterval: 5m');
    const [gateway] = await gateways(protocol);
    expect((await ask(gateway!, protocol)).intervalSeconds).toBe(5 * 60);
  });

  it('one that says that it stops is replaced by the next that asks', async () => {
    await start('interval: 30m, minInterval: 30s');
    const before = await gateways(protocol);
    const [leaver] = before;
    await ask(leaver!, protocol, { event: 'stopped' });
    const next = inner.find((host) => !before.includes(host))!;
    // The seed and a leecher take its three places; it is shown to nobody else.
    const answer = await ask(next, protocol);
    expect(answer.foreign).toHaveLength(2);
    expect(answer.foreign).toContain(foreign[0]);
    expect(answer.intervalSeconds).toBe(60);
    const third = inner.find((host) => !before.includes(host) && host !== next)!;
    expect((await ask(third, protocol)).foreign).toEqual([]);
    const shown: string[] = [];
    for (const host of foreign) shown.push(...(await ask(host, protocol)).inner);
    expect(shown).toEqual([]);
    expect((await gateways(protocol)).filter((host) => host !== leaver)).toEqual([...before.slice(1), next]);
  });

  it('one that falls silent is replaced once it has expired', async () => {
    await start('interval: 1s, minInterval: 1s');
    const [silent, ...rest] = await gateways(protocol);
    const others = inner.filter((host) => host !== silent);
    await eventually('another gateway', async () => {
      const now: string[] = [];
      for (const host of others) if ((await ask(host, protocol)).foreign.length > 0) now.push(host);
      for (const host of foreign) await ask(host, protocol);
      return now.length === GATEWAYS && rest.every((host) => now.includes(host));
    });
    for (const host of foreign) expect((await ask(host, protocol)).inner).not.toContain(silent);
  });
});

it('peers as dictionaries: the same intervals', async () => {
  await start('interval: 30m, minInterval: 30s');
  const [gateway] = await gateways('http');
  expect(await askForDictionaries(gateway!)).toMatchObject({ interval: 60, peers: expect.any(Array) });
  expect((await askForDictionaries(foreign[0]!)).interval).toBeGreaterThan(20 * 60);
});

it('an inner seed that serves nobody cuts no inner leecher off, be it one or sixteen of one address', async () => {
  running = await startLabApp(LAB_CONFIG.concat('upstream: { exchange: false }\n'));
  const given = async (torrent: string, leechers: number, seeds: number): Promise<number> => {
    for (const host of foreign) await running.announce(host, { infoHash: torrent, leftBytes: 0 });
    for (let port = 1; port <= seeds; port++) {
      await running.announce('127.1.9.9', {
        infoHash: torrent,
        leftBytes: 0,
        port: 2_000 + port,
        peerId: `-DEAD00-${String(port).padStart(12, '0')}`,
      });
    }
    let count = 0;
    for (let i = 1; i <= leechers; i++) {
      const { hosts } = await running.announce(`127.1.1.${i}`, { infoHash: torrent });
      if (hosts.some(isForeign)) count++;
    }
    return count;
  };
  expect(await given('a1'.repeat(20), 1, 1)).toBe(1);
  expect(await given('a4'.repeat(20), 4, 1)).toBe(4);
  expect(await given('a6'.repeat(20), 60, 16)).toBe(16);
});
