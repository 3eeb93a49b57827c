/** Backup, restore and upgrade of the data of an installation. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerBackupCommands } from '../../../src/cli/commands/backup.js';
import { registerTokenCommand } from '../../../src/cli/commands/token.js';
import { makeBackup } from '../../../src/store/backup/make-backup.js';
import { restoreBackup } from '../../../src/store/backup/restore-backup.js';
import { openDatabase, openToRead } from '../../../src/store/sqlite/database.js';
import { lockStorage } from '../../../src/store/sqlite/instance-lock.js';
import { operatorLog } from '../../../src/store/sqlite/operator-log.js';
import { runCommand } from '../../support/command-line.js';

let directory: string;
let storage: string;
let file: string;
const made = { version: '1.2.3', createdAt: '2026-11-22T00:00:00.000Z' };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-backup-'));
  storage = join(directory, 'data');
  file = join(storage, 'alias-tracker.sqlite');
  mkdirSync(join(storage, 'topology'), { recursive: true });
  writeFileSync(join(storage, 'topology', '1.asn-csv'), 'imported');
  writeFileSync(
    join(directory, 'alias-tracker.yaml'),
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\nstorage: { directory: data }\n',
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function note(action: string, database = openDatabase(file)): void {
  const entry = { atMs: 1, actor: 'a', address: null, action, subject: null, result: 'done', details: {} } as const;
  operatorLog(database).add(entry);
  database.close();
}

function entries(path = file) {
  const database = openToRead(path);
  const found = operatorLog(database).list({ limit: 10_000 });
  database.close();
  return found.reverse();
}

function actions(path = file): string[] {
  return entries(path).map(({ action }) => action);
}

const backupTo = (output: string, more = {}) =>
  makeBackup({ database: file, topologyDirectory: join(storage, 'topology'), output, ...made, ...more });
const restore = (backup: string, force = false) =>
  restoreBackup({ backup, storageDirectory: storage, force, nowMs: 0 });
const command = (...args: string[]) =>
  runCommand(
    (program, context) => {
      registerBackupCommands(program, context, '1.2.3');
      registerTokenCommand(program, context);
    },
    [...args, '--config', join(directory, 'alias-tracker.yaml')],
  );

test.each(['backup.tar', 'backup'])('%s is restored in the place of later data, which is kept', async (name) => {
  note('first');
  const output = join(directory, name);
  const manifest = await backupTo(output);
  expect(manifest.files.map(({ path }) => path)).toEqual(['alias-tracker.sqlite', 'topology/1.asn-csv']);
  note('second');
  writeFileSync(join(storage, 'topology', '2.asn-csv'), 'later');
  await expect(restore(output)).rejects.toThrow('has data already; with --force');
  expect(actions()).toEqual(['first', 'second']);
  const { keptIn } = await restore(output, true);
  expect(actions()).toEqual(['first']);
  expect(readdirSync(join(storage, 'topology'))).toEqual(['1.asn-csv']);
  expect(actions(join(keptIn!, 'alias-tracker.sqlite'))).toEqual(['first', 'second']);
  expect(readdirSync(storage).filter((each) => each.startsWith('.'))).toEqual([]);
});

test('a backup during writes is of one moment, and ends', async () => {
  const database = openDatabase(file);
  const log = operatorLog(database);
  const entry = {
    atMs: 1,
    actor: 'a',
    address: null,
    subject: null,
    result: 'done',
    details: { text: 'x'.repeat(2_000) },
  } as const;
  for (let i = 0; i < 300; i++) log.add({ ...entry, action: 'before' });
  let steps = 0;
  await backupTo(join(directory, 'copy'), {
    pagesAtOnce: 20,
    onProgress: () => {
      steps++;
      log.add({ ...entry, action: 'during' });
    },
  });
  expect(steps).toBeGreaterThan(5);
  database.close();
  expect(new Set(actions(join(directory, 'copy', 'alias-tracker.sqlite')))).toEqual(new Set(['before']));
});

test('nothing is restored while the tracker runs, from a damaged backup, or from something else', async () => {
  note('first');
  const output = join(directory, 'copy');
  await backupTo(output);
  const release = lockStorage(storage);
  await expect(restore(output, true)).rejects.toThrow('another alias-tracker');
  release();
  appendFileSync(join(output, 'topology', '1.asn-csv'), 'x');
  await expect(restore(output, true)).rejects.toThrow('topology/1.asn-csv is not as it was written');
  rmSync(join(output, 'topology'), { recursive: true });
  await expect(restore(output, true)).rejects.toThrow('topology/1.asn-csv is missing');
  const manifest = readFileSync(join(output, 'backup.json'), 'utf8');
  writeFileSync(join(output, 'backup.json'), manifest.replace('topology/1', '../topology/1'));
  await expect(restore(output, true)).rejects.toThrow('its backup.json is missing or invalid');
  writeFileSync(join(directory, 'other.tar'), 'not a tar file');
  await expect(restore(join(directory, 'other.tar'), true)).rejects.toThrow('is not a backup of alias-tracker');
  await expect(restore(join(directory, 'none.tar'), true)).rejects.toThrow('there is no backup');
  expect(actions()).toEqual(['first']);
  expect(readdirSync(storage).filter((each) => /restore/.test(each))).toEqual([]);
});

test('a backup of a newer version, or with a damaged database, is refused', async () => {
  note('first');
  const newer = new Database(file);
  newer.exec("INSERT INTO migration VALUES ('9999_later.sql', 'now')");
  newer.close();
  const output = join(directory, 'copy');
  await backupTo(output);
  await expect(restore(output, true)).rejects.toThrow('of a newer alias-tracker (it has 9999_later.sql)');
});

/** The database as an older version would leave it: without the last migration. */
function undoLast(): string {
  const older = new Database(file);
  const { name } = older.prepare('SELECT name FROM migration WHERE name LIKE ?').get('%_alarms.sql') as {
    name: string;
  };
  older.exec(`DROP TABLE alarm; DELETE FROM migration WHERE name = '${name}'`);
  older.close();
  return name;
}

