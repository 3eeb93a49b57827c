/**
 * Runs one command line and returns its exit code. An error is one line on stderr that says what to do; never a stack.
 */
import { CommanderError } from 'commander';
import { ConfigError } from '../config-kit/config-problem.js';
import { messageOf, ReportedError } from '../domain/errors.js';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { terminalText } from '../domain/terminal-text.js';
import type { CliContext } from './cli-context.js';
import { createProgram } from './program.js';

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** @param args without the interpreter and the program's name */
export async function run(args: readonly string[], context: CliContext, version: string): Promise<number> {
  const program = createProgram(context, version);
  exitByThrowing(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT_DONE;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    return report(thrown, context);
  }
}

/** Commander ends the process on its own errors unless each command overrides it. */
function exitByThrowing(command: ReturnType<typeof createProgram>): void {
  command.exitOverride();
  for (const each of command.commands) exitByThrowing(each as ReturnType<typeof createProgram>);
}

function report(thrown: unknown, context: CliContext): number {
  if (thrown instanceof ConfigError) {
    // Lines that begin with file:line:column, as editors parse them.
    context.stderr.write(`${printable(thrown.message)}\n`);
    return thrown.exitCode;
  }
  if (thrown instanceof ReportedError) {
    context.stderr.write(`alias-tracker: ${printable(thrown.message)}\n`);
    return thrown.exitCode;
  }
  context.stderr.write(
    `alias-tracker: internal error: ${printable(messageOf(thrown))}; set ALIAS_TRACKER_DEBUG=1 for the stack\n`,
  );
  if (context.env.ALIAS_TRACKER_DEBUG === '1' && thrown instanceof Error) context.stderr.write(`${thrown.stack}\n`);
  return EXIT_FAILED;
}

function printable(message: string): string {
  return terminalText(maskUrlSecrets(message));
}
