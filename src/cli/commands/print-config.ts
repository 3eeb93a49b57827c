/** `print-config`: prints a complete, commented configuration with every default; it is a valid starting point. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { parse } from 'yaml';
import { configSchema } from '../../config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../config/default-config.js';
import { completeConfig } from '../../config-kit/complete-config.js';
import type { CliContext } from '../cli-context.js';

interface PrintConfigOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly secrets?: boolean;
}

export function registerPrintConfigCommand(program: Command, context: CliContext): void {
  program
    .command('print-config')
    .description('print every key with its default, commented')
    .addOption(
      new Option('-c, --config <file>', 'print this configuration with all defaults, as YAML; secrets are hidden'),
    )
    .addOption(new Option('--secrets', 'with --config: do not hide tokens and secrets, so that the output can be used'))
    .addOption(new Option('--json', 'print JSON, without comments'))
    .action((options: PrintConfigOptions) => {
      const text =
        options.config === undefined
          ? DEFAULT_CONFIG_YAML
          : complete(options.config, options.secrets === true, context);
      context.stdout.write(options.json ? `${JSON.stringify(parse(text), null, 2)}\n` : text);
    });
}

/** @throws ConfigError if it is invalid */
function complete(file: string, withSecrets: boolean, context: CliContext): string {
  context.loadConfig(file);
  return completeConfig(readFileSync(file, 'utf8'), configSchema, withSecrets);
}
