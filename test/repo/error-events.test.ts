/**
 * An 'error' event without a listener ends the thread it happens in. Every file that makes something with such an event
 * listens for it; that each of them does so for all it makes is for reviews and for the tests of failing parts.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

const MAKES_EMITTER =
  /\b(?:createSocket|createServer|createTlsServer|createConnection|createReadStream|createWriteStream|spawn|httpRequest|httpsRequest|new Worker|new TLSSocket)\(/;
const LISTENS = /\.on\('error'/;

const STARTED_THERE = 'network-namespaces.ts starts the programs and listens';

/** Files that need not, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/cli/commands/report-density.ts': '`for await` over a stream throws its error',
  'src/lab/experiment.ts': STARTED_THERE,
  'src/lab/experiment-cache.ts': STARTED_THERE,
  'src/lab/origin-experiment.ts': STARTED_THERE,
  'src/tracker/data-plane-worker.ts': 'its Worker is a class of its own',
};

const makers = sourceFiles('src', '.ts').filter((file) => MAKES_EMITTER.test(readFileSync(file, 'utf8')));

describe("'error' events", () => {
  test('have a listener in every file that makes what emits them', () => {
    expect(makers.length).toBeGreaterThan(20);
    const silent = makers.filter((file) => !LISTENS.test(readFileSync(file, 'utf8')));
    expect(silent.sort()).toEqual(Object.keys(EXCEPTIONS).sort());
  });

  test('are left to `once` nowhere: a second one would have no listener', () => {
    const left = sourceFiles('src', '.ts').filter((file) => {
      const text = readFileSync(file, 'utf8');
      return /\.once\('error'/.test(text) && !LISTENS.test(text);
    });
    expect(left).toEqual([]);
  });
});
