import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitOnBrokenOutput, SAME_SIGNAL_MS, stopOnSignals } from '../../../src/cli/process-streams.js';

const MAIN = new URL('../../../dist/cli/main.js', import.meta.url).pathname;

describe('signals', () => {
  function signalled(...moments: [signal: 'SIGINT' | 'SIGTERM', atMs: number][]) {
    const source = new EventEmitter();
    const exits: number[] = [];
    let nowMs = 0;
    const stopping = stopOnSignals(
      source,
      () => nowMs,
      (code) => exits.push(code),
    );
    for (const [signal, atMs] of moments) {
      nowMs = atMs;
      source.emit(signal);
    }
    return { stops: stopping.aborted, exits };
  }

  test('one stops', () => expect(signalled(['SIGINT', 5])).toEqual({ stops: true, exits: [] }));

  test('a second one within a second is the same: the terminal and npm both send it', () => {
    const first = 5;
    expect(signalled(['SIGINT', first], ['SIGINT', first], ['SIGINT', first + SAME_SIGNAL_MS - 1]).exits).toEqual([]);
    expect(signalled(['SIGINT', first], ['SIGTERM', first + 20]).exits).toEqual([]);
  });

  test('a later one exits at once, with the code of its signal', () => {
    expect(signalled(['SIGINT', 5], ['SIGINT', 5 + SAME_SIGNAL_MS]).exits).toEqual([130]);
    expect(signalled(['SIGTERM', 5], ['SIGTERM', 9_000]).exits).toEqual([143]);
  });
});

describe('broken output', () => {
  function broken(command: string, code: string) {
    const stdout = new EventEmitter();
    const stderr = new EventEmitter();
    const lines: string[] = [];
    const exits: number[] = [];
    const isLost = exitOnBrokenOutput(
      stdout,
      stderr,
      command,
      (line) => lines.push(line),
      (exit) => exits.push(exit),
    );
    stdout.emit('error', Object.assign(new Error(`${code}: write`), { code }));
    stderr.emit('error', new Error('ENOSPC'));
    return { lines: lines.join(''), exits, isLost: isLost() };
  }

  test('a full disk ends a command with 1 and one line', () => {
    const { lines, exits } = broken('print-config', 'ENOSPC');
    expect(lines).toMatch(/^alias-tracker: cannot write to standard output: ENOSPC.*\n$/);
    expect(exits[0]).toBe(1);
  });

  test('a reader that has read enough does not', () => {
    expect(broken('crawl', 'EPIPE')).toEqual({ lines: '', exits: [0], isLost: false });
  });

  test('the tracker and a reporting agent go on', () => {
    expect(broken('serve', 'EPIPE')).toEqual({ lines: '', exits: [], isLost: false });
    expect(broken('report', 'ENOSPC')).toMatchObject({ exits: [], isLost: true });
  });

  test.each([['print-config'], ['--help'], ['serve', '--help'], ['check-config', 'examples/lab/alias-tracker.yaml']])(
    'as a process, on a full disk: %s',
    (...args) => {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { stdio: ['ignore', full, 'pipe'] });
      expect(String(stderr)).toMatch(/cannot write to standard output: ENOSPC/);
      expect(status).toBe(1);
    },
  );

  test('as a process, into a pipe that is closed', async () => {
    const child = spawn(process.execPath, [MAIN, 'print-config'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
