/** `check-config`: checks a configuration before it takes effect, and reports problems with line numbers. */
import type { Command } from 'commander';
import { adviceOn } from '../../config/advice.js';
import { placedError } from '../../config/parse-config.js';
import { ConfigError } from '../../config-kit/config-problem.js';
import type { CliContext } from '../cli-context.js';

export function registerCheckConfigCommand(program: Command, context: CliContext): void {
  program
    .command('check-config')
    .description('check a configuration and report each problem with its line')
    .argument('[file]', 'the configuration (the same as --config)')
    .option('-c, --config <file>', 'the configuration')
    .option('--json', 'print the verdict as JSON')
    .action(async (argument: string | undefined, options: { config?: string; json?: boolean }) => {
      const file = context.configFile(argument ?? options.config);
      try {
        const config = context.loadConfig(file);
        // Imported here, so that the other commands start fast.
        const { adviceOnCertificates, adviceOnThisMachine, examineConfig } = await import(
          '../../app/examine-config.js'
        );
        const findings = await examineConfig(config);
        if (findings.length > 0) throw placedError(file, context.env, findings);
        const { adviceOnCoverage } = await import('../../app/check-redirections.js');
        const warnings = [
          ...adviceOn(config),
          ...adviceOnThisMachine(config),
          ...adviceOnCertificates(config, context.clock.nowMs()),
          ...(await adviceOnCoverage(config)),
        ];
        if (options.json) {
          context.stdout.write(`${JSON.stringify({ file, ok: true, problems: [], warnings })}\n`);
          return;
        }
        for (const warning of warnings) context.stdout.write(`warning: ${warning}\n`);
        context.stdout.write(`${file} is right: ${config.operator.name}, AS${config.operator.networks[0]!.asn}\n`);
      } catch (thrown) {
        if (options.json && thrown instanceof ConfigError) {
          context.stdout.write(`${JSON.stringify({ file, ok: false, problems: thrown.problems })}\n`);
        }
        throw thrown;
      }
    });
}