test('before the first start of a new version the database is copied; an upgrade can be shown and made alone', async () => {
  note('first');
  expect(existsSync(`${file}.before-migration`)).toBe(false);
  const name = undoLast();
  const check = await command('upgrade', '--check');
  expect(check.stdout.toString()).toMatch(new RegExp(`${name} +Alarms, open and past\\.`));
  expect(existsSync(`${file}.before-migration`)).toBe(false);
  const release = lockStorage(storage);
  expect(String((await command('upgrade')).thrown)).toContain('another alias-tracker');
  release();
  expect((await command('upgrade')).stdout.toString()).toContain(`${file}.before-migration`);
  expect((await command('upgrade')).stdout.toString()).toBe('the database has the schema of this version\n');
  expect(entries().map(({ action, result, details }) => [action, result, details])).toEqual([
    ['first', 'done', {}],
    ['upgrade', 'done', { migrations: [name] }],
  ]);
  const copy = openToRead(`${file}.before-migration`);
  expect(copy.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'alarm'").get()).toEqual({ n: 0 });
  copy.close();
  undoLast();
  note('second');
  expect(actions(`${file}.before-migration`)).toEqual(['first', 'upgrade']);
  expect(actions()).toEqual(['first', 'upgrade', 'upgrade', 'second']);
  expect(readdirSync(storage).filter((each) => each.includes('migration'))).toHaveLength(1);
});

test('without room for the copy nothing is migrated', () => {
  note('first');
  undoLast();
  mkdirSync(`${file}.before-migration`);
  writeFileSync(join(`${file}.before-migration`, 'x'), '');
  expect(() => openDatabase(file)).toThrow('cannot be copied first');
  const database = openToRead(file);
  expect(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'alarm'").get()).toEqual({ n: 0 });
  database.close();
});

test('the commands say what they did; backups, restores and tokens are in the log of operator actions', async () => {
  note('first');
  const output = join(directory, 'b.tar');
  expect((await command('backup', '-o', output)).stdout.toString()).toMatch(/b\.tar: 2 files, \d+\.\d MB, checked\n$/);
  expect((await command('restore', output, '--force')).stdout.toString()).toContain(
    'restored the backup of 2026-11-22',
  );
  const { stdout } = await command('token', 'new', '--control', 'noc', '--json');
  await command('token', 'revoke', (JSON.parse(stdout.toString()) as { id: string }).id);
  expect(actions()).toEqual(['first', 'restore', 'token-new', 'token-revoke']);
  expect(String((await command('restore', output)).thrown)).toContain('has data already');
  const second = join(directory, 'second');
  await command('backup', '-o', second);
  expect(String((await command('backup', '-o', second)).thrown)).toContain('no backup was made');
  expect(
    entries()
      .slice(4)
      .map(({ action, subject, result, details }) => [action, subject, result, Object.keys(details)]),
  ).toEqual([
    ['restore', output, 'failed', ['error']],
    ['backup', second, 'done', ['files', 'bytes']],
    ['backup', second, 'failed', ['error']],
  ]);
});

test('a backup of the database of an older version leaves its schema, and succeeds where nothing can be written', async () => {
  note('first');
  undoLast();
  const output = join(directory, 'b');
  expect((await command('backup', '-o', output)).stderr.toString()).toBe('');
  expect((await command('upgrade', '--check', '--json')).stdout.toString()).toContain('_alarms.sql');
  expect(actions()).toEqual(['first', 'backup']);
  const writer = new Database(file);
  writer.exec("CREATE TRIGGER full BEFORE INSERT ON operator_action BEGIN SELECT raise(ABORT, 'disk is full'); END");
  writer.close();
  const { stdout, stderr } = await command('backup', '-o', join(directory, 'c'));
  expect(stdout.toString()).toContain('checked');
  expect(stderr.toString()).toBe('warning: the log of operator actions has no entry of this backup: disk is full\n');
});
