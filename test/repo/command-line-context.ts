/** A context for looking at the commands without running any. */
import { PassThrough } from 'node:stream';
import type { CliContext } from '../../src/cli/cli-context.js';

export function testContext(): CliContext {
  const refuse = (): never => {
    throw new Error('the commands are only looked at');
  };
  return {
    env: {},
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    clock: { nowMs: () => 0 },
    signal: new AbortController().signal,
    onHangUp: refuse,
    onUncaughtError: refuse,
    loadConfig: refuse,
    configFile: refuse,
  };
}
