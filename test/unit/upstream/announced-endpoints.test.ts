/**
 * What real trackers list when the endpoint of a cache is announced. The exchange stays only where the cache itself is listed.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { ServingEndpoint } from '../../../src/upstream/announced-endpoints.js';
import { eventually } from '../../support/eventually.js';
import { LAB_CONFIG, startLabApp } from '../../support/lab-app.js';
import { startOpentracker } from '../../support/opentracker.js';
import { requireProgram } from '../../support/real-program.js';
import {
  type Closing,
  infoHash,
  joinSwarm,
  otherHash,
  startExchange,
  startTracker,
  textOf,
} from './original-tracker.js';

const opentracker = requireProgram('opentracker');
const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const CACHE: ServingEndpoint = { address: parseIp('127.9.0.5'), port: 51_413 };
const request = { family: 4, want: 50 } as const;

/** An exchange whose cache serves every torrent until it is told otherwise. */
function startWithCache(clock = { nowMs: () => Date.now() }) {
  const world = { cache: CACHE as ServingEndpoint | undefined };
  const started = startExchange(closing, { clock, endpointToAnnounce: () => world.cache });
  return { ...started, world };
}

/** What a tracker lists now, asked as somebody else. */
async function listed(announceUrl: string, hash: InfoHash = infoHash): Promise<string[]> {
  const id = encodeURIComponent('-LOOK00-000000000001');
  const url = `${announceUrl}?info_hash=${hash.replace(/../g, '%$&')}&peer_id=${id}&port=9&uploaded=0&downloaded=0&left=1&compact=1`;
  const body = Buffer.from(await (await fetch(url)).arrayBuffer());
  await (await fetch(`${url}&event=stopped`)).arrayBuffer();
  const at = body.indexOf('5:peers');
  const [, length = '0'] = /^5:peers(\d+):/.exec(body.toString('latin1', at, at + 20)) ?? [];
  const start = at + '5:peers'.length + length.length + 1;
  const peers: string[] = [];
  for (let i = 0; i < Number(length); i += 6) {
    const peer = body.subarray(start + i, start + i + 6);
    peers.push(`${peer.subarray(0, 4).join('.')}:${peer.readUInt16BE(4)}`);
  }
  return peers.filter((peer) => peer !== '127.0.0.1:9').sort();
}

describe.each(['udp', 'http'] as const)('an alias tracker that trusts us (%s)', (protocol) => {
  test('takes the address: the cache stays, is announced again as a known peer, and leaves when it serves no more', async () => {
    const trusting = LAB_CONFIG.replace('tracker: {', 'tracker: { trustedNetworks: [127.0.0.0/8],');
    const running = await startLabApp(`${trusting}\nupstream: { exchange: false }`);
    closing.push(() => running.stop());
    let nowMs = Date.now();
    const { exchange, world } = startWithCache({ nowMs: () => nowMs });
    const { host, port } = running.endpoint('tracker', protocol);
    const url = `${protocol}://${host}:${port}/announce`;
    const listed = async () => (await running.announce('127.30.0.8', { infoHash, event: 'none' })).hosts;
    const leechers = async (): Promise<number> =>
      ((await running.call('GET', `/api/v1/swarms/${infoHash}`)).json as { leechers: number }).leechers;

    const request = () => exchange.request(infoHash, [url], { family: 4, want: 50 });
    expect((await request()).trackers[0]!.result).toBe('answered');
    await eventually('the exchange knows it', () => exchange.announcedEndpoints === 1);
    expect(await listed()).toContain('127.9.0.5');
    nowMs += 301_000;
    expect((await request()).trackers[0]!.result).toBe('answered');
    expect(await leechers()).toBe(2);
    exchange.review();
    expect(exchange.announcedEndpoints).toBe(1);

    world.cache = undefined;
    exchange.review();
    expect(exchange.announcedEndpoints).toBe(0);
    await eventually('it left', async () => (await leechers()) === 1);
  });
});

