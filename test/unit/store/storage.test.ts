/** The storage directory: one tracker at a time, files of their owner alone, and a damaged database that is set aside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import { DamagedDatabaseError, openDatabase, openDatabaseOrSetAside } from '../../../src/store/sqlite/database.js';
import { lockStorage } from '../../../src/store/sqlite/instance-lock.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-storage-'));
  file = join(directory, 'data', 'x.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('one tracker for each storage directory', () => {
  test('a second lock is refused until the first is released, and says who holds it', () => {
    const release = lockStorage(join(directory, 'data'));
    expect(() => lockStorage(join(directory, 'data'))).toThrow(
      new RegExp(`another alias-tracker \\(process ${process.pid}\\) uses storage.directory`),
    );
    release();
    lockStorage(join(directory, 'data'))();
  });

  test('the lock of a process that was killed is free at once, whatever number its file holds', async () => {
    const lock = new URL('../../../dist/store/sqlite/instance-lock.js', import.meta.url).href;
    const script = `import { lockStorage } from '${lock}'; lockStorage(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script, join(directory, 'data')]);
    await once(holder.stdout, 'data');
    expect(() => lockStorage(join(directory, 'data'))).toThrow(OperatorError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    // As if the number had been given to another process since.
    writeFileSync(join(directory, 'data', 'serve.pid'), `${process.pid}\n`);
    lockStorage(join(directory, 'data'))();
  });

  test('a lock file with something in it is made again', () => {
    const release = lockStorage(join(directory, 'data'));
    release();
    writeFileSync(join(directory, 'data', 'serve.lock'), 'not a database at all, but long enough to be one'.repeat(20));
    lockStorage(join(directory, 'data'))();
  });

  test('a directory that cannot be made is an error that says what to do', () => {
    writeFileSync(join(directory, 'data'), '');
    expect(() => lockStorage(join(directory, 'data'))).toThrow(/cannot use storage.directory .*data: /);
  });
});

describe('files', () => {
  test('are their owner’s alone', () => {
    const database = openDatabase(file);
    database.exec('CREATE TABLE t (x)');
    expect(modeOf(join(directory, 'data'))).toBe(0o700);
    for (const name of readdirSync(join(directory, 'data')))
      expect(modeOf(join(directory, 'data', name)), name).toBe(0o600);
    database.close();
  });

  test('of an earlier version become so', () => {
    openDatabase(file).close();
    chmodSync(file, 0o644);
    openDatabase(file).close();
    expect(modeOf(file)).toBe(0o600);
  });
});

describe('a damaged database', () => {
  const token = {
    tokenId: 'a',
    kind: 'probe',
    subject: 'dp',
    subdomains: [],
    tokenSha256: 'x',
    createdMs: 1,
    revokedMs: null,
  } as const;

  function filled(): void {
    const database = openDatabase(file);
    const tokens = new TokensStore(database);
    database.transaction(() => {
      for (let i = 0; i < 500; i++) tokens.add({ ...token, tokenId: String(i), tokenSha256: String(i) });
    })();
    database.close();
  }

  const damages: [string, () => void][] = [
    ['that is not a database', () => writeFileSync(file, 'nonsense '.repeat(1_000))],
    ['cut off', () => truncateSync(file, Math.floor(statSync(file).size / 2))],
    [
      'with pages overwritten',
      () => {
        const bytes = readFileSync(file);
        bytes.fill(0xa5, 8_192, bytes.length);
        writeFileSync(file, bytes);
      },
    ],
    [
      'without its header',
      () => {
        const bytes = readFileSync(file);
        bytes.fill(0, 0, 100);
        writeFileSync(file, bytes);
      },
    ],
  ];

  test.each(damages)('%s is set aside whole, and an empty one takes its place', (_, damage) => {
    filled();
    damage();
    const bytes = readFileSync(file);
    const { database, setAsideAs } = openDatabaseOrSetAside(file);
    expect(setAsideAs).toBe(`${file}.damaged`);
    expect(readFileSync(setAsideAs!).equals(bytes)).toBe(true);
    expect(new TokensStore(database).list()).toEqual([]);
    database.close();
    expect(openDatabaseOrSetAside(file).setAsideAs).toBeUndefined();
  });

  test('does not take the name of an older one', () => {
    for (const name of [`${file}.damaged`, `${file}.damaged-2`]) {
      filled();
      writeFileSync(file, 'nonsense '.repeat(1_000));
      const { database, setAsideAs } = openDatabaseOrSetAside(file);
      expect(setAsideAs).toBe(name);
      database.close();
    }
  });

  test('is left where it is by commands that do not hold the lock, with what to do', () => {
    filled();
    writeFileSync(file, 'nonsense '.repeat(1_000));
    expect(() => openDatabase(file)).toThrow(DamagedDatabaseError);
    expect(() => openDatabase(file)).toThrow(/is damaged: .*; restore a backup, or start the tracker/);
  });

  test('of a newer version is not one', () => {
    const database = openDatabase(file);
    database.exec("INSERT INTO migration VALUES ('9999_future.sql', 'x')");
    database.close();
    expect(() => openDatabaseOrSetAside(file)).toThrow(/written by a newer alias-tracker/);
  });
});
