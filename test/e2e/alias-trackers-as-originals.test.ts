/**
 * Two alias trackers whose catalogues name each other as the original tracker of one torrent, as processes of their own: neither
 * asks back because it was asked, nobody is asked too often, and peers that have left are not passed to and fro.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { ServeProcess } from '../support/serve-process.js';

const infoHash = hashOf(1);
const INTERVAL_SECONDS = 2;
const TOKEN = 'the-control-token';

interface AliasTracker {
  readonly serve: ServeProcess;
  readonly port: number;
  readonly controlPort: number;
  startedMs: number;
}

const trackers: AliasTracker[] = [];
afterEach(async () => {
  for (const { serve } of trackers.splice(0)) await serve.close();
});

async function create(prefix: string): Promise<AliasTracker> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const serve = new ServeProcess({
    operator: { name: 'N', networks: [{ asn: 64_500, prefixes: [prefix] }] },
    tracker: { listen: [`udp://127.0.0.1:${port}`], interval: `${INTERVAL_SECONDS}s`, minInterval: '1s' },
    upstream: { resolvers: ['127.0.0.1:9'], every: `${INTERVAL_SECONDS}s` },
    control: { listen: `http://127.0.0.1:${controlPort}`, token: TOKEN },
    logging: { level: 'warn' },
    lab: true,
  });
  const created = { serve, port, controlPort, startedMs: 0 };
  trackers.push(created);
  return created;
}

/** Each gets the torrent with the other as its tracker. */
async function startNamingEachOther(prefixes: readonly [string, string]): Promise<[AliasTracker, AliasTracker]> {
  const pair = [await create(prefixes[0]), await create(prefixes[1])] as [AliasTracker, AliasTracker];
  for (const [i, { serve }] of pair.entries()) {
    const database = openDatabase(`${serve.directory}/data/alias-tracker.sqlite`);
    const trackerTiers = [[`udp://127.0.0.1:${pair[1 - i]!.port}/announce`]];
    createCatalogue(database).store(torrentToStore(1, { trackerTiers }), Date.now());
    database.close();
  }
  await Promise.all(
    pair.map(async (each) => {
      each.startedMs = Date.now();
      await each.serve.start();
    }),
  );
  return pair;
}

async function join(
  { port }: AliasTracker,
  localAddress: string,
  event: 'none' | 'stopped' = 'none',
): Promise<string[]> {
  const answer = await announceOverUdp({
    tracker: { host: '127.0.0.1', port },
    localAddress,
    infoHash,
    peerId: `-XX0001-${localAddress}`.padEnd(20, '0').slice(0, 20),
    port: 6_881,
    event,
    leftBytes: 1_000,
  });
  return answer.peers.map(({ host }) => host).sort();
}

async function read({ controlPort }: AliasTracker, path: string): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await fetch(`http://127.0.0.1:${controlPort}${path}`, { headers })).text();
}

/** How often it has asked the other one. */
async function asked(tracker: AliasTracker): Promise<number> {
  const text = await read(tracker, '/metrics');
  return Number(/^alias_tracker_upstream_events_total\{event="answered"\} (\d+)/m.exec(text)![1]);
}

async function expectNotTooOften(tracker: AliasTracker): Promise<void> {
  const seconds = (Date.now() - tracker.startedMs) / 1_000;
  expect(await asked(tracker)).toBeLessThanOrEqual(1 + seconds / INTERVAL_SECONDS);
}

async function swarm(tracker: AliasTracker): Promise<{ leechers: number; upstreamPeers: number }> {
  const { leechers, upstreamPeers } = JSON.parse(await read(tracker, `/api/v1/swarms/${infoHash}`));
  return { leechers: leechers ?? 0, upstreamPeers: upstreamPeers ?? 0 };
}

describe('two alias trackers that name each other', () => {
  it('of two operators find each other’s clients, do not ask back, and forget who has left', async () => {
    const [first, second] = await startNamingEachOther(['127.1.0.0/16', '127.2.0.0/16']);
    // Only the first has a client: it asks for several intervals, and the second one never does.
    await eventually('the first asked twice', async () => {
      await join(first, '127.1.0.9');
      return (await asked(first)) >= 2;
    });
    expect(await asked(second)).toBe(0);
    expect((await swarm(second)).leechers).toBe(0);

    // Both have a client, and the second also a foreign one, who announces once.
    await join(second, '127.9.0.9');
    await eventually('both clients know each other', async () => {
      const known = [await join(first, '127.1.0.9'), await join(second, '127.2.0.9')];
      return known[0]!.includes('127.2.0.9') && known[1]!.includes('127.1.0.9');
    });
    await eventually('the foreign one who left is forgotten by both', async () => {
      const known = [await join(first, '127.1.0.9'), await join(second, '127.2.0.9')];
      return !known.flat().includes('127.9.0.9');
    });
    for (let turn = 0; turn < 2; turn++) {
      const before = await asked(first);
      await eventually('the next interval', async () => {
        await join(second, '127.2.0.9');
        expect(await join(first, '127.1.0.9')).not.toContain('127.9.0.9');
        return (await asked(first)) > before;
      });
      for (const each of [first, second]) {
        const { leechers, upstreamPeers } = await swarm(each);
        expect(leechers).toBe(1);
        expect(upstreamPeers).toBeLessThanOrEqual(1);
      }
    }
    for (const each of [first, second]) await expectNotTooOften(each);
  });

  it('of one operator do not take each other’s exchange for a client in need', async () => {
    const [first, second] = await startNamingEachOther(['127.0.0.0/8', '127.0.0.0/8']);
    await eventually('the first asked twice', async () => {
      await join(first, '127.1.0.9');
      return (await asked(first)) >= 2;
    });
    expect(await asked(second)).toBe(0);
    expect(await swarm(second)).toEqual({ leechers: 0, upstreamPeers: 0 });
    await expectNotTooOften(first);
  });
});
