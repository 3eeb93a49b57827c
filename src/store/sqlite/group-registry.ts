/** Stores the numbers of locality groups in the table `locality_group` (migration 0003). */
import type { GroupNameStore } from '../../domain/locality-group.js';
import type { SqliteDatabase } from './database.js';

export function sqliteGroupStore(database: SqliteDatabase): GroupNameStore {
  const select = database.prepare<[], { number: number; name: string }>('SELECT number, name FROM locality_group');
  const insert = database.prepare<[number, string]>('INSERT INTO locality_group (number, name) VALUES (?, ?)');
  const saveAll = database.transaction((pairs: readonly (readonly [string, number])[]) => {
    for (const [name, number] of pairs) insert.run(number, name);
  });
  return {
    load: () => select.all().map(({ name, number }) => [name, number] as const),
    save: (pairs) => saveAll.immediate(pairs),
  };
}
