/** Assembles all commands. A command is one file of `commands/` that registers itself here by an explicit call. */
import { Command } from 'commander';
import type { CliContext } from './cli-context.js';
import { registerAlarmsCommand } from './commands/alarms.js';
import { registerBackupCommands } from './commands/backup.js';
import { registerCacheCommand } from './commands/cache.js';
import { registerCatalogueCommand } from './commands/catalogue.js';
import { registerCheckConfigCommand } from './commands/check-config.js';
import { registerCompletionCommands } from './commands/completion.js';
import { registerCrawlCommand } from './commands/crawl.js';
import { registerDemoCommand } from './commands/demo.js';
import { registerDnsCommand } from './commands/dns.js';
import { registerExplainCommand } from './commands/explain.js';
import { registerHealthCommand } from './commands/health.js';
import { registerOperationCommands } from './commands/operation.js';
import { registerOriginalsCommand } from './commands/originals.js';
import { registerPrintConfigCommand } from './commands/print-config.js';
import { registerReloadCommand } from './commands/reload.js';
import { registerReportCommand } from './commands/report.js';
import { registerRewriteCommand } from './commands/rewrite.js';
import { registerSavingsCommand } from './commands/savings.js';
import { registerSeriesCommand } from './commands/series.js';
import { registerServeCommand } from './commands/serve.js';
import { registerSimulateCommand } from './commands/simulate.js';
import { registerTokenCommand } from './commands/token.js';
import { registerTopologyCommand } from './commands/topology.js';

export function createProgram(context: CliContext, version: string): Command {
  const program = new Command('alias-tracker')
    .description('A BitTorrent tracker that keeps an operator’s BitTorrent traffic inside its network.')
    .version(version)
    .showHelpAfterError('(add --help for how to use it)')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage or configuration.\nBegin with: npm start (a lab on this machine), or: alias-tracker print-config > alias-tracker.yaml',
    );
  registerServeCommand(program, context);
  registerDemoCommand(program, context);
  registerCrawlCommand(program, context);
  registerCatalogueCommand(program, context);
  registerCacheCommand(program, context);
  registerRewriteCommand(program, context);
  registerExplainCommand(program, context);
  registerHealthCommand(program, context);
  registerOriginalsCommand(program, context);
  registerSavingsCommand(program, context);
  registerSeriesCommand(program, context);
  registerReportCommand(program, context);
  registerTokenCommand(program, context);
  registerTopologyCommand(program, context);
  registerOperationCommands(program, context);
  registerReloadCommand(program, context);
  registerBackupCommands(program, context, version);
  registerAlarmsCommand(program, context);
  registerDnsCommand(program, context, version);
  registerSimulateCommand(program, context);
  registerCheckConfigCommand(program, context);
  registerPrintConfigCommand(program, context);
  registerCompletionCommands(program, context, version);
  return program;
}
