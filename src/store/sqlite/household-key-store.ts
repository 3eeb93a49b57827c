/** Stores the key that puts households into their groups (migration 0021). */
import { randomBytes } from 'node:crypto';
import type { SqliteDatabase } from './database.js';

/** The stored key, or a new one, which is stored. @param words of 32 bits */
export function householdKey(database: SqliteDatabase, words: number): Uint32Array {
  const insert = database.prepare<[Buffer]>('INSERT OR IGNORE INTO household_key (id, key) VALUES (1, ?)');
  insert.run(randomBytes(words * 4));
  const row = database.prepare<[], { key: Buffer }>('SELECT key FROM household_key WHERE id = 1').get();
  if (row === undefined) throw new Error('the key of households was not stored');
  return Uint32Array.from({ length: words }, (_, i) => row.key.readUInt32LE(4 * i));
}
