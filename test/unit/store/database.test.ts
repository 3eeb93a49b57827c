import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { afterEach, expect, it, vi } from 'vitest';
import { openDatabase, openDatabaseOrSetAside } from '../../../src/store/sqlite/database.js';
import { lockStorage } from '../../../src/store/sqlite/instance-lock.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-database-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

it('prepares an SQL text once and keeps it, so that no statement is left to the garbage collector', () => {
  const database = openDatabase(':memory:');
  const sql = 'SELECT count(*) FROM migration WHERE name > ?';
  const first = database.prepare(sql);
  expect(database.prepare(sql)).toBe(first);
  expect(database.prepare(sql).pluck().get('')).toBeGreaterThan(0);
  expect(database.prepare('SELECT 1')).not.toBe(first);
  expect(() => database.prepare('SELECT FROM')).toThrow(/syntax error/);
  database.close();
});

it('has one migration for each number', () => {
  const numbers = readdirSync(join(import.meta.dirname, '../../../migrations'))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => Number(name.slice(0, 4)));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, at) => at + 1));
});

it('leaves no statement of pragma() to the garbage collector either', () => {
  const pragma = vi.spyOn(Database.prototype, 'pragma');
  openDatabaseOrSetAside(join(directory, 'x.sqlite')).database.close();
  expect(pragma).not.toHaveBeenCalled();
});

it('leaves no database to the garbage collector, not even that of a lock that is released or refused', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const seen: WeakRef<object>[] = [];
  const exec = Database.prototype.exec;
  Database.prototype.exec = function (this: Database.Database, sql: string) {
    seen.push(new WeakRef(this));
    return exec.call(this, sql);
  };
  try {
    const release = lockStorage(directory);
    expect(() => lockStorage(directory)).toThrow(/another alias-tracker/);
    release();
    openDatabase(join(directory, 'y.sqlite')).close();
  } finally {
    Database.prototype.exec = exec;
  }
  // A weak reference holds its object until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(seen.length).toBeGreaterThanOrEqual(3);
  expect(seen.map((each) => each.deref() !== undefined)).toEqual(seen.map(() => true));
});

it('keeps the tokens of a version that knew no viewers', () => {
  const migrations = join(import.meta.dirname, '../../../migrations');
  const run = (name: string): unknown => old.exec(readFileSync(join(migrations, name), 'utf8'));
  const old = new Database(':memory:');
  run('0002_reports.sql');
  old.exec(`INSERT INTO access_token VALUES ('a', 'probe', 'dp', '["north"]', 'hash', 1, 2)`);
  run(readdirSync(migrations).find((each) => each.endsWith('_viewer_tokens.sql'))!);
  const tokens = new TokensStore(old);
  const token = { subject: 'prometheus', subdomains: [], tokenSha256: 'other', createdMs: 5, revokedMs: null };
  tokens.add({ tokenId: 'b', kind: 'viewer', ...token });
  expect(tokens.list()).toEqual([
    { tokenId: 'b', kind: 'viewer', ...token },
    {
      tokenId: 'a',
      kind: 'probe',
      subject: 'dp',
      subdomains: ['north'],
      tokenSha256: 'hash',
      createdMs: 1,
      revokedMs: 2,
    },
  ]);
  old.close();
});

it('says of torrents that an earlier version has stored what their files are', () => {
  const migrations = join(import.meta.dirname, '../../../migrations');
  const file = join(mkdtempSync(join(tmpdir(), 'alias-tracker-database-')), 'old.sqlite');
  const old = new Database(file);
  old.exec('CREATE TABLE migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
  for (const name of readdirSync(migrations)
    .filter((each) => each < '0010')
    .sort()) {
    old.exec(readFileSync(join(migrations, name), 'utf8'));
    old.prepare("INSERT INTO migration VALUES (?, '')").run(name);
  }
  const insert = old.prepare(`
    INSERT INTO catalogue_torrent (info_hash, name, files_json, file_count, tracker_tiers_json, torrent_bytes, source, score,
      first_seen_ms, last_seen_ms, fetched_ms, search_text) VALUES (?, ?, ?, 1, '[]', x'00', 'lab', 1, 1, 1, 1, '')`);
  insert.run('1'.padStart(40, '0'), 'Film', JSON.stringify([{ path: 'a/b.mkv', bytes: 9 }]));
  insert.run('2'.padStart(40, '0'), 'link.flac', '[]');
  old.close();
  const database = openDatabase(file);
  const entries = database.prepare('SELECT kind, untracked_bytes FROM catalogue_entry ORDER BY info_hash').raw().all();
  expect(entries).toEqual([
    ['video', null],
    ['audio', null],
  ]);
  database.close();
  rmSync(join(file, '..'), { recursive: true });
});
