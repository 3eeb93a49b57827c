import { SqliteError } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createServices, type Foundation } from '../../../src/app/services.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { createLogger } from '../../../src/logging/logger.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';

test('a call of the API that fails by a full disk is a fault of the storage; any other defect is logged', () => {
  const failed: unknown[] = [];
  const log: unknown[] = [];
  const logger = createLogger('info', { destination: { write: (line) => void log.push(JSON.parse(line)) } });
  const database = openDatabase(':memory:');
  const storage = { failed: (thrown: unknown) => void failed.push(thrown) };
  const config = parseConfig(
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }\nlab: true\n',
  );
  const { onDefect } = createServices({
    clock: { nowMs: () => 0 },
    config: () => config,
    database,
    storage,
    logger,
  } as Partial<Foundation> as Foundation);

  const full = new SqliteError('database or disk is full', 'SQLITE_FULL');
  onDefect(full, '/api/v1/reports');
  expect(failed).toEqual([full]);
  expect(log).toEqual([]);

  onDefect(new Error('planted'), '/api/v1/explain');
  expect(failed).toEqual([full]);
  expect(log).toMatchObject([{ level: 'error', path: '/api/v1/explain', msg: 'control API: planted' }]);
  database.close();
});
