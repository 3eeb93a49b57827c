/** `print-config`: a complete configuration with every default, commented; it is itself a valid one to begin with. */
import { type Command, Option } from 'commander';
import { DEFAULT_CONFIG_YAML } from '../../config/default-config.js';
import type { CliContext } from '../cli-context.js';

export function registerPrintConfigCommand(program: Command, context: CliContext): void {
  program
    .command('print-config')
    .description('print every key with its default, commented')
    .addOption(
      new Option('-c, --config <file>', 'print this configuration as it is understood, as JSON; tokens hidden'),
    )
    .addOption(new Option('--json', 'with --config: this is the default there'))
    .action((options: { config?: string }) => {
      if (options.config === undefined) context.stdout.write(DEFAULT_CONFIG_YAML);
      else context.stdout.write(`${JSON.stringify(context.loadConfig(options.config), hideTokens, 2)}\n`);
    });
}

function hideTokens(key: string, value: unknown): unknown {
  return key === 'token' && typeof value === 'string' ? '[secret]' : value;
}
