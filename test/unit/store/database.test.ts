import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { afterEach, expect, it, vi } from 'vitest';
import { openDatabase, openDatabaseOrSetAside } from '../../../src/store/sqlite/database.js';
import { lockStorage } from '../../../src/store/sqlite/instance-lock.js';

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
