/**
 * Tests wait for conditions, not for times: what passes after 200 ms here fails on a busy machine, and a second of sleep in
 * each of hundreds of tests is minutes. `eventually` and `gap` of test/support/eventually.ts are the ways to wait.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

/** A gap is for the rhythm of what is sent; nobody needs a long one. */
const LONGEST_GAP_MS = 20;

interface Rule {
  readonly why: string;
  readonly pattern: RegExp;
  /** Files that may, how often, and for what. */
  readonly allowed?: Readonly<Record<string, readonly [count: number, reason: string]>>;
}

const RULES: Readonly<Record<string, Rule>> = {
  'a timer': {
    why: 'wait with eventually(), or use fake timers (vi.useFakeTimers)',
    pattern: /(?<![\w.'])setTimeout\(|\bsetInterval\(|timers\/promises/g,
    allowed: {
      'test/support/eventually.ts': [3, 'the ways to wait themselves'],
      'test/support/served-process.ts': [1, 'kills a process that does not end'],
      'test/unit/app/supervisor.test.ts': [2, 'shows that timers keep the part that they belong to'],
      'test/contract/transport.contract.ts': [1, 'a client that sends without end'],
      'test/unit/control-api/who-calls.test.ts': [1, 'a client that sends without end'],
      'test/unit/crawler/metadata-client.test.ts': [1, 'a peer that sends without end'],
      'test/unit/upstream/hostile-originals.test.ts': [1, 'a tracker that sends without end'],
      'test/unit/store/storage.test.ts': [1, 'keeps another process alive until it is killed'],
      'test/support/world/misbehave.ts': [1, 'a server that sends without end'],
      'test/fuzz/main.ts': [1, 'progress of a run that a person watches'],
    },
  },
  'a long gap': {
    why: `wait with eventually(); a gap is at most ${LONGEST_GAP_MS} ms`,
    pattern: /\bgap\((?!ms: number|(?:1?\d|20)\))/g,
    allowed: {
      'test/e2e/data-plane-restart.test.ts': [3, 'that nothing happens has no event; the test holds without them'],
    },
  },
  'a wait with a short bound of its own': {
    why: 'use eventually(), whose bound fits a busy machine',
    pattern: /\bvi\.wait(?:For|Until)\(/g,
  },
  'a time limit shorter than that of all tests': {
    why: 'leave it to vitest.config.ts and PATIENCE_MS',
    pattern: /(?:^\s*\}, |\btimeout: )(?:\d\d?|1[0-7]\d)_\d{3}\b/gm,
  },
  'a duration that is asserted': {
    why: 'it depends on the machine: count what happened instead',
    pattern: /expect\([^()]*(?:Date\.now\(\)|performance\.now\(\)) ?-/g,
  },
  'a port chosen by hand': {
    why: 'listen on port 0, or ask freePort()',
    pattern: /\.(?:listen|bind)\([1-9]\d*\b/g,
  },
};

const files = ['.ts', '.mjs'].flatMap((extension) => sourceFiles('test', extension));

test.each(Object.entries(RULES))('no test has %s', (_what, { why, pattern, allowed = {} }) => {
  const found = Object.fromEntries(
    files
      .filter((file) => file !== 'test/repo/waiting.test.ts' && !file.startsWith('test/support/plant-errors'))
      .map((file) => [file, readFileSync(file, 'utf8').match(pattern)?.length ?? 0] as const)
      .filter(([file, count]) => count !== (allowed[file]?.[0] ?? 0)),
  );
  expect(found, why).toEqual({});
});