describe("bittorrent-tracker's server", () => {
  test('ignores it over HTTP: the exchange leaves, and announces no cache to it for a day', async () => {
    let nowMs = Date.now();
    const tracker = await startTracker(closing);
    const { exchange } = startWithCache({ nowMs: () => nowMs });
    const started = async (hash: InfoHash): Promise<string> => {
      tracker.announces.length = 0;
      await exchange.request(hash, [tracker.httpUrl], request);
      await eventually('it left', () => tracker.announces.some(({ event }) => event === 'stopped'));
      return tracker.announces.find(({ event }) => event === 'started')!.addr;
    };
    expect(await started(infoHash)).toBe('127.0.0.1:51413');
    expect(await listed(tracker.httpUrl)).toEqual([]);
    expect(await started(otherHash)).toBe('127.0.0.1:6999');
    nowMs += 86_400_001;
    expect(await started('c'.repeat(40) as InfoHash)).toBe('127.0.0.1:51413');
    expect(exchange.announcedEndpoints).toBe(0);
  });

  test('misreads it over UDP and lists neither address: the exchange leaves, and gets the other peers', async () => {
    const tracker = await startTracker(closing);
    await joinSwarm(tracker, [7001]);
    const { exchange, received } = startWithCache();
    await exchange.request(infoHash, [tracker.udpUrl], request);
    expect(textOf(received[0]!.peers)).toEqual(['127.0.0.1:7001']);
    await exchange.stop();
    expect(exchange.announcedEndpoints).toBe(0);
    expect(tracker.server.torrents[infoHash]!.peers.keys).toEqual(['127.0.0.1:7001']);
  });
});

describe.skipIf(opentracker === undefined)('opentracker', () => {
  test.each(['http', 'udp'])('ignores it over %s: the exchange leaves', async (protocol) => {
    const tracker = await startOpentracker([infoHash, otherHash], closing);
    const { exchange } = startWithCache();
    const url = `${protocol}://${tracker.host}:${tracker.port}/announce`;
    const { trackers } = await exchange.request(infoHash, [url], request);
    expect(trackers[0]!.result).toBe('answered');
    await exchange.stop();
    expect(exchange.announcedEndpoints).toBe(0);
    expect(await listed(`http://${tracker.host}:${tracker.port}/announce`)).toEqual([]);
  });
});

describe('a tracker that does not list the peer that asks', () => {
  /** Lists the others, at `ip=` or at the sender's address. */
  async function startQuiet(takesAddress: boolean) {
    const peers = new Map<string, { host: string; port: number }>();
    const announces: string[] = [];
    const server = createServer((incoming, response) => {
      const query = new URL(incoming.url!.replace(/info_hash=[^&]*&peer_id=/, 'peer_id='), 'http://t').searchParams;
      const id = /peer_id=([^&]*)/.exec(incoming.url!)![1]!;
      announces.push(`${query.get('event') ?? 'none'} ${query.get('port')} ${query.get('ip') ?? '-'}`);
      if (query.get('event') === 'stopped') peers.delete(id);
      else peers.set(id, { host: (takesAddress && query.get('ip')) || '127.0.0.1', port: Number(query.get('port')) });
      const others = [...peers].filter(([other]) => other !== id).map(([, peer]) => peer);
      const compact = Buffer.concat(
        others.map(({ host, port }) => Buffer.from([...host.split('.').map(Number), port >> 8, port & 255])),
      );
      response.end(
        Buffer.concat([Buffer.from(`d8:intervali1800e5:peers${compact.length}:`), compact, Buffer.from('e')]),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/announce`, peers, announces };
  }

  test('is looked at once as another peer, and the cache stays where that one sees it', async () => {
    const { url, peers, announces } = await startQuiet(true);
    const { exchange } = startWithCache();
    await exchange.request(infoHash, [url], request);
    await eventually('the exchange knows it', () => exchange.announcedEndpoints === 1);
    await eventually('the looker left', () => announces.length === 3);
    expect(announces).toEqual(['started 51413 127.9.0.5', 'started 6999 -', 'stopped 6999 -']);
    expect([...peers.values()]).toEqual([{ host: '127.9.0.5', port: 51_413 }]);
    await exchange.request(otherHash, [url], request);
    await eventually('the second torrent', () => exchange.announcedEndpoints === 2);
    expect(announces.slice(3)).toEqual(['started 51413 127.9.0.5']);
  });

  test('is looked at once, also if several torrents are announced to it at the same time', async () => {
    const { url, announces } = await startQuiet(true);
    const { exchange } = startWithCache();
    await Promise.all([infoHash, otherHash].map((hash) => exchange.request(hash, [url], request)));
    await exchange.stop();
    expect(announces.filter((each) => each === 'started 6999 -')).toHaveLength(1);
  });

  test('is left where that one sees our own address', async () => {
    const { url, peers, announces } = await startQuiet(false);
    const { exchange } = startWithCache();
    await exchange.request(infoHash, [url], request);
    await eventually('it left', () => announces.length === 4 && peers.size === 0);
    expect(announces.at(-1)).toBe('stopped 51413 127.9.0.5');
    expect(exchange.announcedEndpoints).toBe(0);
  });
});

test('without a cache nobody is left in the swarm', async () => {
  const tracker = await startTracker(closing);
  await joinSwarm(tracker, [7001]);
  const { exchange } = startExchange(closing);
  await exchange.request(infoHash, [tracker.udpUrl], request);
  await exchange.stop();
  expect(await listed(tracker.httpUrl)).toEqual(['127.0.0.1:7001']);
});
