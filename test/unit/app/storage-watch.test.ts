import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Health } from '../../../src/app/health.js';
import { StorageWatch } from '../../../src/app/storage-watch.js';
import { createLogger } from '../../../src/logging/logger.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'alias-tracker-storage-watch-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function watched(reports: (string | undefined)[] = []) {
  const directory = join(root, 'data');
  const log: string[] = [];
  const logger = createLogger('info', { destination: { write: (line) => void log.push(JSON.parse(line).msg) } });
  const health = new Health();
  const report = (part: string, reason: string | undefined): void => {
    reports.push(reason);
    health.report(part, reason);
  };
  return { directory, log, health, watch: new StorageWatch(directory, { report }, logger) };
}

test('a directory that cannot be written is a fault until it can, and each change is one line of the log', async () => {
  const { directory, log, health, watch } = watched();
  for (let i = 0; i < 2; i++) await watch.check();
  expect(health.reasons()).toEqual([expect.stringContaining(`storage: ${directory} cannot be written`)]);
  expect(log).toEqual([expect.stringContaining('reports are refused and swarms are not saved')]);
  mkdirSync(directory);
  for (let i = 0; i < 2; i++) {
    await watch.check();
    expect(health.reasons()).toEqual([]);
    expect(log.slice(1)).toEqual(['storage: the directory can be written again']);
  }
  expect(existsSync(join(directory, 'write-test'))).toBe(false);
  watch.failed(new Error('no space'));
  watch.failed(new Error('no space'));
  expect(health.reasons()).toEqual([`storage: ${directory} cannot be written: no space`]);
  expect(log).toHaveLength(3);
});

test('checks do not overlap, however slow the disk is', async () => {
  const reports: (string | undefined)[] = [];
  const { directory, watch } = watched(reports);
  mkdirSync(directory);
  await Promise.all([watch.check(), watch.check(), watch.check()]);
  expect(reports).toEqual([undefined]);
  await watch.check();
  expect(reports).toEqual([undefined, undefined]);
});

test('what was written must also reach the disk', async () => {
  const { directory, health, watch } = watched();
  mkdirSync(directory);
  // A device that takes every write, and cannot bring what it took to a disk.
  symlinkSync('/dev/null', join(directory, 'write-test'));
  await watch.check();
  expect(health.reasons()).toEqual([expect.stringMatching(/cannot be written: .*fdatasync/)]);
  await watch.check();
  expect(health.reasons()).toEqual([]);
});

test('a check leaves no file open', async () => {
  const { directory, watch } = watched();
  mkdirSync(directory);
  await watch.check();
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // Closed since the directory was read.
      return [];
    }
  });
  expect(open.filter((file) => file.startsWith(directory))).toEqual([]);
});
