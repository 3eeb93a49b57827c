/** Several processes open, migrate and write one database at the same time, as `crawl` and `catalogue` do beside `serve`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.js';

const WRITER = fileURLToPath(new URL('database-writer.mjs', import.meta.url));
const PROCESSES = 3;
const TURNS = 150;

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-writers-'));
const running: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

test('wait for each other, and lose nothing', async () => {
  const file = join(directory, 'shared.sqlite');
  const writers = Array.from({ length: PROCESSES }, () => {
    const child = spawn(process.execPath, [WRITER, file, String(TURNS)], { stdio: ['pipe', 'pipe', 'pipe'] });
    running.push(child);
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    return { child, ready: once(child.stdout, 'data'), ended: once(child, 'exit'), errors: () => errors };
  });
  await Promise.all(writers.map(({ ready }) => ready));
  for (const { child } of writers) child.stdin.write('go\n');
  const codes = await Promise.all(writers.map(async ({ ended }) => (await ended)[0]));
  expect(writers.map(({ errors }) => errors())).toEqual(writers.map(() => ''));
  expect(codes).toEqual(writers.map(() => 0));
  const database = openDatabase(file);
  expect(database.prepare('SELECT sum(count) AS sum FROM crawler_request_count').get()).toEqual({
    sum: PROCESSES * TURNS,
  });
  database.close();
});
