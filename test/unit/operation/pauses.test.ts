import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { DrainWatch } from '../../../src/operation/drain-watch.js';
import { Pauses } from '../../../src/operation/pauses.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { pauseStore } from '../../../src/store/sqlite/pause-store.js';

const clock = {
  now: 1_000_000,
  nowMs(): number {
    return this.now;
  },
};
const lines: string[] = [];
const line = (_fields: unknown, message?: string): void => void lines.push(message ?? String(_fields));
const log = { info: line, warn: line, error: line };

function pausesOver(database = openDatabase(':memory:')) {
  const store = pauseStore(database);
  return { database, store, pauses: new Pauses({ store, clock, log }) };
}

test('a pause outlives a restart, and ends by itself', () => {
  clock.now = 1_000_000;
  const { database, pauses } = pausesOver();
  pauses.begin('redirection', clock.now + 600_000, 'ann');
  pauses.begin('localisation', null, 'bob');
  const again = pausesOver(database).pauses;
  expect(again.of('redirection')).toEqual({
    what: 'redirection',
    sinceMs: 1_000_000,
    untilMs: 1_600_000,
    actor: 'ann',
  });
  expect(again.isRedirectionOff).toBe(true);
  expect(again.isLocalisationOff).toBe(true);
  let changes = 0;
  again.onChange(() => void changes++);
  clock.now += 599_999;
  again.endExpired();
  expect(changes).toBe(0);
  clock.now += 1;
  lines.length = 0;
  again.endExpired();
  expect(changes).toBe(1);
  expect(lines).toEqual(['operation: the pause of the redirection has ended, as its time is over']);
  expect(again.isRedirectionOff).toBe(false);
  expect(
    pausesOver(database)
      .pauses.inForce()
      .map(({ what }) => what),
  ).toEqual(['localisation']);
});

test('a second pause keeps the beginning of the first; a drain withdraws the redirection as well', () => {
  clock.now = 5_000;
  const { pauses } = pausesOver();
  pauses.begin('redirection', 6_000, 'ann');
  clock.now = 5_500;
  expect(pauses.begin('redirection', null, 'bob')).toMatchObject({ sinceMs: 5_000, untilMs: null, actor: 'bob' });
  expect(pauses.end('redirection', 'ann')).toBe(true);
  expect(pauses.end('redirection', 'ann')).toBe(false);
  expect(pauses.isRedirectionOff).toBe(false);
  pauses.begin('drain', null, 'ann');
  expect(pauses.isRedirectionOff).toBe(true);
  expect(pauses.isLocalisationOff).toBe(false);
});

test('with a full disk it is still in force, and says what that means', () => {
  const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
  const store = {
    all: () => [],
    put: () => {
      throw full;
    },
    remove: () => undefined,
  };
  lines.length = 0;
  const pauses = new Pauses({ store, clock, log });
  pauses.begin('redirection', null, 'ann');
  expect(pauses.isRedirectionOff).toBe(true);
  expect(lines.at(-1)).toBe('operation: redirection is paused, but not after a restart: database or disk is full');
});

test('a drain is quiet after a whole interval without an announce', () => {
  clock.now = 0;
  let announces = 7;
  const watch = new DrainWatch(clock, () => announces);
  expect(watch.check(false, 60_000)).toBe(false);
  expect(watch.state).toBeUndefined();
  watch.check(true, 60_000);
  clock.now = 50_000;
  announces = 9;
  expect(watch.check(true, 60_000)).toBe(false);
  clock.now = 109_999;
  expect(watch.check(true, 60_000)).toBe(false);
  clock.now = 110_000;
  expect(watch.check(true, 60_000)).toBe(true);
  expect(watch.check(true, 60_000)).toBe(false);
  expect(watch.state).toEqual({ lastAnnounceMs: 50_000, announces: 2, isQuiet: true });
  announces = 10;
  watch.check(true, 60_000);
  expect(watch.state).toMatchObject({ announces: 3, isQuiet: false });
  watch.check(false, 60_000);
  expect(watch.state).toBeUndefined();
});
