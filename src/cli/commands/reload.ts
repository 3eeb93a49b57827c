/** `reload`: lets the running tracker read its configuration again, and shows what changes. */
import type { Command } from 'commander';
import { RELOAD_PATH, type ReloadAnswer } from '../../operation/api/reload-routes.js';
import { reloadLines } from '../../operation/reload-outcome.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export function registerReloadCommand(program: Command, context: CliContext): void {
  addConnectionOptions(program.command('reload').description('reload the configuration of the running tracker'))
    .option('--dry-run', 'only show what would change')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nAn invalid file changes nothing. SIGHUP reloads as well.')
    .action((options: Options) => reload(options, context));
}

async function reload(options: Options, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.post(RELOAD_PATH, { dryRun: options.dryRun === true })) as ReloadAnswer;
  if (options.json) {
    context.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const lines = reloadLines(answer);
  if (lines.length === 0) context.stdout.write('nothing has changed\n');
  else context.stdout.write(`${lines.join('\n')}\n`);
  context.stdout.write(answer.applied ? 'reloaded\n' : 'nothing was applied: this was a dry run\n');
}
