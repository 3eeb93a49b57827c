import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/database.js';

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
