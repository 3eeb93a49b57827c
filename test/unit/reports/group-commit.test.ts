import { expect, test } from 'vitest';
import { GroupCommit } from '../../../src/reports/group-commit.js';

/** A store on a disk that fails when told to; `memory` is what work changes and a roll-back reads again. */
function failingStore() {
  const disk = { failsToWrite: false, failsToRead: false, stored: 0 };
  const memory = { value: 0 };
  const store = {
    commit<T>(work: () => T): T {
      const result = work();
      if (disk.failsToWrite) throw new Error('disk I/O error');
      disk.stored = memory.value;
      return result;
    },
  };
  const rollBack = (): void => {
    if (disk.failsToRead) throw new Error('database disk image is malformed');
    memory.value = disk.stored;
  };
  return { disk, memory, commit: new GroupCommit(store, rollBack) };
}

test('a disk that can be neither written nor read: all that waits is told, nothing is thrown into a timer', async () => {
  const { disk, memory, commit } = failingStore();
  Object.assign(disk, { failsToWrite: true, failsToRead: true });
  const jobs = [1, 2].map(() => commit.run(() => ++memory.value));
  for (const result of await Promise.allSettled(jobs)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { message: 'disk I/O error' } });
  }
});

test('what was not stored is forgotten before the next commit, also where the disk could not be read at once', async () => {
  const { disk, memory, commit } = failingStore();
  await commit.run(() => ++memory.value);
  Object.assign(disk, { failsToWrite: true, failsToRead: true });
  await expect(commit.run(() => ++memory.value)).rejects.toThrow('disk I/O error');
  await expect(commit.run(() => ++memory.value)).rejects.toThrow('malformed');
  Object.assign(disk, { failsToWrite: false, failsToRead: false });
  expect(await commit.run(() => ++memory.value)).toBe(2);
  expect(disk.stored).toBe(2);
});
