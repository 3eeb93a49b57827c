import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import { torrentOfLogLine } from '../../../src/crawler/access-log-line.js';
import { readAccessLog } from '../../../src/crawler/access-log-source.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { type CrawlState, createCrawlState } from '../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';

const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

const hash = 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36';
const escaped = hash.replace(/../g, '%$&');

describe('lines', () => {
  it.each([
    [
      'squid',
      '1763805600.123    45 10.1.2.3 TCP_MISS/200 14321 GET http://site.example/d/1.torrent - HIER_DIRECT/192.0.2.1 text/html',
      'http://site.example/d/1.torrent',
    ],
    [
      'squid, by content type',
      '1763805600.123 45 10.1.2.3 TCP_HIT/200 14321 GET http://site.example/get?id=4 user HIER_NONE/- application/x-bittorrent',
      'http://site.example/get?id=4',
    ],
    [
      'combined of a proxy',
      '10.1.2.3 - - [22/Nov/2026:10:00:00 +0000] "GET http://site.example/a.torrent?x=1 HTTP/1.1" 200 5120 "-" "Firefox"',
      'http://site.example/a.torrent?x=1',
    ],
    [
      'common with a virtual host',
      'site.example:80 10.1.2.3 - - [22/Nov/2026:10:00:00 +0000] "GET /a.torrent HTTP/1.1" 304 0',
      'http://site.example/a.torrent',
    ],
    [
      'an announce',
      `1763805600.123 45 10.1.2.3 TCP_MISS/200 300 GET http://t.example/announce?peer_id=x&info_hash=${escaped}&port=1 - HIER_DIRECT/192.0.2.1 text/plain`,
      `urn:btih:${hash}`,
    ],
    ['a page', '1763805600.1 45 10.1.2.3 TCP_MISS/200 1 GET http://site.example/ - HIER_DIRECT/1 text/html', undefined],
    ['a refusal', '10.1.2.3 - - [x] "GET http://site.example/a.torrent HTTP/1.1" 404 0', undefined],
    ['a tunnel', '1763805600.1 45 10.1.2.3 TCP_TUNNEL/200 1 CONNECT site.example:443 - HIER_DIRECT/1 -', undefined],
    ['a path without a host', '10.1.2.3 - - [x] "GET /a.torrent HTTP/1.1" 200 5', undefined],
    ['a script', '10.1.2.3 - - [x] "GET javascript:x.torrent HTTP/1.1" 200 5', undefined],
    ['noise', '\u0000\u0001 "" [[[ 200', undefined],
  ])('%s', (_what, line, target) => {
    expect(torrentOfLogLine(line)).toBe(target);
  });
});

describe('files', () => {
  const clock = { nowMs: () => Date.UTC(2026, 10, 22, 12) };
  const line = (name: string): string =>
    `10.1.2.3 - - [x] "GET http://site.example/${name}.torrent HTTP/1.1" 200 5 "-" "x"\n`;
  let directory: string;
  let file: string;
  let database: SqliteDatabase;
  let state: CrawlState;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'access-log-'));
    file = join(directory, 'access.log');
    database = openDatabase(':memory:');
    state = createCrawlState(database);
  });
  afterEach(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  const counts = async (options: { dryRun?: boolean; atMs?: number } = {}): Promise<Record<string, number>> => {
    const at = options.atMs === undefined ? clock : { nowMs: () => options.atMs! };
    const found = await readAccessLog({
      file,
      source: 'proxy',
      state,
      documents,
      clock: at,
      dryRun: options.dryRun ?? false,
    });
    return Object.fromEntries(
      found.map((c) => [/(\w+)\.torrent/.exec(c.torrentUrls[0] ?? '')?.[1], c.innerRequests ?? 0]),
    );
  };

  it('counts each line once, however often it is read', async () => {
    writeFileSync(file, line('a') + line('b') + line('a'));
    expect(await counts()).toEqual({ a: 2, b: 1 });
    expect(await counts()).toEqual({ a: 2, b: 1 });
    appendFileSync(file, line('b'));
    expect(await counts()).toEqual({ a: 2, b: 2 });
  });

  it('waits for the end of a line that is being written', async () => {
    const [start, end] = [line('a').slice(0, 40), line('a').slice(40)];
    writeFileSync(file, line('b') + start);
    expect(await counts()).toEqual({ b: 1 });
    appendFileSync(file, end);
    expect(await counts()).toEqual({ a: 1, b: 1 });
  });

  it('loses nothing when the file is rotated, nor when it is emptied in place', async () => {
    writeFileSync(file, line('a'));
    await counts();
    appendFileSync(file, line('b'));
    renameSync(file, `${file}.1`);
    writeFileSync(file, line('c'));
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1 });
    truncateSync(file);
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1 });
    appendFileSync(file, line('d'));
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  });

  it('steps over a line without end', async () => {
    writeFileSync(file, `${line('a')}${'x'.repeat(3_000_000)}\n${line('b')}`);
    expect(await counts()).toEqual({ a: 1, b: 1 });
  });

  it('forgets what was wanted more than a week ago, and remembers nothing of a dry run', async () => {
    writeFileSync(file, line('a'));
    expect(await counts({ dryRun: true })).toEqual({ a: 1 });
    expect(await counts()).toEqual({ a: 1 });
    expect(await counts({ atMs: clock.nowMs() + 9 * 86_400_000 })).toEqual({});
  });

  it('says which log it cannot read', async () => {
    await expect(counts()).rejects.toThrow(OperatorError);
    await expect(counts()).rejects.toThrow(file);
  });
});
