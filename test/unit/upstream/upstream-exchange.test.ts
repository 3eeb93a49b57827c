import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parsePrefix } from '../../../src/domain/ip-address.js';
import { outboundRules } from '../../../src/net/outbound-rules.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { ExchangeStore } from '../../../src/store/sqlite/exchange-store.js';
import { RequestSlots } from '../../../src/upstream/request-slots.js';
import { eventually } from '../../support/eventually.js';
import {
  type Closing,
  clock,
  infoHash,
  joinSwarm,
  otherHash,
  portsOf,
  startExchange,
  startNames,
  startTracker,
  textOf,
} from './original-tracker.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const request = { family: 4, want: 50 } as const;

/** An HTTP server that answers every request with the same bytes. */
async function startHttp(
  answer: (path: string) => { status?: number; headers?: Record<string, string>; body?: string | Buffer },
) {
  const paths: string[] = [];
  const server = createServer((incoming, response) => {
    paths.push(`${incoming.headers.host} ${incoming.url}`);
    const { status, headers, body } = answer(incoming.url ?? '');
    response.writeHead(status ?? 200, headers);
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return { port: (server.address() as { port: number }).port, paths };
}

describe.each(['udpUrl', 'httpUrl'] as const)('a real tracker (%s)', (kind) => {
  test('is asked as a leecher, names its peers, and is left again', async () => {
    const tracker = await startTracker(closing);
    await joinSwarm(tracker, [7001, 7002, 7003]);
    const { exchange, received } = startExchange(closing);
    const outcome = await exchange.request(infoHash, [tracker[kind]], request);
    expect(outcome).toMatchObject({ peers: 3, trackers: [{ result: 'answered', peers: 3 }] });
    expect(received).toHaveLength(1);
    expect(portsOf(received[0]!.peers)).toEqual([7001, 7002, 7003]);
    expect(received[0]).toMatchObject({ infoHash, ttlSeconds: 3_600 });

    await exchange.stop();
    expect(tracker.announces.map(({ event }) => event)).toEqual(['started', 'stopped']);
    expect(tracker.announces[0]).toMatchObject({ port: 6_999, left: 1_073_741_824, numwant: 51 });
    expect(tracker.server.torrents[infoHash]!.peers.keys).toHaveLength(3);
  });

  test('is not asked again before its interval has passed, for this torrent only', async () => {
    let nowMs = 1_000_000;
    const tracker = await startTracker(closing, { intervalMs: 600_000 });
    await joinSwarm(tracker, [7001]);
    const { exchange, received } = startExchange(closing, { clock: { nowMs: () => nowMs } });
    const ask = async (hash = infoHash) => (await exchange.request(hash, [tracker[kind]], request)).trackers[0]!.result;
    expect(await ask()).toBe('answered');
    nowMs += 599_000;
    expect(await ask()).toBe('too-soon');
    expect(await ask(otherHash)).toBe('answered');
    nowMs += 1_001;
    expect(await ask()).toBe('answered');
    expect(received.map(({ ttlSeconds }) => ttlSeconds)).toEqual([1_200, 1_200]);
  });

  test('that refuses the torrent is left alone for an hour, and others of it are asked', async () => {
    let nowMs = 0;
    const tracker = await startTracker(closing, { refuse: 'unregistered torrent' });
    const { exchange } = startExchange(closing, { clock: { nowMs: () => nowMs } });
    const ask = async (hash = infoHash) => (await exchange.request(hash, [tracker[kind]], request)).trackers[0]!;
    expect(await ask()).toMatchObject({ result: 'refused', detail: 'unregistered torrent' });
    nowMs += 3_599_000;
    expect((await ask()).result).toBe('too-soon');
    expect((await ask(otherHash)).result).toBe('refused');
  });

  test('tells what it counts', async () => {
    const tracker = await startTracker(closing);
    await joinSwarm(tracker, [7001, 7002]);
    await joinSwarm(tracker, [7003], { left: 0 });
    await joinSwarm(tracker, [7004], { infoHash: otherHash });
    const { exchange } = startExchange(closing);
    const counts = await exchange.scrape([tracker[kind]], [infoHash, otherHash]);
    expect(counts.get(infoHash)).toMatchObject({ seeders: 1, leechers: 2, tracker: tracker[kind] });
    expect(counts.get(otherHash)).toMatchObject({ seeders: 0, leechers: 1 });
  });
});

describe('several trackers', () => {
  test('are asked in turn until there are enough peers', async () => {
    const first = await startTracker(closing);
    const second = await startTracker(closing);
    const third = await startTracker(closing);
    await joinSwarm(first, [7001]);
    await joinSwarm(second, [7002, 7003]);
    const { exchange } = startExchange(closing);
    const outcome = await exchange.request(infoHash, [first.httpUrl, second.udpUrl, third.httpUrl], {
      family: 4,
      want: 2,
    });
    expect(outcome.peers).toBeGreaterThanOrEqual(2);
    expect(third.announces).toEqual([]);
  });

  test('a dead one is skipped, and asked ever more rarely', async () => {
    let nowMs = 0;
    const dead = await startHttp(() => ({ status: 500, body: 'oops' }));
    const tracker = await startTracker(closing);
    await joinSwarm(tracker, [7001]);
    const url = `http://127.0.0.1:${dead.port}/announce`;
    const { exchange } = startExchange(closing, { clock: { nowMs: () => nowMs } });
    const outcome = await exchange.request(infoHash, [url, tracker.udpUrl], request);
    expect(outcome.trackers).toMatchObject([
      { result: 'failed', detail: 'answered with HTTP status 500' },
      { result: 'answered', peers: 1 },
    ]);
    // The torrent waits; others are asked until it has failed three times. Then 1 min ± 20 %, and one of them tries it.
    const ask = async (hash: InfoHash) => (await exchange.request(hash, [url], request)).trackers[0]!.result;
    expect(await ask(infoHash)).toBe('too-soon');
    expect(await ask(otherHash)).toBe('failed');
    nowMs += 60_000;
    expect(await ask(otherHash)).toBe('failed');
    nowMs += 47_000;
    expect(await ask(infoHash)).toBe('backing-off');
    nowMs += 26_000;
    const tried = await Promise.all([infoHash, otherHash, 'c'.repeat(40) as InfoHash].map(ask));
    expect(tried.sort()).toEqual(['backing-off', 'backing-off', 'failed']);
    // 2 min ± 20 %
    nowMs += 95_000;
    expect(await ask(infoHash)).toBe('backing-off');
    expect(dead.paths).toHaveLength(4);
    expect(exchange.originals()[0]).toMatchObject({
      state: 'open',
      failures: 4,
      failure: 'answered with HTTP status 500',
    });
  });

  test('requests for the same torrent at once are one', async () => {
    const tracker = await startTracker(closing);
    await joinSwarm(tracker, [7001]);
    const { exchange, received } = startExchange(closing);
    await Promise.all(Array.from({ length: 20 }, () => exchange.request(infoHash, [tracker.httpUrl], request)));
    expect(received).toHaveLength(1);
    expect(tracker.announces.filter(({ event }) => event === 'started')).toHaveLength(1);
    expect(exchange.counters()).toMatchObject({ requests: 20, joined: 19, answered: 1 });
  });
});

describe('bounds', () => {
  test('so many at once, so many waiting, the rest is turned away', async () => {
    let active = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const slots = new RequestSlots(() => 2, 3);
    const outcomes = Array.from({ length: 7 }, (_, i) =>
      slots.run(async () => {
        most = Math.max(most, ++active);
        await new Promise<void>((resolve) => release.push(resolve));
        active--;
        if (i === 0) throw new Error('one fails');
        return i;
      }),
    );
    const settled = Promise.allSettled(outcomes);
    for (let i = 0; i < 5; i++) {
      while (release.length === 0) await new Promise((resolve) => setImmediate(resolve));
      release.shift()!();
    }
    expect((await settled).map((each) => (each.status === 'fulfilled' ? each.value : 'failed'))).toEqual([
      'failed',
      1,
      2,
      3,
      4,
      undefined,
      undefined,
    ]);
    expect(most).toBe(2);
  });

  test('stopping does not wait for trackers that say nothing', async () => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.push(
      () =>
        new Promise((resolve) => {
          silent.closeAllConnections();
          silent.close(resolve);
        }),
    );
    const { port } = silent.address() as { port: number };
    const { exchange } = startExchange(closing);
    const outcome = exchange.request(infoHash, [`http://127.0.0.1:${port}/announce`], request);
    const scrape = exchange.scrape([`http://127.0.0.1:${port}/announce`], [infoHash]);
    await once(silent, 'request');
    await exchange.stop();
    expect((await outcome).trackers[0]!.result).toBe('failed');
    expect((await scrape).size).toBe(0);
    expect(await exchange.request(infoHash, [], request)).toMatchObject({ skipped: 'stopped' });
  });
});

describe('what is never asked', () => {
  test('machines inside, unless this is the lab', async () => {
    const tracker = await startTracker(closing);
    const names = await startNames(closing, { 'inside.example': { address: '127.0.0.1' } });
    const blockedReason = outboundRules({
      lab: false,
      ownNetworks: () => [parsePrefix('5.5.5.0/24')],
      ownAddresses: () => [],
      isOwnListener: () => false,
    });
    const { exchange } = startExchange(closing, { lab: false, blockedReason, resolver: names.resolver });
    const port = new URL(tracker.httpUrl).port;
    const urls = [
      tracker.httpUrl,
      tracker.udpUrl,
      `http://inside.example:${port}/announce`,
      'http://[::1]/announce',
      'http://0x7f000001/a',
      'http://5.5.5.5/announce',
      'udp://[::ffff:5.5.5.5]:6969/announce',
    ];
    const outcome = await exchange.request(infoHash, urls, request);
    expect(outcome.trackers.map(({ result }) => result)).toEqual(urls.map(() => 'blocked-address'));
    expect(tracker.announces).toEqual([]);
  });

  test('an invalid tracker URL', async () => {
    const { exchange } = startExchange(closing);
    const outcome = await exchange.request(
      infoHash,
      ['wss://tracker.example', 'nonsense', 'file:///etc/passwd'],
      request,
    );
    expect(outcome.trackers.map(({ result }) => result)).toEqual([
      'unsupported-protocol',
      'bad-url',
      'unsupported-protocol',
    ]);
  });

  test('trackers that deny it by BEP 34', async () => {
    const tracker = await startTracker(closing);
    const port = new URL(tracker.httpUrl).port;
    const names = await startNames(closing, {
      'denied.example': { address: '127.0.0.1', text: 'BITTORRENT DENY ALL' },
      'other.example': { address: '127.0.0.1', text: 'BITTORRENT UDP:1 TCP:2' },
      'allowed.example': { address: '127.0.0.1', text: `BITTORRENT UDP:1 TCP:${port}` },
    });
    const { exchange } = startExchange(closing, { resolver: names.resolver });
    const urls = ['denied', 'other', 'allowed'].map((name) => `http://${name}.example:${port}/announce`);
    const outcome = await exchange.request(infoHash, urls, request);
    expect(outcome.trackers.map(({ result }) => result)).toEqual([
      'denied-by-tracker',
      'denied-by-tracker',
      'answered',
    ]);
  });
});

describe('hostile answers over HTTP', () => {
  test.each([
    ['a failure reason that is a number', 'd14:failure reasoni5ee', 'refused'],
    ['peers that are a number', 'd8:intervali1800e5:peersi7ee', 'answered'],
    ['peers of nonsense', 'd8:intervali1800e5:peersli1ele3:abcd2:ipi4e4:porti1eeee', 'answered'],
    ['an interval of ages', 'd8:intervali99999999999e5:peers0:e', 'answered'],
    ['no dictionary', 'i42e', 'failed'],
    ['deep nesting', 'l'.repeat(100_000), 'failed'],
    ['cut short', 'd5:peers600:abc', 'failed'],
    ['nothing', '', 'failed'],
    ['too much', `d5:peers300000:${'x'.repeat(300_000)}e`, 'failed'],
  ])('%s', async (_, body, result) => {
    const { port } = await startHttp(() => ({ body }));
    const { exchange, received } = startExchange(closing);
    const outcome = await exchange.request(infoHash, [`http://127.0.0.1:${port}/announce`], request);
    expect(outcome.trackers[0]!.result).toBe(result);
    expect(received).toEqual([]);
  });

  test('a redirect to this alias tracker, to a machine inside or in a circle is not followed', async () => {
    const own = await startTracker(closing);
    const ownPort = Number(new URL(own.httpUrl).port);
    const { port } = await startHttp((path) => ({
      status: 302,
      headers: { location: path.startsWith('/circle') ? '/circle' : own.httpUrl },
    }));
    const { exchange } = startExchange(closing, { ownEndpoints: () => [{ host: '127.0.0.1', port: ownPort }] });
    const base = `http://127.0.0.1:${port}`;
    const circle = `http://[::ffff:127.0.0.1]:${port}/circle`; // by another name, so that it is not left alone yet
    const outcome = await exchange.request(infoHash, [`${base}/announce`, circle], request);
    expect(outcome.trackers.map(({ result }) => result)).toEqual(['own-address', 'failed']);
    expect(own.announces).toEqual([]);
    // It was contacted for nothing, so the torrent waits as after a failure.
    expect((await exchange.request(infoHash, [`${base}/announce`], request)).trackers[0]!.result).toBe('too-soon');
  });

  test('a redirect elsewhere is followed with its name in the Host header', async () => {
    const tracker = await startHttp(() => ({ body: 'd8:intervali1800e5:peers6:\x7f\x00\x00\x05\x1b\x58e' }));
    const names = await startNames(closing, {
      'old.example': { address: '127.0.0.1' },
      'new.example': { address: '127.0.0.1' },
    });
    const old = await startHttp((path) => ({
      status: 301,
      headers: { location: `http://new.example:${tracker.port}${path}` },
    }));
    const { exchange, received } = startExchange(closing, { resolver: names.resolver });
    await exchange.request(infoHash, [`http://old.example:${old.port}/announce?passkey=x`], request);
    expect(old.paths[0]).toMatch(new RegExp(`^old\\.example:${old.port} /announce\\?passkey=x&info_hash=(%AA){20}&`));
    expect(tracker.paths[0]).toMatch(new RegExp(`^new\\.example:${tracker.port} /announce\\?passkey=x&info_hash=`));
    expect(textOf(received[0]!.peers)).toEqual(['127.0.0.5:7000']);
  });
});

describe('for each original', () => {
  const hash = (n: number) => n.toString(16).padStart(40, '0') as InfoHash;
  const many = (count: number) => Array.from({ length: count }, (_, n) => hash(n));

  test('no more requests at once than the limit says, which may change', async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer((incoming, response) => {
      if (incoming.url!.includes('event=stopped')) response.end('d8:intervali1800e5:peers0:e');
      else waiting.push(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/announce`;
    let concurrentRequests = 3;
    const limits = () => ({ requestsPerSecond: 1_000, concurrentRequests, requestsPerHour: 100 });
    const { exchange } = startExchange(closing, { limits });
    const answered = Promise.all(many(8).map((each) => exchange.request(each, [url], request)));
    const answerAll = () => {
      for (const response of waiting.splice(0)) response.end('d8:intervali1800e5:peers0:e');
    };
    await eventually('three wait', () => waiting.length === 3);
    expect(exchange.originals()[0]).toMatchObject({ active: 3, waiting: 5 });
    concurrentRequests = 2;
    answerAll();
    await eventually('two wait', () => waiting.length === 2);
    for (let turn = 0; turn < 2; turn++) {
      answerAll();
      await eventually('the next ones wait', () => waiting.length > 0);
      expect(waiting.length).toBeLessThanOrEqual(2);
    }
    answerAll();
    await eventually('all are answered', () => {
      answerAll();
      return exchange.counters().answered === 8;
    });
    await answered;
  });

  test('a budget for the hour, after which it is left alone until the next one; other originals are asked', async () => {
    let nowMs = 1_000_000;
    const [first, second] = [await startTracker(closing), await startTracker(closing)];
    const limits = () => ({ requestsPerSecond: 1_000, concurrentRequests: 8, requestsPerHour: 3 });
    const { exchange } = startExchange(closing, { limits, clock: { nowMs: () => nowMs } });
    const results: string[] = [];
    for (const each of many(5)) {
      const { trackers } = await exchange.request(each, [first.udpUrl, second.udpUrl], { family: 4, want: 1 });
      results.push(trackers.map(({ result }) => result).join(' '));
    }
    expect(results).toEqual([
      ...Array.from({ length: 3 }, () => 'answered answered'),
      'over-budget over-budget',
      'over-budget over-budget',
    ]);
    expect(exchange.originals().map(({ budgetLeft }) => budgetLeft)).toEqual([0, 0]);
    nowMs += 3_600_000;
    expect((await exchange.request(hash(9), [first.udpUrl], request)).trackers[0]!.result).toBe('answered');
  });

  test('one that refuses is not asked again before `upstream.every`, although it says that it may be retried earlier (BEP 31)', async () => {
    const { port } = await startHttp(() => ({ body: 'd14:failure reason4:full8:retry ini5ee' }));
    const { exchange } = startExchange(closing, { minIntervalSeconds: 900 });
    const { againMs } = await exchange.request(infoHash, [`http://127.0.0.1:${port}/announce`], request);
    expect(againMs).toBe(clock.nowMs() + 900_000);
  });

  test('one that speaks UDP is asked for a connection id once', async () => {
    const tracker = await startTracker(closing);
    let connects = 0;
    const relay = createSocket('udp4');
    closing.push(() => new Promise((resolve) => relay.close(() => resolve(undefined))));
    relay.bind(0, '127.0.0.1');
    await once(relay, 'listening');
    relay.on('message', (packet, from) => {
      if (packet.length === 16) connects++;
      const onward = createSocket('udp4');
      onward.on('message', (answer) => {
        onward.close();
        relay.send(answer, from.port, from.address);
      });
      onward.send(packet, Number(new URL(tracker.udpUrl).port), '127.0.0.1');
    });
    const { exchange } = startExchange(closing);
    const url = `udp://127.0.0.1:${relay.address().port}/announce`;
    for (const hash of [infoHash, otherHash]) await exchange.request(hash, [url], request);
    await exchange.scrape([url], [infoHash]);
    await exchange.stop();
    expect(tracker.announces.map(({ event }) => event).sort()).toEqual(['started', 'started', 'stopped', 'stopped']);
    expect(connects).toBe(1);
  });

  test('one that has only IPv4 is asked once for clients of both families', async () => {
    const tracker = await startTracker(closing);
    const { exchange } = startExchange(closing);
    expect((await exchange.request(infoHash, [tracker.udpUrl], request)).trackers[0]!.result).toBe('answered');
    const other = await exchange.request(infoHash, [tracker.udpUrl], { ...request, family: 6 });
    expect(other.trackers[0]!.result).toBe('too-soon');
  });

  test('what it knows survives a restart: intervals, failures and budget', async () => {
    let nowMs = 1_000_000;
    const store = new ExchangeStore(openDatabase(':memory:'));
    const tracker = await startTracker(closing);
    const dead = await startHttp(() => ({ status: 500 }));
    const urls = [`http://127.0.0.1:${dead.port}/announce`, tracker.httpUrl];
    const options = {
      store,
      clock: { nowMs: () => nowMs },
      limits: () => ({ requestsPerSecond: 1_000, concurrentRequests: 8, requestsPerHour: 4 }),
    };
    const first = startExchange(closing, options).exchange;
    for (const each of many(3)) await first.request(each, urls, request);
    await first.stop();

    nowMs += 10_000;
    const second = startExchange(closing, options).exchange;
    const before = second.originals();
    expect(before.map(({ name, state, failures }) => ({ name, state, failures }))).toEqual(
      expect.arrayContaining([
        { name: `http://127.0.0.1:${dead.port}`, state: 'open', failures: 3 },
        { name: new URL(tracker.httpUrl).origin, state: 'closed', failures: 0 },
      ]),
    );
    const ask = async (each: InfoHash) =>
      (await second.request(each, urls, request)).trackers.map(({ result }) => result);
    expect(await ask(hash(0))).toEqual(['backing-off', 'too-soon']);
    expect(await ask(hash(3))).toEqual(['backing-off', 'answered']);
    expect(await ask(hash(4))).toEqual(['backing-off', 'over-budget']);
    nowMs += 3_600_000;
    expect(await ask(hash(0))).toEqual(['failed', 'answered']);
  });

  test('a torrent that has had peers does not wait before those that have none', async () => {
    const tracker = await startTracker(closing);
    const limits = () => ({ requestsPerSecond: 4, concurrentRequests: 8, requestsPerHour: 100 });
    const { exchange } = startExchange(closing, { limits });
    const ask = async (n: number, isRepeated: boolean) =>
      (await exchange.request(hash(n), [tracker.udpUrl], { ...request, isRepeated })).trackers[0]!.result;
    for (let n = 1; n <= 4; n++) expect(await ask(n, true)).toBe('answered');
    expect(await ask(5, true)).toBe('busy');
    expect(await ask(5, false)).toBe('answered');
  });

  test('a torrent with a second original does not wait for the first, where many wait', async () => {
    const [first, second] = [await startTracker(closing), await startTracker(closing)];
    const limits = () => ({ requestsPerSecond: 0.5, concurrentRequests: 8, requestsPerHour: 100 });
    const { exchange } = startExchange(closing, { limits });
    await exchange.request(hash(1), [first.udpUrl], request);
    await joinSwarm(second, [7001]);
    const outcome = await exchange.request(infoHash, [first.udpUrl, second.udpUrl], { family: 4, want: 1 });
    expect(outcome.trackers.map(({ url, result }) => [url, result])).toEqual([[second.udpUrl, 'answered']]);
  });
});

describe('which peers are handed on', () => {
  const compact = (...peers: [number, number, number, number, number][]) =>
    Buffer.concat(peers.map(([a, b, c, d, port]) => Buffer.of(a, b, c, d, port >> 8, port & 255)));

  test('all that it names, of both families, but not who asks', async () => {
    const peers = compact([8, 8, 8, 8, 80], [9, 9, 9, 9, 0], [127, 0, 0, 1, 6999]);
    const peers6 = Buffer.from('2a0000000000000000000000000000011f90fd00000000000000000000000000000150', 'hex');
    const body = Buffer.concat([
      Buffer.from(`d8:intervali1800e5:peers${peers.length}:`),
      peers,
      Buffer.from(`6:peers6${peers6.length}:`),
      peers6,
      Buffer.from('e'),
    ]);
    const { port } = await startHttp(() => ({ body }));
    const { exchange, received } = startExchange(closing);
    await exchange.request(infoHash, [`http://127.0.0.1:${port}/announce`], request);
    expect(textOf(received[0]!.peers)).toEqual(['2a00::1:8080', '8.8.8.8:80']);
  });

  test('count only where they are taken: else the next tracker is asked', async () => {
    const body = Buffer.concat([
      Buffer.from('d8:intervali1800e5:peers12:'),
      compact([8, 8, 8, 8, 80], [10, 0, 0, 1, 80]),
      Buffer.from('e'),
    ]);
    const first = await startHttp(() => ({ body }));
    const second = await startHttp(() => ({ body }));
    const { exchange } = startExchange(closing, { onPeers: async (_hash, named) => named.length - 1 });
    const urls = [first, second].map(({ port }) => `http://127.0.0.1:${port}/announce`);
    const outcome = await exchange.request(infoHash, urls, { ...request, want: 2 });
    expect(outcome.peers).toBe(2);
    expect(outcome.trackers.map((tracker) => tracker.peers)).toEqual([1, 1]);
    expect(exchange.counters().peers).toBe(2);
  });
});
