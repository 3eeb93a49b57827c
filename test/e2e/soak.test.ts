/** `npm run soak` as a user runs it, with the faults that may lose data. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { failuresOf, memoryOf, type SoakFigures } from '../../bench/soak/verdict.js';
import { requireProgram } from '../support/real-program.js';

const taskset = requireProgram('taskset');
const repository = join(import.meta.dirname, '../..');

describe.runIf(taskset)('the soak', () => {
  test('finds nothing lost after a busy database, a full disk, the end of the tracker’s thread and a kill', async () => {
    const faults = ['busy', 'disk is full', 'thread tracker', 'killed'].flatMap((name) => ['--fault', name]);
    const args = ['bench/run.mjs', 'soak', '--minutes', '0.1', '--disk', '48', '--patience', '20', '--json', ...faults];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository, maxBuffer: 1 << 24 });
    const { failures, ...figures } = JSON.parse(stdout) as SoakFigures & { failures: string[] };
    expect(failures).toEqual([]);
    expect(figures.faults.length).toBeGreaterThanOrEqual(3);
    expect(figures.acknowledged.reports).toBeGreaterThan(5);
    expect(figures.load.answers).toBeGreaterThan(100);
    expect(Object.keys(figures.witnesses)).toEqual(['tracker', 'dns', 'mirror', 'control']);
  });

  test('says what to write if an option is wrong', async () => {
    const run = promisify(execFile)(process.execPath, ['bench/run.mjs', 'soak', '--minutes', '0'], {
      cwd: repository,
    });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--minutes is a number above 0'),
    });
  });
});

const good: SoakFigures = {
  seconds: 60,
  load: { answers: 10, lost: 1 },
  witnesses: { tracker: { answers: 5, failures: 0, longestGapMs: 100 } },
  faults: [{ fault: 'x', atSeconds: 1, recoveredMs: 10, gaps: { tracker: { longestMs: 900, allowedMs: 1_000 } } }],
  acknowledged: { reports: 3, denials: 1, refused: 0 },
  missing: [],
  residentBytes: Array.from({ length: 100 }, () => 200 * 2 ** 20),
  unexpectedEnds: 0,
  exitCode: 0,
};

describe('its verdict', () => {
  test('is good only if all of it is', () => {
    expect(failuresOf(good)).toEqual([]);
  });

  test.each<[string, Partial<SoakFigures>]>([
    ['x: it did not recover', { faults: [{ fault: 'x', atSeconds: 1, recoveredMs: null, gaps: {} }] }],
    [
      'x: dns had no answer for 2.0 s (allowed: 1.0 s)',
      { faults: [{ fault: 'x', atSeconds: 1, recoveredMs: 1, gaps: { dns: { longestMs: 2_000, allowedMs: 1_000 } } }] },
    ],
    ['tracker never answered', { witnesses: { tracker: { answers: 0, failures: 9, longestGapMs: 0 } } }],
    ['the load got no answer', { load: { answers: 0, lost: 9 } }],
    ['no report was acknowledged', { acknowledged: { reports: 0, denials: 0, refused: 9 } }],
    ['2 acknowledged are lost, the first: report 7', { missing: ['report 7', 'report 8'] }],
    ['the process ended 1 times by itself', { unexpectedEnds: 1 }],
    ['the stop at the end gave exit code 1', { exitCode: 1 }],
    [
      'memory grew from 200 MiB to 500 MiB',
      { residentBytes: [...Array(80).fill(200 * 2 ** 20), ...Array(40).fill(500 * 2 ** 20)] },
    ],
  ])('says: %s', (failure, different) => {
    expect(failuresOf({ ...good, ...different })).toEqual([failure]);
  });

  test('leaves out the first fifth, in which caches fill', () => {
    const samples = [...Array(20).fill(1), ...Array(80).fill(7)];
    expect(memoryOf(samples)).toEqual({ earlyBytes: 7, lateBytes: 7 });
  });
});
