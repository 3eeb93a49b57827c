import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentReader } from '../../../../src/app/document-reader.js';
import { type LogListener, startLogListener } from '../../../../src/crawler/access-log/log-listener.js';
import type { SourceOfType } from '../../../../src/crawler/source-section.js';
import { OperatorError } from '../../../../src/domain/errors.js';
import { parsePrefix } from '../../../../src/domain/ip-address.js';
import { type CrawlState, createCrawlState } from '../../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../../src/store/sqlite/database.js';

const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

const nowMs = Date.UTC(2026, 10, 22, 12);
const line = (name: string): string =>
  `1795341600.123 45 10.1.2.3 TCP_MISS/200 14321 GET http://site.example/${name}.torrent - HIER_DIRECT/192.0.2.1 text/html`;

describe('a listener for lines of an access log', () => {
  let database: SqliteDatabase;
  let state: CrawlState;
  let listener: LogListener | undefined;
  let problems: string[];
  beforeEach(() => {
    database = openDatabase(':memory:');
    state = createCrawlState(database);
    problems = [];
  });
  afterEach(async () => {
    await listener?.stop();
    database.close();
  });

  const start = async (source: Partial<SourceOfType<'access-log'>> = {}, port = 0): Promise<LogListener> =>
    startLogListener(
      { host: '127.0.0.1', port },
      {
        source: { name: 'squid', type: 'access-log', ...source },
        state,
        documents,
        clock: { nowMs: () => nowMs },
        isIpv6Only: false,
        onProblem: (problem) => problems.push(problem),
        onError: (error) => problems.push(error.message),
      },
    );

  /** Sends datagrams from this address, and waits until the listener has stored them. */
  const send = async (datagrams: readonly (string | Buffer)[], from = '127.0.0.1'): Promise<Map<string, number>> => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    for (const datagram of datagrams) {
      await new Promise((resolve) => socket.send(datagram, listener!.port, '127.0.0.1', resolve));
    }
    socket.close();
    // Datagrams on loopback are delivered when they are sent; the listener reads them in a turn of the loop.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await listener!.flush();
    return state.requests('squid', 0);
  };

  it('counts lines with and without an end, several in a datagram, and after a prefix of syslog', async () => {
    listener = await start();
    const requests = await send([
      line('a'),
      `${line('a')}\n${line('b')}\n`,
      `<134>Nov 22 10:00:00 h squid: ${line('b')}`,
    ]);
    expect(Object.fromEntries(requests)).toEqual({
      'http://site.example/a.torrent': 2,
      'http://site.example/b.torrent': 2,
    });
    expect(problems).toEqual([]);
  });

  it('hears only this machine, or whom the operator allows', async () => {
    listener = await start({ from: [parsePrefix('127.0.0.9/32')] });
    expect((await send([line('a')], '127.0.0.8')).size).toBe(0);
    expect((await send([line('a')], '127.0.0.9')).size).toBe(1);
  });

  it('says once that nothing can be read, and goes on', async () => {
    listener = await start();
    await send(['noise']);
    await send([Buffer.alloc(60_000, 0xff)]);
    expect(problems).toEqual([
      expect.stringMatching(/squid: of 1 new line .* none is in a known format; the first is "noise"/),
    ]);
    expect((await send([line('a')])).size).toBe(1);
  });

  it('drops what comes faster than it can be read, and says so', async () => {
    listener = await start();
    const full = Buffer.from(`${line('a')}\n`.repeat(400));
    const { requests } = { requests: await send(Array.from({ length: 30 }, () => full)) };
    expect(requests.size).toBe(1);
    // More than may wait: the queue is full before it is counted.
    const socket = createSocket('udp4');
    for (let i = 0; i < 400; i++) {
      await new Promise((resolve) => socket.send(full, listener!.port, '127.0.0.1', resolve));
    }
    socket.close();
    await listener.flush();
    await send([line('b')]);
    expect(problems.every((problem) => /dropped \d+ datagrams: lines arrive faster/.test(problem))).toBe(true);
  });

  it('stores what has arrived before it stops, and may be stopped twice', async () => {
    listener = await start();
    await send([line('a')]);
    await listener.stop();
    await listener.stop();
    expect(state.requests('squid', 0).size).toBe(1);
  });

  it('says which key names a port that is taken', async () => {
    listener = await start();
    const second = start({}, listener.port);
    await expect(second).rejects.toThrow(OperatorError);
    await expect(second).rejects.toThrow(/crawler\.sources \(squid\)\.listen: cannot listen/);
  });
});
