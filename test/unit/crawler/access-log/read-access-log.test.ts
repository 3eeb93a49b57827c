import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentReader } from '../../../../src/app/document-reader.js';
import { readAccessLog } from '../../../../src/crawler/access-log/read-access-log.js';
import type { SourceOfType } from '../../../../src/crawler/source-section.js';
import { OperatorError } from '../../../../src/domain/errors.js';
import { type CrawlState, createCrawlState } from '../../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../../src/store/sqlite/database.js';

const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

describe('files', () => {
  const clock = { nowMs: () => Date.UTC(2026, 10, 22, 12) };
  let second = 0;
  /** No two lines of a log are equal. */
  const at = (): string =>
    `22/Nov/2026:10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second++ % 60).padStart(2, '0')} +0000`;
  const line = (name: string): string =>
    `10.1.2.3 - - [${at()}] "GET http://site.example/${name}.torrent HTTP/1.1" 200 5 "-" "x"\n`;
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

  const notes: string[] = [];
  interface Options extends Partial<SourceOfType<'access-log'>> {
    readonly dryRun?: boolean;
    readonly atMs?: number;
  }
  const counts = async ({ dryRun = false, atMs, ...source }: Options = {}): Promise<Record<string, number>> => {
    notes.length = 0;
    const found = await readAccessLog(
      { name: 'proxy', type: 'access-log', file, ...source },
      {
        state,
        documents,
        clock: atMs === undefined ? clock : { nowMs: () => atMs },
        dryRun,
        onNote: (note) => notes.push(note),
        signal: undefined,
      },
    );
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

  /** Time of change, as the files of a rotation have it. */
  const changedAt = (path: string, hoursAgo: number): void =>
    utimesSync(path, Date.now() / 1_000, clock.nowMs() / 1_000 - hoursAgo * 3_600);

  it.each([
    ['.1', (path: string) => renameSync(file, path)],
    ['.0', (path: string) => renameSync(file, path)],
    ['-20261122', (path: string) => renameSync(file, path)],
    ['-20261122-1795341600', (path: string) => renameSync(file, path)],
    ['.2026-11-22', (path: string) => renameSync(file, path)],
    ['.1', (path: string) => copyFileSync(file, path)],
    ['.1.gz', (path: string) => writeFileSync(path, gzipSync(readFileSync(file)))],
    ['-20261122.gz', (path: string) => writeFileSync(path, gzipSync(readFileSync(file)))],
  ])('loses and repeats nothing when the file becomes %s', async (suffix, move) => {
    writeFileSync(file, line('a') + line('a'));
    expect(await counts()).toEqual({ a: 2 });
    appendFileSync(file, line('b'));
    move(file + suffix);
    changedAt(file + suffix, 1);
    // As long as before: only its beginning tells that this is another file.
    writeFileSync(file, line('c') + line('c') + line('c') + line('c'));
    expect(await counts()).toEqual({ a: 2, b: 1, c: 4 });
    expect(await counts()).toEqual({ a: 2, b: 1, c: 4 });
  });

  it('reads every file between two crawls, the last line of a finished one too', async () => {
    writeFileSync(file, line('a'));
    await counts();
    appendFileSync(file, line('b').trimEnd());
    renameSync(file, `${file}.2`);
    changedAt(`${file}.2`, 2);
    writeFileSync(`${file}.1`, line('c'));
    changedAt(`${file}.1`, 1);
    writeFileSync(file, line('d'));
    expect(await counts()).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  });

  it('begins with the rotated files of the last week', async () => {
    const onDay = (name: string, day: string): string => line(name).replace('22/Nov', `${day}/Nov`);
    for (const [suffix, hours, text] of [
      ['.2.gz', 24 * 9, gzipSync(onDay('old', '13'))],
      ['.1', 24 * 2, onDay('old', '13') + onDay('a', '20')],
      ['', 0, onDay('b', '22')],
    ] as const) {
      writeFileSync(file + suffix, text);
      changedAt(file + suffix, hours);
    }
    expect(await counts()).toEqual({ a: 1, b: 1 });
  });

  it('reads the logs of several caches by a pattern', async () => {
    for (const cache of ['c1', 'c2', '.hidden']) {
      mkdirSync(join(directory, cache));
      writeFileSync(join(directory, cache, 'access.log'), line(cache.replace('.', '')));
      writeFileSync(join(directory, cache, 'cache.log'), line('other'));
    }
    const pattern = join(directory, '*', 'acc?ss.log*');
    expect(await counts({ file: pattern })).toEqual({ c1: 1, c2: 1 });
    const log = join(directory, 'c1', 'access.log');
    appendFileSync(log, line('d'));
    renameSync(log, `${log}.1`);
    expect(await counts({ file: pattern })).toEqual({ c1: 1, c2: 1, d: 1 });
    await expect(counts({ file: join(directory, '*.nothing') })).rejects.toThrow(/no file matches/);
  });

  it('takes numbers for caches if no file is without one, and dates for rotation', async () => {
    for (const name of ['cache-1', 'cache-2', 'edge-20261121.gz', 'edge-20261122']) {
      const text = line(name.replace(/\W/g, '_'));
      writeFileSync(join(directory, name), name.endsWith('.gz') ? gzipSync(text) : text);
      changedAt(join(directory, name), name.includes('21') ? 24 : 0);
    }
    const [caches, edges] = [join(directory, 'cache-?'), join(directory, 'edge-*')];
    await counts({ file: caches });
    appendFileSync(join(directory, 'cache-1'), line('cache_1'));
    expect(await counts({ file: caches })).toEqual({ cache_1: 2, cache_2: 1 });
    expect(await counts({ file: edges, name: 'edges' })).toEqual({ edge_20261121_gz: 1, edge_20261122: 1 });
    appendFileSync(join(directory, 'edge-20261122'), line('b'));
    writeFileSync(join(directory, 'edge-20261123'), line('c'));
    expect(await counts({ file: edges, name: 'edges' })).toMatchObject({ edge_20261122: 1, b: 1, c: 1 });
  });

  it('says how many lines it cannot read, and what to do; and reads them when that is done', async () => {
    const own = '{"verb":"GET","target":"http://site.example/a.torrent","result":200}\n';
    writeFileSync(file, own.repeat(3));
    await expect(counts()).rejects.toThrow(
      /of 3 new lines .* none is in a known format; the first is .*verb.*; set format/,
    );
    const fields = { method: 'verb', url: 'target', status: 'result' };
    expect(await counts({ fields })).toEqual({ a: 3 });
    // Nothing new is not a fault.
    expect(await counts({ fields })).toEqual({ a: 3 });
  });

  it('reads the others of several logs if one cannot be read', async () => {
    writeFileSync(join(directory, '1.log'), 'noise\n');
    writeFileSync(join(directory, '2.log'), line('a'));
    expect(await counts({ file: join(directory, '?.log') })).toEqual({ a: 1 });
    expect(notes).toEqual([expect.stringMatching(/1\.log none is in a known format; the first is "noise"/)]);
  });

  it('says that a host is missing', async () => {
    writeFileSync(file, line('a').replace('http://site.example', ''));
    expect(await counts()).toEqual({});
    expect(notes).toEqual([expect.stringMatching(/1 request for torrents without a host name; set host/)]);
  });
});
