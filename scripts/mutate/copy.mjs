// @ts-check
// A copy of the checkout with a test runner in it. Whoever works in the checkout is not disturbed, and an interrupted run
// leaves no defect behind.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDefect } from './defects.mjs';

/** A defect that makes a test wait for ever is noticed, too. */
const RUN_TIMEOUT_MS = 300_000;

export class Copy {
  #directory = mkdtempSync(join(tmpdir(), 'alias-tracker-mutate-'));
  /** @type {import('node:child_process').ChildProcess | null} */
  #runner = null;

  /** @param {string} root @param {string[]} paths */
  constructor(root, paths) {
    for (const path of paths) cpSync(join(root, path), join(this.#directory, path));
    cpSync(join(root, 'dist'), join(this.#directory, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'));
  }

  /**
   * Plants the defect, runs the tests one after another until one fails, and removes it.
   * @param {import('./defects.mjs').Defect | undefined} defect @param {string[]} tests
   * @returns {Promise<import('./test-runner.mjs').Answer>}
   */
  async test(defect, tests) {
    const runner = this.#runner ?? (await this.#start());
    this.#runner = runner;
    const file = defect && join(this.#directory, defect.path);
    const text = file && readFileSync(file, 'utf8');
    if (defect && file && text) writeFileSync(file, withDefect(text, defect));
    const timer = setTimeout(() => this.#kill(), RUN_TIMEOUT_MS);
    const stop = new AbortController();
    try {
      const answered = Promise.race([
        once(runner, 'message', { signal: stop.signal }),
        once(runner, 'exit', { signal: stop.signal }).then(() => []),
      ]);
      runner.send({ changed: file, tests: tests.map((test) => join(this.#directory, test)) });
      const [answer] = await answered;
      if (answer !== undefined) return this.#relative(answer);
      this.#runner = null;
      return { failed: 'the time limit', durations: {} };
    } finally {
      stop.abort();
      clearTimeout(timer);
      if (file && text) writeFileSync(file, text);
    }
  }

  async #start() {
    const runner = fork(join(this.#directory, 'scripts/mutate/test-runner.mjs'), {
      cwd: this.#directory,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What a defect keeps from happening is not waited for as long as elsewhere.
      env: { ...process.env, TEST_PATIENCE_MS: '15000' },
    });
    await once(runner, 'message');
    return runner;
  }

  /** @param {import('./test-runner.mjs').Answer} answer @returns {import('./test-runner.mjs').Answer} */
  #relative({ failed, why = '', durations }) {
    /** @param {string} path */
    const short = (path) => path.replace(`${this.#directory}/`, '');
    return {
      failed: failed === null ? null : short(failed),
      why,
      durations: Object.fromEntries(Object.entries(durations).map(([test, ms]) => [short(test), ms])),
    };
  }

  /** Its whole process group, as a test may be in an endless loop. */
  #kill() {
    try {
      if (this.#runner?.pid !== undefined) process.kill(-this.#runner.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }

  close() {
    this.#kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
