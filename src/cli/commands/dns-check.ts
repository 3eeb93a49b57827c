/** `dns check`: for each redirected name what its users need, what serves them, and what they would lose. */
import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { formatTable } from '../table.js';

interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerDnsCheckCommand(dns: Command, context: CliContext): void {
  dns
    .command('check')
    .description('show what users of each redirected name need, and what serves them')
    .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
    .option('--json', 'print the verdicts as JSON')
    .addHelpText(
      'after',
      '\nIt connects to the addresses of the redirection, and asks for the originals at upstream.resolvers.\nExit code 1: a user would lose something.',
    )
    .action((options: CheckOptions) => check(options, context));
}

async function check(options: CheckOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  if (config.dnsRedirect === undefined) {
    throw new OperatorError('the configuration has no "dnsRedirect" section, so no name is redirected');
  }
  // Imported here, so that the other commands start fast.
  const { checkRedirections } = await import('../../app/check-redirections.js');
  const rows = await checkRedirections(config);
  const losing = new Set(rows.filter(({ verdict }) => verdict === 'loses').map(({ name }) => name));
  if (options.json) context.stdout.write(`${JSON.stringify({ ok: losing.size === 0, rows })}\n`);
  else {
    const cells = rows.map(({ name, what, found, verdict, wayOut }) => [name, what, found, verdict, wayOut]);
    context.stdout.write(formatTable(['NAME', 'USERS NEED', 'FOUND', 'VERDICT', 'WHAT TO DO'], cells));
  }
  if (losing.size === 0) return;
  const names = [...losing];
  const shown = names.slice(0, 5).join(', ');
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  throw new OperatorError(`users would lose something of ${shown}${more}; the table says what, and what to do`, {
    code: 'failed',
  });
}
